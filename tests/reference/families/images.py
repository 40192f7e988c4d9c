"""Small pictures with smooth and sharp parts, drawn here; they lie in golden/images/ and every family uses them."""

from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "images"
# Name to width, height and seed: aspect ratios that differ, sizes that no patch divides.
SIZES = {"wide.png": (61, 26, 1), "tall.png": (23, 50, 2), "square.png": (37, 37, 3), "speck.png": (9, 7, 4)}


def draw(width: int, height: int, seed: int) -> Image.Image:
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / width * a + y / height * b + c) for a, b, c in random.uniform(1, 9, (3, 3))]
    pixels = 128 + 100 * np.stack(waves, -1)
    for left, top in zip(random.integers(0, width - 4, 4), random.integers(0, height - 4, 4)):
        pixels[top : top + height // 4, left : left + width // 4] = random.integers(0, 256, 3)
    pixels += random.normal(0, 8, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, (width, height, seed) in SIZES.items():
        draw(width, height, seed).save(FOLDER / name, optimize=True)


def load(names: list[str]) -> list[Image.Image]:
    return [Image.open(FOLDER / name).convert("RGB") for name in names]
