"""Writes the picture guard's score tables into the README, between two markers of their own."""

from pathlib import Path

from phrases import LANGUAGES
from readme_table import NAMES

BEGIN, END = "<!-- picture scores: written by make/build.py -->", "<!-- end of picture scores -->"


def write_picture_table(scores: dict, readme: Path) -> None:
    text = readme.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    readme.write_text(f"{head}{BEGIN}\n{tables(scores)}\n{END}{tail}", encoding="utf-8")


def tables(scores: dict) -> str:
    tasks = scores["tasks"]
    lines = [
        "| Language | With pictures | Guard | Pictures blank | Words alone | Text prompts | Guard | Baseline "
        "| Text responses | Guard | Baseline |",
        "| --- |" + " ---: |" * 10,
    ]
    for code in LANGUAGES:
        lines.append(row(NAMES[code], [tasks[name]["languages"][code] for name in ("picture", "prompt", "response")]))
    lines.append(row("All", [tasks[name]["all"] for name in ("picture", "prompt", "response")]))
    lines += ["", "| Rows | Items | Label right | Answers well formed | Least label mass |"]
    lines.append("| --- |" + " ---: |" * 4)
    for name, title in (("picture", "with pictures"), ("prompt", "text prompts"), ("response", "text responses")):
        measured = tasks[name]["all"]
        lines.append(
            f"| {title} | {measured['items']} | {measured['label_accuracy']:.1%} "
            f"| {measured['well_formed_answers']:.1%} | {measured['label_mass_min']:.4f} |"
        )
    lines += ["", "| What decides | Items | Label right | With pictures blank |", "| --- |" + " ---: |" * 3]
    for name, title in (("picture", "the picture"), ("text", "the words"), ("both", "both together")):
        measured = tasks["picture"]["decides"][name]
        lines.append(
            f"| {title} | {measured['items']} | {measured['label_accuracy']:.1%} "
            f"| {measured['label_accuracy_blank']:.1%} |"
        )
    return "\n".join(lines)


def row(name: str, measured: list[dict]) -> str:
    cells = [name]
    for task in measured:
        cells.append(str(task["items"]))
        cells += [f"{task[of]['auprc']:.3f}" for of in ("guard", "blank", "baseline") if of in task]
    return f"| {' | '.join(cells)} |"
