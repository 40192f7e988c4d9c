"""Apertus: an MLP without a gate under xIELU, norms on queries and keys; no guard but an assistant that answers."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import torch
import transformers
from torch import nn
from transformers.utils import chat_template_utils

from . import folder as folders
from . import vocabulary
from .by_hand import Encoder
from .cases import TOLERANCE, Cases



class OneDay(datetime):
    """The day on which templates are rendered, whenever that is: the tests judge on it too."""

    @classmethod
    def now(cls, tz=None):
        return cls(2026, 11, 21, 12, tzinfo=tz)


chat_template_utils.datetime = OneDay

# As the real template: today's date where no system message is given, and a developer turn that says what is off.
TEMPLATE = """\
{{ bos_token }}
{%- set turns = messages -%}
{%- if messages and messages[0].role == 'system' -%}
    {{ '<|system_start|>' + messages[0].content + '<|system_end|>' }}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {{ '<|system_start|>You answer and help.\\nDate: ' + strftime_now('%Y-%m-%d') + '<|system_end|>' }}
{%- endif -%}
{{ '<|developer_start|>Deliberation: ' + ('enabled' if enable_thinking is defined and enable_thinking else 'disabled') }}
{{- '\\nTool Capabilities: disabled<|developer_end|>' }}
{%- set last = namespace(open=false) -%}
{%- for turn in turns -%}
    {%- if turn.content is not string -%}
        {{- raise_exception('Content must be a string') -}}
    {%- endif -%}
    {%- if turn.role == 'user' -%}
        {{ ('<|assistant_end|>' if last.open else '') + '<|user_start|>' + turn.content + '<|user_end|>' }}
        {%- set last.open = false -%}
    {%- elif turn.role == 'assistant' -%}
        {{ ('' if last.open else '<|assistant_start|>') + turn.content }}
        {%- set last.open = true -%}
    {%- else -%}
        {{- raise_exception('Unknown role') -}}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{ '<|assistant_start|>' }}
{%- endif -%}
"""
ROPE = {
    "rope_type": "llama3", "rope_theta": 12e6, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}  # fmt: skip
ENDS = ["</s>", "<|assistant_end|>", "<|tools_suffix|>"]
ANSWER_TOKENS = 24


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
        "apertus-grouped-f32", 51,
        dict(hidden_size=60, intermediate_size=100, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2,
             tie_word_embeddings=False),
        torch.float32, 5, 60,
    ),
    Shape(
        "apertus-single-bf16", 52,
        dict(hidden_size=48, intermediate_size=120, num_hidden_layers=4, num_attention_heads=3, num_key_value_heads=1,
             tie_word_embeddings=False),
        torch.bfloat16, 4, 30, 100_000,
    ),
]  # fmt: skip


def write_checkpoint(shape: Shape, folder: Path) -> range:
    """Everything but the reference; returns the plain tokens."""
    controls = vocabulary.APERTUS
    plain = vocabulary.byte_level(folder / "tokenizer.json", controls, shape.merges, vocabulary.APERTUS_PATTERN, "<s>")
    ends = [controls.index(token) for token in ENDS]
    config = transformers.ApertusConfig(
        **shape.text, vocab_size=(plain.stop + 7) // 8 * 8, rope_parameters=dict(ROPE), rms_norm_eps=1e-5, hidden_act="xielu",
        max_position_embeddings=1024, attention_bias=False, bos_token_id=1, eos_token_id=ends, pad_token_id=None,
    )  # fmt: skip
    model = transformers.ApertusForCausalLM(config)
    folders.randomize(model, shape.seed)
    model.to(shape.dtype)
    model.save_pretrained(folder, **({"max_shard_size": shape.shard_bytes} if shape.shard_bytes else {}))
    folders.write_json(folder / "generation_config.json", {"bos_token_id": 1, "eos_token_id": ends})
    tokenizer_config = {"bos_token": "<s>", "eos_token": "<|assistant_end|>", "tokenizer_class": "PreTrainedTokenizerFast"}
    if shape.config_layout == 4:
        folders.edit_json(folder / "config.json", older_layout)
        tokenizer_config["chat_template"] = TEMPLATE
    else:
        (folder / "chat_template.jinja").write_text(TEMPLATE)
    folders.write_json(folder / "tokenizer_config.json", tokenizer_config)
    return plain


def older_layout(config: dict) -> None:
    folders.older_config(config)
    config |= {"qk_norm": True, "post_norm": False, "mlp_bias": False}


def load(folder: Path, dtype: torch.dtype = torch.float32, **changed):
    """`changed` are numbers of the configuration."""
    config = transformers.ApertusConfig.from_pretrained(folder)
    for name, value in changed.items():
        setattr(config, name, value)
    return transformers.ApertusForCausalLM.from_pretrained(
        folder, config=config, dtype=dtype, attn_implementation="eager"
    ).eval()


def mutants(folder: Path) -> dict:
    """Models that are wrong in one thing each."""
    default, swapped, normless = load(folder), load(folder), load(folder)
    with torch.no_grad():
        for layers in (default.model.layers, swapped.model.layers):
            for act in (layer.mlp.act_fn for layer in layers):
                positive, negative = act.alpha_p.clone(), act.alpha_n.clone()
                act.alpha_p.copy_(negative if layers is swapped.model.layers else torch.tensor(0.8).expm1().log())
                act.alpha_n.copy_(positive if layers is swapped.model.layers else torch.tensor(0.3).expm1().log())
    for layer in normless.model.layers:
        layer.self_attn.q_norm = layer.self_attn.k_norm = nn.Identity()
    unscaled = {"rope_type": "default", "rope_theta": ROPE["rope_theta"]}
    return {
        "rope_scaling_ignored": load(folder, rope_parameters=unscaled),
        "activation_has_its_defaults": default,
        "activation_has_its_sides_swapped": swapped,
        "query_and_key_norms_left_out": normless,
    }


def conversations() -> list[list[dict]]:
    system = {"role": "system", "content": "You translate."}
    user = lambda text: {"role": "user", "content": text}
    assistant = lambda text: {"role": "assistant", "content": text}
    return [
        [system, user("hello")],
        [system, user("မင်္ဂလာပါ ဒီနေ့")],
        [system, user("Apa khabar?"), assistant("Good morning."), user("வணக்கம்")],
        [system, user("Say <|assistant_end|> and </s> and <|user_start|>")],
    ]


def answer(model, encoder: Encoder, tokenizer, messages: list[dict]) -> dict:
    """What greedy decoding writes, as far as the choice is clear to a parity check; reads everything anew at each step."""
    rendered = tokenizer.apply_chat_template(encoder.harmless(messages), tokenize=False, add_generation_prompt=True)
    ids = encoder.encode(rendered)
    if "<|" not in str(messages):
        plainly = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False, add_generation_prompt=True)
        assert plainly == ids, "by hand and by the tokenizer, tokens must be the same"
    written, ends = [], {encoder.ids[token] for token in ENDS}
    while len(written) < ANSWER_TOKENS and not ends & set(written):
        with torch.no_grad():
            top = model(input_ids=torch.tensor([ids + written]), use_cache=False).logits[0, -1].topk(2)
        if top.values[0] - top.values[1] < 10 * TOLERANCE:
            break
        written.append(top.indices[0].item())
    return {"messages": messages, "ids": ids, "answer": written}


def make(shape: Shape, folder: Path) -> None:
    folders.empty(folder)
    plain = write_checkpoint(shape, folder)
    model, encoder = load(folder), Encoder(folder, vocabulary.APERTUS)
    cases = Cases(model, plain, shape.seed)
    cases.add_text()
    cases.write(folder, load, mutants(folder))
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    rows = [answer(model, encoder, tokenizer, messages) for messages in conversations()]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    (folder / "answers.json").write_text(f'{{"conversations":[\n{lines}\n]}}\n')
    print(shape.name, len(rows), "answers of", [len(row["answer"]) for row in rows], "tokens")
