"""The committed checkpoint is a hub folder that `transformers` loads, and stays small."""

import json
import sys
import unittest
from pathlib import Path

DEMO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(DEMO / "make"))

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

from conversation import Encoder, render
from guard_scoring import Guard, messages_of

GUARD = DEMO / "guard"
BYTES_MAX = 8_000_000


class Checkpoint(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tokenizer = AutoTokenizer.from_pretrained(GUARD)
        with open(DEMO / "queue.jsonl", encoding="utf-8") as file:
            cls.queue = [json.loads(line) for line in file]

    def test_the_folder_is_at_most_eight_megabytes(self):
        size = sum(file.stat().st_size for file in GUARD.iterdir())
        self.assertLessEqual(size, BYTES_MAX, "the guard is embedded in the program")

    def test_the_model_is_a_grouped_query_qwen3_in_bf16_with_nothing_missing(self):
        model, info = AutoModelForCausalLM.from_pretrained(GUARD, output_loading_info=True)
        self.assertEqual(type(model).__name__, "Qwen3ForCausalLM")
        self.assertLess(model.config.num_key_value_heads, model.config.num_attention_heads)
        self.assertEqual({p.dtype for p in model.parameters()}, {torch.bfloat16})
        for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
            self.assertFalse(info[kind], f"{kind} while loading")

    def test_the_tokenizer_file_alone_gives_the_same_ids_as_transformers(self):
        encoder = Encoder(Tokenizer.from_file(str(GUARD / "tokenizer.json")))
        for item in self.queue:
            for task in item["labels"]:
                messages = messages_of(item, task)
                rendered = self.tokenizer.apply_chat_template(messages, tokenize=False)
                self.assertEqual(rendered, render(messages), f"{item['id']}: rendered differently")
                ids = self.tokenizer.encode(rendered, add_special_tokens=False)
                self.assertEqual(ids, encoder.ids(rendered), f"{item['id']}: encoded differently")
                self.assertEqual(self.tokenizer.decode(ids), rendered, f"{item['id']}: does not decode to itself")

    def test_the_last_role_decides_the_task(self):
        user = {"role": "user", "content": "Hello"}
        assistant = {"role": "assistant", "content": "Hi"}
        asks_for_refusal = {"prompt": [user], "response": [user, assistant], "prompt again": [user, assistant, user]}
        for name, messages in asks_for_refusal.items():
            rendered = self.tokenizer.apply_chat_template(messages, tokenize=False)
            self.assertEqual("Refusal:" in rendered, name == "response", name)
            self.assertIn("Safety:", rendered)
            self.assertIn("Categories:", rendered)
            self.assertTrue(rendered.endswith("<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"), name)

    def test_control_strings_are_single_tokens_and_think_is_not_special(self):
        for control in ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"):
            self.assertEqual(len(self.tokenizer.encode(control, add_special_tokens=False)), 1, control)
        special = set(self.tokenizer.all_special_tokens)
        self.assertFalse(special & {"<think>", "</think>"}, "as in Qwen3, the think tokens are not special")

    def test_the_answers_follow_the_grammar_and_the_labels_hold_the_probability(self):
        guard = Guard(GUARD)
        items = [item for item in self.queue if "response" in item][::9]
        for task in ("prompt", "response"):
            for reading in guard.read(items, task):
                self.assertIsNotNone(reading.parsed, f"{reading.item['id']} {task}: {reading.written!r}")
                self.assertTrue(reading.written.startswith(f"Safety: {reading.label}"), "greedy agrees with argmax")
                self.assertGreater(reading.label_mass, 0.99, f"{reading.item['id']} {task}: off format")


if __name__ == "__main__":
    unittest.main()
