"""Pictures as the tower takes them, and what stands in each 32 by 32 pixels of them."""

from dataclasses import dataclass

import numpy
import torch
from PIL import Image
from transformers import Qwen2VLImageProcessor

from picture.drawing import Picture

PATCH, MERGE, FRAMES = 16, 2, 2
CELL = PATCH * MERGE
# Smaller pictures are made larger, larger ones smaller: at most 48 tokens a picture.
PIXELS_MIN, PIXELS_MAX = 9_216, 49_152
# What part of a cell something must cover to be named there.
COVERED = 0.12


def processor() -> Qwen2VLImageProcessor:
    return Qwen2VLImageProcessor(**processor_settings())


def processor_settings() -> dict:
    return {
        "size": {"longest_edge": PIXELS_MAX, "shortest_edge": PIXELS_MIN},
        "patch_size": PATCH,
        "temporal_patch_size": FRAMES,
        "merge_size": MERGE,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }


@dataclass(frozen=True)
class Patches:
    """One picture: `values` [patches, 3 * 256] in 8 bits, one of the two equal frames, and its grid."""

    values: numpy.ndarray
    rows: int
    columns: int
    names: numpy.ndarray | None = None  # [tokens] class of what stands there

    @property
    def tokens(self) -> int:
        return self.rows * self.columns // MERGE**2


def patches_of(image: Image.Image, process: Qwen2VLImageProcessor, parts=(), classes: dict | None = None) -> Patches:
    read = process(images=[image], return_tensors="pt")
    _, rows, columns = read["image_grid_thw"][0].tolist()
    values = read["pixel_values"].view(-1, 3, FRAMES, PATCH * PATCH)[:, :, 0]
    values = ((values * 0.5 + 0.5) * 255).round().to(torch.uint8).reshape(rows * columns, -1).numpy()
    names = None
    if classes is not None:
        names = names_of(Picture(image, tuple(parts)), rows // MERGE, columns // MERGE, classes)
    return Patches(values, rows, columns, names)


def names_of(picture: Picture, rows: int, columns: int, classes: dict[str, int]) -> numpy.ndarray:
    """[rows * columns] the class of what covers most of each cell; 0 where there is nothing."""
    across, down = columns / picture.image.width, rows / picture.image.height
    best, names = numpy.full((rows, columns), COVERED), numpy.zeros((rows, columns), dtype=numpy.int64)
    for name, (left, top, right, bottom) in picture.parts:
        for row in range(rows):
            for column in range(columns):
                width = min(right * across, column + 1) - max(left * across, column)
                height = min(bottom * down, row + 1) - max(top * down, row)
                if width > 0 and height > 0 and width * height > best[row, column]:
                    best[row, column], names[row, column] = width * height, classes[name]
    return names.reshape(-1)


def tower_input(pictures: list[Patches], frames: int = FRAMES) -> tuple[torch.Tensor, torch.Tensor]:
    """`pixel_values` [patches, 768 * frames] and `image_grid_thw` [pictures, 3] of a batch."""
    values = scaled(torch.from_numpy(numpy.concatenate([picture.values for picture in pictures])))
    values = values.view(-1, 3, 1, PATCH * PATCH)
    values = values.expand(-1, -1, frames, -1).reshape(len(values), -1)
    return values, torch.tensor([[1, picture.rows, picture.columns] for picture in pictures])


def scaled(values: torch.Tensor) -> torch.Tensor:
    """8 bits as the tower takes them: from -1 to 1."""
    return values.float().div_(127.5).sub_(1)
