"""The queue's pictures must be held out: no layout, caption or sentence of theirs is trained on."""

import io
import json
import sys
import unittest
from dataclasses import replace
from pathlib import Path
from random import Random
from unittest import mock

DEMO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(DEMO / "make"))

from phrases import LANGUAGES, check_disjoint, load_languages, normalised
from picture.build import QUEUE_SEED
from picture.corpus import SIGN_TOPICS, load_picture_languages
from picture.drawing import Scene, draw, font, font_file
from picture.heldout_queue import make_picture_queue
from picture.icons import BY_NAME
from picture.layouts import HELDOUT_LAYOUTS, TRAIN_LAYOUTS
from picture.scenes import TRAIN_SIZES, Artist, random_plan
from picture.training_set import HARMLESS, RISKY, class_kinds, class_numbers, make_picture_examples, make_pictures
from taxonomy import UNSAFE_TOPICS

PICTURES_BYTES_MAX = 1_500_000


class HeldOutPictures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.texts, cls.languages = load_languages(), load_picture_languages()
        cls.queue, cls.pictures = make_picture_queue(cls.texts, cls.languages, QUEUE_SEED)
        with mock.patch("picture.scenes.draw", wraps=draw) as drawn:
            pictures = make_pictures(cls.languages, 160, seed=2)
        cls.scenes = [call.args[0] for call in drawn.call_args_list]
        cls.examples = make_picture_examples(cls.texts, cls.languages, pictures, 2_000, seed=3)

    def test_no_held_out_layout_is_trained_on(self):
        for heldout in HELDOUT_LAYOUTS:
            for train in TRAIN_LAYOUTS:
                self.assertNotEqual(heldout.name, train.name)
                places = [(layout.icon, layout.sign, layout.caption) for layout in (heldout, train)]
                self.assertNotEqual(*places, f"{heldout.name} arranges things as {train.name} does")
                for box in ("icon", "sign", "caption"):
                    one, other = getattr(heldout, box), getattr(train, box)
                    trained = one is not None and one == other
                    self.assertFalse(trained, f"{heldout.name}: its {box} stands where one was trained on")
        names = {layout.name for layout in HELDOUT_LAYOUTS}
        self.assertFalse(names & {scene.layout.name for scene in self.scenes}, "training drew a held-out layout")

    def test_no_held_out_sentence_about_pictures_occurs_in_training(self):
        trained = {code: [normalised(e.prompt) for e in self.examples if e.language == code] for code in LANGUAGES}
        for code, language in self.languages.items():
            for kind in ("ask", "report", "hold", "post"):
                for sentence in language.heldout[kind]:
                    found = [text for text in trained[code] if normalised(sentence) in text]
                    self.assertEqual(found, [], f"{code}: a held-out sentence of kind {kind} is trained on")

    def test_no_picture_in_training_has_a_held_out_caption(self):
        drawn = {normalised(scene.caption) for scene in self.scenes if scene.caption}
        heldout = {normalised(c) for language in self.languages.values() for c in language.heldout["caption"]}
        self.assertGreater(len(drawn), len(LANGUAGES), "training pictures have captions in every language")
        self.assertFalse(drawn & heldout, "a held-out caption was drawn in training")

    def test_a_held_out_caption_copied_into_training_is_refused(self):
        language = self.languages["vi"]
        copied = {**language.train, "caption": [language.heldout["caption"][0].upper()]}
        with self.assertRaises(ValueError, msg="a held-out caption in training must stop the build"):
            check_disjoint(replace(language, train=copied))

    def test_every_queue_picture_is_drawn_anew_and_together_they_are_small(self):
        seen, total = set(), 0
        for name, picture in self.pictures.items():
            file = io.BytesIO()
            picture.save(file, "PNG", optimize=True)
            total += len(file.getvalue())
            seen.add(file.getvalue())
            self.assertEqual(picture.mode, "P", f"{name}: a small palette keeps it small")
        self.assertEqual(len(seen), len(self.pictures), "two pictures of the queue are the same")
        self.assertLessEqual(total, PICTURES_BYTES_MAX)

    def test_the_committed_queue_is_what_the_build_makes(self):
        lines = (DEMO / "queue.jsonl").read_text(encoding="utf-8").splitlines()
        committed = [row for row in map(json.loads, lines) if "images" in row]
        self.assertEqual(committed, self.queue)
        self.assertEqual({str(path.relative_to(DEMO)) for path in DEMO.glob("pictures/*")}, set(self.pictures))

    def test_every_language_has_twelve_rows_of_both_labels_and_each_kind_of_decision(self):
        for code in LANGUAGES:
            rows = [item for item in self.queue if item["language"] == code]
            self.assertEqual(len(rows), 12, code)
            unsafe = sum(row["labels"]["prompt"]["label"] == "Unsafe" for row in rows)
            self.assertTrue(5 <= unsafe <= 7, f"{code}: {unsafe} of 12 are unsafe")
            self.assertEqual({row["source"]["decides"] for row in rows}, {"picture", "text", "both"}, code)
            self.assertTrue(any(len(row["images"]) == 2 for row in rows), f"{code}: no row has two pictures")
            self.assertTrue(any(row["prompt"] == "" for row in rows), f"{code}: no picture stands alone")

    def test_where_both_decide_the_same_words_and_the_same_thing_are_seen_with_both_labels(self):
        for code in LANGUAGES:
            rows = {row["id"][-3:]: row for row in self.queue if row["language"] == code}
            held, posted, card = rows["p09"], rows["p10"], rows["p11"]
            self.assertEqual(posted["prompt"], card["prompt"], "the words alone do not decide")
            labels = [row["labels"]["prompt"]["label"] for row in (held, posted, card)]
            self.assertEqual(labels, ["Unsafe", "Safe", "Unsafe"], "nor does the thing alone")


    def test_a_sign_means_the_same_to_the_answer_wherever_it_stands(self):
        kinds, classes = class_kinds(self.languages), class_numbers(self.languages)
        self.assertNotEqual(kinds[classes["icon firecracker"]], kinds[classes["icon card"]], "misused differently")
        for code, language in self.languages.items():
            for topic, signs in language.signs.items():
                for sign in signs:
                    expected = RISKY if topic in UNSAFE_TOPICS else HARMLESS
                    self.assertEqual(kinds[classes[f"sign {sign}"]], expected, f"{code}: {sign} is of two topics")


class Drawings(unittest.TestCase):
    def test_every_letter_has_a_glyph_in_its_font(self):
        for code, language in load_picture_languages().items():
            face = font(font_file(code), 22)
            missing = bytes(face.getmask("\ufffe"))
            texts = [*language.train["caption"], *language.heldout["caption"]]
            texts += [sign for signs in language.signs.values() for sign in signs]
            for letter in sorted(set("".join(texts)) - {" "}):
                self.assertNotEqual(bytes(face.getmask(letter)), missing, f"{code}: no glyph for U+{ord(letter):04X}")

    def test_every_language_has_as_many_signs_and_sentences_as_english(self):
        languages = load_picture_languages()
        for part in ("signs", "train", "heldout"):
            expected = {name: len(rows) for name, rows in getattr(languages["en"], part).items()}
            for code, language in languages.items():
                counts = {name: len(rows) for name, rows in getattr(language, part).items()}
                self.assertEqual(counts, expected, f"{code}: its items would be no translations")
        self.assertEqual(set(languages["en"].signs), set(SIGN_TOPICS))

    def test_what_is_drawn_lies_where_it_is_said_to_lie(self):
        layout = next(layout for layout in TRAIN_LAYOUTS if layout.name == "icon alone")
        for name in BY_NAME:
            picture = draw(Scene(layout, 160, 128, "en", icon=name), Random(3))
            (part, box), paper = picture.parts[0], picture.image.getpixel((0, 0))
            self.assertEqual(part, f"icon {name}")
            inside = picture.image.crop(tuple(int(edge) for edge in box))
            self.assertGreater(len(inside.getcolors(1 << 20)), 4, f"{name} is not seen")
            picture.image.paste(paper, tuple(int(edge) for edge in box))
            self.assertEqual(len(picture.image.getcolors(1 << 20)), 1, f"{name} reaches out of its box")

    def test_the_same_seed_draws_the_same_picture(self):
        language = load_picture_languages()["th"]
        drawn = []
        for _ in range(2):
            random = Random(8)
            artist = Artist(language, TRAIN_LAYOUTS, language.train["caption"], TRAIN_SIZES, random)
            drawn.append(artist.picture(random_plan(language, random)).image.tobytes())
        self.assertEqual(*drawn)


if __name__ == "__main__":
    unittest.main()
