"""Scores rows with the finished picture guard, loaded from its folder by `transformers` as anybody would.

One row at a time, without padding: what is written down here is what others are compared with.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoTokenizer, Qwen2VLImageProcessor, Qwen3VLForConditionalGeneration

from picture.conversation import LABELS, messages_of


@dataclass(frozen=True)
class PictureReading:
    """What the picture guard said of one task of one item."""

    item: dict
    task: str
    ids: tuple[int, ...]
    probabilities: dict[str, float]  # label -> softmaxed over the labels
    label_mass: float
    vocabulary: dict[str, float]  # word -> its first token's share of the whole vocabulary
    written: str  # the greedy token, then the next one

    @property
    def unsafe(self) -> bool:
        """The gold label, as this guard's two labels have it."""
        return self.item["labels"][self.task]["label"] != "Safe"

    @property
    def p_unsafe(self) -> float:
        return self.probabilities["unsafe"]

    @property
    def label(self) -> str:
        return max(self.probabilities, key=self.probabilities.get)


@dataclass
class PictureGuard:
    folder: Path
    pictures: Path  # the folder that the items' image paths start from

    def __post_init__(self) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(self.folder)
        self.processor = Qwen2VLImageProcessor.from_pretrained(self.folder)
        self.model = Qwen3VLForConditionalGeneration.from_pretrained(self.folder, dtype=torch.float32).eval()
        self.image = self.model.config.image_token_id
        # The authors' scoring code knows a third label, which this guard was never shown.
        words = (*LABELS, "sensitive")
        self.words = {word: self.tokenizer.encode(word, add_special_tokens=False)[0] for word in words}
        self.label_ids = [self.words[label] for label in LABELS]

    def read(self, items: list[dict], task: str, blank: bool = False) -> list[PictureReading]:
        """`blank` puts an empty grey sheet of the same size in each picture's place."""
        return [self.read_item(item, task, blank) for item in items]

    @torch.inference_mode()
    def read_item(self, item: dict, task: str, blank: bool = False) -> PictureReading:
        inputs = self.inputs(item, task, blank)
        logits = self.model(**inputs, logits_to_keep=1).logits[0, -1]
        whole = logits.double().softmax(-1)
        labels = whole[self.label_ids]
        first = int(logits.argmax())
        second = self.next_token(inputs, first)
        return PictureReading(
            item,
            task,
            tuple(inputs["input_ids"][0].tolist()),
            dict(zip(LABELS, (labels / labels.sum()).tolist(), strict=True)),
            float(labels.sum()),
            {word: float(whole[token]) for word, token in self.words.items()},
            self.tokenizer.decode([first, second]),
        )

    def next_token(self, inputs: dict, token: int) -> int:
        more = dict(inputs)
        more["input_ids"] = torch.cat([inputs["input_ids"], torch.tensor([[token]])], 1)
        more["mm_token_type_ids"] = (more["input_ids"] == self.image).int()
        return int(self.model(**more, logits_to_keep=1).logits[0, -1].argmax())

    def inputs(self, item: dict, task: str, blank: bool = False) -> dict[str, torch.Tensor]:
        response = item["response"] if task == "response" else None
        names = item.get("images", [])
        messages = messages_of(item["prompt"], response, len(names))
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        ids = self.tokenizer.encode(text, add_special_tokens=False)
        if not names:
            return {"input_ids": torch.tensor([ids]), "mm_token_type_ids": torch.zeros(1, len(ids), dtype=torch.int)}
        pictures = [Image.open(self.pictures / name).convert("RGB") for name in names]
        if blank:
            pictures = [Image.new("RGB", picture.size, (128, 128, 128)) for picture in pictures]
        read = self.processor(images=pictures, return_tensors="pt")
        counts = iter((read["image_grid_thw"].prod(1) // self.processor.merge_size**2).tolist())
        spread = [token for one in ids for token in [one] * (next(counts) if one == self.image else 1)]
        return {
            "input_ids": torch.tensor([spread]),
            "mm_token_type_ids": (torch.tensor([spread]) == self.image).int(),
            "pixel_values": read["pixel_values"],
            "image_grid_thw": read["image_grid_thw"],
        }
