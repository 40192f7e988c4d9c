"""Verdicts of SEA-Guards through the whole reference path: chat template, processor, one forward pass.

Text that contains the name of a control token is judged too: its tokens come from by_hand.py, which must agree with the
processor on all other text.
"""

import json
import math
from pathlib import Path

import torch

import answers

from . import images
from .by_hand import Encoder, exchanged

TURN = ("Apa khabar? Selamat pagi", "Terima kasih banyak.")


def subject(task: str, *contents: str, pictures: tuple[str, ...] = ()) -> dict:
    messages = [{"role": role, "content": content} for role, content in zip(("user", "assistant"), contents)]
    return {"task": task, "messages": messages, "images": list(pictures)}


def text_subjects(hostile: list[str]) -> list[dict]:
    return [
        subject("prompt", "hello"),
        subject("prompt", "สวัสดีครับ"),
        subject("prompt", "  two spaces,\ta tab\n\n\nand lines  "),
        subject("response", *TURN),
        subject("response", "", "An answer to nothing"),
        subject("prompt", "safe unsafe <image> <table>"),
        *[subject("prompt", f"Look: {control} and <image>") for control in hostile],
        subject("prompt", hostile[0]),
    ]


def image_subjects(hostile: list[str]) -> list[dict]:
    return [
        subject("prompt", "Xin chào", pictures=("wide.png",)),
        subject("prompt", "Magandang umaga", pictures=("tall.png", "square.png")),
        subject("prompt", "", pictures=("square.png",)),
        subject("prompt", "hello", pictures=("speck.png",)),
        subject("response", *TURN, pictures=("wide.png",)),
        subject("prompt", "".join(hostile), pictures=("speck.png",)),
    ]


def conversation(subject: dict, system: str | None, pictures: list) -> list[dict]:
    """What the guard is asked: one user turn, images first; the system message only where there is no image."""
    texts = [message["content"] for message in subject["messages"]]
    if subject["task"] == "prompt":
        what, rest = "human user's request", " " + texts[0]
    else:
        what, rest = "AI assistant's response", f"{texts[0]}\nAI assistant:{texts[1]}"
    text = answers.SEA_GUARD.format(what=what, rest=rest)
    if pictures:
        parts = [{"type": "image", "image": picture} for picture in pictures]
        return [{"role": "user", "content": [*parts, {"type": "text", "text": text}]}]
    head = [{"role": "system", "content": system}] if system else []
    return [*head, {"role": "user", "content": text}]


class Judge:
    """A guard's reference path.

    `expand(rendered, inputs)` writes out the tokens of every image, `model_inputs(ids, inputs)` makes the model's
    arguments; `inputs` is what the processor gave.
    """

    def __init__(self, folder: Path, model, processor, controls: list[str], expand, model_inputs, system: str | None = None):
        self.model, self.processor, self.system = model, processor, system
        self.expand, self.model_inputs = expand, model_inputs
        self.controls, self.encoder = controls, Encoder(folder, controls)

    def verdict(self, subject: dict) -> dict:
        pictures = images.load(subject["images"])
        tame = exchanged(subject["messages"], {control: "" for control in self.controls})
        inputs = self.processor.apply_chat_template(
            conversation(subject | {"messages": tame}, self.system, pictures),
            tokenize=True, add_generation_prompt=True, return_dict=True, return_tensors="pt",
        )  # fmt: skip
        harmless = subject | {"messages": self.encoder.harmless(subject["messages"])}
        rendered = self.processor.apply_chat_template(
            conversation(harmless, self.system, pictures), tokenize=False, add_generation_prompt=True
        )
        ids = self.encoder.encode(self.expand(rendered, inputs))
        if tame == subject["messages"]:
            assert ids == inputs["input_ids"][0].tolist(), f"both ways must give the same tokens: {subject}"
        with torch.no_grad():
            logits = self.model(**self.model_inputs(torch.tensor([ids]), inputs), use_cache=False).logits[0, -1].double()
        labels = answers.label_tokens(getattr(self.processor, "tokenizer", self.processor), "sea-guard")
        of_labels = torch.stack([logits[tokens[0]] for tokens in labels.values()])
        mass = math.exp(torch.logsumexp(of_labels, 0).item() - torch.logsumexp(logits, 0).item())
        return {"ids": ids, "probabilities": dict(zip(labels, torch.softmax(of_labels, 0).tolist())), "label_mass": mass}

    def write(self, folder: Path, subjects: list[dict]) -> None:
        rows = [subject | {"verdict": self.verdict(subject)} for subject in subjects]
        lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
        system = json.dumps(self.system)
        head = f'"family":"sea-guard","system_with_text_only":{system}'
        (folder / "verdicts.json").write_text(f'{{{head},"subjects":[\n{lines}\n]}}\n')
        print(folder.name, len(rows), "verdicts, labels", list(rows[0]["verdict"]["probabilities"]))
