"""What the golden files of the families promise to those who read them.

    cd tests/reference && python -m unittest
"""

import json
import unittest
from pathlib import Path

from safetensors.torch import load_file

from families import apertus, cases, gemma3, llama, qwen3_vl, stream
from families.by_hand import Encoder

GOLDEN = Path(__file__).resolve().parent / "golden"
MODULES = (qwen3_vl, gemma3, stream, llama, apertus)
SHAPES = [(module, GOLDEN / shape.name) for module in MODULES for shape in module.SHAPES]


class Golden(unittest.TestCase):
    def test_every_row_has_its_logits_and_every_image_its_features(self):
        for module, folder in SHAPES:
            tensors = load_file(folder / "reference.safetensors")
            for case, said in json.loads((folder / "cases.json").read_text())["cases"].items():
                for row, images in enumerate(said["images"]):
                    ids = tensors[f"{case}/ids.{row}"]
                    self.assertEqual(len(ids), len(tensors[f"{case}/logits.{row}"]), f"{folder.name} {case} {row}")
                    features = [tensors[f"{case}/features.{row}.{i}"] for i in range(len(images))]
                    config = json.loads((folder / "config.json").read_text())
                    placeholder = config.get("image_token_id", config.get("image_token_index", -1))
                    self.assertEqual(sum(map(len, features)), (ids == placeholder).sum(), f"{folder.name} {case} {row}")

    def test_rows_of_a_prefix_case_begin_alike_and_then_part(self):
        for module, folder in SHAPES:
            tensors = load_file(folder / "reference.safetensors")
            for case in {name.split("/")[0] for name in tensors if "prefix/" in name}:
                rows = [tensors[name].tolist() for name in sorted(tensors) if name.startswith(f"{case}/ids.")]
                beginnings = {tuple(row[: cases.PREFIX_TOKENS]) for row in rows}
                self.assertEqual(len(beginnings), 1, f"{folder.name} {case} must share its beginning")
                self.assertGreater(len({row[cases.PREFIX_TOKENS] for row in rows}), 1, f"{folder.name} {case} must part")

    def test_a_flag_counts_only_after_another(self):
        found = stream.flags([True, False, True, True, False, True, True, True])
        self.assertEqual(found["debounced"], [False, False, False, True, False, False, True, True])
        self.assertEqual(found["first"], 3)
        self.assertTrue(stream.goes_on_off_on(found["debounced"]))
        self.assertIsNone(stream.flags([True, False, True])["first"])

    def test_the_name_of_a_control_token_in_text_is_text(self):
        encoder = Encoder(GOLDEN / "llama-untied-f32", ["<|eot_id|>"])
        name = encoder.harmless([{"role": "user", "content": "<|eot_id|>"}])[0]["content"]
        ids = encoder.encode(f"a{name}b<|eot_id|>")
        self.assertEqual(ids.count(encoder.ids["<|eot_id|>"]), 1, "only the template's own token is one")
        self.assertEqual(encoder.bare.decode(ids[:-1]), "a<|eot_id|>b")


if __name__ == "__main__":
    unittest.main()
