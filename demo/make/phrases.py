"""Reads the corpus files: one TOML file a language, with phrases by topic and two disjoint sets of frames.

A frame is a sentence with slots `{a}` and `{b}` for phrases of a topic. `train` frames make the training
texts and `heldout` frames make the demo queue; `check_disjoint` refuses a frame that stands in both.
"""

import tomllib
import unicodedata
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
LANGUAGES = ("en", "id", "ms", "tl", "ta", "th", "vi", "my")


@dataclass(frozen=True)
class Language:
    code: str
    acts: dict[str, list[str]]  # topic -> things somebody asks about
    steps: dict[str, list[str]]  # topic -> things an answer tells somebody to do
    train: dict[str, list[str]]  # kind of sentence -> frames
    heldout: dict[str, list[str]]


def load_language(code: str) -> Language:
    with open(CORPUS / f"{code}.toml", "rb") as file:
        data = tomllib.load(file)
    language = Language(code, data["acts"], data["steps"], data["train"], data["heldout"])
    check_disjoint(language)
    return language


def load_languages() -> dict[str, Language]:
    return {code: load_language(code) for code in LANGUAGES}


def normalised(frame: str) -> str:
    """A frame without case, punctuation and spaces, so that near copies count as the same."""
    folded = unicodedata.normalize("NFC", frame).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LMN" or c in "{}")


def check_disjoint(language: Language) -> None:
    """Raises ValueError when a held-out frame is also a training frame."""
    train = {normalised(f) for frames in language.train.values() for f in frames}
    for kind, frames in language.heldout.items():
        for number, frame in enumerate(frames):
            if normalised(frame) in train:
                raise ValueError(f"{language.code}: held-out {kind} frame {number} is also in training")
