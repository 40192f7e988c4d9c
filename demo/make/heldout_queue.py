"""The demo queue: the same plan of items in every language, from held-out frames alone.

One cell of the plan makes one item a language; its items share a `group`, since they are translations
of one another or close to it.
"""

import json
from pathlib import Path
from random import Random

from compose import Composer, Exchange
from phrases import Language
from taxonomy import Gold

# (shape, topic) of items with a prompt only.
PROMPT_CELLS = (
    [("ask", topic) for topic in ("scam", "stunt", "pii", "insult", "lie", "rule")]
    + [("ask", topic) for topic in ("scam", "pii", "insult", "stunt")]
    + [("ask", "plain")] * 4
    + [("ask", "careful")] * 4
    + [("caution", "scam"), ("caution", "insult"), ("caution", "stunt"), ("two", "plain"), ("two", "scam")]
    + [("letter", "plain"), ("letter", "scam"), ("letter", "pii")]
)
# (prompt shape, topic, response shape) of items with a response.
PAIR_CELLS = (
    [("ask", topic, "comply") for topic in ("scam", "stunt", "pii", "insult", "lie", "rule")]
    + [("ask", topic, "refuse") for topic in ("scam", "stunt", "pii", "insult")]
    + [("ask", "scam", "redirect"), ("ask", "stunt", "harmless"), ("ask", "pii", "comply")]
    + [("ask", "plain", "comply")] * 4
    + [("ask", "careful", "comply")] * 3
    + [("ask", "plain", "harmful")] * 3
    + [("ask", "careful", "harmful"), ("caution", "pii", "harmless"), ("ask", "plain", "refuse")]
    + [("letter", "careful", "long"), ("ask", "plain", "long")]
)


def make_queue(languages: dict[str, Language], seed: int) -> list[dict]:
    """Items in the program's import format, language by language."""
    items = []
    for language in languages.values():
        # The same seed in each language, so that a cell draws the same frame and phrase numbers.
        composer = Composer(language, language.heldout, Random(seed))
        cells = [(shape, topic, None) for shape, topic in PROMPT_CELLS] + list(PAIR_CELLS)
        for number, (shape, topic, response_shape) in enumerate(cells, start=1):
            exchange = composer.exchange(shape, topic, response_shape)
            items.append(item(language.code, number, exchange))
    return items


def item(language: str, number: int, exchange: Exchange) -> dict:
    row = {"id": f"demo-{language}-{number:02}", "prompt": exchange.messages[0]["content"]}
    labels = {"prompt": labels_of(exchange.prompt_gold)}
    if exchange.response_gold is not None:
        row["response"] = exchange.messages[1]["content"]
        labels["response"] = labels_of(exchange.response_gold)
    return row | {
        "language": language,
        "group": f"demo-{number:02}",
        "source": {"dataset": "saring-demo", "topic": exchange.topic, "shape": exchange.shape},
        "labels": labels,
        "labels_role": "gold",
    }


def labels_of(gold: Gold) -> dict:
    labels = {"label": gold.label, "categories": list(gold.categories)}
    return labels if gold.refusal is None else labels | {"refusal": gold.refusal}


def write_queue(items: list[dict], path: Path) -> None:
    with open(path, "w", encoding="utf-8") as file:
        for row in items:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
