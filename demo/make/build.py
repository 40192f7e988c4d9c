"""Makes the demo guard, the demo queue and their scores from nothing but the corpus files.

    python demo/make/build.py [--output DIR] [--examples N] [--threads N]
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

    languages = load_languages()
    queue = make_queue(languages, QUEUE_SEED)
    write_queue(queue, output / "queue.jsonl")
    examples = make_training_set(languages, arguments.examples, TRAINING_SEED)
    print(f"{len(queue)} queue items, {len(examples)} training examples")

    tokenizer = train_tokenizer(examples)
    model = train(Encoder(tokenizer), examples, TRAINING_SEED)
    write_checkpoint(model, tokenizer, output / "guard")
    print(f"trained in {time.monotonic() - started:.0f} s; measuring")

    scores = evaluate(Guard(output / "guard"), queue, examples)
    (output / "scores.json").write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
    if (output / "README.md").exists():
        write_table(scores, output / "README.md")
    print(f"done in {time.monotonic() - started:.0f} s")
    for task, measured in scores["tasks"].items():
        auprc = measured["all"]["guard"]["auprc"]
        print(f"{task}: AUPRC {auprc}, baseline {measured['all']['baseline']['auprc']}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=DEMO, help="folder to write guard/, queue.jsonl, scores.json")
    parser.add_argument("--examples", type=int, default=24_000, help="training examples, each seen once")
    # One busy core beats two that wait for each other when anything else runs beside the build.
    parser.add_argument("--threads", type=int, default=1, help="threads torch may use")
    return parser.parse_args()


if __name__ == "__main__":
    main()
