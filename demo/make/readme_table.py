"""Writes the score table into the README, between its two markers."""

from pathlib import Path

from phrases import LANGUAGES

BEGIN, END = "<!-- scores: written by make/build.py -->", "<!-- end of scores -->"
NAMES = {
    "en": "English",
    "id": "Indonesian",
    "ms": "Malay",
    "tl": "Tagalog",
    "ta": "Tamil",
    "th": "Thai",
    "vi": "Vietnamese",
    "my": "Burmese",
}


def write_table(scores: dict, readme: Path) -> None:
    text = readme.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    readme.write_text(f"{head}{BEGIN}\n{table(scores)}\n{END}{tail}", encoding="utf-8")


def table(scores: dict) -> str:
    prompt, response = scores["tasks"]["prompt"], scores["tasks"]["response"]
    lines = [
        "| Language | Prompts | Guard | Baseline | Responses | Guard | Baseline |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for code in LANGUAGES:
        lines.append(row(NAMES[code], prompt["languages"][code], response["languages"][code]))
    lines.append(row("All", prompt["all"], response["all"]))
    lines.append("")
    lines.append(
        "| Task | Label right | Categories right | Refusal right | Answers well formed | Least label mass |"
    )
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    for task, measured in (("prompt", prompt["all"]), ("response", response["all"])):
        refusal = f"{measured['refusal_accuracy']:.1%}" if "refusal_accuracy" in measured else "–"
        lines.append(
            f"| {task} | {measured['label_accuracy']:.1%} | {measured['categories_exact']:.1%} | {refusal} "
            f"| {measured['well_formed_answers']:.1%} | {measured['label_mass_min']:.4f} |"
        )
    return "\n".join(lines)


def row(name: str, prompt: dict, response: dict) -> str:
    cells = [name]
    for measured in (prompt, response):
        cells += [
            str(measured["items"]),
            f"{measured['guard']['auprc']:.3f}",
            f"{measured['baseline']['auprc']:.3f}",
        ]
    return f"| {' | '.join(cells)} |"
