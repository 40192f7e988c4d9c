#!/usr/bin/env python3
"""Writes checkpoints with random weights at the true shapes of published guards, to measure loading and memory.

    python tests/reference/real_shapes.py FOLDER --shared DIR [--only qwen3guard-0.6b|qwen3-vl-4b]

`--shared` (or SARING_SHARED) holds the tokenizer, the templates and the configurations that the models were published
with. Tensor names and shapes come from `transformers`, which builds the model without memory for it; numbers are normal with
a standard deviation of 0.02, in bfloat16, norms are one, in shards of at most 5 GB as a hub has them. Nothing is committed: they take 1.2 GB
and 8.9 GB.

One thing is arranged: the answer is the usual one, safe without a category. Random numbers would name every category there is, and an
answer several times as long as any real one would be measured. The first dimension of the hidden state is the same for all tokens, no layer
changes it, and it speaks for the words of that answer.
"""

import argparse
import json
import os
import shutil
import struct
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

SHARD_BYTES = 5_000_000_000
# Numbers that are drawn at once.
CHUNK = 1 << 24
# Words that are to be answered with.
USUAL = [" Safe", "safe", " None", " No"]
# The first dimension of every embedding, that of the usual words, and how the last norm weighs it.
SAME, FAVOURED, WEIGHED = 0.5, 1.5, 20.0

GUARDS = {
    "qwen3guard-0.6b": {
        "facts": "qwen3",
        "template": "qwen3guard-gen.jinja",
        "model": AutoModelForCausalLM,
        # The published configuration at hand is that of 4B; these are what 0.6B has in their place.
        "changes": {
            "hidden_size": 1024,
            "intermediate_size": 3072,
            "num_hidden_layers": 28,
            "num_attention_heads": 16,
            "max_window_layers": 28,
        },
    },
    "qwen3-vl-4b": {
        "facts": "qwen3-vl",
        "template": "qwen3-vl-instruct.jinja",
        "model": AutoModelForImageTextToText,
        "changes": {},
    },
}


def arrange(name: str, shape: torch.Size, numbers: torch.Tensor, first: int, usual: list[int]) -> None:
    """Changes `numbers`, which are those of a tensor from its number `first` on, so that the usual answer is given."""
    width = shape[-1]
    if name.endswith("embed_tokens.weight"):
        numbers[-first % width :: width] = SAME
        for row in usual:
            if first <= row * width < first + numbers.numel():
                numbers[row * width - first] = FAVOURED
    elif "visual" not in name and name.endswith(("o_proj.weight", "down_proj.weight")):
        # The first row makes the first dimension.
        numbers[: max(0, width - first)] = 0.0
    elif name.endswith(("model.norm.weight", "language_model.norm.weight")) and first == 0:
        numbers[0] = WEIGHED


def write_shard(path: Path, tensors: list[tuple[str, torch.Tensor]], generator: torch.Generator, usual: list[int]) -> None:
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, tensor in tensors:
        header[name] = {"dtype": "BF16", "shape": list(tensor.shape), "data_offsets": [offset, offset + 2 * tensor.numel()]}
        offset += 2 * tensor.numel()
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        for name, tensor in tensors:
            left = tensor.numel()
            while left > 0:
                now = min(left, CHUNK)
                numbers = torch.ones(now) if tensor.dim() == 1 and "norm" in name else torch.randn(now, generator=generator) * 0.02
                arrange(name, tensor.shape, numbers, tensor.numel() - left, usual)
                file.write(numbers.to(torch.bfloat16).view(torch.int16).numpy().tobytes())
                left -= now


def make(name: str, folder: Path, shared: Path) -> None:
    guard, facts = GUARDS[name], shared / "facts"
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((facts / guard["facts"] / "config.json").read_text())
    config.update(guard["changes"])
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    for file in ["generation_config.json", "preprocessor_config.json", "tokenizer_config.json"]:
        if (facts / guard["facts"] / file).exists():
            shutil.copyfile(facts / guard["facts"] / file, folder / file)
    shutil.copyfile(facts / "qwen-tokenizer" / "tokenizer.json", folder / "tokenizer.json")
    shutil.copyfile(facts / "templates" / guard["template"], folder / "chat_template.jinja")
    with torch.device("meta"):
        model = guard["model"].from_config(AutoConfig.from_pretrained(folder), dtype=torch.bfloat16)
    tied = config.get("tie_word_embeddings", False)
    tensors = [(key, value) for key, value in model.state_dict().items() if not (tied and key == "lm_head.weight")]
    shards: list[list[tuple[str, torch.Tensor]]] = [[]]
    size = 0
    for key, value in tensors:
        if size + 2 * value.numel() > SHARD_BYTES:
            shards.append([])
            size = 0
        shards[-1].append((key, value))
        size += 2 * value.numel()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    encoded = [tokenizer.encode(word, add_special_tokens=False).ids for word in USUAL]
    usual = [ids[0] for ids in encoded if len(ids) == 1]
    generator = torch.Generator().manual_seed(0)
    names = ["model.safetensors"] if len(shards) == 1 else [
        f"model-{i + 1:05}-of-{len(shards):05}.safetensors" for i in range(len(shards))
    ]
    for file, shard in zip(names, shards):
        write_shard(folder / file, shard, generator, usual)
    if len(shards) > 1:
        weight_map = {key: file for file, shard in zip(names, shards) for key, _ in shard}
        total = sum(2 * value.numel() for _, value in tensors)
        index = {"metadata": {"total_size": total}, "weight_map": weight_map}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    parameters = sum(value.numel() for _, value in tensors)
    print(f"{folder}: {parameters / 1e9:.2f}e9 parameters in {len(shards)} files")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shared", type=Path, default=os.environ.get("SARING_SHARED"), required="SARING_SHARED" not in os.environ)
    parser.add_argument("--only", choices=list(GUARDS))
    arguments = parser.parse_args()
    for name in GUARDS:
        if arguments.only in (None, name):
            make(name, arguments.folder / name, Path(arguments.shared))


if __name__ == "__main__":
    main()
