"""Scores the queue with the finished checkpoint, loaded from its folder by `transformers` as anybody would.

Two readings of each (item, task): the label probabilities after `Safety:`, and the answer that plain
greedy `generate` writes.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from taxonomy import CATEGORIES, LABELS

BATCH_ROWS = 16
CATEGORY = "|".join(re.escape(name) for name in CATEGORIES)
PROMPT_ANSWER = rf"Safety: ({'|'.join(LABELS)})\nCategories: (None|(?:{CATEGORY})(?:, (?:{CATEGORY}))*)"
ANSWER_PATTERNS = {
    "prompt": re.compile(PROMPT_ANSWER),
    "response": re.compile(PROMPT_ANSWER + r"\nRefusal: (Yes|No)"),
}


@dataclass(frozen=True)
class Reading:
    """What the guard said of one task of one item."""

    item: dict
    task: str
    p_unsafe: float  # strict: Unsafe and Controversial together
    label: str
    label_mass: float
    written: str  # the greedy answer, without its end token

    @property
    def gold(self) -> dict:
        return self.item["labels"][self.task]

    @property
    def parsed(self) -> re.Match | None:
        return ANSWER_PATTERNS[self.task].fullmatch(self.written)


@dataclass
class Guard:
    folder: Path

    def __post_init__(self) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(self.folder, padding_side="left")
        self.model = AutoModelForCausalLM.from_pretrained(self.folder, dtype=torch.float32).eval()
        self.label_ids = [self.tokenizer.encode(f" {label}", add_special_tokens=False)[0] for label in LABELS]
        if len(set(self.label_ids)) != len(LABELS):
            raise ValueError("two labels begin with the same token")

    def read(self, items: list[dict], task: str) -> list[Reading]:
        prompts = [self.tokenizer.apply_chat_template(messages_of(i, task), tokenize=False) for i in items]
        # Rows of similar length together: less padding.
        order = sorted(range(len(items)), key=lambda n: len(prompts[n]))
        readings: dict[int, Reading] = {}
        for at in range(0, len(order), BATCH_ROWS):
            chosen = order[at : at + BATCH_ROWS]
            texts = [prompts[n] for n in chosen]
            probabilities, mass = self.label_probabilities(texts)
            answers = self.answers(texts)
            for n, row, row_mass, answer in zip(chosen, probabilities, mass, answers, strict=True):
                label = LABELS[row.argmax()]
                p_unsafe = float(1 - row[LABELS.index("Safe")])
                readings[n] = Reading(items[n], task, p_unsafe, label, float(row_mass), answer)
        return [readings[n] for n in range(len(items))]

    @torch.inference_mode()
    def label_probabilities(self, prompts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """[rows, labels] softmaxed over the labels, and [rows] the labels' share of the vocabulary."""
        batch = self.encode([prompt + "Safety:" for prompt in prompts])
        whole = self.model(**batch, logits_to_keep=1).logits[:, -1].double().softmax(-1)
        labels = whole[:, self.label_ids]
        mass = labels.sum(-1)
        return labels / mass[:, None], mass

    @torch.inference_mode()
    def answers(self, prompts: list[str]) -> list[str]:
        batch = self.encode(prompts)
        output = self.model.generate(**batch, do_sample=False, max_new_tokens=48)
        return self.tokenizer.batch_decode(output[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)

    def encode(self, texts: list[str]) -> dict:
        return self.tokenizer(texts, add_special_tokens=False, padding=True, return_tensors="pt")


def messages_of(item: dict, task: str) -> list[dict[str, str]]:
    messages = [{"role": "user", "content": item["prompt"]}]
    if task == "response":
        messages.append({"role": "assistant", "content": item["response"]})
    return messages
