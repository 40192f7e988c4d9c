"""Tiny Qwen3 checkpoints with random weights, in the layouts that hub folders have.

Each `Shape` becomes one folder: config.json in the layout of transformers 4 or 5, weights in one file or in shards, a
tokenizer trained here on a few sentences, and a chat template in one of the places where templates are kept.
"""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

CONTROLS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
SPECIAL = CONTROLS[:3]

# The pre-tokenizer pattern of Qwen's tokenizers.
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)

CATEGORIES = {"prompt": ["Scam", "Petty Insult", "Stunts & Dares", "Petty"], "response": ["Scam", "Petty Insult", "Privacy"]}

GUARD_TEMPLATE = """\
{%- set about_prompt = messages[-1].role == 'user' %}
{{- '<|im_start|>user\\nJudge the last message of ' }}
{{- 'the USER' if about_prompt else 'the ASSISTANT' }}
{{- '.\\nPossible categories:\\n' }}
{%- for name in PROMPT_CATEGORIES %}
{%- if about_prompt or name in RESPONSE_CATEGORIES %}
{{- '- ' + name + '\\n' }}
{%- endif %}
{%- endfor %}
{%- if not about_prompt %}
{%- for name in RESPONSE_CATEGORIES %}
{%- if name not in PROMPT_CATEGORIES %}
{{- '- ' + name + '\\n' }}
{%- endif %}
{%- endfor %}
{%- endif %}
{{- '\\n<START>\\n' }}
{%- for message in messages %}
{{- message.role | upper + ': ' + message.content + '\\n' }}
{%- endfor %}
{{- "<END>\\nAnswer in lines: 'Safety: Safe', 'Safety: Unsafe' or 'Safety: Controversial'; then 'Categories: '" }}
{%- if not about_prompt %}
{{- "; then 'Refusal: Yes' or 'Refusal: No'" }}
{%- endif %}
{{- '.<|im_end|>\\n<|im_start|>assistant\\n<think>\\n\\n</think>\\n\\n' }}
""".replace("PROMPT_CATEGORIES", json.dumps(CATEGORIES["prompt"])).replace(
    "RESPONSE_CATEGORIES", json.dumps(CATEGORIES["response"])
)

# Trims, as Gemma's template does.
PLAIN_TEMPLATE = """\
{%- for message in messages %}
    {{- '<|im_start|>' + message['role'] + '\\n' + message['content'] | trim + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

SENTENCES = [
    "Safety: Safe\nCategories: None\nRefusal: No",
    "Safety: Unsafe\nCategories: Scam, Petty Insult\nRefusal: Yes",
    "Safety: Controversial\nCategories: Stunts & Dares, Privacy",
    "is safe or unsafe. safe unsafe sensitive Human user: AI assistant:",
    "You are a classifier for analyzing interactions between humans and LLMs. Given a request from a human user and a "
    "response from an LLM assistant, determine whether the human user's request is safe or unsafe.",
    "Judge the last message of the USER. Possible categories: Answer in lines",
    "Apa khabar? Selamat pagi, terima kasih banyak.",
    "สวัสดีครับ วันนี้อากาศดีมาก",
    "မင်္ဂလာပါ ဒီနေ့ ရာသီဥတု ကောင်းတယ်",
    "வணக்கம், இன்று வானிலை நன்றாக உள்ளது",
    "Xin chào, hôm nay trời đẹp quá",
    "Magandang umaga, kumusta ka na?",
]


@dataclass
class Shape:
    """One checkpoint: its numbers, and the layout of its folder."""

    name: str
    seed: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    tied: bool
    dtype: torch.dtype
    config_layout: int
    template: str
    template_place: str
    shard_bytes: int | None = None
    rope: dict = field(default_factory=lambda: {"rope_type": "default", "rope_theta": 1e6})


LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}  # fmt: skip

SHAPES = [
    Shape("tied-grouped-f32", 1, 48, 80, 3, 4, 2, 16, True, torch.float32, 5, GUARD_TEMPLATE, "jinja"),
    Shape("untied-full-bf16", 2, 64, 96, 2, 4, 4, 16, False, torch.bfloat16, 4, GUARD_TEMPLATE, "tokenizer_config", 120_000),
    Shape("untied-grouped-f16", 3, 48, 96, 3, 6, 2, 12, False, torch.float16, 4, PLAIN_TEMPLATE, "json", None, LLAMA3),
]


def train_tokenizer(path: Path) -> transformers.PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer in the form of Qwen's, with few merges."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=620, show_progress=False, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), special_tokens=[]
    )
    tokenizer.train_from_iterator(SENTENCES * 4 + SENTENCES[:4] * 8, trainer)
    tokenizer.save(str(path))
    document = json.loads(path.read_text())
    size = len(document["model"]["vocab"])
    document["added_tokens"] = [
        dict(id=size + i, content=text, single_word=False, lstrip=False, rstrip=False, normalized=False, special=text in SPECIAL)
        for i, text in enumerate(CONTROLS)
    ]
    path.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")))
    return transformers.PreTrainedTokenizerFast(tokenizer_file=str(path), eos_token="<|im_end|>")


def randomize(model: torch.nn.Module, seed: int) -> None:
    """Weights of useful magnitudes: logits spread by more than one, norms that are not all ones."""
    with torch.no_grad():
        for i, (name, tensor) in enumerate(sorted(model.named_parameters())):
            noise = torch.randn(tensor.shape, generator=torch.Generator().manual_seed(seed * 1_000_003 + i))
            if tensor.dim() == 1:
                value = 1.0 + 0.2 * noise
            elif "embed" in name or "lm_head" in name:
                value = 1.6 * noise / math.sqrt(tensor.shape[1])
            else:
                value = noise / math.sqrt(tensor.shape[1])
            tensor.copy_(value.to(tensor.dtype))


def make(shape: Shape, folder: Path):
    """Writes the folder; returns the model in single precision, with the weights as they were saved, and its tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    tokenizer = train_tokenizer(folder / "tokenizer.json")
    tokenizer.chat_template = shape.template
    vocabulary = (len(tokenizer) + 15) // 16 * 16
    config = transformers.Qwen3Config(
        vocab_size=vocabulary, hidden_size=shape.hidden, intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers, num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_dim, max_position_embeddings=1024, rms_norm_eps=1e-6, tie_word_embeddings=shape.tied,
        attention_bias=False, use_sliding_window=False, rope_parameters=dict(shape.rope),
        bos_token_id=None, eos_token_id=tokenizer.convert_tokens_to_ids("<|im_end|>"), pad_token_id=None,
    )  # fmt: skip
    model = transformers.Qwen3ForCausalLM(config)
    randomize(model, shape.seed)
    model.tie_weights()
    model.to(shape.dtype)
    shards = {"max_shard_size": shape.shard_bytes} if shape.shard_bytes else {}
    model.save_pretrained(folder, **shards)
    (folder / "generation_config.json").unlink(missing_ok=True)
    path = folder / "config.json"
    document = json.loads(path.read_text())
    if shape.config_layout == 4:
        rope = document.pop("rope_parameters")
        document.pop("layer_types", None)
        document["torch_dtype"] = document.pop("dtype")
        document["rope_theta"] = rope.pop("rope_theta")
        document["rope_scaling"] = rope if rope["rope_type"] != "default" else None
        document["transformers_version"] = "4.51.0"
    path.write_text(json.dumps(document, indent=1) + "\n")
    write_template(shape, folder)
    # Read back from the folder: casting in place would round the rope frequencies too, which are no weights.
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    return model.eval(), tokenizer


def write_template(shape: Shape, folder: Path) -> None:
    """Puts the chat template where this shape keeps it."""
    tokenizer_config = {"eos_token": "<|im_end|>", "tokenizer_class": "PreTrainedTokenizerFast"}
    if shape.template_place == "jinja":
        (folder / "chat_template.jinja").write_text(shape.template)
    elif shape.template_place == "json":
        (folder / "chat_template.json").write_text(json.dumps({"chat_template": shape.template}) + "\n")
    else:
        tokenizer_config["chat_template"] = shape.template
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config, indent=1) + "\n")
