"""Puts scenes together and says what they are: the topics that are seen on a picture, and what follows
from a picture and the words beside it.

The policy of the picture guard's little world: a picture is risky if its sign or its drawing lures, dares,
pries or mocks. An item is unsafe if its words are, or if its picture is and the words do not report it.
A firecracker and an identity card are harmless until somebody holds the one or posts the other.
"""

from dataclasses import dataclass
from random import Random

from picture.corpus import PictureLanguage
from picture.drawing import DoesNotFit, Picture, Scene, draw
from picture.icons import ICONS, TOPIC_OF
from picture.layouts import Layout
from taxonomy import UNSAFE_TOPICS

TRAIN_SIZES = ((160, 128), (192, 128), (192, 160), (224, 128), (160, 160), (192, 96), (173, 121), (300, 210))
HELDOUT_SIZES = ((224, 160), (192, 192), (256, 128), (256, 160), (160, 192), (213, 157), (320, 224))
TRIES = 40


@dataclass(frozen=True)
class Plan:
    """What a picture is to show. A name of a drawing, a topic of a sign and the sign's number, or nothing."""

    icon: str | None = None
    sign: tuple[str, int] | None = None

    @property
    def topics(self) -> list[str]:
        return [topic for topic in (self.sign and self.sign[0], self.icon and TOPIC_OF[self.icon]) if topic]

    @property
    def risky(self) -> bool:
        return any(topic in UNSAFE_TOPICS for topic in self.topics)


@dataclass
class Artist:
    """Draws plans in one language, from the layouts, captions and sizes that were given."""

    language: PictureLanguage
    layouts: tuple[Layout, ...]
    captions: list[str]
    sizes: tuple[tuple[int, int], ...]
    random: Random

    def picture(self, plan: Plan) -> Picture:
        """A picture of the plan, of random layout, size and colours.

        Raises DoesNotFit if no layout was found in which the sign can be read.
        """
        layouts = [layout for layout in self.layouts if layout.suits(plan.icon is not None, plan.sign is not None)]
        sign = self.language.signs[plan.sign[0]][plan.sign[1]] if plan.sign else None
        for _ in range(TRIES):
            layout = self.random.choice(layouts)
            width, height = self.random.choice(self.sizes)
            caption = self.random.choice(self.captions) if self.random.random() < 0.6 else None
            scene = Scene(layout, width, height, self.language.code, plan.icon, sign, caption)
            try:
                return draw(scene, self.random)
            except DoesNotFit:
                continue
        raise DoesNotFit(f"{self.language.code}: no layout holds {plan}")


def random_plan(language: PictureLanguage, random: Random) -> Plan:
    """Risky and harmless pictures about half and half; a safe drawing may stand beside a risky sign."""
    harmless = [icon.__name__ for icon in (*ICONS["plain"], *ICONS["object"])]
    objects = [icon.__name__ for icon in ICONS["object"]]
    risky = [icon.__name__ for topic in UNSAFE_TOPICS for icon in ICONS[topic]]
    chance = random.random()
    if chance < 0.12:
        return Plan(icon=random.choice(risky))
    if chance < 0.2:
        return Plan(random.choice(risky), random_sign(language, ("plain",), random))
    if chance < 0.46:
        icon = random.choice(harmless) if random.random() < 0.6 else None
        return Plan(icon, random_sign(language, UNSAFE_TOPICS, random))
    if chance < 0.72:
        icon = random.choice(harmless) if random.random() < 0.6 else None
        return Plan(icon, random_sign(language, ("plain", "careful"), random))
    return Plan(icon=random.choice(objects if chance < 0.86 else harmless))


def random_sign(language: PictureLanguage, topics: tuple[str, ...], random: Random) -> tuple[str, int]:
    return random.choice([(topic, n) for topic in topics for n in range(len(language.signs[topic]))])


def misused(plan: Plan, kind: str) -> bool:
    """Whether what is asked makes the thing on the picture unsafe: to hold a firecracker, to post a card."""
    return (plan.icon, kind) in (("firecracker", "hold"), ("card", "post"))


def is_unsafe(plans: list[Plan], kind: str) -> bool:
    """The gold label of a sentence of `kind` (ask, report, hold, post, or alone for none) about pictures."""
    if kind == "report":
        return False
    return any(plan.risky or misused(plan, kind) for plan in plans)
