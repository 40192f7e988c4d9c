#!/usr/bin/env python3
"""Measures what items cost Saring as there are more of them, more at once, longer ones, and with more threads; writes tables and charts.

    python tests/peers/growth.py --saring target/debug/saring [--guard FOLDER] [--precision int8] [--queue-guard FOLDER]

The queue is labelled by the demo guard, whose arithmetic is so small that what surrounds it shows; rows, lengths and threads are measured
with `--guard`, best one of a real size. Nothing else should run meanwhile. Figures go between two marks of docs/performance.md.
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENT = REPOSITORY / "docs" / "performance.md"
BEGIN, END = "<!-- growth: written by tests/peers/growth.py -->", "<!-- end of growth -->"
# Tokens that are judged for one length, about, and the items that this is at least.
TOKENS_A_LENGTH = 4000
ITEMS_MIN = 4


def saring(program: Path, *arguments: str, threads: int | None = None) -> dict:
    """Runs a command and returns what it says in JSON."""
    environment = dict(os.environ, **({"RAYON_NUM_THREADS": str(threads)} if threads else {}))
    done = subprocess.run([program, "--json", *arguments], env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def prompts() -> list[str]:
    rows = (json.loads(line) for line in (REPOSITORY / "demo" / "queue.jsonl").read_text().splitlines())
    return [row["prompt"] for row in rows if row.get("prompt")]


def write_items(path: Path, count: int, words: int | None = None) -> None:
    """Items no two of which are alike, of as many words as asked for."""
    texts = prompts()
    with path.open("w") as file:
        for i in range(count):
            text = texts[i % len(texts)]
            while words and len(text.split()) < words:
                text += " " + texts[(i + len(text)) % len(texts)]
            cut = " ".join(text.split()[:words]) if words else text
            file.write(json.dumps({"id": f"i{i}", "prompt": f"{i}: {cut}"}, ensure_ascii=False) + "\n")


def load_seconds(program: Path, guard: Path, precision: str) -> float:
    rows = saring(program, "bench", "--guard", str(guard), "--precision", precision, "--seconds", "1")["rows"]
    return next(row["value"] for row in rows if row["name"] == "load") / 1000


def queue(program: Path, guard: Path, counts: list[int], folder: Path, precision: str) -> list[tuple[int, float]]:
    """Items a second of a queue of so many items, from the database and back into it."""
    loading = load_seconds(program, guard, precision)
    found = []
    for count in counts:
        items, workspace = folder / f"{count}.jsonl", folder / f"workspace-{count}"
        write_items(items, count)
        place = ["--workspace", str(workspace)]
        saring(program, *place, "models", "add", str(guard), "--name", "measured")
        saring(program, *place, "import", "--queue", "q", str(items))
        run = saring(program, *place, "label", "--queue", "q", "--guard", "measured", "--precision", precision)
        # Loading the guard takes the same time whatever the queue.
        found.append((count, run["judged"] / max(run["seconds"] - loading, 1e-3)))
        print(found[-1], flush=True)
    return found


def rows_at_once(program: Path, guard: Path, counts: list[int], precision: str) -> list[tuple[int, float, float]]:
    """Items and computed tokens a second where so many are asked about in one call. They go through in passes of 512 tokens."""
    found = []
    for count in counts:
        said = saring(program, "bench", "--guard", str(guard), "--precision", precision, "--workload-items", str(count))
        pace = said["pace"]
        found.append((count, said["items_per_second"], (pace["tokens"] - pace["cached"]) / pace["seconds"]))
        print("rows", found[-1], flush=True)
    return found


def lengths(program: Path, guard: Path, words: list[int], folder: Path, precision: str, threads: int) -> list[tuple[int, float, float]]:
    """Computed tokens of an item, items a second, computed tokens a second."""
    found = []
    for length in words:
        items, out = folder / "items.jsonl", folder / "out.jsonl"
        write_items(items, max(ITEMS_MIN, TOKENS_A_LENGTH // (2 * length + 100)), length)
        asked = ["score", "--guard", str(guard), "--input", str(items), "--output", str(out), "--precision", precision]
        run = saring(program, *asked, threads=threads)
        rows = [json.loads(line) for line in out.read_text().splitlines()]
        computed = sum(row["tokens"]["computed"] for row in rows) / len(rows)
        found.append((round(computed), run["items_per_second"], run["items_per_second"] * computed))
        print(threads, found[-1], flush=True)
    return found


def chart(title: str, x: list, x_name: str, y: list[float], y_name: str) -> str:
    labels = ", ".join(f'"{value:,}"' for value in x)
    values = ", ".join(f"{value:.3g}" for value in y)
    return f'```mermaid\nxychart-beta\n    title "{title}"\n    x-axis "{x_name}" [{labels}]\n    y-axis "{y_name}" 0 --> {max(y) * 1.1:.3g}\n    line [{values}]\n```'


def table(head: list[str], rows: list[list]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + " ---: |" * len(head)]
    return "\n".join(lines + [f"| {' | '.join(str(value) for value in row)} |" for row in rows])


def named(guard: Path) -> str:
    return "the demo guard" if guard.is_relative_to(REPOSITORY / "demo") else guard.name


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor")
    return f"{name}, {os.cpu_count()} cores"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--saring", type=Path, required=True)
    parser.add_argument("--guard", type=Path, default=REPOSITORY / "demo" / "guard")
    parser.add_argument("--queue-guard", type=Path, default=REPOSITORY / "demo" / "guard")
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--items", type=int, nargs="+", default=[100, 1000, 10_000, 100_000])
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
    parser.add_argument("--words", type=int, nargs="+", default=[5, 20, 80, 300, 800])
    arguments = parser.parse_args()
    program, precision = arguments.saring.resolve(), arguments.precision
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        counts = queue(program, arguments.queue_guard, arguments.items, folder, precision)
        rows = rows_at_once(program, arguments.guard, arguments.rows, precision)
        one = lengths(program, arguments.guard, arguments.words, folder, precision, 1)
        all_threads = lengths(program, arguments.guard, arguments.words, folder, precision, os.cpu_count() or 1)
    both = [
        [f"{tokens:,}", f"{slow[1]:.2f}", f"{items:.2f}", f"{slow[2]:,.0f}", f"{speed:,.0f}"]
        for slow, (tokens, items, speed) in zip(one, all_threads)
    ]
    threads = os.cpu_count()
    parts = [
        BEGIN,
        f"{processor()}; {precision}. The queue: judged by {named(arguments.queue_guard)}; rows and lengths: {named(arguments.guard)}.",
        table(["items in the queue", "items/s"], [[f"{count:,}", f"{rate:.1f}"] for count, rate in counts]),
        chart("A queue as it grows", [count for count, _ in counts], "items", [rate for _, rate in counts], "items/s"),
        table(["rows at once", "items/s", "tokens/s"], [[count, f"{rate:.2f}", f"{speed:,.0f}"] for count, rate, speed in rows]),
        chart("More rows at once", [row[0] for row in rows], "rows", [row[2] for row in rows], "tokens/s"),
        table(
            ["computed tokens an item", "items/s, 1 thread", f"items/s, {threads} threads", "tokens/s, 1 thread", f"tokens/s, {threads} threads"],
            both,
        ),
        chart("Longer items", [row[0] for row in all_threads], "computed tokens an item", [row[2] for row in all_threads], "tokens/s"),
        END,
    ]
    text = DOCUMENT.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(before + "\n\n".join(parts) + after)


if __name__ == "__main__":
    main()
