"""transformers: the reference implementation, in a process of its own."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import machine
from workload import Item, Mode

QUANTISED = ("int8",)
UNQUANTISED = ("bf16", "f32")
# Bytes of a parameter while it loads; int8 is made of bf16.
BYTES = {"bf16": 2, "f32": 4, "int8": 3}
SPARE_MIB = 2500


@dataclass(frozen=True)
class Setting:
    """How many rows at once, and whether the tokens that all prompts begin with are read once for all of them."""

    batch: int = 8
    prefix: bool = False


def fits(checkpoint: Path, weights: str) -> bool:
    """Whether the weights and some room are free; checkpoints are in bf16."""
    stored = sum(file.stat().st_size for file in checkpoint.glob("*.safetensors"))
    return stored / 2 * BYTES[weights] / 2**20 + SPARE_MIB < machine.memory_free_mib()


def ask(checkpoint: Path, weights: str, setting: Setting, items: list[Item], warm: list[Item], mode: Mode, logs: Path) -> dict:
    """Items a second of whole batches, tokenisation and images included."""
    said = call(checkpoint, weights, setting, logs, {
        "prompts": [item.prompt for item in items],
        "images": [str(item.image) for item in items if item.image],
        "warm": [item.prompt for item in warm],
        "warm_images": [str(item.image) for item in warm if item.image],
        "answer_tokens": mode.answer_tokens(items[0]),
        "name": mode.value,
        "prefill_tokens": 0,
    })
    expected = sum(item.tokens for item in items)
    if said["tokens"] != expected:
        raise RuntimeError(f"the workload says {expected} tokens in all; transformers read {said['tokens']}")
    return said


def prefill(checkpoint: Path, weights: str, tokens: int, logs: Path) -> dict:
    """Tokens a second of one row."""
    nothing = {"prompts": [], "images": [], "warm": [], "warm_images": [], "answer_tokens": 1}
    said = call(checkpoint, weights, Setting(), logs, nothing | {"prefill_tokens": tokens})
    return {"prefill": said["prefill"]}


def call(checkpoint: Path, weights: str, setting: Setting, logs: Path, more: dict) -> dict:
    machine.read_through(checkpoint)
    base = {"checkpoint": str(checkpoint), "weights": weights, "threads": machine.threads()}
    name = f"transformers-{checkpoint.name}-{weights}"
    logs.mkdir(parents=True, exist_ok=True)
    request = logs / f"{name}.json"
    request.write_text(json.dumps(base | asdict(setting) | more, ensure_ascii=False))
    environment = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(machine.threads()), "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, Path(__file__).with_name("ask_transformers.py"), request]
    said, ended = machine.run(command, logs / f"{name}.log", environment)
    return json.loads(said.splitlines()[-1]) | {"peak_mib": ended.peak_mib}
