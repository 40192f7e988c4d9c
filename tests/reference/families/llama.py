"""Llama 3.1: rotary positions whose low frequencies are stretched; text only."""

from dataclasses import dataclass
from pathlib import Path

import torch
import transformers

from . import folder as folders
from . import vocabulary
from .cases import Cases
from .verdicts import Judge, text_subjects

# As the real template: a system turn with dates always comes first, content is trimmed.
TEMPLATE = """\
{{- bos_token }}
{%- set turns = messages %}
{%- set system = '' %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system = messages[0]['content'] | trim %}
    {%- set turns = messages[1:] %}
{%- endif %}
{{- '<|start_header_id|>system<|end_header_id|>\\n\\n' }}
{{- 'Known until: December 2023\\nToday: 26 Jul 2024\\n\\n' + system + '<|eot_id|>' }}
{%- for turn in turns %}
    {{- '<|start_header_id|>' + turn['role'] + '<|end_header_id|>\\n\\n' + turn['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""
ROPE = {
    "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}  # fmt: skip


@dataclass
class Shape:
    """One checkpoint: its numbers, and the layout of its folder."""

    name: str
    seed: int
    text: dict
    dtype: torch.dtype
    config_layout: int
    merges: int
    shard_bytes: int | None = None


SHAPES = [
    Shape(
        "llama-untied-f32", 41,
        dict(hidden_size=48, intermediate_size=72, num_hidden_layers=3, num_attention_heads=6,
             num_key_value_heads=2, head_dim=12,
             tie_word_embeddings=False),
        torch.float32, 5, 80,
    ),
    # Bytes alone: "safe" and "sensitive" begin with the same token.
    Shape(
        "llama-tied-bf16", 42,
        dict(hidden_size=54, intermediate_size=88, num_hidden_layers=4, num_attention_heads=3, num_key_value_heads=1,
             tie_word_embeddings=True),
        torch.bfloat16, 4, 0, 100_000,
    ),
]  # fmt: skip


def write_checkpoint(shape: Shape, folder: Path) -> range:
    """Everything but the reference; returns the plain tokens."""
    controls = vocabulary.LLAMA
    plain = vocabulary.byte_level(
        folder / "tokenizer.json", controls, shape.merges, vocabulary.LLAMA_PATTERN, "<|begin_of_text|>"
    )
    ends = [plain.stop + controls.index(token) for token in ("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>")]
    config = transformers.LlamaConfig(
        **shape.text, vocab_size=(plain.stop + len(controls) + 7) // 8 * 8, rope_parameters=dict(ROPE), rms_norm_eps=1e-5,
        max_position_embeddings=1024, attention_bias=False, bos_token_id=plain.stop, eos_token_id=ends, pad_token_id=None,
    )  # fmt: skip
    model = transformers.LlamaForCausalLM(config)
    folders.randomize(model, shape.seed)
    model.tie_weights()
    model.to(shape.dtype)
    model.save_pretrained(folder, **({"max_shard_size": shape.shard_bytes} if shape.shard_bytes else {}))
    folders.write_json(folder / "generation_config.json", {"bos_token_id": plain.stop, "do_sample": True, "eos_token_id": ends})
    if shape.config_layout == 4:
        folders.edit_json(folder / "config.json", older_layout)
    tokenizer_config = {
        "bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>", "tokenizer_class": "PreTrainedTokenizerFast",
    }  # fmt: skip
    if shape.config_layout == 4:
        tokenizer_config["chat_template"] = TEMPLATE
    else:
        (folder / "chat_template.jinja").write_text(TEMPLATE)
    folders.write_json(folder / "tokenizer_config.json", tokenizer_config)
    return plain


def older_layout(config: dict) -> None:
    """Transformers 4 left the size of the heads out where it follows from the others."""
    folders.older_config(config)
    if config["head_dim"] == config["hidden_size"] // config["num_attention_heads"]:
        del config["head_dim"]


def load(folder: Path, dtype: torch.dtype = torch.float32, **changed):
    """`changed` are numbers of the configuration."""
    config = transformers.LlamaConfig.from_pretrained(folder)
    for name, value in changed.items():
        setattr(config, name, value)
    return transformers.LlamaForCausalLM.from_pretrained(
        folder, config=config, dtype=dtype, attn_implementation="eager"
    ).eval()


def make(shape: Shape, folder: Path) -> None:
    folders.empty(folder)
    plain = write_checkpoint(shape, folder)
    model = load(folder)
    cases = Cases(model, plain, shape.seed)
    cases.add_text()
    later = ROPE | {"original_max_position_embeddings": 128}
    mutants = {
        "rope_scaling_ignored": load(folder, rope_parameters={"rope_type": "default", "rope_theta": ROPE["rope_theta"]}),
        "rope_scaling_begins_later": load(folder, rope_parameters=later),
    }
    cases.write(folder, load, mutants)
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    judge = Judge(
        folder, model, tokenizer, vocabulary.LLAMA, lambda rendered, inputs: rendered, lambda ids, inputs: {"input_ids": ids}
    )
    judge.write(folder, text_subjects(["<|eot_id|>", "<|begin_of_text|>", "<|start_header_id|>"]))
