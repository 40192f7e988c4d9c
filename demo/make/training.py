"""Trains the guard: a small Qwen3 from random weights, with the loss on the answer alone.

Every prompt of one task opens with the same tokens, so a batch computes their keys and values once and
each row attends to them, which halves the work. Batches hold one task and rows of similar length. Short
rows are seen once alone before everything else: learning where to look is quick there, and slow or never
in long ones. Runs of random tokens are strewn into the conversations, so that a word the guard has never
met counts for neither side. Weights are f32 and matrix products bf16.
"""

import math
import time
from dataclasses import dataclass
from random import Random

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM
from transformers.cache_utils import DynamicCache

from conversation import Encoder
from training_set import Example

BATCH_ROWS = 16
PEAK_LEARNING_RATE = 1e-3
WARMUP_STEPS = 50
SHORT_TOKENS = 40
# Share of rows with random tokens in them, how many runs of them there are at most, and how long these are.
STREWN_SHARE = 0.75
STREWN_RUNS_MAX = 5
STREWN_TOKENS_MAX = 6
IGNORED = -100


@dataclass(frozen=True)
class Row:
    task: str
    ids: tuple[int, ...]  # what follows the shared prefix: conversation, then answer
    answer_tokens: int


def new_model(vocabulary_size: int, end_id: int, pad_id: int) -> Qwen3ForCausalLM:
    config = Qwen3Config(
        vocab_size=vocabulary_size,
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=6,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=2048,
        # Three times the usual: a model this narrow starts to learn sooner.
        initializer_range=0.06,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        tie_word_embeddings=True,
        bos_token_id=pad_id,
        eos_token_id=end_id,
        pad_token_id=None,
        dtype="float32",
    )
    return Qwen3ForCausalLM(config)


def train(encoder: Encoder, examples: list[Example], seed: int) -> Qwen3ForCausalLM:
    torch.manual_seed(seed)
    vocabulary = encoder.tokenizer.get_vocab(with_added_tokens=True)
    model = new_model(len(vocabulary), vocabulary["<|im_end|>"], vocabulary["<|endoftext|>"])
    prefixes = {task: encoder.shared_prefix(task) for task in ("prompt", "response")}
    random = Random(seed)
    rows = [row_of(encoder, example, prefixes, random) for example in examples]
    batches = make_batches([row for row in rows if len(row.ids) <= SHORT_TOKENS], random) + make_batches(rows, random)
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate_share(step, len(batches)))
    started, recent = time.monotonic(), []
    for step, batch in enumerate(batches, start=1):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = batch_loss(model, batch, prefixes[batch[0].task])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        schedule.step()
        recent.append(loss.item())
        if step % 100 == 0 or step == len(batches):
            print(
                f"  step {step}/{len(batches)}, loss {sum(recent) / len(recent):.4f}, "
                f"{time.monotonic() - started:.0f} s",
                flush=True,
            )
            recent = []
    return model.eval()


def row_of(encoder: Encoder, example: Example, prefixes: dict[str, list[int]], random: Random) -> Row:
    prompt = encoder.prompt(list(example.messages))
    answer = encoder.answer(example.gold.answer())
    prefix = prefixes[example.task]
    if prompt[: len(prefix)] != prefix:
        raise ValueError(f"a {example.task} prompt does not open with the shared prefix")
    turn_end = prompt.index(encoder.tokenizer.token_to_id("<|im_end|>"))
    conversation = prompt[len(prefix) : turn_end]
    if random.random() < STREWN_SHARE:
        conversation = strewn(conversation, encoder.tokenizer.get_vocab_size(with_added_tokens=False), random)
    return Row(example.task, tuple(conversation + prompt[turn_end:] + answer), len(answer))


def strewn(ids: list[int], vocabulary_size: int, random: Random) -> list[int]:
    """The ids with a few runs of random ordinary tokens put in between."""
    for _ in range(random.randint(1, STREWN_RUNS_MAX)):
        at = random.randint(0, len(ids))
        run = [random.randrange(vocabulary_size) for _ in range(random.randint(1, STREWN_TOKENS_MAX))]
        ids = ids[:at] + run + ids[at:]
    return ids


def make_batches(rows: list[Row], random: Random) -> list[list[Row]]:
    """Batches of one task, cut from chunks sorted by length so that little is padding."""
    batches = []
    for task in ("prompt", "response"):
        chosen = [row for row in rows if row.task == task]
        random.shuffle(chosen)
        for at in range(0, len(chosen), BATCH_ROWS * 40):
            chunk = sorted(chosen[at : at + BATCH_ROWS * 40], key=lambda row: len(row.ids))
            batches.extend(chunk[n : n + BATCH_ROWS] for n in range(0, len(chunk), BATCH_ROWS))
    random.shuffle(batches)
    return batches


def learning_rate_share(step: int, steps: int) -> float:
    """Linear warm-up, then a cosine down to nearly nothing."""
    if step < WARMUP_STEPS:
        return (step + 1) / WARMUP_STEPS
    return 0.02 + 0.49 * (1 + math.cos(math.pi * (step - WARMUP_STEPS) / max(1, steps - WARMUP_STEPS)))


def batch_loss(model: Qwen3ForCausalLM, batch: list[Row], prefix: list[int]) -> torch.Tensor:
    """Mean cross entropy of the answer tokens; the head runs at those positions only."""
    rows, width = len(batch), max(len(row.ids) for row in batch)
    ids = torch.zeros(rows, width, dtype=torch.long)
    mask = torch.zeros(rows, len(prefix) + width, dtype=torch.long)
    mask[:, : len(prefix)] = 1
    targets = torch.full((rows, width), IGNORED)
    for n, row in enumerate(batch):
        length = len(row.ids)
        ids[n, :length] = torch.tensor(row.ids)
        mask[n, len(prefix) : len(prefix) + length] = 1
        # Position p predicts the token at p + 1.
        targets[n, length - row.answer_tokens - 1 : length - 1] = torch.tensor(row.ids[length - row.answer_tokens :])
    cache = DynamicCache(config=model.config)
    model.model(input_ids=torch.tensor([prefix]), past_key_values=cache, use_cache=True)
    for layer in cache.layers:
        layer.keys = layer.keys.expand(rows, -1, -1, -1)
        layer.values = layer.values.expand(rows, -1, -1, -1)
    hidden = model.model(input_ids=ids, attention_mask=mask, past_key_values=cache, use_cache=True).last_hidden_state
    counted = targets != IGNORED
    return torch.nn.functional.cross_entropy(model.lm_head(hidden[counted]), targets[counted])
