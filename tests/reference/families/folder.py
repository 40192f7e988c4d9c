"""Checkpoint folders: random weights of useful magnitudes, and the layouts in which transformers 4 and 5 leave them."""

import json
import math
import re
import shutil
import tempfile
import zlib
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file


def randomize(model: torch.nn.Module, seed: int, norms_around: float = 1.0) -> None:
    """Logits spread by more than one, no norm is all ones and no bias is zero; Gemma's own norms lie around zero."""
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            generator = torch.Generator().manual_seed(seed * 1_000_003 + zlib.crc32(name.encode()))
            noise = torch.randn(tensor.shape, generator=generator)
            centre = 1.0 if re.search(r"visual|vision_tower", name) else norms_around
            if "alpha_" in name:
                value = 0.4 * noise
            elif tensor.dim() == 1:
                value = 0.1 * noise if name.endswith("bias") else centre + 0.2 * noise
            elif "pos_embed" in name or "position_embedding" in name:
                value = 0.5 * noise
            elif "embed_tokens" in name or "lm_head" in name:
                value = 1.6 * noise / math.sqrt(tensor.shape[1])
            elif name.endswith("projection_weight"):
                value = noise / math.sqrt(tensor.shape[0])
            else:
                value = noise / math.sqrt(tensor[0].numel())
            tensor.copy_(value.to(tensor.dtype))


def rename_tensors(folder: Path, prefixes: dict[str, str]) -> None:
    """Gives the tensors of a written folder other prefixes; the first that fits is exchanged."""

    def renamed(name: str) -> str:
        for old, new in prefixes.items():
            if name.startswith(old):
                return new + name[len(old) :]
        return name

    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            tensors = {renamed(name): file.get_tensor(name) for name in file.keys()}
        save_file(tensors, path, metadata={"format": "pt"})
    index = folder / "model.safetensors.index.json"
    if index.exists():
        document = json.loads(index.read_text())
        document["weight_map"] = {renamed(name): file for name, file in document["weight_map"].items()}
        index.write_text(json.dumps(document, indent=1) + "\n")


def older_rope(config: dict) -> None:
    """`rope_parameters` of transformers 5 becomes `rope_theta` and `rope_scaling` of transformers 4."""
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = None if rope == {"rope_type": "default"} else rope


def older_config(config: dict) -> None:
    """The parts of transformers 4's layout that the text families share."""
    older_rope(config)
    config.pop("layer_types", None)
    config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = "4.51.0"


def edit_json(path: Path, change) -> None:
    document = json.loads(path.read_text())
    change(document)
    write_json(path, document)


def write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def write_newer_processor(processor, folder: Path) -> None:
    """Transformers 5 writes one file, with what preprocessor_config.json holds inside; either file is enough for it."""
    with tempfile.TemporaryDirectory() as alone:
        processor.save_pretrained(alone)
        shutil.copyfile(Path(alone, "processor_config.json"), folder / "processor_config.json")
        again = type(processor.image_processor).from_pretrained(alone)
    assert again.size == processor.image_processor.size, "what transformers 5 writes must be enough for it"


def empty(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    return folder
