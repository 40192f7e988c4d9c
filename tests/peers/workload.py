"""The items that every engine is asked about, and how much of an answer is wanted."""

import enum
import json
import os
from dataclasses import dataclass
from pathlib import Path

# How an image stands in a prompt of Qwen3-VL before a processor has made room for its features.
IMAGE_MARK = "<|vision_start|><|image_pad|><|vision_end|>"
USER = "<|im_start|>user\n"


@dataclass(frozen=True)
class Item:
    """One rendered prompt, control tokens included; its length; how long a full answer is; and its image, if it has one."""

    prompt: str
    tokens: int
    answer_tokens: int
    image: Path | None = None


class Mode(enum.Enum):
    """How much of an answer is wanted."""

    FULL = "full"
    ONE = "one"
    IMAGE = "image"

    def answer_tokens(self, item: Item) -> int:
        return item.answer_tokens if self is Mode.FULL else 1


def read(path: Path) -> list[Item]:
    """The lines that `saring bench --export-workload` writes: `prompt`, `tokens`, `answer_tokens`."""
    items = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        row = json.loads(line)
        try:
            items.append(Item(row["prompt"], row["tokens"], row["answer_tokens"]))
        except KeyError as missing:
            raise ValueError(f"{path}, line {number}: {missing} is missing; it needs prompt, tokens and answer_tokens") from None
    return items


def write(path: Path, items: list[Item]) -> None:
    """The same, for an engine that reads them from a file."""
    rows = ({"prompt": item.prompt, "tokens": item.tokens, "answer_tokens": item.answer_tokens} for item in items)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def texts(items: list[Item]) -> list[str]:
    """What differs between the prompts: the items' own texts, without the template around them."""
    prompts = [item.prompt for item in items]
    before = len(os.path.commonprefix(prompts))
    after = len(os.path.commonprefix([prompt[before:][::-1] for prompt in prompts]))
    return [prompt[before : len(prompt) - after] for prompt in prompts]


def with_images(items: list[Item], images: list[Path], image_tokens: int) -> list[Item]:
    """Each item with an image in front of its text, where Qwen3-VL's template puts it. `image_tokens`: of one image, marks included."""
    found = []
    for item, image in zip(items, images, strict=True):
        if not item.prompt.startswith(USER):
            raise ValueError(f"images can be put only into prompts that begin with {USER!r}")
        prompt = USER + IMAGE_MARK + item.prompt.removeprefix(USER)
        found.append(Item(prompt, item.tokens + image_tokens, item.answer_tokens, image))
    return found
