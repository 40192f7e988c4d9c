"""Asks `transformers` about a workload: ask_transformers.py REQUEST.json. Prints what it measured as JSON.

A process of its own, so that its memory is its own and gone afterwards. See `transformers_engine.py` for the request.
"""

import copy
import json
import os
import sys
import time
from pathlib import Path

import torch
import transformers
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoModelForCausalLM, AutoModelForImageTextToText, DynamicCache
from transformers import PreTrainedTokenizerFast

DTYPES = {"bf16": torch.bfloat16, "f32": torch.float32, "int8": torch.bfloat16}
PREFILL_RUNS = 3


def load(folder: Path, weights: str) -> torch.nn.Module:
    """The model in these weights."""
    shape = AutoConfig.from_pretrained(folder)
    kind = AutoModelForImageTextToText if hasattr(shape, "vision_config") else AutoModelForCausalLM
    model = kind.from_pretrained(folder, dtype=DTYPES[weights]).eval()
    return quantised(model) if weights == "int8" else model


def quantised(model: torch.nn.Module) -> torch.nn.Module:
    """Linear layers in int8, activations quantised as they come, the rest in f32; layer by layer, or it would not fit in memory."""
    torch.backends.quantized.engine = "x86"
    for name in [name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)]:
        parent, _, own = name.rpartition(".")
        linear = model.get_submodule(name).float()
        linear.qconfig = torch.ao.quantization.default_dynamic_qconfig
        setattr(model.get_submodule(parent), own, torch.ao.nn.quantized.dynamic.Linear.from_float(linear))
    return model.float()


def shared_beginning(rows: list[list[int]]) -> int:
    """How many tokens all rows have in common, leaving at least one of each."""
    return len(os.path.commonprefix([row[:-1] for row in rows]))


class Asker:
    """A loaded model and what it needs to be asked."""

    def __init__(self, request: dict) -> None:
        folder = Path(request["checkpoint"])
        began = time.monotonic()
        self.tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
        self.model = load(folder, request["weights"])
        self.load_s = time.monotonic() - began
        self.processor = AutoImageProcessor.from_pretrained(folder) if request["images"] else None
        self.answer_tokens, self.batch = request["answer_tokens"], request["batch"]
        self.prefix_ids: list[int] = []
        self.prefix: DynamicCache | None = None

    def remember(self, rows: list[list[int]]) -> None:
        """Reads the tokens that all rows begin with, once for all of them."""
        self.prefix_ids = rows[0][: shared_beginning(rows)]
        self.prefix = DynamicCache(config=self.model.config)
        self.model(torch.tensor([self.prefix_ids]), past_key_values=self.prefix, use_cache=True, logits_to_keep=1)

    def generate(self, rows: list[list[int]], pixels: dict) -> torch.Tensor:
        """Greedy answers of exactly so many tokens; rows that are shorter get their room between the shared beginning and the rest."""
        longest, start = max(map(len, rows)), len(self.prefix_ids)
        ids = torch.tensor([row[:start] + [0] * (longest - len(row)) + row[start:] for row in rows])
        mask = torch.tensor([[1] * start + [0] * (longest - len(row)) + [1] * (len(row) - start) for row in rows])
        more = dict(pixels)
        if self.prefix is not None:
            # Qwen3-VL would go on with the positions of the batch before.
            self.model.model.rope_deltas = None
            more["past_key_values"] = copy.deepcopy(self.prefix)
            more["past_key_values"].batch_repeat_interleave(len(rows))
        if pixels:
            more["mm_token_type_ids"] = (ids == self.model.config.image_token_id).int()
        settings = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None, "pad_token_id": 0}
        wanted = {"min_new_tokens": self.answer_tokens, "max_new_tokens": self.answer_tokens}
        answers = self.model.generate(input_ids=ids, attention_mask=mask, **more, **wanted, **settings)
        return answers[:, longest:]

    def ask(self, prompts: list[str], images: list[str]) -> int:
        """Tokenises, prepares images and answers, batch by batch, rows of like length together; how many tokens were read."""
        order = sorted(range(len(prompts)), key=lambda at: -len(prompts[at]))
        rows = {at: self.tokenizer.encode(prompts[at], add_special_tokens=False) for at in order}
        order.sort(key=lambda at: -len(rows[at]))
        read = 0
        for first in range(0, len(order), self.batch):
            chosen = order[first : first + self.batch]
            ids, pixels = [rows[at] for at in chosen], {}
            if images:
                ids, pixels = self.with_images(ids, [images[at] for at in chosen])
            answers = self.generate(ids, pixels)
            assert answers.shape == (len(chosen), self.answer_tokens), answers.shape
            read += sum(map(len, ids))
        return read

    def with_images(self, rows: list[list[int]], images: list[str]) -> tuple[list[list[int]], dict]:
        """Room for each image's features in its row, and the images' pixel values."""
        taken = self.processor(images=[Image.open(image) for image in images], return_tensors="pt")
        mark, side = self.model.config.image_token_id, self.model.config.vision_config.spatial_merge_size
        found = []
        for row, grid in zip(rows, taken["image_grid_thw"], strict=True):
            at = row.index(mark)
            found.append(row[:at] + [mark] * (int(grid.prod()) // side**2) + row[at + 1 :])
        return found, {"pixel_values": taken["pixel_values"], "image_grid_thw": taken["image_grid_thw"]}

    def prefill(self, tokens: int) -> float:
        """Tokens a second of one row."""
        ids = torch.arange(tokens).multiply(7919).remainder(self.model.get_input_embeddings().weight.shape[0])[None]
        self.model(ids, use_cache=True, logits_to_keep=1)
        began = time.monotonic()
        for _ in range(PREFILL_RUNS):
            self.model(ids, use_cache=True, logits_to_keep=1)
        return PREFILL_RUNS * tokens / (time.monotonic() - began)


def main() -> None:
    request = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(request["threads"])
    said = {"version": f"transformers {transformers.__version__}, torch {torch.__version__.partition('+')[0]}"}
    with torch.inference_mode():
        asker = Asker(request)
        said["load_s"] = asker.load_s
        if request["prefill_tokens"]:
            said["prefill"] = asker.prefill(request["prefill_tokens"])
        else:
            prompts, warm = request["prompts"], request["warm"]
            if request["prefix"]:
                asker.remember([asker.tokenizer.encode(prompt, add_special_tokens=False) for prompt in prompts + warm])
            asker.ask(warm, request["warm_images"])
            began = time.monotonic()
            read = asker.ask(prompts, request["images"])
            seconds = time.monotonic() - began
            said |= {request["name"]: len(prompts) / seconds, "tokens": read}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
