"""The committed picture guard is a hub folder that `transformers` loads, stays small, and reads pictures."""

import json
import sys
import unittest
from pathlib import Path
from random import Random

DEMO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(DEMO / "make"))

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen3VLForConditionalGeneration

from phrases import load_languages
from picture.conversation import Encoder, extended_tokenizer, messages_of, render
from picture.corpus import load_picture_languages
from picture.model import new_model
from picture.pixels import tower_input
from picture.scoring import PictureGuard
from picture.training import FoldedPatchEmbed, Namer, padded, picture_hidden, row_of
from picture.training_set import class_kinds, make_picture_examples, make_pictures
from torch import nn

FOLDER = DEMO / "picture-guard"
BYTES_MAX = 8_000_000


class PictureCheckpoint(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tokenizer = AutoTokenizer.from_pretrained(FOLDER)
        cls.encoder = Encoder(Tokenizer.from_file(str(FOLDER / "tokenizer.json")))
        lines = (DEMO / "queue.jsonl").read_text(encoding="utf-8").splitlines()
        cls.queue = [json.loads(line) for line in lines]
        cls.scores = json.loads((DEMO / "scores.json").read_text(encoding="utf-8"))["picture_guard"]["tasks"]

    def test_the_folder_is_at_most_eight_megabytes(self):
        size = sum(file.stat().st_size for file in FOLDER.iterdir())
        self.assertLessEqual(size, BYTES_MAX, "the guard is embedded in the program")

    def test_the_model_is_a_qwen3_vl_in_bf16_with_nothing_missing(self):
        model, info = Qwen3VLForConditionalGeneration.from_pretrained(FOLDER, output_loading_info=True)
        self.assertEqual(model.config.architectures, ["Qwen3VLForConditionalGeneration"])
        self.assertEqual({p.dtype for p in model.parameters()}, {torch.bfloat16})
        self.assertEqual(len(model.config.vision_config.deepstack_visual_indexes), 2)
        for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
            self.assertFalse(info[kind], f"{kind} while loading")

    def test_the_tokenizer_file_alone_gives_the_same_ids_as_transformers(self):
        for item in self.queue[::7]:
            messages = messages_of(item["prompt"], item.get("response"), len(item.get("images", [])))
            rendered = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            self.assertEqual(rendered, render(messages), f"{item['id']}: rendered differently")
            ids = self.tokenizer.encode(rendered, add_special_tokens=False)
            self.assertEqual(ids, self.encoder.ids(rendered), f"{item['id']}: encoded differently")

    def test_the_template_takes_a_plain_string_and_a_list_of_parts_alike(self):
        parts = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]
        self.assertEqual(render(parts), render([{"role": "user", "content": "Hello"}]))
        self.assertEqual(render(parts), "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n")
        shown = render([{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Hello"}]}])
        self.assertIn("user\n<|vision_start|><|image_pad|><|vision_end|>Hello<|im_end|>", shown)

    def test_other_text_is_cut_as_the_text_guard_cuts_it(self):
        theirs = Tokenizer.from_file(str(DEMO / "guard" / "tokenizer.json"))
        for item in self.queue[::5]:
            cut = [tokenizer.encode(item["prompt"]).tokens for tokenizer in (theirs, self.encoder.tokenizer)]
            self.assertEqual(*cut, item["id"])
        ours, _ = extended_tokenizer(theirs)
        self.assertEqual(ours.get_vocab(), self.encoder.tokenizer.get_vocab(), "the committed tokenizer is another one")

    def test_it_answers_with_a_label_and_reads_the_pictures(self):
        guard = PictureGuard(FOLDER, DEMO)
        items = [item for item in self.queue if item["source"].get("decides") == "picture"][::8]
        moved, blanks = 0, guard.read(items, "prompt", blank=True)
        for seen, blank in zip(guard.read(items, "prompt"), blanks, strict=True):
            self.assertIn(seen.written, ("safe<|im_end|>", "unsafe<|im_end|>"), seen.item["id"])
            self.assertGreater(seen.label_mass, 0.9, f"{seen.item['id']}: off format")
            moved += abs(seen.p_unsafe - blank.p_unsafe) > 0.05
        self.assertGreater(moved, len(items) // 4, "an empty sheet must not be judged as the picture is")

    def test_what_was_measured_is_better_with_pictures_than_without(self):
        measured = self.scores["picture"]["all"]
        for other in ("blank", "baseline"):
            self.assertGreater(measured["guard"]["auprc"], measured[other]["auprc"], other)


class TrainingForward(unittest.TestCase):
    def test_the_folded_embedding_is_the_convolution_over_two_equal_frames(self):
        torch.manual_seed(1)
        convolution = nn.Conv3d(3, 8, (2, 16, 16), stride=(2, 16, 16))
        folded = FoldedPatchEmbed(convolution)
        patches = torch.randn(5, 3, 1, 256)
        once = folded(patches.flatten(1))
        twice = patches.expand(-1, -1, 2, -1).reshape(5, 3, 2, 16, 16)
        torch.testing.assert_close(once, convolution(twice).flatten(1), rtol=1e-4, atol=1e-4)
        other = nn.Conv3d(3, 8, (2, 16, 16), stride=(2, 16, 16))
        folded.unfold_into(other)
        torch.testing.assert_close(other(twice).flatten(1), once, rtol=1e-4, atol=1e-4)

    def test_the_tower_begins_as_its_two_ends_which_are_trained_first(self):
        guard = AutoModelForCausalLM.from_pretrained(DEMO / "guard", dtype=torch.float32)
        tokenizer, sources = extended_tokenizer(Tokenizer.from_file(str(DEMO / "guard" / "tokenizer.json")))
        tower = new_model(guard, Encoder(tokenizer), sources).model.visual
        pictures = make_pictures(load_picture_languages(), 8, seed=5)
        values, grid = tower_input([picture.patches for picture in pictures])
        with torch.inference_mode():
            whole = tower(values, grid_thw=grid).pooler_output
            ends = tower.merger(tower.patch_embed(values))
        self.assertGreater(whole.std(), 0.01, "equal because nothing comes out would prove nothing")
        torch.testing.assert_close(ends, whole)

    def test_training_sees_what_the_model_itself_computes(self):
        texts, languages = load_languages(), load_picture_languages()
        pictures = make_pictures(languages, 48, seed=5)
        examples = [e for e in make_picture_examples(texts, languages, pictures, 40, seed=6) if e.prompt][:3]
        model = Qwen3VLForConditionalGeneration.from_pretrained(FOLDER, dtype=torch.float32).eval()
        encoder = Encoder(Tokenizer.from_file(str(FOLDER / "tokenizer.json")))
        prefixes = {task: encoder.shared_prefix(task) for task in (False, True)}
        batch = [row_of(encoder, example, prefixes, Random(1)) for example in examples]
        ids, mask = padded(batch)
        values, grid = tower_input([picture.patches for row in batch for picture in row.pictures])
        with torch.inference_mode():
            whole = model.model(
                input_ids=ids,
                attention_mask=mask,
                mm_token_type_ids=(ids == encoder.image).int(),
                pixel_values=values,
                image_grid_thw=grid,
            ).last_hidden_state
            model.model.visual.patch_embed = FoldedPatchEmbed(model.model.visual.patch_embed.proj)
            namer = Namer(model.config.text_config.hidden_size, class_kinds(languages), 3)
            trained, _ = picture_hidden(model, encoder, namer, batch, shaken=False)
        torch.testing.assert_close(trained[mask.bool()], whole[mask.bool()], rtol=1e-3, atol=1e-3)


if __name__ == "__main__":
    unittest.main()
