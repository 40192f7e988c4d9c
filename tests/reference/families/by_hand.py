"""Tokens of a rendered conversation none of whose own text becomes a control token.

The reference tokenizer takes the name of a control token for the token, wherever it stands. Here, private characters stand
for such names while the template is rendered; the rendered text is cut at the control tokens that the template itself
wrote, and all between is encoded by a tokenizer that knows none of them.
"""

import json
import re
from pathlib import Path

import tokenizers

FIRST_STAND_IN = 0xE000


class Encoder:
    """Of the tokenizer in a folder; `controls` are the names of its control tokens."""

    def __init__(self, folder: Path, controls: list[str]):
        document = json.loads((folder / "tokenizer.json").read_text())
        self.ids = {token["content"]: token["id"] for token in document["added_tokens"] if token["content"] in controls}
        document["added_tokens"] = [token for token in document["added_tokens"] if token["content"] not in controls]
        document["post_processor"] = None
        self.bare = tokenizers.Tokenizer.from_str(json.dumps(document))
        longest_first = sorted(controls, key=len, reverse=True)
        self.stand_ins = {control: chr(FIRST_STAND_IN + i) for i, control in enumerate(longest_first)}
        self.cut = "(" + "|".join(map(re.escape, longest_first)) + ")"

    def harmless(self, messages: list[dict]) -> list[dict]:
        """The messages with stand-ins for the names of control tokens."""
        return exchanged(messages, self.stand_ins)

    def encode(self, rendered: str) -> list[int]:
        ids = []
        for i, piece in enumerate(re.split(self.cut, rendered)):
            if i % 2:
                ids.append(self.ids[piece])
                continue
            for control, character in self.stand_ins.items():
                piece = piece.replace(character, control)
            ids += self.bare.encode(piece, add_special_tokens=False).ids
        return ids


def exchanged(messages: list[dict], strings: dict[str, str]) -> list[dict]:
    """The messages with strings in their texts exchanged for others."""
    result = []
    for message in messages:
        content = message["content"]
        for old, new in strings.items():
            content = content.replace(old, new)
        result.append(message | {"content": content})
    return result
