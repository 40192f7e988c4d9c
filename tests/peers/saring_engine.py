"""Saring itself: the same workload through its command line."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import machine
import workload
from workload import Item

PRECISIONS = ("f32", "bf16", "int8")
# What the rows of `saring bench --workload` are called, and what they are here.
ROWS = {
    "workload, full answers": "full",
    "workload, one token": "one",
    "prefill, 512 tokens": "prefill",
    "load": "load_s",
}
PER_S = {"ms": 1000.0}


@dataclass(frozen=True)
class Program:
    """The command line, and where logs go."""

    path: Path
    logs: Path

    def run(self, *arguments: str | Path) -> tuple[dict, float]:
        """What a command says, and its peak of memory in MiB. In an empty workspace: nothing is kept from one run for another."""
        with tempfile.TemporaryDirectory() as workspace:
            command = [self.path, "--json", "--workspace", workspace, *arguments]
            said, ended = machine.run(command, self.logs / f"saring-{arguments[0]}.log")
        return json.loads(said), ended.peak_mib

    def version(self) -> str:
        said, _ = machine.run([self.path, "--version"], self.logs / "saring-version.log")
        return said.strip()

    def export(self, checkpoint: Path, path: Path) -> None:
        """Writes the workload that everybody is asked about."""
        self.run("bench", "--guard", checkpoint, "--export-workload", path)

    def bench(self, checkpoint: Path, precision: str, items: list[Item]) -> dict:
        """All figures of texts, in one go."""
        machine.read_through(checkpoint)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "workload.jsonl"
            workload.write(path, items)
            said, peak = self.run("bench", *self.chosen(checkpoint, precision), "--workload", path)
        return figures(said["rows"]) | {"peak_mib": peak}

    def images(self, checkpoint: Path, precision: str, items: list[Item]) -> dict:
        """Items a second with images, from the file to the verdicts."""
        machine.read_through(checkpoint)
        with tempfile.TemporaryDirectory() as folder:
            path, verdicts = Path(folder) / "items.jsonl", Path(folder) / "verdicts.jsonl"
            rows = []
            for number, (item, text) in enumerate(zip(items, workload.texts(items), strict=True)):
                image = Path(folder) / item.image.name
                image.write_bytes(item.image.read_bytes())
                rows.append(json.dumps({"id": str(number), "prompt": text, "images": [image.name]}) + "\n")
            path.write_text("".join(rows))
            said, peak = self.run("score", *self.chosen(checkpoint, precision), "--input", path, "--output", verdicts)
        if said["errors"]:
            raise RuntimeError(f"saring could not judge {said['errors']} of {len(items)} items with images")
        return {"image": said["items_per_second"], "peak_mib": peak}

    def chosen(self, checkpoint: Path, precision: str) -> list[str]:
        return ["--guard", str(checkpoint), "--device", "cpu", "--precision", precision]


def figures(rows: list[dict]) -> dict:
    """The rows of a report that are compared, under the names that all engines share."""
    found = {ROWS[row["name"]]: row["value"] / PER_S.get(row["unit"], 1.0) for row in rows if row["name"] in ROWS}
    if "one" not in found:
        names = ", ".join(row["name"] for row in rows)
        raise RuntimeError(f"saring bench gave no items a second for one token; its rows are: {names}")
    return found
