"""What the picture guard is trained on: pictures in training layouts with training sentences about them,
and the text guard's own training texts put as its questions.
"""

from dataclasses import dataclass
from random import Random

import training_set as text_set
from phrases import Language
from picture.corpus import PictureLanguage
from picture.icons import ICONS
from picture.layouts import TRAIN_LAYOUTS
from picture.pixels import Patches, patches_of, processor
from picture.scenes import TRAIN_SIZES, Artist, Plan, is_unsafe, random_plan
from taxonomy import RISKY_TOPICS, UNSAFE_TOPICS

# What is said beside a picture: nothing, a sentence about it by kind, or something of its own.
KINDS = {"alone": 0.12, "ask": 0.3, "report": 0.12, "hold": 0.14, "post": 0.14, "text": 0.18}
TWO_PICTURES_SHARE = 0.15
NOTHING, HARMLESS, RISKY, FIRST_OBJECT = range(4)


@dataclass(frozen=True)
class TrainingPicture:
    language: str
    plan: Plan
    patches: Patches


@dataclass(frozen=True)
class PictureExample:
    language: str
    prompt: str
    unsafe: bool
    response: str | None = None
    pictures: tuple[TrainingPicture, ...] = ()


def class_numbers(languages: dict[str, PictureLanguage]) -> dict[str, int]:
    """A number for each drawing and each sign; 0 is nothing. A sign of two languages has one number."""
    names = [f"icon {icon.__name__}" for icons in ICONS.values() for icon in icons]
    names += [f"sign {sign}" for lang in languages.values() for signs in lang.signs.values() for sign in signs]
    return {name: number for number, name in enumerate(dict.fromkeys(names), start=1)}


def class_kinds(languages: dict[str, PictureLanguage]) -> list[int]:
    """For each class what it means to the answer: nothing, harmless, risky, or one of the things that are misused."""
    objects = [icon.__name__ for icon in ICONS["object"]]
    topics = {f"icon {icon.__name__}": topic for topic, icons in ICONS.items() for icon in icons}
    for language in languages.values():
        topics |= {f"sign {sign}": topic for topic, signs in language.signs.items() for sign in signs}
    kinds = [NOTHING]
    for name in class_numbers(languages):
        thing = name.removeprefix("icon ")
        if thing in objects:
            kinds.append(FIRST_OBJECT + objects.index(thing))
        else:
            kinds.append(RISKY if topics[name] in UNSAFE_TOPICS else HARMLESS)
    return kinds


def make_pictures(languages: dict[str, PictureLanguage], count: int, seed: int) -> list[TrainingPicture]:
    random, process, classes = Random(seed), processor(), class_numbers(languages)
    artists = [Artist(lang, TRAIN_LAYOUTS, lang.train["caption"], TRAIN_SIZES, random) for lang in languages.values()]
    pictures = []
    for number in range(count):
        artist = artists[number % len(artists)]
        plan = random_plan(artist.language, random)
        drawn = artist.picture(plan)
        patches = patches_of(drawn.image, process, drawn.parts, classes)
        pictures.append(TrainingPicture(artist.language.code, plan, patches))
    return pictures


def make_picture_examples(
    texts: dict[str, Language],
    languages: dict[str, PictureLanguage],
    pictures: list[TrainingPicture],
    count: int,
    seed: int,
) -> list[PictureExample]:
    """`count` rows, spread evenly over the languages."""
    random = Random(seed)
    composers = {code: text_set.MixingComposer(lang, lang.train, random) for code, lang in texts.items()}
    by_language = {code: [p for p in pictures if p.language == code] for code in languages}
    examples = []
    for number in range(count):
        code = tuple(languages)[number % len(languages)]
        kind = text_set.weighted(random, KINDS)
        chosen = choose(by_language[code], kind, random)
        plans = [picture.plan for picture in chosen]
        if kind == "text":
            prompt, unsafe = own_text(composers[code], any(plan.risky for plan in plans), random)
        else:
            prompt = sentence(languages[code], composers[code], kind, random)
            unsafe = is_unsafe(plans, kind)
        prompt = text_set.roughened(prompt, code, random) if prompt else prompt
        examples.append(PictureExample(code, prompt, unsafe, None, tuple(chosen)))
    return examples


def choose(pictures: list[TrainingPicture], kind: str, random: Random) -> list[TrainingPicture]:
    if kind in ("hold", "post"):
        # The thing that is misused more often than chance would have it.
        wanted = random.choice(("firecracker", "card", None))
        fitting = [p for p in pictures if p.plan.icon == wanted and not p.plan.risky]
        return [random.choice(fitting or pictures)]
    return random.sample(pictures, 2 if random.random() < TWO_PICTURES_SHARE else 1)


def own_text(composer: text_set.MixingComposer, risky_picture: bool, random: Random) -> tuple[str, bool]:
    """A request that has nothing to do with the picture, and whether the item is unsafe."""
    topic = random.choice(RISKY_TOPICS if random.random() < 0.5 else ("plain",))
    shape = "ask" if random.random() < 0.8 else "bare"
    return composer.prompt(shape, topic)[0], topic in RISKY_TOPICS or risky_picture


def sentence(language: PictureLanguage, composer: text_set.MixingComposer, kind: str, random: Random) -> str:
    if kind == "alone":
        return ""
    return composer.dressed(random.choice(language.train[kind]), 0.15, 0.15)


def make_text_examples(texts: dict[str, Language], count: int, seed: int) -> list[PictureExample]:
    """The text guard's training texts of one turn, two thirds of them without a response."""
    random, examples = Random(seed), []
    for example in text_set.make_training_set(texts, count * 2, seed):
        roles = [message["role"] for message in example.messages]
        if roles not in (["user"], ["user", "assistant"]) or (len(roles) == 2 and random.random() < 0.5):
            continue
        contents = [message["content"] for message in example.messages]
        response = contents[1] if len(contents) == 2 else None
        unsafe = example.gold.label != "Safe"
        examples.append(PictureExample(example.language, contents[0], unsafe, response))
    return examples[:count]
