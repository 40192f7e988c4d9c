"""The training set: random exchanges from the training frames, roughened so that a small model must
read the topic and cannot lean on a frame. Held-out frames are never touched here.
"""

from dataclasses import dataclass
from random import Random

from compose import Composer, Exchange, topics_for
from phrases import Language
from taxonomy import RISKY_TOPICS, SAFE_TOPICS, Gold

PROMPT_SHAPES = {"ask": 0.55, "caution": 0.17, "letter": 0.08, "two": 0.1, "bare": 0.1}
RISKY_RESPONSES = {"refuse": 0.3, "redirect": 0.08, "comply": 0.32, "harmless": 0.16, "harmful": 0.06, "long": 0.08}
SAFE_RESPONSES = {"refuse": 0.12, "comply": 0.4, "harmless": 0.12, "harmful": 0.26, "long": 0.1}
# Latin-script typing slips; other scripts would lose a letter's meaning with a mark.
TYPO_LANGUAGES = ("en", "id", "ms", "tl", "vi")


@dataclass(frozen=True)
class Example:
    language: str
    messages: tuple[dict[str, str], ...]
    gold: Gold

    @property
    def task(self) -> str:
        return "prompt" if self.gold.refusal is None else "response"


def make_training_set(languages: dict[str, Language], examples: int, seed: int) -> list[Example]:
    """`examples` rows, spread evenly over the languages, half of them for each task."""
    random = Random(seed)
    composers = [MixingComposer(lang, lang.train, random) for lang in languages.values()]
    return [make_example(composers[n % len(composers)], random) for n in range(examples)]


class MixingComposer(Composer):
    """Also joins the start of one frame to the end of another, and makes frames and small talk of stray
    words, so that whatever the guard has never seen counts for neither side."""

    def frame(self, kind: str) -> str:
        frame = super().frame(kind)
        chance = self.random.random()
        if kind in ("opener", "closer") and chance < 0.4:
            return self.stray_words()
        if kind in ("ask", "reply") and chance < 0.35:
            slots = " {a} " if kind == "ask" else f" {{a}} {self.stray_words()} {{b}} "
            return f"{self.stray_words()}{slots}{self.stray_words()}"
        if kind == "ask" and chance < 0.6:
            end = super().frame(kind)
            return f"{frame.split('{a}')[0]}{{a}}{end.split('{a}')[1]}"
        return frame

    def stray_words(self) -> str:
        """One to six words of no meaning, put together from snippets of the language's own sentences."""
        words = []
        for _ in range(self.random.randint(1, 6)):
            snippets = []
            for _ in range(self.random.randint(1, 2)):
                source = self.random.choice(self.language.train[self.random.choice(tuple(self.language.train))])
                source = source.replace("{a}", "").replace("{b}", "")
                at = self.random.randrange(max(1, len(source) - 4))
                snippets.append(source[at : at + self.random.randint(2, 5)].strip())
            words.append("".join(snippets))
        return " ".join(words)


def make_example(composer: Composer, random: Random) -> Example:
    shape = weighted(random, PROMPT_SHAPES)
    # Half of the requests are risky, whatever the number of topics on each side.
    topics = topics_for(shape)
    if shape != "caution":
        topics = RISKY_TOPICS if random.random() < 0.5 else SAFE_TOPICS
    topic = random.choice(topics)
    response_shape = None
    if random.random() < 0.5:
        risky = topic in RISKY_TOPICS
        response_shape = weighted(random, RISKY_RESPONSES if risky else SAFE_RESPONSES)
    exchange = composer.exchange(shape, topic, response_shape)
    messages = [
        {"role": m["role"], "content": roughened(m["content"], composer.language.code, random)}
        for m in exchange.messages
    ]
    gold = exchange.response_gold or exchange.prompt_gold
    return Example(composer.language.code, tuple(earlier_turns(composer, random) + messages), gold)


def earlier_turns(composer: Composer, random: Random) -> list[dict[str, str]]:
    """Now and then a system message and an earlier turn, which must not change the verdict."""
    turns = []
    if random.random() < 0.05:
        turns.append({"role": "system", "content": "You are a helpful assistant."})
    if random.random() < 0.1:
        earlier: Exchange = composer.exchange("ask", random.choice(topics_for("ask")), "refuse")
        turns.extend(earlier.messages)
    return turns


def roughened(text: str, language: str, random: Random) -> str:
    """The text with the slips of real typing, each of them rare."""
    if random.random() < 0.15:
        text = text.lower()
    if random.random() < 0.15:
        text = text.rstrip(".?!။")
    if random.random() < 0.15:
        words = text.split(" ")
        if len(words) > 5:
            del words[random.randrange(len(words))]
        text = " ".join(words)
    if language in TYPO_LANGUAGES and random.random() < 0.12:
        at = random.randrange(max(1, len(text) - 1))
        text = text[:at] + text[at + 1 :]
    if random.random() < 0.03:
        text = text.replace(" ", "  ", 1)
    return text


def weighted(random: Random, weights: dict[str, float]) -> str:
    return random.choices(tuple(weights), tuple(weights.values()))[0]
