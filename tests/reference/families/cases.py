"""The cases of a family's reference: rows of tokens, each computed alone, in single precision and in bfloat16.

`reference.safetensors` holds the single precision; `cases.json` says for each case which images its rows have, how far
bfloat16 is off at most and in the root mean square (`bf16_error`, `bf16_rms_error`), how far single precision itself is
off double precision (`f32_error`), and how far mutants of the model are off (`mutants`).
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

from .folder import write_json

PREFIX_TOKENS = 21
# What a parity check tolerates; a mutant must be off by ten times that.
TOLERANCE = 2e-5


class Cases:
    """Collects rows; `inputs` are the arguments of the model without its batch axis for ids and types."""

    def __init__(self, model, plain: range, seed: int):
        self.model, self.plain = model, plain
        self.generator = torch.Generator().manual_seed(seed)
        self.rows: dict[tuple[str, int], dict] = {}
        self.images: dict[str, list[list[str]]] = {}
        self.tensors: dict[str, torch.Tensor] = {}

    def random(self, tokens: int) -> torch.Tensor:
        return torch.randint(self.plain.start, self.plain.stop, (tokens,), generator=self.generator)

    def add(self, case: str, inputs: dict, images: list[str] = (), extra: dict[str, torch.Tensor] | None = None) -> None:
        """One more row of a case; `extra` are tensors kept beside its ids and logits, by `<name>.<row>` and what follows."""
        of_case = self.images.setdefault(case, [])
        row = len(of_case)
        of_case.append(list(images))
        self.rows[case, row] = inputs
        logits = run(self.model, inputs)
        assert logits.std() >= 1, f"{case}: logits must spread by at least 1, not {logits.std()}"
        self.tensors[f"{case}/ids.{row}"] = inputs["input_ids"][0]
        self.tensors[f"{case}/logits.{row}"] = logits
        for name, tensor in (extra or {}).items():
            kind, _, place = name.partition(".")
            self.tensors[f"{case}/{kind}.{row}.{place}"] = tensor.contiguous().clone()

    def add_text(self) -> None:
        """One row alone, rows of unequal length, rows with a common beginning, and a long one."""
        beginning = self.random(PREFIX_TOKENS)
        sizes = {"single": [11], "batch": [7, 19, 1, 12], "prefix": [3, 5, 1], "long": [44]}
        for case, lengths in sizes.items():
            for tokens in lengths:
                ids = self.random(tokens)
                self.add(case, {"input_ids": (torch.cat([beginning, ids]) if case == "prefix" else ids)[None]})

    def differences(self, other) -> dict[str, torch.Tensor]:
        """By case, how far another model's logits are off, one after the other."""
        differences: dict[str, list[torch.Tensor]] = {}
        for (case, row), inputs in self.rows.items():
            off = run(other, inputs, torch.float64) - self.tensors[f"{case}/logits.{row}"]
            differences.setdefault(case, []).append(off.flatten())
        return {case: torch.cat(rows) for case, rows in differences.items()}

    def largest_difference(self, other) -> dict[str, float]:
        """By case, how far another model's logits are off at most."""
        return {case: off.abs().max().item() for case, off in self.differences(other).items()}

    def write(self, folder: Path, load, mutants: dict) -> None:
        """`load(folder, dtype)` reads the model in another precision."""
        bf16 = self.differences(load(folder, torch.bfloat16))
        f32 = self.largest_difference(load(folder, torch.float64))
        assert max(f32.values()) <= TOLERANCE / 2, f"rounding must leave room for somebody else's rounding: {f32}"
        found = {name: max(self.largest_difference(mutant).values()) for name, mutant in mutants.items()}
        assert all(off >= 10 * TOLERANCE for off in found.values()), f"a mutant agrees with the model: {found}"
        cases = {
            case: {
                "images": images,
                "bf16_error": bf16[case].abs().max().item(),
                "bf16_rms_error": bf16[case].square().mean().sqrt().item(),
                "f32_error": f32[case],
            }
            for case, images in self.images.items()
        }
        save_file(self.tensors, folder / "reference.safetensors")
        write_json(folder / "cases.json", {"cases": cases, "mutants": found})
        worst = f"bf16 {max(off.abs().max().item() for off in bf16.values()):.3f}, f32 {max(f32.values()):.1e}"
        print(f"{folder.name}: {len(self.rows)} rows, {worst}, mutants", {name: round(off, 4) for name, off in found.items()})


def run(model, inputs: dict, precision: torch.dtype = torch.float32) -> torch.Tensor:
    """Logits [tokens, vocabulary] of one row."""
    with torch.no_grad():
        return model(**inputs, use_cache=False).logits[0].to(precision)


def image_rows(cases: Cases, one_image) -> None:
    """Rows with no, one and two images; `one_image(name)` is what stands for an image among the tokens."""
    random = cases.random
    beginning = random(PREFIX_TOKENS)
    rows = {
        "image-one": [(random(5), "wide.png", random(6))],
        "image-two": [(random(4), "tall.png", random(3), "wide.png", random(7))],
        "image-batch": [
            (random(8),),
            ("square.png", random(9)),
            (random(3), "wide.png", "tall.png", random(4)),
        ],
        "image-prefix": [
            (beginning, "wide.png", random(5)),
            (beginning, "speck.png", random(8)),
            (beginning, random(4)),
        ],
    }
    for case, of_case in rows.items():
        for parts in of_case:
            names = [part for part in parts if isinstance(part, str)]
            ids = torch.cat([one_image(part) if isinstance(part, str) else part for part in parts])
            yield case, ids, names
