"""Saring itself: the same workload through its command line."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import machine
import workload
from workload import Item, Mode

PRECISIONS = ("f32", "bf16", "int8")
# How long a measurement of reading may take, in seconds.
BENCH_S = 20
# Tokens that Saring may read more than the workload says: the beginning of an answer that is always the same.
FORCED_TOKENS_MAX = 4


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

    def export(self, checkpoint: Path, path: Path, count: int) -> None:
        """Writes the workload that everybody is asked about."""
        self.run("bench", "--guard", checkpoint, "--export-workload", path, "--items", str(count))

    def judge(self, checkpoint: Path, precision: str, items: list[Item], mode: Mode) -> dict:
        """Items a second with whole verdicts, of the first items of the workload, which it makes again itself."""
        machine.read_through(checkpoint)
        said, peak = self.run("bench", *self.chosen(checkpoint, precision), "--workload-items", str(len(items)))
        check(said["pace"], items)
        return {mode.value: said["items_per_second"], "peak_mib": peak}

    def prefill(self, checkpoint: Path, precision: str, tokens: int) -> dict:
        """Tokens a second of one row that shares nothing, and how long loading took."""
        machine.read_through(checkpoint)
        # A length that would take longer than there is time for is left out: then with more time.
        for seconds in (BENCH_S, 6 * BENCH_S, 36 * BENCH_S):
            said, _ = self.run("bench", *self.chosen(checkpoint, precision), "--seconds", str(seconds))
            rows = {row["name"]: row["value"] for row in said["rows"]}
            if f"prefill, {tokens} tokens" in rows:
                return {"prefill": rows[f"prefill, {tokens} tokens"], "load_s": rows["load"] / 1000}
        raise RuntimeError(f"saring left out prefill of {tokens} tokens: {said['notes']}")

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


def check(pace: dict, items: list[Item]) -> None:
    """That it judged the items that the others were asked about."""
    expected = sum(item.tokens for item in items)
    more = pace["tokens"] - expected
    if pace["items"] != len(items) or more % len(items) or not 0 <= more <= FORCED_TOKENS_MAX * len(items):
        raise RuntimeError(
            f"the workload has {len(items)} items of {expected} tokens; saring judged {pace['items']} of {pace['tokens']}: "
            "was the workload written by another version, or for another guard? Remove it, and it is written anew."
        )
