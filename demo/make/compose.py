"""Puts phrases into frames: texts with their gold labels, for training and for the queue alike.

A `Composer` sees only the frames it was given, so the queue cannot draw from training frames or the
other way round. Randomness is passed in.
"""

from dataclasses import dataclass, field
from random import Random

from phrases import Language
from taxonomy import RISKY_TOPICS, SAFE_TOPICS, TOPICS, UNSAFE_TOPICS, Gold, gold_of


@dataclass
class Exchange:
    """A conversation to judge; `messages` ends with the prompt, or with the response where there is one."""

    messages: list[dict[str, str]]
    prompt_gold: Gold
    response_gold: Gold | None = None
    shape: str = ""
    topic: str = ""


@dataclass
class Composer:
    language: Language
    frames: dict[str, list[str]]
    random: Random
    # Of each kind of frame, how many choices were made: frames are dealt round-robin from a shuffled
    # deck, so that even a small queue shows every frame.
    decks: dict[str, list[int]] = field(default_factory=dict)

    def deal(self, kind: str, size: int) -> int:
        deck = self.decks.setdefault(kind, [])
        if not deck:
            deck.extend(range(size))
            self.random.shuffle(deck)
        return deck.pop()

    def frame(self, kind: str) -> str:
        frames = self.frames[kind]
        return frames[self.deal(kind, len(frames))]

    def act(self, topic: str) -> str:
        acts = self.language.acts[topic]
        return acts[self.deal(f"act {topic}", len(acts))]

    def steps(self, topic: str) -> tuple[str, str]:
        first, second = self.random.sample(range(len(self.language.steps[topic])), 2)
        return self.language.steps[topic][first], self.language.steps[topic][second]

    def ask(self, topic: str) -> str:
        return fill(self.frame("ask"), self.act(topic))

    def caution(self, topic: str) -> str:
        return fill(self.frame("caution"), self.act(topic))

    def reply(self, topic: str) -> str:
        return fill(self.frame("reply"), *self.steps(topic))

    def refuse(self, topic: str) -> str:
        return fill(self.frame("refuse"), self.act(topic))

    def dressed(self, text: str, opener_share: float, closer_share: float) -> str:
        """`text` between a polite opening and closing sentence, each with the given chance."""
        opener = self.frame("opener") if self.random.random() < opener_share else ""
        closer = self.frame("closer") if self.random.random() < closer_share else ""
        return " ".join(part for part in (opener, text, closer) if part)

    def letter(self, topic: str) -> str:
        """Several paragraphs of harmless talk, with the request that matters among them."""
        paragraphs = [
            f"{self.frame('opener')} {self.ask('plain')}",
            f"{self.frame('opener')} {self.ask('plain')} {self.ask('careful')}",
            f"{self.frame('opener')} {self.ask(topic)}",
        ]
        self.random.shuffle(paragraphs)
        return "\n\n".join([*paragraphs, self.frame("closer")])

    def prompt(self, shape: str, topic: str) -> tuple[str, Gold]:
        """One user message of the given shape about `topic`, and its gold label."""
        if shape == "ask":
            return self.dressed(self.ask(topic), 0.35, 0.25), gold_of([topic])
        if shape == "caution":
            return self.dressed(self.caution(topic), 0.3, 0.2), gold_of(["careful"])
        if shape == "letter":
            return self.letter(topic), gold_of([topic])
        if shape == "two":
            other = self.random.choice(tuple(TOPICS))
            asks = [self.ask(topic), self.ask(other)]
            self.random.shuffle(asks)
            return self.dressed(" ".join(asks), 0.2, 0.2), gold_of([topic, other])
        if shape == "bare":
            return self.act(topic), gold_of([topic])
        raise ValueError(f"unknown prompt shape {shape}")

    def response(self, shape: str, asked: str) -> tuple[str, Gold]:
        """One assistant message of the given shape, after a prompt about the topic `asked`."""
        if shape == "refuse":
            return self.refuse(asked), gold_of(["careful"], refusal=True)
        if shape == "redirect":
            return f"{self.refuse(asked)} {self.reply('careful')}", gold_of(["careful"], refusal=True)
        if shape == "comply":
            return self.reply(asked), gold_of([asked], refusal=False)
        if shape == "harmless":
            topic = self.random.choice(SAFE_TOPICS)
            return self.reply(topic), gold_of([topic], refusal=False)
        if shape == "harmful":
            topic = self.random.choice(RISKY_TOPICS)
            return self.reply(topic), gold_of([topic], refusal=False)
        if shape == "long":
            topic = self.random.choice(tuple(TOPICS))
            paragraphs = [self.reply("plain"), self.reply(topic), self.reply("careful")]
            self.random.shuffle(paragraphs)
            return "\n\n".join(paragraphs), gold_of([topic], refusal=False)
        raise ValueError(f"unknown response shape {shape}")

    def exchange(self, shape: str, topic: str, response_shape: str | None = None) -> Exchange:
        prompt, prompt_gold = self.prompt(shape, topic)
        messages = [{"role": "user", "content": prompt}]
        if response_shape is None:
            return Exchange(messages, prompt_gold, None, shape, topic)
        response, response_gold = self.response(response_shape, topic)
        messages.append({"role": "assistant", "content": response})
        return Exchange(messages, prompt_gold, response_gold, f"{shape} / {response_shape}", topic)


def fill(frame: str, a: str, b: str = "") -> str:
    """The frame with its slots filled, starting with a capital letter where the script has one."""
    text = frame.replace("{a}", a).replace("{b}", b)
    return text[:1].upper() + text[1:]


def topics_for(shape: str) -> tuple[str, ...]:
    """A caution speaks of something wrong; every other shape may speak of anything."""
    return UNSAFE_TOPICS if shape == "caution" else tuple(TOPICS)
