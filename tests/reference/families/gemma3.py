"""Gemma 3: a SigLIP tower pooled to few tokens, local layers with a window among global ones with stretched positions."""

import copy
import re
from dataclasses import dataclass, field
from pathlib import Path

import torch
import transformers

from . import folder as folders
from . import images, vocabulary
from .cases import Cases, image_rows
from .verdicts import Judge, image_subjects, text_subjects

# As the real template: <bos> comes from here, system text opens the first user turn, all content is trimmed.
TEMPLATE = """\
{{ bos_token }}
{%- set opening = '' -%}
{%- set turns = messages -%}
{%- if messages[0].role == 'system' -%}
    {%- set system = messages[0].content -%}
    {%- set opening = (system if system is string else system[0].text) + '\\n\\n' -%}
    {%- set turns = messages[1:] -%}
{%- endif -%}
{%- for turn in turns -%}
    {%- if (turn.role == 'user') == (loop.index0 % 2 == 1) -%}
        {{ raise_exception('User and model must take turns') }}
    {%- endif -%}
    {{ '<start_of_turn>' + ('model' if turn.role == 'assistant' else turn.role) + '\\n' }}
    {%- if loop.first -%}
        {{ opening }}
    {%- endif -%}
    {%- if turn.content is string -%}
        {{ turn.content | trim }}
    {%- else -%}
        {%- for part in turn.content -%}
            {{ '<start_of_image>' if part.type == 'image' else part.text | trim }}
        {%- endfor -%}
    {%- endif -%}
    {{ '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{ '<start_of_turn>model\\n' }}
{%- endif -%}
"""
IMAGE, BEGIN, END = "<image_soft_token>", "<start_of_image>", "<end_of_image>"
SIDE = 4
TOKENS = SIDE * SIDE
# The card sends it with text alone.
SYSTEM = "You are a helpful assistant."


@dataclass
class Shape:
    """One checkpoint: its numbers, and the layout of its folder."""

    name: str
    seed: int
    text: dict
    vision: dict
    scalar: int
    window: int
    dtype: torch.dtype
    config_layout: str
    prefixes: dict[str, str]
    pieces: int
    global_layers: list[int] = field(default_factory=list)
    pattern: int = 0
    factor: float = 8.0
    shard_bytes: int | None = None


SHAPES = [
    Shape(
        "gemma3-grouped-f32", 21,
        dict(hidden_size=40, intermediate_size=56, num_hidden_layers=5, num_attention_heads=4,
             num_key_value_heads=2, head_dim=16),
        dict(hidden_size=24, intermediate_size=36, num_hidden_layers=3, num_attention_heads=3, image_size=32, patch_size=4),
        24, 8, torch.float32, "5", {}, 120, global_layers=[1, 4],
    ),
    Shape(
        "gemma3-single-bf16", 22,
        dict(hidden_size=36, intermediate_size=72, num_hidden_layers=6, num_attention_heads=3,
             num_key_value_heads=1, head_dim=12),
        dict(hidden_size=32, intermediate_size=40, num_hidden_layers=4, num_attention_heads=2, image_size=56, patch_size=7),
        40, 8, torch.bfloat16, "4.50",
        {"model.language_model.": "language_model.model.", "model.vision_tower.": "vision_tower.vision_model.",
         "model.multi_modal_projector.": "multi_modal_projector."}, 100, pattern=3, shard_bytes=120_000,
    ),
    Shape(
        "gemma3-full-bf16", 23,
        dict(hidden_size=50, intermediate_size=60, num_hidden_layers=4, num_attention_heads=5,
             num_key_value_heads=5, head_dim=20),
        dict(hidden_size=20, intermediate_size=32, num_hidden_layers=2, num_attention_heads=5, image_size=48, patch_size=4),
        12, 11, torch.bfloat16, "4.52", {"model.vision_tower.": "model.vision_tower.vision_model."}, 80, pattern=2, factor=4.0,
    ),
]  # fmt: skip


def configuration(shape: Shape, size: int) -> transformers.Gemma3Config:
    layers = shape.text["num_hidden_layers"]
    is_global = lambda i: (i + 1) % shape.pattern == 0 if shape.pattern else i in shape.global_layers
    rope = {
        "full_attention": {"rope_type": "linear", "factor": shape.factor, "rope_theta": 1e6},
        "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
    }
    text = shape.text | dict(
        vocab_size=size, layer_types=["full_attention" if is_global(i) else "sliding_attention" for i in range(layers)],
        sliding_window=shape.window, query_pre_attn_scalar=shape.scalar, rope_parameters=rope, rms_norm_eps=1e-6,
        max_position_embeddings=2048, tie_word_embeddings=True,
    )  # fmt: skip
    at = (vocabulary.GEMMA_FIRST + vocabulary.GEMMA_LAST).index
    last = size - len(vocabulary.GEMMA_LAST) - len(vocabulary.GEMMA_FIRST)
    return transformers.Gemma3Config(
        text_config=text, vision_config=shape.vision | dict(vision_use_head=False), mm_tokens_per_image=TOKENS,
        image_token_index=last + at(IMAGE), boi_token_index=last + at(BEGIN), eoi_token_index=last + at(END),
        eos_token_id=[at("<eos>"), at("<end_of_turn>")],
    )  # fmt: skip


def write_processor(shape: Shape, folder: Path) -> None:
    """Tokenizer, template and preprocessor files, in the places where the layout has them; nulls as in the real ones."""
    older = shape.config_layout != "5"
    named = {"boi_token": BEGIN, "eoi_token": END, "image_token": IMAGE}
    special = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
    folders.write_json(
        folder / "tokenizer_config.json",
        special | {"extra_special_tokens": named, "tokenizer_class": "PreTrainedTokenizerFast"}
        | ({"chat_template": TEMPLATE} if older else {}),
    )  # fmt: skip
    if older:
        folders.write_json(folder / "chat_template.json", {"chat_template": TEMPLATE})
    else:
        (folder / "chat_template.jinja").write_text(TEMPLATE)
    size = shape.vision["image_size"]
    folders.write_json(
        folder / "preprocessor_config.json",
        {
            "do_convert_rgb": None, "do_normalize": True, "do_pan_and_scan": None, "do_rescale": True, "do_resize": True,
            "image_mean": [0.5] * 3, "image_processor_type": "Gemma3ImageProcessor", "image_seq_length": TOKENS,
            "image_std": [0.5] * 3, "pan_and_scan_max_num_crops": None, "pan_and_scan_min_crop_size": None,
            "pan_and_scan_min_ratio_to_activate": None, "processor_class": "Gemma3Processor", "resample": 2,
            "rescale_factor": 1 / 255, "size": {"height": size, "width": size},
        },
    )  # fmt: skip
    folders.write_json(folder / "processor_config.json", {"image_seq_length": TOKENS, "processor_class": "Gemma3Processor"})


def make_processor(folder: Path) -> transformers.Gemma3Processor:
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    image_processor = transformers.Gemma3ImageProcessor.from_pretrained(folder)
    return transformers.Gemma3Processor(image_processor, tokenizer, chat_template=TEMPLATE, image_seq_length=TOKENS)


def write_checkpoint(shape: Shape, folder: Path) -> range:
    """Everything but the reference; returns the plain tokens. Tensors have the library's own names as yet."""
    plain = vocabulary.byte_fallback(folder / "tokenizer.json", shape.pieces)
    model = transformers.Gemma3ForConditionalGeneration(configuration(shape, plain.stop + len(vocabulary.GEMMA_LAST)))
    folders.randomize(model, shape.seed, norms_around=0.0)
    model.tie_weights()
    model.to(shape.dtype)
    model.save_pretrained(
        folder, save_original_format=False, **({"max_shard_size": shape.shard_bytes} if shape.shard_bytes else {})
    )
    folders.write_json(
        folder / "generation_config.json",
        {"bos_token_id": 2, "do_sample": True, "eos_token_id": model.config.eos_token_id, "pad_token_id": 0, "top_k": 64},
    )
    if shape.config_layout != "5":
        folders.edit_json(folder / "config.json", lambda config: older_layout(config, shape))
    write_processor(shape, folder)
    return plain


def older_layout(config: dict, shape: Shape) -> None:
    """As transformers 4 wrote it: one base and scaling for global layers, another base for local ones, and a pattern."""
    text = config["text_config"]
    rope = text.pop("rope_parameters")
    text.pop("layer_types")
    text |= {
        "rope_theta": rope["full_attention"]["rope_theta"],
        "rope_local_base_freq": rope["sliding_attention"]["rope_theta"],
        "rope_scaling": {"factor": shape.factor, "rope_type": "linear"},
        "sliding_window_pattern": shape.pattern,
    }
    text.pop("_sliding_window_pattern", None)
    for part in (text, config["vision_config"]):
        part.pop("dtype", None)
    config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = f"{shape.config_layout}.0"


def model_inputs(model, ids: torch.Tensor, pixels: dict) -> dict:
    """Types mark the image tokens: inside one image they see each other."""
    if "pixel_values" not in pixels:
        return {"input_ids": ids}
    types = (ids == model.config.image_token_index).long()
    return {"input_ids": ids, "token_type_ids": types, "pixel_values": pixels["pixel_values"]}


def image_tensors(model, inputs: dict) -> dict[str, torch.Tensor]:
    """Pixels and features of every image of a row."""
    if "pixel_values" not in inputs:
        return {}
    with torch.no_grad():
        features = model.model.get_image_features(inputs["pixel_values"]).pooler_output
    tensors = {}
    for i, pixels in enumerate(inputs["pixel_values"]):
        tensors |= {f"pixel_values.{i}": pixels, f"features.{i}": features[i]}
    return tensors


def load(folder: Path, dtype: torch.dtype = torch.float32, **changed):
    """`changed` are numbers of the text's configuration."""
    config = transformers.Gemma3Config.from_pretrained(folder)
    for name, value in changed.items():
        setattr(config.text_config, name, value)
    return transformers.Gemma3ForConditionalGeneration.from_pretrained(
        folder, config=config, dtype=dtype, attn_implementation="eager"
    ).eval()


def mutants(shape: Shape, folder: Path, rope: dict) -> dict:
    """Models that are wrong in one thing each."""
    unscaled, one_base = copy.deepcopy(rope), copy.deepcopy(rope)
    unscaled["full_attention"] = {"rope_type": "default", "rope_theta": 1e6}
    one_base["sliding_attention"]["rope_theta"] = 1e6
    causal = load(folder)
    right = causal.forward
    causal.forward = lambda token_type_ids=None, **inputs: right(
        **inputs, token_type_ids=None if token_type_ids is None else torch.zeros_like(token_type_ids)
    )
    return {
        "window_one_more": load(folder, sliding_window=shape.window + 1),
        "window_one_less": load(folder, sliding_window=shape.window - 1),
        "rope_scaling_ignored": load(folder, rope_parameters=unscaled),
        "local_base_ignored": load(folder, rope_parameters=one_base),
        "scalar_is_head_dim": load(folder, query_pre_attn_scalar=shape.text["head_dim"]),
        "causal_inside_images": causal,
    }


def make(shape: Shape, folder: Path) -> None:
    folders.empty(folder)
    plain = write_checkpoint(shape, folder)
    model, processor = load(folder), make_processor(folder)
    config = model.config
    if shape.config_layout == "5":
        folders.write_newer_processor(processor, folder)
    cases = Cases(model, plain, shape.seed)
    cases.add_text()
    soft = torch.tensor([config.boi_token_index, *[config.image_token_index] * TOKENS, config.eoi_token_index])
    for case, ids, names in image_rows(cases, lambda name: soft):
        pixels = processor.image_processor(images.load(names), return_tensors="pt") if names else {}
        inputs = model_inputs(model, ids[None], pixels)
        cases.add(case, inputs, names, image_tensors(model, inputs))
    cases.write(folder, load, mutants(shape, folder, config.text_config.rope_parameters))

    def expand(rendered: str, inputs: dict) -> str:
        return re.sub(BEGIN, f"\n\n{BEGIN}{IMAGE * TOKENS}{END}\n\n", rendered)

    controls = vocabulary.GEMMA_FIRST + vocabulary.GEMMA_LAST
    arguments = lambda ids, inputs: model_inputs(model, ids, inputs)
    judge = Judge(folder, model, processor, controls, expand, arguments, SYSTEM)
    hostile = [BEGIN, IMAGE, "<end_of_turn>"]
    judge.write(folder, text_subjects(hostile) + image_subjects(hostile))
    folders.rename_tensors(folder, shape.prefixes)
