"""Makes both demo guards, the demo queue with its pictures, and their scores from nothing but the corpus files.

    python demo/make/build.py [--output DIR] [--keep-guard] [--keep-picture-guard] [--examples N] [--threads N]
"""

import argparse
import json
import time
from pathlib import Path

import torch

from checkpoint import write_checkpoint
from conversation import Encoder
from evaluation import evaluate
from guard_scoring import Guard
from heldout_queue import make_queue, write_queue
from phrases import load_languages
from picture.build import QUEUE_SEED as PICTURE_QUEUE_SEED
from picture.build import Amounts, make_lesson, make_picture_guard
from picture.corpus import load_picture_languages
from picture.evaluation import evaluate_picture_guard
from picture.heldout_queue import make_picture_queue, write_pictures
from picture.readme_table import write_picture_table
from picture.scoring import PictureGuard
from readme_table import write_table
from tokenizer_training import train_tokenizer
from training import train
from training_set import make_training_set

DEMO = Path(__file__).resolve().parent.parent
TRAINING_SEED = 1
QUEUE_SEED = 11


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()

    languages, picture_languages = load_languages(), load_picture_languages()
    text_queue = make_queue(languages, QUEUE_SEED)
    picture_queue, pictures = make_picture_queue(languages, picture_languages, PICTURE_QUEUE_SEED)
    write_queue(text_queue + picture_queue, output / "queue.jsonl")
    write_pictures(pictures, output)
    examples = make_training_set(languages, arguments.examples, TRAINING_SEED)
    print(f"{len(text_queue)} text items, {len(picture_queue)} with pictures, {len(examples)} training examples")

    if not arguments.keep_guard:
        tokenizer = train_tokenizer(examples)
        model = train(Encoder(tokenizer), examples, TRAINING_SEED)
        write_checkpoint(model, tokenizer, output / "guard")
        print(f"trained in {time.monotonic() - started:.0f} s")
    lesson = make_lesson(languages, picture_languages, arguments.picture_guard)
    if not arguments.keep_picture_guard:
        make_picture_guard(lesson, arguments.picture_guard, output)

    if arguments.keep_guard:
        scores = json.loads((output / "scores.json").read_text(encoding="utf-8"))
    else:
        scores = evaluate(Guard(output / "guard"), text_queue, examples)
    picture_guard = PictureGuard(output / "picture-guard", output)
    scores["picture_guard"] = evaluate_picture_guard(picture_guard, text_queue + picture_queue, lesson.examples)
    (output / "scores.json").write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
    if (output / "README.md").exists():
        write_table(scores, output / "README.md")
        write_picture_table(scores["picture_guard"], output / "README.md")
    print(f"done in {time.monotonic() - started:.0f} s")
    for name, tasks in (("guard", scores["tasks"]), ("picture guard", scores["picture_guard"]["tasks"])):
        for task, measured in tasks.items():
            auprc = measured["all"]["guard"]["auprc"]
            print(f"{name}, {task}: AUPRC {auprc}, baseline {measured['all']['baseline']['auprc']}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=DEMO, help="folder to write everything into")
    parser.add_argument("--keep-guard", action="store_true", help="take guard/ and its scores as they are")
    parser.add_argument("--keep-picture-guard", action="store_true", help="only measure picture-guard/ anew")
    parser.add_argument(
        "--picture-guard",
        type=amounts,
        default=Amounts(5_500, 12, 1, 3_600, 1_200, 5_600, 800),
        metavar="PICTURES,ENDS,TOWER,ROWS,TEXTS,ROWS,TEXTS",
        help="how much the picture guard is trained on",
    )
    parser.add_argument("--examples", type=int, default=24_000, help="training examples, each seen once")
    # One busy core beats two that wait for each other when anything else runs beside the build.
    parser.add_argument("--threads", type=int, default=1, help="threads torch may use")
    return parser.parse_args()


def amounts(written: str) -> Amounts:
    return Amounts(*(int(part) for part in written.split(",")))


if __name__ == "__main__":
    main()
