#!/usr/bin/env python3
"""Imports a large queue, fills it with made-up verdicts, measures what reviewers wait for, and writes it into docs/performance.md.

    make scale

Nothing else should run meanwhile. The folder takes some GB for a million items and can be removed afterwards; as long as it is there,
the next measurement goes without the import.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import time
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
DOCUMENT = REPOSITORY / "docs" / "performance.md"
BEGIN, END = "<!-- scale: written by tests/scale/measure.py -->", "<!-- end of scale -->"


def run(*command) -> tuple[float, float, str]:
    """Seconds, peak MiB and output of a command."""
    began = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[0]} failed")
    return time.monotonic() - began, used.ru_maxrss / 1024, said


def machine() -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} threads, {gib:.0f} GiB, {platform.system()}"


def gigabytes_of(workspace: Path) -> float:
    return (workspace / "saring.db").stat().st_size / 1e9


def imported(folder: Path, items: int, programs: Path) -> dict:
    """Makes the workspace: what the import took, and the size of the database before and after made-up verdicts."""
    file, workspace = folder / "items.jsonl", folder / "workspace"
    run("python3", HERE / "make_million.py", "--items", items, "--out", file)
    saring = (programs / "saring", "--json", "--workspace", workspace)
    seconds, peak, _ = run(*saring, "import", file, "--queue", "scale")
    file.unlink()
    run(*saring, "models", "add", REPOSITORY / "demo" / "guard")
    run(*saring, "plan", "scale", "--mode", "triage")
    gigabytes = gigabytes_of(workspace)
    run("python3", HERE / "fill.py", workspace)
    return {"seconds": seconds, "rate": items / seconds, "peak": peak, "gigabytes": gigabytes, "full_gigabytes": gigabytes_of(workspace)}


def in_window(workspace: Path) -> dict:
    """What the window's own test measures on the workspace; it prints JSON among the test's own words."""
    screen = ("xvfb-run", "-a", "-s", "-screen 0 1280x800x24", "dbus-run-session", "--")
    test = ("cargo", "test", "--locked", "--workspace", "--test", "integration", "window::scale::")
    os.environ |= {"SARING_SCALE_WORKSPACE": str(workspace.resolve()), "CI": "1"}
    os.chdir(REPOSITORY)
    _, _, said = run(*screen, *test, "--", "--ignored", "--nocapture")
    return json.loads(next(line for line in said.splitlines() if line.startswith("{")))


def table(imported: dict, found: dict, window: dict, rounds: int) -> str:
    lines = [
        f"- {found['items']:,} items; {machine()}. Measured on {date.today().isoformat()}, development build, {rounds} times each.",
        f"- Import: {imported['seconds']:.0f} s ({imported['rate']:,.0f} items/s), {imported['peak']:.0f} MiB at its peak; "
        f"the database takes {imported['gigabytes']:.1f} GB, {imported['full_gigabytes']:.1f} GB with two verdicts for each task.",
        f"- Start: {found['usable_ms']:.0f} ms until the first list and the first item are there, without the page. "
        f"Memory of the process: {found['memory_most_mib']:.0f} MiB at its peak.",
        f"- The window: {window['usable_ms']:.0f} ms from its start, by a driver, until the queues are on the screen; "
        f"{window['memory_mib']:.0f} MiB with its page after all that is measured below.",
    ]
    head = ["", "| {} | 50 % | 95 % | 99 % | most |", "| --- | ---: | ---: | ---: | ---: |"]
    for title, rows in (("in the window, ms until painted", window["rows"]), ("in the program, ms", found["rows"])):
        lines += [line.format(title) for line in head]
        for row in rows:
            times = " | ".join(f"{row[share]:.1f}" for share in ("p50", "p95", "p99", "most"))
            lines.append(f"| {row['name']} | {times} |")
    return "\n".join(lines)


def write(text: str) -> None:
    page = DOCUMENT.read_text()
    before, rest = page.split(BEGIN)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--items", type=int, default=1_000_000)
    arguments.add_argument("--folder", type=Path, required=True)
    arguments.add_argument("--programs", type=Path, default=REPOSITORY / "target" / "debug")
    arguments.add_argument("--rounds", type=int, default=100)
    wanted = arguments.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    workspace, kept = wanted.folder / "workspace", wanted.folder / f"imported-{wanted.items}.json"
    if not kept.exists():
        # One of another size, or half of one.
        for other in wanted.folder.glob("imported-*.json"):
            other.unlink()
        shutil.rmtree(workspace, ignore_errors=True)
        kept.write_text(json.dumps(imported(wanted.folder, wanted.items, wanted.programs)))
    _, _, said = run(wanted.programs / "examples" / "scale", workspace, "scale", wanted.rounds)
    write(table(json.loads(kept.read_text()), json.loads(said), in_window(workspace), wanted.rounds))


if __name__ == "__main__":
    main()
