#!/usr/bin/env python3
"""Makes a large queue of varied texts in eight languages: JSONL for `saring import`.

    python tests/scale/make_million.py --items 1000000 --out million.jsonl

Sentences are put together from the phrases of `demo/make/corpus`, a few to each text, with names, places and numbers in between. No two
texts are the same by accident; one in two hundred is nearly the same as an earlier one, on purpose. One in five has a response,
one in a thousand a picture, one in twenty no language. The same seed makes the same file.
"""

import argparse
import json
import random
import struct
import tomllib
import zlib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
LANGUAGES = ("en", "id", "ms", "my", "ta", "th", "tl", "vi")
# Written without spaces between words.
UNSPACED = {"my", "th"}
# How many earlier texts may be repeated nearly; older ones are forgotten, so that memory stays bounded.
REMEMBERED = 5000
PICTURES = 64


def phrases(language: str) -> list[str]:
    """Every phrase of a language's corpus that has no slot to fill."""
    found: list[str] = []

    def collect(value) -> None:
        if isinstance(value, str):
            if "{" not in value and len(value) > 3:
                found.append(value.rstrip(".?!။ "))
        elif isinstance(value, dict):
            for inner in value.values():
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    corpus = tomllib.loads((REPOSITORY / "demo" / "make" / "corpus" / f"{language}.toml").read_text())
    collect(corpus)
    return sorted(set(found) - {language})


def words_of(language: str, known: list[str], chance: random.Random) -> str:
    gap = "" if language in UNSPACED else " "
    marks = {"my": "။ ", "th": " "}.get(language, ". ")
    sentences = []
    for _ in range(chance.choices((1, 2, 3, 5), (4, 4, 2, 1))[0]):
        sentence = gap.join(chance.sample(known, chance.choices((1, 2, 3), (5, 3, 1))[0]))
        sentences.append(sentence[:1].upper() + sentence[1:])
    return marks.join(sentences)


def picture(path: Path, number: int) -> None:
    """A small PNG of two colours, another one for each number."""
    size, chance = 64, random.Random(number)
    colours = [bytes(chance.randrange(256) for _ in range(3)) for _ in range(2)]
    cells = [[chance.randrange(2) for _ in range(8)] for _ in range(8)]
    rows = b"".join(
        b"\0" + b"".join(colours[cells[y // 8][x // 8]] for x in range(size)) for y in range(size)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def rows(items: int, chance: random.Random):
    known = {language: phrases(language) for language in LANGUAGES}
    remembered: list[tuple[str, str]] = []
    for number in range(items):
        language = chance.choice(LANGUAGES)
        if remembered and number % 200 == 199:
            language, text = chance.choice(remembered)
            prompt = f"{text} ({number:x})"
        else:
            # The number is what makes two equal draws of phrases two texts.
            text = words_of(language, known[language], chance)
            prompt = f"{text} {number:x}"
            if len(remembered) < REMEMBERED:
                remembered.append((language, text))
            else:
                remembered[chance.randrange(REMEMBERED)] = (language, text)
        row: dict = {"id": f"m{number}", "prompt": prompt}
        if number % 20:
            row["language"] = language
        if number % 5 == 0:
            row["response"] = words_of(language, known[language], chance)
        if number % 1000 == 0:
            row["images"] = [f"pictures/{number // 1000 % PICTURES}.png"]
        yield row


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--items", type=int, default=1_000_000)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--seed", type=int, default=5)
    wanted = arguments.parse_args()
    folder = wanted.out.parent / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(PICTURES):
        picture(folder / f"{number}.png", number)
    with wanted.out.open("w") as file:
        for row in rows(wanted.items, random.Random(wanted.seed)):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
