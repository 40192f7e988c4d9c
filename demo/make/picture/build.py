"""Makes the picture guard from the text guard, the pictures of the queue, and their scores."""

import time
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, Qwen3VLForConditionalGeneration

from phrases import Language
from picture.checkpoint import write_picture_checkpoint
from picture.conversation import Encoder, extended_tokenizer
from picture.corpus import PictureLanguage
from picture.model import new_model
from picture.training import practise, train
from picture.training_set import (
    PictureExample,
    TrainingPicture,
    class_kinds,
    make_picture_examples,
    make_pictures,
    make_text_examples,
)

SEED = 2
QUEUE_SEED = 12


@dataclass(frozen=True)
class Amounts:
    """How much the picture guard is trained on."""

    pictures: int
    ends_epochs: int  # how often the two ends of the tower see each of them
    tower_epochs: int  # and then the whole tower
    picture_examples: int
    text_examples: int
    practice_examples: int  # rows with pictures for the decoder alone
    practice_texts: int


@dataclass(frozen=True)
class Lesson:
    """What the picture guard is trained on."""

    kinds: list[int]  # what each class means that its tower learns to name
    pictures: list[TrainingPicture]
    first: list[PictureExample]
    practice: list[PictureExample]

    @property
    def examples(self) -> list[PictureExample]:
        return self.first + self.practice


def make_lesson(texts: dict[str, Language], languages: dict[str, PictureLanguage], amounts: Amounts) -> Lesson:
    started = time.monotonic()
    pictures = make_pictures(languages, amounts.pictures, SEED)
    first = make_picture_examples(texts, languages, pictures, amounts.picture_examples, SEED + 1)
    first += make_text_examples(texts, amounts.text_examples, SEED + 2)
    practice = make_picture_examples(texts, languages, pictures, amounts.practice_examples, SEED + 3)
    practice += make_text_examples(texts, amounts.practice_texts, SEED + 4)
    lesson = Lesson(class_kinds(languages), pictures, first, practice)
    print(f"{len(pictures)} training pictures, {len(lesson.examples)} rows, {time.monotonic() - started:.0f} s")
    return lesson


def make_picture_guard(lesson: Lesson, amounts: Amounts, output: Path) -> None:
    """Trains from `output`/guard and writes `output`/picture-guard."""
    started = time.monotonic()
    guard = AutoModelForCausalLM.from_pretrained(output / "guard", dtype=torch.float32)
    tokenizer, sources = extended_tokenizer(Tokenizer.from_file(str(output / "guard" / "tokenizer.json")))
    encoder = Encoder(tokenizer)
    torch.manual_seed(SEED)
    model = new_model(guard, encoder, sources)
    epochs = (amounts.ends_epochs, amounts.tower_epochs)
    train(model, encoder, lesson.pictures, lesson.first, lesson.kinds, epochs, SEED)
    write_picture_checkpoint(model, encoder, output / "picture-guard")
    practise_picture_guard(lesson, output / "picture-guard")
    print(f"picture guard trained in {time.monotonic() - started:.0f} s")


def practise_picture_guard(lesson: Lesson, folder: Path) -> None:
    """Goes on with the checkpoint in `folder` as it was written, in bf16."""
    model = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    encoder = Encoder(Tokenizer.from_file(str(folder / "tokenizer.json")))
    practise(model, encoder, lesson.practice, SEED)
    write_picture_checkpoint(model, encoder, folder)
