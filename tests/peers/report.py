"""Writes what was measured as tables between two marks of a document."""

from pathlib import Path

from checkpoints import IMAGE_SIDE, Shape
from rounds import TRYING, Results, Run, Spread
from workload import Mode

BEGIN, END = "<!-- comparison: written by tests/peers -->", "<!-- end of comparison -->"
ENGINES = ("llama.cpp", "transformers", "saring")
QUEUE = 10_000
NAMES = {
    Mode.FULL.value: "items/s, full answer",
    Mode.ONE.value: "items/s, one token",
    Mode.IMAGE.value: "items/s, image",
    "prefill": "prefill tokens/s, 512",
    "load_s": "load, s",
    "peak_mib": "peak, MiB",
    "image_peak_mib": "peak with images, MiB",
}
# What the engines' settings are called in the tables.
WORDS = {
    **{"slots": "slots", "cache": "prompt cache", "flash": "flash attention", "ubatch": "ubatch"},
    **{"batch": "batch", "prefix": "prefix kept"},
}


def figure(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def spread(found: Spread) -> str:
    """A median, and what the rounds lay between where there were several."""
    if found.least == found.most:
        return figure(found.median)
    return f"{figure(found.median)} ({figure(found.least)}-{figure(found.most)})"


def words(setting: tuple[tuple[str, object], ...]) -> str:
    """A setting in words."""
    said = {True: "on", False: "off"}
    return ", ".join(f"{WORDS[name]} {said.get(value, value) if isinstance(value, bool) else value}" for name, value in setting)


def lasting(rate: float) -> str:
    """How long the queue takes at so many items a second."""
    minutes = round(QUEUE / rate / 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


def table(head: list[str], names: int, rows: list[list[str]]) -> str:
    """`names`: how many columns hold words, before those with figures."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * names}{' ---: |' * (len(head) - names)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def gathered(runs: list[tuple[Run, dict]]) -> dict[tuple[str, str], dict[str, Spread]]:
    """By engine and weights, each figure over the rounds. Load is that of texts; the peak with images has a name of its own."""
    values: dict[tuple[str, str], dict[str, list[float]]] = {}
    for run, figures in runs:
        if run.round == TRYING:
            continue
        if run.what == Mode.IMAGE.value:
            figures = {"image": figures["image"], "image_peak_mib": figures["peak_mib"]}
        for name, value in figures.items():
            if name in NAMES:
                values.setdefault((run.engine, run.weights), {}).setdefault(name, []).append(value)
    order = sorted(values, key=lambda key: ENGINES.index(key[0]))
    return {key: {name: Spread.of(each) for name, each in values[key].items()} for key in order}


def best_peer(found: dict[tuple[str, str], dict[str, Spread]], what: str) -> float | None:
    """The highest median of any engine that is not Saring."""
    medians = [figures[what].median for (engine, _), figures in found.items() if engine != "saring" and what in figures]
    return max(medians, default=None)


def rounds_table(shape: Shape, runs: list[tuple[Run, dict]]) -> str:
    """What each engine gave, and how many times the best peer that is."""
    found = gathered(runs)
    modes = [mode.value for mode in shape.modes]
    peers = {mode: best_peer(found, mode) for mode in modes}
    columns = [*modes, "prefill", "load_s", "peak_mib", *(["image_peak_mib"] if Mode.IMAGE in shape.modes else [])]
    first = modes[0]
    head = ["engine", "weights", *(NAMES[name] for name in columns), f"{QUEUE:,} items", "times the best peer"]
    rows = []
    for (engine, weights), figures in found.items():
        cells = [spread(figures[name]) if name in figures else "" for name in columns]
        queue = lasting(figures[first].median) if first in figures else ""
        ratios = [figures[mode].median / peers[mode] if mode in figures and peers[mode] else None for mode in modes]
        rows.append([engine, weights, *cells, queue, " / ".join("-" if ratio is None else f"{ratio:.2f}" for ratio in ratios)])
    return table(head, 2, rows)


def settings_table(shape: Shape, runs: list[tuple[Run, dict]]) -> str:
    """What was tried before the rounds."""
    modes = [mode.value for mode in shape.modes]
    rows: dict[tuple[str, str, str], dict[str, float]] = {}
    for run, figures in runs:
        if run.round == TRYING:
            rows.setdefault((run.engine, run.weights, words(run.setting)), {})[run.what] = figures[run.what]
    head = ["engine", "weights", "setting", *(NAMES[mode] for mode in modes)]
    cells = [[*key, *(figure(rates[mode]) if mode in rates else "" for mode in modes)] for key, rates in rows.items()]
    return table(head, 3, cells)


def used(shape: Shape, runs: list[tuple[Run, dict]]) -> list[str]:
    """The settings that went into the rounds."""
    modes = [mode.value for mode in shape.modes]
    lines = []
    for run, _ in runs:
        line = f"- {run.engine} {run.weights}, {NAMES.get(run.what)}: {words(run.setting)}"
        if run.round != TRYING and run.what in modes and run.setting and line not in lines:
            lines.append(line)
    return lines


def machine_lines(results: Results) -> list[str]:
    about = results.about()
    machine = about["machine"]
    versions = {figures["version"] for key, figures in results.kept["runs"].items() if "version" in figures}
    engines = [about.get("saring"), about.get("llama.cpp") and f"llama.cpp {about['llama.cpp']}", *sorted(versions)]
    lacks = f"; it lacks {', '.join(machine['lacks'])}" if machine["lacks"] else ""
    disturbed = max((figures["others"] for figures in results.kept["runs"].values()), default=0.0)
    lines = [
        f"- Machine: {machine['processor']} ({machine['family']}), {machine['threads']} threads, {machine['memory_mib'] / 1024:.0f} GiB, "
        f"{machine['system']}; {', '.join(machine['flags'])}{lacks}.",
        f"- Engines: {'; '.join(engine for engine in engines if engine)}. Measured on {about['date']}.",
        f"- Other programs took at most {disturbed:.0%} of the processors during a run.",
    ]
    return lines + ([f"- With {about['share']:.0%} of the items of a whole comparison."] if about["share"] < 1 else [])


def section(shape: Shape, results: Results) -> str:
    runs = results.runs(shape.name)
    rounds = max((run.round for run, _ in runs), default=0)
    said = results.about().get("workloads", {}).get(shape.name, {})
    images = f"; {shape.images} items with an image of {IMAGE_SIDE} x {IMAGE_SIDE}" if Mode.IMAGE in shape.modes else ""
    counted = f"{shape.items} items of {said['tokens']:.0f} tokens on average, template included" if said else f"{shape.items} items"
    parts = [
        f"### {shape.name}\n",
        f"{counted}{images}; {rounds} {'round' if rounds == 1 else 'rounds'}: median (least-most).\n",
        rounds_table(shape, runs),
    ]
    chosen = used(shape, runs)
    if chosen:
        parts.append("\nSettings in the rounds:\n\n" + "\n".join(chosen))
    if any(run.round == TRYING for run, _ in runs):
        parts.append(f"\nSettings that were tried first, once each on {shape.tried} items:\n\n" + settings_table(shape, runs))
    return "\n".join(parts) + "\n"


def write(document: Path, results: Results, shapes: list[Shape]) -> None:
    """Replaces what stands between the marks.

    Raises `ValueError` if the document has no marks.
    """
    text = document.read_text()
    before, began, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (began and ended):
        raise ValueError(f"{document} has no place for the tables: the lines {BEGIN} and {END} mark it")
    measured = [shape for shape in shapes if results.runs(shape.name)]
    body = "\n".join(["\n".join(machine_lines(results)) + "\n", *(section(shape, results) for shape in measured)])
    document.write_text(f"{before}{BEGIN}\n{body}{END}{after}")
