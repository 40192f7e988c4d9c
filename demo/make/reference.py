"""Writes down how `transformers` answers with the picture guard, so that another engine can be held against it.

    python demo/make/reference.py

All rows with pictures and 60 of the rows of text, one row at a time in f32, from the committed checkpoint.
"""

import hashlib
import json
import struct
from pathlib import Path

import torch

from picture.scoring import PictureGuard, PictureReading

DEMO = Path(__file__).resolve().parent.parent
GOLDEN = DEMO.parent / "tests" / "reference" / "golden" / "picture-guard.json"
TEXT_ROWS = 60


def main() -> None:
    torch.set_num_threads(1)
    guard = PictureGuard(DEMO / "picture-guard", DEMO)
    queue = [json.loads(line) for line in (DEMO / "queue.jsonl").read_text(encoding="utf-8").splitlines()]
    readings = guard.read([item for item in queue if "images" in item], "prompt")
    for item in text_rows([item for item in queue if "images" not in item]):
        readings.append(guard.read_item(item, "response" if "response" in item else "prompt"))
    weights = hashlib.sha256((DEMO / "picture-guard" / "model.safetensors").read_bytes()).hexdigest()
    rows = ",\n".join(json.dumps(row_of(reading), separators=(",", ":")) for reading in readings)
    GOLDEN.write_text(f'{{"weights_file_sha256":"{weights}","rows":[\n{rows}\n]}}\n', encoding="utf-8")
    print(f"{len(readings)} rows in {GOLDEN.name}")


def text_rows(items: list[dict]) -> list[dict]:
    """Rows of every language, with and without a response."""
    return [items[n * len(items) // TEXT_ROWS] for n in range(TEXT_ROWS)]


def row_of(reading: PictureReading) -> dict:
    ids = struct.pack(f"<{len(reading.ids)}I", *reading.ids)
    return {
        "id": reading.item["id"],
        "task": reading.task,
        "tokens": len(reading.ids),
        "ids_sha256": hashlib.sha256(ids).hexdigest(),
        "probabilities": reading.probabilities,
        "label_mass": reading.label_mass,
        "vocabulary": reading.vocabulary,
    }


if __name__ == "__main__":
    main()
