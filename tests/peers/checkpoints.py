"""What is measured: the shapes, their checkpoints, and images for the one that sees."""

import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from workload import Mode

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGE_SIDE = 512
# 16 pixels a patch, 2 x 2 patches a token, and the two marks around them.
IMAGE_TOKENS = (IMAGE_SIDE // 32) ** 2 + 2


@dataclass(frozen=True)
class Shape:
    """A guard's shape and how many items are asked: in a round, while settings are tried, and with images."""

    name: str
    modes: tuple[Mode, ...]
    items: int
    tried: int
    images: int
    llama_weights: tuple[str, ...]
    slots: tuple[int, ...]


SHAPES = (
    Shape("qwen3guard-0.6b", (Mode.FULL, Mode.ONE), 48, 24, 0, ("Q4_0", "Q4_K_M", "Q8_0", "bf16", "f16"), (1, 4, 8)),
    Shape("qwen3-vl-4b", (Mode.ONE, Mode.IMAGE), 16, 8, 4, ("Q4_0", "Q4_K_M", "Q8_0", "bf16"), (1, 4, 8)),
)


def checkpoint(shape: Shape, models: Path, given: dict[str, Path], shared: Path | None) -> Path:
    """The folder of this shape: the one that was given, or one of random numbers, made if it is not there."""
    if shape.name in given:
        return given[shape.name]
    folder = models / shape.name
    if not (folder / "config.json").exists() or not list(folder.glob("*.safetensors")):
        if shared is None:
            raise SystemExit(
                f"There is no checkpoint for {shape.name}. Give one with --checkpoint {shape.name}=FOLDER, or the folder with "
                "tokenizers and configurations with --shared, and one of random numbers is made."
            )
        script = REPOSITORY / "tests" / "reference" / "real_shapes.py"
        print(f"  making {folder.name}", flush=True)
        subprocess.run([sys.executable, script, models, "--shared", shared, "--only", shape.name], check=True)
    return folder


def pictures(folder: Path, count: int) -> list[Path]:
    """So many images, no two alike, so that nobody can keep what it saw in one for another."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number}.png" for number in range(count)]
    for number, path in enumerate(paths):
        if path.exists():
            continue
        wave = [int(127.5 + 127.5 * math.sin(at * (number + 3) / 60)) for at in range(IMAGE_SIDE)]
        rows = [(wave[x], wave[y], (x * y * (number + 1)) % 256) for y in range(IMAGE_SIDE) for x in range(IMAGE_SIDE)]
        image = Image.new("RGB", (IMAGE_SIDE, IMAGE_SIDE))
        image.putdata(rows)
        image.save(path)
    return paths


def shared_folder(given: str | None) -> Path | None:
    """The folder with tokenizers, templates and configurations, where somebody has said where it is."""
    found = given or os.environ.get("SARING_SHARED")
    return Path(found) if found else None
