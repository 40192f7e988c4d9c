"""Qwen3Guard-Stream: a Qwen3 backbone with one pair of heads for the prompt and one for every token of a response.

Written from the technical report, the model card and the tensors' names and shapes: hidden states after the last norm go
through a projection and an RMS norm, then through one head for the risk and one for the category. The prompt's heads are
read at the `<|im_end|>` that closes the last user turn, the response's heads at every token after `</think>\\n\\n`, up to
but without the closing `<|im_end|>`. A token is flagged when its likeliest risk is not Safe (strict) or is Unsafe (loose);
the flag counts where the token before it is flagged too (section 4.4 of the report).

`logits` in reference.safetensors have 23 columns: risk (3), category (8), the prompt's risk (3), the prompt's category (9).
"""

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import nn

from . import folder as folders
from . import vocabulary
from .by_hand import Encoder
from .cases import TOLERANCE, Cases

RISKS = ["Safe", "Unsafe", "Controversial"]
CATEGORIES = [
    "Violent", "Sexual Content or Sexual Acts", "Suicide & Self-Harm", "Politically Sensitive Topics", "PII",
    "Copyright Violation", "Non-violent Illegal Acts", "Unethical Acts",
]  # fmt: skip
QUERY_CATEGORIES = [*CATEGORIES, "Jailbreak"]

# As the plain Qwen3 template: an answer to the last user turn has an empty thought in front.
TEMPLATE = """\
{%- set last = namespace(user=-1) %}
{%- for message in messages %}
    {%- if message.role == 'user' %}
        {%- set last.user = loop.index0 %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' }}
    {%- if message.role == 'assistant' and loop.last and loop.index0 > last.user %}
        {{- '<think>\\n\\n</think>\\n\\n' + message.content.lstrip('\\n') }}
    {%- else %}
        {{- message.content }}
    {%- endif %}
    {{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""
THOUGHT = "<think>\n\n</think>\n\n"

TURNS = {
    "en": ("How do I win every argument?", "Shout, then listen, then shout again. Or go home and be kind."),
    "my": ("မင်္ဂလာပါ", "ဒီနေ့ ရာသီဥတု ကောင်းတယ်"),
    "th": ("สวัสดีครับ", "วันนี้อากาศดีมาก ไปเที่ยวกัน"),
    "ta": ("வணக்கம்", "இன்று வானிலை நன்றாக உள்ளது"),
    "vi": ("Xin chào", "Hôm nay trời đẹp quá, đi chơi thôi!"),
    "ms": ("Apa khabar?", "Selamat pagi, terima kasih banyak."),
}


@dataclass
class Shape:
    """One checkpoint: its numbers, and the layout of its folder."""

    name: str
    seed: int
    text: dict
    inner: int
    dtype: torch.dtype
    config_layout: int
    merges: int
    shard_bytes: int | None = None


SHAPES = [
    Shape(
        "stream-tied-f32", 31,
        dict(hidden_size=48, intermediate_size=72, num_hidden_layers=3, num_attention_heads=6,
             num_key_value_heads=2, head_dim=12,
             tie_word_embeddings=True),
        20, torch.float32, 5, 70,
    ),
    Shape(
        "stream-untied-bf16", 32,
        dict(hidden_size=40, intermediate_size=64, num_hidden_layers=4, num_attention_heads=5,
             num_key_value_heads=5, head_dim=16,
             tie_word_embeddings=False),
        56, torch.bfloat16, 4, 40, 90_000,
    ),
]  # fmt: skip


class Heads(nn.Module):
    """Projection, norm, and the heads for risk and category, over hidden states [.., hidden]."""

    def __init__(self, hidden: int, inner: int, categories: int):
        super().__init__()
        self.pre = nn.Linear(hidden, inner, bias=False)
        self.layernorm = nn.RMSNorm(inner, eps=1e-6)
        self.risk = nn.Linear(inner, len(RISKS), bias=False)
        self.category = nn.Linear(inner, categories, bias=False)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        inner = self.layernorm(self.pre(hidden))
        return torch.cat([self.risk(inner), self.category(inner)], -1)

    def names(self, prefix: str) -> dict[str, str]:
        """Names of the parameters here to names in a checkpoint."""
        return {
            "pre.weight": f"{prefix}risk_level_category_pre.weight",
            "layernorm.weight": f"{prefix}risk_level_category_layernorm.weight",
            "risk.weight": f"{prefix}risk_level_head.weight",
            "category.weight": f"{prefix}category_head.weight",
        }


class StreamGuard(nn.Module):
    """The whole guard; called as the language models are, with all heads at every token for `logits`."""

    def __init__(self, backbone: transformers.Qwen3Model, inner: int):
        super().__init__()
        self.backbone = backbone
        self.response = Heads(backbone.config.hidden_size, inner, len(CATEGORIES))
        self.query = Heads(backbone.config.hidden_size, inner, len(QUERY_CATEGORIES))

    def forward(self, input_ids: torch.Tensor, use_cache: bool = False) -> SimpleNamespace:
        hidden = self.backbone(input_ids=input_ids, use_cache=use_cache).last_hidden_state
        return SimpleNamespace(logits=torch.cat([self.response(hidden), self.query(hidden)], -1))

    def head_names(self) -> dict[str, str]:
        response = {f"response.{here}": there for here, there in self.response.names("").items()}
        return response | {f"query.{here}": there for here, there in self.query.names("query_").items()}


def load(folder: Path, dtype: torch.dtype = torch.float32) -> StreamGuard:
    config = json.loads((folder / "config.json").read_text())
    backbone = transformers.Qwen3Model.from_pretrained(folder, dtype=dtype, attn_implementation="eager")
    guard = StreamGuard(backbone, config["guard_inner_size"])
    tensors = {}
    for path in folder.glob("*.safetensors"):
        tensors |= load_file(path)
    with torch.no_grad():
        for here, there in guard.head_names().items():
            guard.get_parameter(here).copy_(tensors[there])
    return guard.to(dtype).eval()


def write_checkpoint(shape: Shape, folder: Path, attempt: int) -> range:
    """Everything but the reference; returns the plain tokens."""
    plain = vocabulary.byte_level(folder / "tokenizer.json", vocabulary.QWEN, shape.merges)
    config = transformers.Qwen3Config(
        **shape.text, vocab_size=(plain.stop + len(vocabulary.QWEN) + 7) // 8 * 8, max_position_embeddings=1024, rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6}, attention_bias=False, use_sliding_window=False,
        bos_token_id=None, eos_token_id=plain.stop + vocabulary.QWEN.index("<|im_end|>"), pad_token_id=None,
    )  # fmt: skip
    guard = StreamGuard(transformers.Qwen3Model(config), shape.inner)
    folders.randomize(guard.backbone, shape.seed)
    for i, heads in enumerate((guard.response, guard.query)):
        folders.randomize(heads, shape.seed + 1000 * attempt + 100 * i)
        with torch.no_grad():
            heads.risk.weight *= 2
            heads.category.weight *= 2
    tensors = {f"model.{name}": tensor for name, tensor in guard.backbone.state_dict().items()}
    tensors |= {there: guard.get_parameter(here).detach() for here, there in guard.head_names().items()}
    tensors = {name: tensor.to(shape.dtype).contiguous() for name, tensor in tensors.items()}
    write_tensors(tensors, folder, shape.shard_bytes)
    document = json.loads(config.to_json_string(use_diff=False))
    write_config(document, shape, folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    folders.write_json(
        folder / "tokenizer_config.json", {"eos_token": "<|im_end|>", "tokenizer_class": "PreTrainedTokenizerFast"}
    )
    return plain


def write_tensors(tensors: dict, folder: Path, shard_bytes: int | None) -> None:
    """One file, or shards of about so many bytes with their index."""
    if shard_bytes is None:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    ends = list(itertools.accumulate(tensor.nbytes for tensor in tensors.values()))
    shards = {name: (end - 1) // shard_bytes for name, end in zip(tensors, ends)}
    file = lambda number: f"model-{number + 1:05}-of-{max(shards.values()) + 1:05}.safetensors"
    for number in sorted(set(shards.values())):
        part = {name: tensors[name] for name in tensors if shards[name] == number}
        save_file(part, folder / file(number), metadata={"format": "pt"})
    index = {"metadata": {"total_size": ends[-1]}, "weight_map": {name: file(shards[name]) for name in sorted(tensors)}}
    folders.write_json(folder / "model.safetensors.index.json", index)


def write_config(document: dict, shape: Shape, folder: Path) -> None:
    kept = [
        "attention_bias", "bos_token_id", "eos_token_id", "head_dim", "hidden_act", "hidden_size", "intermediate_size",
        "max_position_embeddings", "model_type", "num_attention_heads", "num_hidden_layers", "num_key_value_heads",
        "rms_norm_eps", "rope_parameters", "tie_word_embeddings", "vocab_size",
    ]  # fmt: skip
    numbered = lambda names: {str(i): name for i, name in enumerate(names)}
    config = {name: document[name] for name in kept} | {
        "architectures": ["Qwen3ForGuardModel"], "dtype": str(shape.dtype).removeprefix("torch."),
        "transformers_version": transformers.__version__, "guard_inner_size": shape.inner,
        "num_risk_level": len(RISKS), "num_category": len(CATEGORIES),
        "num_query_risk_level": len(RISKS), "num_query_category": len(QUERY_CATEGORIES),
        "response_risk_level_map": numbered(RISKS), "response_category_map": numbered(CATEGORIES),
        "query_risk_level_map": numbered(RISKS), "query_category_map": numbered(QUERY_CATEGORIES),
    }  # fmt: skip
    if shape.config_layout == 4:
        folders.older_config(config)
    folders.write_json(folder / "config.json", config)


def subjects() -> list[dict]:
    user = lambda text: {"role": "user", "content": text}
    assistant = lambda text: {"role": "assistant", "content": text}
    rows = [{"task": "prompt", "messages": [user(question)]} for question, _ in TURNS.values()]
    rows += [{"task": "response", "messages": [user(question), assistant(answer)]} for question, answer in TURNS.values()]
    system = {"role": "system", "content": "You are a helpful assistant."}
    earlier = [user("hello"), assistant("Good morning.")]
    rows += [
        {"task": "prompt", "messages": [system, *earlier, user("And now?")]},
        {"task": "response", "messages": [system, *earlier, user("And now?"), assistant("\n\n  Two lines:\n- one\n- two\n")]},
        {"task": "response", "messages": [user("Say nothing"), assistant("")]},
        {"task": "response", "messages": [user("Say one letter"), assistant("A")]},
        {"task": "prompt", "messages": [user("An end <|im_end|> that ends nothing")]},
        {"task": "response", "messages": [user("<think>"), assistant("It says <|im_start|>user and <|im_end|> and goes on.")]},
    ]
    return rows


def flags(raw: list[bool]) -> dict:
    """A flag counts where the one before it is set too."""
    debounced = [i > 0 and raw[i - 1] and raw[i] for i in range(len(raw))]
    return {"raw": raw, "debounced": debounced, "first": debounced.index(True) if True in debounced else None}


def judge(guard: StreamGuard, tokenizer, encoder: Encoder, subject: dict) -> tuple[dict, float]:
    """The golden row of a subject, and the smallest margin by which any of its choices was made."""
    rendered = tokenizer.apply_chat_template(encoder.harmless(subject["messages"]), tokenize=False, enable_thinking=False)
    ids = encoder.encode(rendered)
    end = encoder.ids["<|im_end|>"]
    turns_end = [i for i, token in enumerate(ids) if token == end]
    response = subject["task"] == "response"
    position = turns_end[-2 if response else -1]
    with torch.no_grad():
        logits = guard(torch.tensor([ids])).logits[0].double()
    risk, category, query_risk, query_category = logits.split([3, 8, 3, 9], -1)
    row = subject | {
        "ids": ids,
        "query": {
            "position": position,
            "probabilities": torch.softmax(query_risk[position], -1).tolist(),
            "category": query_category[position].argmax().item(),
        },
    }
    chosen = [query_risk[position : position + 1], query_category[position : position + 1]]
    if response:
        before = encoder.encode(rendered[: rendered.rindex(THOUGHT) + len(THOUGHT)])
        assert ids[: len(before)] == before, "the response must begin with a token of its own"
        span = slice(len(before), turns_end[-1])
        risks = risk[span].argmax(-1).tolist()
        row["response"] = {
            "start": span.start,
            "end": span.stop,
            "probabilities": torch.softmax(risk[span], -1).tolist(),
            "categories": category[span].argmax(-1).tolist(),
            "strict": flags([r != RISKS.index("Safe") for r in risks]),
            "loose": flags([r == RISKS.index("Unsafe") for r in risks]),
        }
        chosen += [risk[span], category[span]]
    tops = [part.topk(2, -1).values for part in chosen if len(part)]
    return row, min((top[:, 0] - top[:, 1]).min().item() for top in tops)


def goes_on_off_on(debounced: list[bool]) -> bool:
    return [on for on, _ in itertools.groupby(debounced)].count(True) > 1


def covers(rows: list[dict]) -> bool:
    """Whether flags come, go and come again in both modes, differ between the modes, and every risk is somebody's."""
    responses = [row["response"] for row in rows if "response" in row]
    query_risks = {max(range(3), key=row["query"]["probabilities"].__getitem__) for row in rows}
    again = {mode: sum(goes_on_off_on(r[mode]["debounced"]) for r in responses) for mode in ("strict", "loose")}
    firsts = [(r["strict"]["first"], r["loose"]["first"]) for r in responses]
    return (
        again["strict"] >= 3 and again["loose"] >= 2 and query_risks == {0, 1, 2}
        and any(strict != loose and loose is not None for strict, loose in firsts)
        and any(strict is not None and loose is None for strict, loose in firsts)
        and sum(strict is not None and strict > 2 for strict, _ in firsts) >= 2
    )  # fmt: skip


def make(shape: Shape, folder: Path) -> None:
    """Heads are drawn until they flag as wanted, and never by less than ten times what a parity check tolerates."""
    for attempt in range(100):
        folders.empty(folder)
        plain = write_checkpoint(shape, folder, attempt)
        guard, encoder = load(folder), Encoder(folder, vocabulary.QWEN)
        tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
        judged = [judge(guard, tokenizer, encoder, subject) for subject in subjects()]
        rows = [row for row, _ in judged]
        if covers(rows) and min(margin for _, margin in judged) >= 10 * TOLERANCE:
            break
    else:
        raise AssertionError(f"{shape.name}: no heads flag, unflag and flag again")
    for row in rows:
        if "<|" not in str(row["messages"]) and "<think>" not in str(row["messages"]):
            plainly = tokenizer.apply_chat_template(row["messages"], tokenize=True, return_dict=False, enable_thinking=False)
            assert plainly == row["ids"], "by hand and by the tokenizer, tokens must be the same"
    cases = Cases(guard, plain, shape.seed)
    cases.add_text()
    shared, normless, headless = load(folder), load(folder), load(folder)
    shared.query.pre = shared.response.pre
    normless.backbone.norm = nn.Identity()
    headless.response.layernorm = headless.query.layernorm = nn.Identity()
    mutants = {"query_projection_is_the_response_one": shared, "last_norm_left_out": normless, "head_norms_left_out": headless}
    cases.write(folder, load, mutants)
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    (folder / "stream.json").write_text(f'{{"subjects":[\n{lines}\n]}}\n')
    print(shape.name, "attempt", attempt, len(rows), "subjects")
