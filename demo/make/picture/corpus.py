"""Reads the picture corpus: what stands on posters, and what people write about them, by language.

As in the text corpus, captions and sentences come in two disjoint sets, `train` and `heldout`; the signs
are shared, so the queue asks whether a known sign is read on a poster that was never seen.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from phrases import LANGUAGES, check_disjoint

CORPUS = Path(__file__).parent / "corpus"
SIGN_TOPICS = ("scam", "stunt", "pii", "insult", "plain", "careful")


@dataclass(frozen=True)
class PictureLanguage:
    code: str
    signs: dict[str, list[str]]  # topic -> what a poster says in large letters
    train: dict[str, list[str]]  # captions, and sentences about a picture by kind
    heldout: dict[str, list[str]]


def load_picture_language(code: str) -> PictureLanguage:
    with open(CORPUS / f"{code}.toml", "rb") as file:
        data = tomllib.load(file)
    language = PictureLanguage(code, data["signs"], data["train"], data["heldout"])
    check_disjoint(language)
    return language


def load_picture_languages() -> dict[str, PictureLanguage]:
    return {code: load_picture_language(code) for code in LANGUAGES}
