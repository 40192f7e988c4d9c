#!/usr/bin/env python3
"""Makes the pictures of the guard's tests and what the reference image processors make of them.

    python tests/reference/pictures.py

What is written to tests/reference/golden/pictures/, deterministically:

  *.png *.bmp *.gif *.webp   small pictures of odd shapes and kinds
  reference.json             "processors": their settings; "pictures": for each file the size of the upright picture and
                             for each processor `shape` and SHA-256 of the little-endian f32 pixel_values, `grid` where
                             there is one, and some values with their positions; null where the reference refuses
  jpeg/*.jpg                 the same picture in several qualities and samplings
  jpeg/*.png                 each as Pillow decodes it: the JPEG decoder of the guard is held against these

A picture is opened as `transformers.image_utils.load_image` opens it (EXIF orientation applied) but for the colours,
which are left to the processor: `convert_to_rgb` lays transparency over white, where `load_image` drops it.

Besides requirements.txt it needs torchvision==0.29.2 and pillow==13.0.0.
"""

import hashlib
import json
import os
import shutil
import struct
import tempfile
import zlib
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np
from PIL import Image, ImageOps
from transformers import AutoImageProcessor

GOLDEN = Path(__file__).resolve().parent / "golden" / "pictures"
HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
QWEN = {"image_processor_type": "Qwen2VLImageProcessorFast", "patch_size": 16, "temporal_patch_size": 2, "merge_size": 2}
GEMMA = {"image_processor_type": "Gemma3ImageProcessor", "resample": 2, "rescale_factor": 0.00392156862745098}
PROCESSORS = {
    # The settings of the published checkpoints.
    "qwen3-vl": {**QWEN, **HALF, "size": {"shortest_edge": 65536, "longest_edge": 16777216}},
    "gemma3": {**GEMMA, **HALF, "size": {"height": 896, "width": 896}},
    # Small ones: most pictures shrink. The keys are those of an older layout.
    "qwen-small": {**QWEN, **HALF, "min_pixels": 1024, "max_pixels": 16384},
    # The class's own patch size, mean and deviation, which are not the same for every channel.
    "qwen-defaults": {"image_processor_type": "Qwen2VLImageProcessor", "max_pixels": 50176},
    "gemma-small": {**GEMMA, "size": {"height": 70, "width": 56}, "image_std": [0.25, 0.5, 0.3]},
}


def photo(width: int, height: int, seed: int, noise: float = 6.0) -> np.ndarray:
    """Waves of different lengths, an edge and a little noise, [height, width, 3]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = []
    for _ in range(3):
        fx, fy, phase = rng.uniform(0.5, 6, 3)
        wave = np.sin(fx * x / max(width, 1) * 6.3 + phase) + np.cos(fy * y / max(height, 1) * 6.3)
        wave += 0.8 * (x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1) > 10)
        planes.append(128 + 50 * wave + rng.normal(0, noise, (height, width)))
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


def poster(width: int, height: int, seed: int) -> np.ndarray:
    """Flat rectangles: hard edges, and small files."""
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), rng.integers(0, 255, 3), np.uint8)
    for _ in range(24):
        x0, x1 = sorted(rng.integers(0, width + 1, 2))
        y0, y1 = sorted(rng.integers(0, height + 1, 2))
        picture[y0:y1, x0:x1] = rng.integers(0, 256, 3)
    return picture


def gradient(width: int, height: int) -> np.ndarray:
    x = np.linspace(0, 255, width)[None, :].repeat(height, 0)
    y = np.linspace(255, 0, height)[:, None].repeat(width, 1)
    return np.stack([x, y, (x + y) / 2], -1).astype(np.uint8)


def png(depth: int, colour: int, pixels: np.ndarray) -> bytes:
    """16-bit PNG, which Pillow does not write in colour; `pixels` is [height, width, channels]."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def oriented(value: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()


def colour_pngs() -> None:
    def save(name: str, pixels: np.ndarray, **options) -> None:
        Image.fromarray(pixels).save(GOLDEN / f"{name}.png", optimize=True, **options)

    sizes = [(97, 61, 1), (180, 133, 2), (61, 211, 3), (33, 31, 4), (255, 257, 5), (2, 3, 6), (7, 150, 7), (191, 3, 8)]
    for width, height, seed in sizes:
        save(f"photo-{width}x{height}", photo(width, height, seed))
    save("noise-48x80", np.random.default_rng(9).integers(0, 256, (80, 48, 3), np.uint8))
    save("one-pixel", np.array([[[12, 200, 99]]], np.uint8))
    save("one-column", photo(1, 200, 10))
    save("one-row", photo(200, 1, 11))
    for width, height, seed in [(1600, 901, 12), (1023, 681, 13), (513, 1999, 14), (1000, 5, 15), (5, 1000, 16), (2000, 8, 17)]:
        save(f"poster-{width}x{height}", poster(width, height, seed))
    save("gradient-640x480", gradient(640, 480))
    save("gradient-31x1201", gradient(31, 1201))
    for value in range(2, 9):
        save(f"orientation-{value}", poster(73, 41, 18), exif=oriented(value))


def other_pngs() -> None:
    def save(name: str, picture: Image.Image, **options) -> None:
        picture.save(GOLDEN / f"{name}.png", optimize=True, **options)

    colour = Image.fromarray(photo(90, 70, 20))
    grey = colour.convert("L")
    x = np.linspace(0, 255, 90).astype(np.uint8)[None, :].repeat(70, 0)
    save("grey", grey)
    save("grey-one-bit", grey.convert("1"))
    save("grey-key", Image.fromarray(np.asarray(grey) // 32 * 32), transparency=96)
    save("grey-alpha", Image.merge("LA", (grey, Image.fromarray(x))))
    save("palette", colour.quantize(200))
    save("palette-four-bits", colour.quantize(13), bits=4)
    save("palette-key", colour.quantize(30), transparency=7)
    save("palette-alpha", colour.quantize(60), transparency=bytes(range(0, 240, 4)))
    save("colour-key", Image.fromarray(poster(90, 70, 21)), transparency=tuple(int(v) for v in poster(90, 70, 21)[0, 0]))
    save("alpha", Image.merge("RGBA", (*colour.split(), Image.fromarray(x))))
    ramp = np.arange(0, 65536, 65536 / (60 * 44))[: 60 * 44].astype(np.uint16).reshape(44, 60, 1)
    files = {
        "grey-16-bit": png(16, 0, ramp),
        "grey-16-bit-dark": png(16, 0, ramp // 256),
        "colour-16-bit": png(16, 2, np.concatenate([ramp, ramp[::-1], ramp[:, ::-1]], -1)),
        "grey-alpha-16-bit": png(16, 4, np.concatenate([ramp, ramp[:, ::-1]], -1)),
        "alpha-16-bit": png(16, 6, np.concatenate([ramp, ramp[::-1], ramp // 2, ramp[:, ::-1]], -1)),
    }
    for name, data in files.items():
        (GOLDEN / f"{name}.png").write_bytes(data)


def other_formats() -> None:
    colour = Image.fromarray(poster(67, 45, 22))
    alpha = Image.merge("RGBA", (*colour.split(), Image.fromarray(photo(67, 45, 23)[..., 0])))
    moving = [Image.fromarray(poster(67, 45, seed)) for seed in (24, 25, 26)]
    colour.save(GOLDEN / "plain.bmp")
    colour.quantize(16).save(GOLDEN / "palette.bmp")
    alpha.save(GOLDEN / "alpha.bmp")
    moving[0].save(GOLDEN / "moving.gif", save_all=True, append_images=moving[1:])
    colour.quantize(20).save(GOLDEN / "key.gif", transparency=3)
    colour.save(GOLDEN / "lossless.webp", lossless=True)
    alpha.save(GOLDEN / "lossless-alpha.webp", lossless=True, exact=True, exif=oriented(6))
    moving[0].save(GOLDEN / "moving.webp", save_all=True, append_images=moving[1:], lossless=True)
    Image.fromarray(photo(67, 45, 27)).save(GOLDEN / "lossy.webp", quality=80)


def jpegs() -> None:
    folder = GOLDEN / "jpeg"
    folder.mkdir()
    picture = Image.fromarray(photo(107, 77, 30, noise=3.0))
    sharp = Image.fromarray(poster(107, 77, 31))
    kinds = {f"q{quality}-{name}": dict(quality=quality, subsampling=sampling)
             for quality in (60, 90, 98) for sampling, name in ((0, "444"), (1, "422"), (2, "420"))}
    kinds["progressive"] = dict(quality=85, progressive=True)
    kinds["turned"] = dict(quality=90, exif=oriented(8))
    for name, options in kinds.items():
        picture.save(folder / f"{name}.jpg", **options)
    sharp.save(folder / "poster-q75-420.jpg", quality=75)
    sharp.save(folder / "poster-q95-444.jpg", quality=95, subsampling=0)
    picture.convert("L").save(folder / "grey.jpg", quality=85)
    picture.convert("CMYK").save(folder / "cmyk.jpg", quality=90)
    for path in sorted(folder.glob("*.jpg")):
        decoded = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        decoded.save(path.with_suffix(".png"), optimize=True)


def answer(processor, picture: Image.Image) -> dict | None:
    try:
        # Gemma's published settings leave `do_convert_rgb` empty, and the reference then fails on all but RGB.
        output = processor(images=[picture], do_convert_rgb=True, return_tensors="np")
    except ValueError as error:
        assert "aspect ratio" in str(error), error
        return None
    values = output["pixel_values"]
    values = values[0] if values.ndim == 4 else values
    assert values.dtype == np.float32
    flat = values.reshape(-1)
    places = [0, 1, len(flat) // 3, len(flat) // 2, len(flat) * 5 // 7, len(flat) - 1]
    result = {"shape": list(values.shape), "sha256": hashlib.sha256(flat.astype("<f4").tobytes()).hexdigest(),
              "samples": [[place, float(flat[place])] for place in places]}
    if "image_grid_thw" in output:
        result["grid"] = [int(n) for n in output["image_grid_thw"][0]]
    return result


def main() -> None:
    shutil.rmtree(GOLDEN, ignore_errors=True)
    GOLDEN.mkdir(parents=True)
    colour_pngs()
    other_pngs()
    other_formats()
    processors = {}
    for name, settings in PROCESSORS.items():
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "preprocessor_config.json").write_text(json.dumps(settings))
            processors[name] = AutoImageProcessor.from_pretrained(folder)
    pictures = []
    for path in sorted(path for path in GOLDEN.iterdir() if path.is_file()):
        picture = ImageOps.exif_transpose(Image.open(path))
        entry = {"file": path.name, "mode": picture.mode, "size": list(picture.size)}
        entry.update({name: answer(processor, picture) for name, processor in processors.items()})
        pictures.append(entry)
    lines = ",\n  ".join(json.dumps(entry) for entry in pictures)
    text = f'{{"processors": {json.dumps(PROCESSORS)},\n "pictures": [\n  {lines}\n]}}\n'
    (GOLDEN / "reference.json").write_text(text)
    jpegs()
    size = sum(path.stat().st_size for path in GOLDEN.rglob("*") if path.is_file())
    print(f"{len(pictures)} pictures, {size} bytes")


if __name__ == "__main__":
    main()
