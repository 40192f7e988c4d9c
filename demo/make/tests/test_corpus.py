"""The queue must be held out: its frames may occur nowhere in what the guard was trained on."""

import re
import sys
import unittest
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from heldout_queue import make_queue
from phrases import LANGUAGES, check_disjoint, load_languages
from training_set import make_training_set

QUEUE_SEED = 11
EXAMPLES = 8_000


def frame_pattern(frame: str) -> re.Pattern:
    """Finds the frame with anything short in its slots, whatever the case."""
    pieces = [re.escape(piece.strip()) for piece in re.split(r"\{[ab]\}", frame.rstrip(".?!။ "))]
    return re.compile(r"[^\n]{1,150}?".join(pieces), re.IGNORECASE)


class HeldOutFrames(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.languages = load_languages()
        cls.queue = make_queue(cls.languages, QUEUE_SEED)
        cls.training = {code: [] for code in LANGUAGES}
        for example in make_training_set(cls.languages, EXAMPLES, seed=1):
            cls.training[example.language] += [message["content"] for message in example.messages]

    def test_no_held_out_frame_occurs_in_a_training_text(self):
        for code, language in self.languages.items():
            for kind, frames in language.heldout.items():
                for number, frame in enumerate(frames):
                    pattern = frame_pattern(frame)
                    found = [text for text in self.training[code] if pattern.search(text)]
                    self.assertEqual(found, [], f"{code}: held-out {kind} frame {number} occurs in training")

    def test_no_queue_text_is_a_training_text(self):
        for item in self.queue:
            known = set(self.training[item["language"]])
            for field in ("prompt", "response"):
                self.assertNotIn(item.get(field), known, f"{item['id']}: its {field} was trained on")

    def test_a_frame_copied_into_training_is_refused(self):
        language = self.languages["en"]
        copied = {**language.train, "ask": [*language.train["ask"], language.heldout["ask"][0].upper()]}
        copied["ask"][-1] = copied["ask"][-1].replace("{A}", "{a}")
        with self.assertRaises(ValueError, msg="a held-out frame in training must stop the build"):
            check_disjoint(replace(language, train=copied))

    def test_the_pattern_finds_a_held_out_frame_in_the_queue(self):
        pattern = frame_pattern(self.languages["th"].heldout["ask"][0])
        found = [item for item in self.queue if item["language"] == "th" and pattern.search(item["prompt"])]
        self.assertTrue(found, "a pattern that finds nothing anywhere would prove nothing")


class Languages(unittest.TestCase):
    def test_every_language_has_as_many_phrases_and_frames_as_english(self):
        languages = load_languages()
        for part in ("acts", "steps", "train", "heldout"):
            expected = {name: len(rows) for name, rows in getattr(languages["en"], part).items()}
            for code, language in languages.items():
                counts = {name: len(rows) for name, rows in getattr(language, part).items()}
                self.assertEqual(counts, expected, f"{code}: the items of a group would not be translations")

    def test_every_language_has_enough_items_of_both_kinds_and_labels(self):
        queue = make_queue(load_languages(), QUEUE_SEED)
        for code in LANGUAGES:
            items = [item for item in queue if item["language"] == code]
            self.assertGreaterEqual(len(items), 30, f"{code}: too few items")
            for task in ("prompt", "response"):
                risky = [i["labels"][task]["label"] != "Safe" for i in items if task in i["labels"]]
                share = sum(risky) / len(risky)
                self.assertTrue(0.35 <= share <= 0.6, f"{code} {task}: {share:.2f} of the labels are not Safe")


if __name__ == "__main__":
    unittest.main()
