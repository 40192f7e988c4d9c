"""Text to token ids: the guard's chat template, its tokenizer, and the point where a prompt's prefix ends.

The template is rendered the way `transformers` does it, and item text is encoded as it stands: the demo
texts contain no control tokens.
"""

from dataclasses import dataclass
from pathlib import Path

import jinja2.sandbox
from tokenizers import Tokenizer

TEMPLATE_FILE = Path(__file__).parent / "chat_template.jinja"
END_OF_ANSWER = "<|im_end|>"


def render(messages: list[dict[str, str]]) -> str:
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(TEMPLATE_FILE.read_text(encoding="utf-8")).render(messages=messages)


@dataclass
class Encoder:
    tokenizer: Tokenizer

    def ids(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def prompt(self, messages: list[dict[str, str]]) -> list[int]:
        return self.ids(render(messages))

    def answer(self, answer: str) -> list[int]:
        return self.ids(answer + END_OF_ANSWER)

    def shared_prefix(self, task: str) -> list[int]:
        """The tokens that open every prompt of `task`: all that stands before the first message's role."""
        last = "user" if task == "prompt" else "assistant"
        conversations = (
            [{"role": "system", "content": "a"}, {"role": last, "content": "a"}],
            [{"role": last, "content": "a"}],
        )
        one, other = (self.prompt(messages) for messages in conversations)
        same = 0
        while one[same] == other[same]:
            same += 1
        return one[:same]
