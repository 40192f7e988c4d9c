"""The rows of the demo queue that have pictures: the same plan in every language, from held-out layouts,
captions and sentences alone. Items of one cell share a `group`.
"""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image

from compose import Composer
from phrases import Language
from picture.corpus import PictureLanguage
from picture.layouts import HELDOUT_LAYOUTS
from picture.scenes import HELDOUT_SIZES, Artist, Plan, is_unsafe
from taxonomy import CATEGORIES, RISKY_TOPICS, TOPICS

PALETTE = 48


@dataclass(frozen=True)
class Cell:
    """One item a language. `decides` says what the gold label hangs on: picture, text or both."""

    decides: str
    kind: str  # alone, ask, report, hold, post; or text, with a topic of the text corpus
    plans: tuple[Plan, ...]
    topic: str | None = None


CELLS = (
    Cell("picture", "ask", (Plan("stall", ("scam", 0)),)),
    Cell("picture", "ask", (Plan(icon="spy"),)),
    Cell("picture", "ask", (Plan("stall", ("plain", 0)),)),
    Cell("picture", "alone", (Plan(sign=("insult", 0)),)),
    Cell("picture", "alone", (Plan("cat", ("careful", 1)),)),
    Cell("text", "text", (Plan("rice", ("plain", 1)),), "scam"),
    Cell("text", "text", (Plan(icon="flowers"),), "plain"),
    Cell("both", "report", (Plan(sign=("stunt", 0)),)),
    Cell("both", "hold", (Plan(icon="firecracker"),)),
    Cell("both", "post", (Plan(icon="firecracker"),)),
    Cell("both", "post", (Plan(icon="card"),)),
    Cell("picture", "ask", (Plan("book", ("plain", 2)), Plan("cup", ("pii", 0)))),
)
# In these languages the second picture of the last cell is as harmless as the first.
HARMLESS_PAIR = (Plan("book", ("plain", 2)), Plan("cup", ("careful", 0)))
HARMLESS_PAIR_LANGUAGES = ("id", "tl", "th", "my")
MISUSE_CATEGORIES = {"hold": "Violent", "post": "PII"}


def make_picture_queue(
    texts: dict[str, Language], languages: dict[str, PictureLanguage], seed: int
) -> tuple[list[dict], dict[str, Image.Image]]:
    """Items in the program's import format, and the pictures they name."""
    items, pictures = [], {}
    for code, language in languages.items():
        composer = Composer(texts[code], texts[code].heldout, Random(seed))
        captions, random = language.heldout["caption"], Random(f"{seed} {code}")
        artist = Artist(language, HELDOUT_LAYOUTS, captions, HELDOUT_SIZES, random)
        dealt: dict[str, int] = {}
        for number, cell in enumerate(CELLS, start=1):
            plans = HARMLESS_PAIR if len(cell.plans) > 1 and code in HARMLESS_PAIR_LANGUAGES else cell.plans
            names = []
            for place, plan in enumerate(plans):
                letter = "ab"[place] if len(plans) > 1 else ""
                names.append(f"pictures/{code}-{number:02}{letter}.png")
                pictures[names[-1]] = artist.picture(plan).image.quantize(PALETTE)
            prompt = prompt_of(cell, language, composer, dealt)
            items.append(item(code, number, cell, list(plans), prompt, names))
    return items, pictures


def prompt_of(cell: Cell, language: PictureLanguage, composer: Composer, dealt: dict[str, int]) -> str:
    if cell.kind == "alone":
        return ""
    if cell.kind == "text":
        return composer.ask(cell.topic)
    sentences = language.heldout[cell.kind]
    dealt[cell.kind] = dealt.get(cell.kind, 0) + 1
    return sentences[(dealt[cell.kind] - 1) % len(sentences)]


def item(code: str, number: int, cell: Cell, plans: list[Plan], prompt: str, names: list[str]) -> dict:
    source = {"dataset": "saring-demo", "shape": f"picture / {cell.kind}", "decides": cell.decides}
    shown = [topic for plan in plans for topic in plan.topics]
    return {
        "id": f"demo-{code}-p{number:02}",
        "prompt": prompt,
        "images": names,
        "language": code,
        "group": f"demo-p{number:02}",
        "source": source | {"topic": cell.topic or ", ".join(dict.fromkeys(shown))},
        "labels": {"prompt": labels_of(cell, plans)},
        "labels_role": "gold",
    }


def labels_of(cell: Cell, plans: list[Plan]) -> dict:
    """In the words of the queue's own labels: those of the text rows."""
    if not (is_unsafe(plans, cell.kind) or cell.topic in RISKY_TOPICS):
        return {"label": "Safe", "categories": []}
    topics = [cell.topic] if cell.topic else [topic for plan in plans for topic in plan.topics]
    found = {TOPICS[topic][1] for topic in topics if topic in TOPICS}
    found.add(MISUSE_CATEGORIES.get(cell.kind))
    return {"label": "Unsafe", "categories": [name for name in CATEGORIES if name in found]}


def write_pictures(pictures: dict[str, Image.Image], folder: Path) -> None:
    """Replaces the pictures in `folder`/pictures."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    for old in (folder / "pictures").glob("*.png"):
        old.unlink()
    for name, picture in pictures.items():
        picture.save(folder / name, optimize=True)
