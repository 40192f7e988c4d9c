"""Makes a table in Markdown of what `gpu.sh` has left in a folder. Usage: gpu_table.py FOLDER RUN...; the first run is the
one that the others are compared with.
"""

import json
import re
import sys
from pathlib import Path

HEAD = ["device", "precision", "largest difference", "other labels", "items/s", "tokens/s", "load", "process", "card"]


def read_json(path):
    """What a command has said, or None if it failed before it said anything."""
    text = path.read_text() if path.exists() else ""
    return json.loads(text) if text.strip() else None


def read_lines(path):
    """Verdicts by item and task."""
    if not path.exists():
        return {}
    rows = (json.loads(line) for line in path.read_text().splitlines())
    return {(row["id"], row["task"]): row for row in rows}


def differences(verdicts, reference):
    """The largest difference of a probability, and how many labels are others; None where there is nothing to compare."""
    if not verdicts or verdicts.keys() != reference.keys():
        return None
    largest, other = 0.0, 0
    for key, row in verdicts.items():
        expected = reference[key]
        other += row["label"] != expected["label"]
        for label, p in expected["probabilities"].items():
            difference = abs(row["probabilities"].get(label, float("nan")) - p)
            # A NaN must not be lost in a comparison.
            largest = largest if difference <= largest else difference
    return largest, other


def figure(bench, start, unit):
    """The last of the rows that begin so: the longest input where there are several."""
    found = [row["value"] for row in bench["rows"] if row["name"].startswith(start) and row["unit"] == unit]
    return f"{found[-1]:,.0f}" if found and found[-1] >= 100 else f"{found[-1]:.1f}" if found else "?"


def row(folder, run, reference):
    """The cells of one run."""
    device, precision = run.split("-")
    bench = read_json(folder / f"{run}.bench")
    if bench is None:
        return [device, precision] + ["failed"] + [""] * (len(HEAD) - 3)
    compared = differences(read_lines(folder / f"{run}.jsonl"), reference)
    memory = folder / f"{run}.memory"
    return [
        f"{bench['device']['name']} ({bench['device']['kind']})",
        bench["precision"],
        "?" if compared is None else f"{compared[0]:.1e}",
        "?" if compared is None else f"{compared[1]} of {len(reference)}",
        figure(bench, "queue", "items/s"),
        figure(bench, "prefill", "tokens/s"),
        f"{figure(bench, 'load', 'ms')} ms",
        f"{figure(bench, 'peak memory of the process', 'MiB')} MiB",
        f"{memory.read_text().strip()} MiB" if memory.exists() and device == "cuda" else "",
    ]


def main():
    """Prints the report."""
    folder, runs = Path(sys.argv[1]), sys.argv[2:]
    reference = read_lines(folder / f"{runs[0]}.jsonl")
    log = (folder / "tests.log").read_text()
    passed, failed = (sum(map(int, re.findall(rf"(\d+) {word};", log))) for word in ("passed", "failed"))
    print("# Guards on this machine's GPU\n")
    for card in (folder / "cards").read_text().splitlines():
        name, capability, driver = (part.strip() for part in card.split(","))
        print(f"- {name}, compute capability {capability}, driver {driver}")
    print(f"- the guard's tests on the card: {passed} passed, {failed} failed\n")
    print(f"| {' | '.join(HEAD)} |\n|{' --- |' * len(HEAD)}")
    for run in runs:
        print(f"| {' | '.join(row(folder, run, reference))} |")
    print(
        f"\nThe demo queue's verdicts are compared with those of {runs[0]}: the largest difference of any label's probability,"
        "\nand how many labels are others. Tokens/s is the longest prefill that was measured. *process* is the peak of the"
        "\nprocess's own memory, *card* that of all that was in use on the fullest card while queue and measurement ran."
    )
    attention = folder / "attention.log"
    timed = re.findall(r"^attention \| (.*)$", attention.read_text(), re.MULTILINE) if attention.exists() else []
    if timed:
        print("\nOne layer's attention at the shape of Qwen3Guard-Gen-0.6B, in bf16:\n")
        print("| rows x tokens | tensor operations | flash attention |\n| --- | ---: | ---: |")
        for line in timed:
            print(f"| {line} |")


if __name__ == "__main__":
    main()
