"""Makes the picture guard from the text guard, the pictures of the queue, and their scores."""

import time
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

from phrases import Language
from picture.checkpoint import write_picture_checkpoint
from picture.conversation import Encoder, extended_tokenizer
from picture.corpus import PictureLanguage
from picture.model import new_model
from picture.training import train
from picture.training_set import (
    PictureExample,
    class_numbers,
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
    tower_epochs: int  # how often the tower alone sees each of them
    picture_examples: int
    text_examples: int


def make_picture_guard(
    texts: dict[str, Language], languages: dict[str, PictureLanguage], amounts: Amounts, output: Path
) -> list[PictureExample]:
    """Trains from `output`/guard and writes `output`/picture-guard. Gives what it was trained on."""
    started = time.monotonic()
    pictures = make_pictures(languages, amounts.pictures, SEED)
    examples = make_picture_examples(texts, languages, pictures, amounts.picture_examples, SEED + 1)
    examples += make_text_examples(texts, amounts.text_examples, SEED + 2)
    print(f"{len(pictures)} training pictures, {len(examples)} rows, {time.monotonic() - started:.0f} s")
    guard = AutoModelForCausalLM.from_pretrained(output / "guard", dtype=torch.float32)
    tokenizer, sources = extended_tokenizer(Tokenizer.from_file(str(output / "guard" / "tokenizer.json")))
    encoder = Encoder(tokenizer)
    torch.manual_seed(SEED)
    model = new_model(guard, encoder, sources)
    classes = len(class_numbers(languages)) + 1
    train(model, encoder, pictures, examples, classes, amounts.tower_epochs, SEED)
    write_picture_checkpoint(model, encoder, output / "picture-guard")
    print(f"picture guard trained in {time.monotonic() - started:.0f} s")
    return examples
