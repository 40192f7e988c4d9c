"""Qwen3-VL: a vision tower whose middle layers join the text's first ones, and positions in three axes."""

import re
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from torch import nn

from . import folder as folders
from . import images, vocabulary
from .cases import Cases, image_rows
from .verdicts import Judge, image_subjects, text_subjects

IMAGE = "<|image_pad|>"

# As the real template: content is a string or a list of parts, images stand where they come, no default system prompt.
TEMPLATE = """\
{%- macro parts(content) %}
    {%- if content is string %}
        {{- content }}
    {%- else %}
        {%- for part in content %}
            {%- if part.type == 'image' or 'image' in part %}
                {{- '<|vision_start|><|image_pad|><|vision_end|>' }}
            {%- elif 'text' in part %}
                {{- part.text }}
            {%- endif %}
        {%- endfor %}
    {%- endif %}
{%- endmacro %}
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + parts(message.content) + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""


@dataclass
class Shape:
    """One checkpoint: its numbers, and the layout of its folder."""

    name: str
    seed: int
    text: dict
    vision: dict
    mrope_section: list[int]
    tied: bool
    dtype: torch.dtype
    config_layout: str
    prefixes: dict[str, str]
    pixels: tuple[int, int]
    merges: int
    shard_bytes: int | None = None


SHAPES = [
    Shape(
        "qwen3-vl-tied-f32", 11,
        dict(hidden_size=40, intermediate_size=56, num_hidden_layers=4, num_attention_heads=6,
             num_key_value_heads=2, head_dim=12),
        dict(hidden_size=16, intermediate_size=28, depth=6, num_heads=2, patch_size=4, num_position_embeddings=25,
             deepstack_visual_indexes=[1, 3, 4]),
        [2, 2, 2], True, torch.float32, "5", {}, (256, 640), 90,
    ),
    Shape(
        "qwen3-vl-untied-bf16", 12,
        dict(hidden_size=48, intermediate_size=64, num_hidden_layers=5, num_attention_heads=9,
             num_key_value_heads=3, head_dim=8),
        dict(hidden_size=24, intermediate_size=40, depth=7, num_heads=3, patch_size=8, num_position_embeddings=36,
             deepstack_visual_indexes=[0, 2, 5]),
        [2, 1, 1], False, torch.bfloat16, "4.51",
        {"model.language_model.": "language_model.model.", "model.visual.": "visual."}, (512, 1536), 40, 150_000,
    ),
    Shape(
        "qwen3-vl-patch16-bf16", 16,
        dict(hidden_size=32, intermediate_size=72, num_hidden_layers=4, num_attention_heads=3,
             num_key_value_heads=1, head_dim=20),
        dict(hidden_size=24, intermediate_size=36, depth=5, num_heads=3, patch_size=16, num_position_embeddings=16,
             deepstack_visual_indexes=[0, 1, 2, 4]),
        [4, 3, 3], True, torch.bfloat16, "4.57", {}, (1024, 2048), 60,
    ),
]  # fmt: skip


def configuration(shape: Shape, plain: range) -> transformers.Qwen3VLConfig:
    ids = {token: plain.stop + i for i, token in enumerate(vocabulary.QWEN)}
    rope = {
        "rope_type": "default", "rope_theta": 5e6, "mrope_section": shape.mrope_section, "mrope_interleaved": True,
    }  # fmt: skip
    text = shape.text | dict(
        vocab_size=(plain.stop + len(ids) + 7) // 8 * 8, rope_parameters=rope, tie_word_embeddings=shape.tied, rms_norm_eps=1e-6,
        max_position_embeddings=2048, bos_token_id=None, eos_token_id=ids["<|im_end|>"], pad_token_id=None,
    )  # fmt: skip
    vision = shape.vision | dict(spatial_merge_size=2, temporal_patch_size=2, out_hidden_size=text["hidden_size"])
    return transformers.Qwen3VLConfig(
        text_config=text, vision_config=vision, tie_word_embeddings=shape.tied, image_token_id=ids[IMAGE],
        video_token_id=ids["<|video_pad|>"], vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )  # fmt: skip


def write_processor(shape: Shape, folder: Path) -> None:
    """Tokenizer, template and preprocessor files, in the places where the layout has them."""
    older = shape.config_layout != "5"
    folders.write_json(
        folder / "tokenizer_config.json",
        {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "tokenizer_class": "PreTrainedTokenizerFast"}
        | ({"chat_template": TEMPLATE} if older else {}),
    )
    if older:
        folders.write_json(folder / "chat_template.json", {"chat_template": TEMPLATE})
    else:
        (folder / "chat_template.jinja").write_text(TEMPLATE)
    smallest, largest = shape.pixels
    folders.write_json(
        folder / "preprocessor_config.json",
        {
            "size": {"longest_edge": largest, "shortest_edge": smallest}, "patch_size": shape.vision["patch_size"],
            "temporal_patch_size": 2, "merge_size": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
            "processor_class": "Qwen3VLProcessor",
            "image_processor_type": "Qwen2VLImageProcessorFast" if older else "Qwen2VLImageProcessor",
        },
    )  # fmt: skip


def make_processor(folder: Path) -> transformers.Qwen3VLProcessor:
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    image_processor = transformers.Qwen2VLImageProcessor.from_pretrained(folder)
    return transformers.Qwen3VLProcessor(
        image_processor, tokenizer, transformers.Qwen3VLVideoProcessor(), chat_template=TEMPLATE
    )


def write_checkpoint(shape: Shape, folder: Path) -> range:
    """Everything but the reference; returns the plain tokens. Tensors have the library's own names as yet."""
    plain = vocabulary.byte_level(folder / "tokenizer.json", vocabulary.QWEN, shape.merges)
    model = transformers.Qwen3VLForConditionalGeneration(configuration(shape, plain))
    folders.randomize(model, shape.seed)
    model.tie_weights()
    model.to(shape.dtype)
    model.save_pretrained(folder, **({"max_shard_size": shape.shard_bytes} if shape.shard_bytes else {}))
    ends = [plain.stop + vocabulary.QWEN.index(token) for token in ("<|im_end|>", "<|endoftext|>")]
    folders.write_json(folder / "generation_config.json", {"do_sample": True, "eos_token_id": ends, "temperature": 0.7})
    if shape.config_layout != "5":
        folders.edit_json(folder / "config.json", lambda config: older_layout(config, shape.config_layout))
    write_processor(shape, folder)
    return plain


def older_layout(config: dict, layout: str) -> None:
    """As transformers 4 wrote it: 4.57 left the dtype with the text alone, and called it by its new name."""
    text, vision = config["text_config"], config["vision_config"]
    dtype = config.pop("dtype")
    folders.older_rope(text)
    text.pop("layer_types", None)
    vision.pop("rope_parameters", None)
    vision["model_type"] = "qwen3_vl"
    for part in (text, vision):
        part.pop("dtype", None)
    (text if layout == "4.57" else config)["dtype" if layout == "4.57" else "torch_dtype"] = dtype
    config["transformers_version"] = f"{layout}.0"


def model_inputs(model, ids: torch.Tensor, images: dict) -> dict:
    if "pixel_values" not in images:
        return {"input_ids": ids}
    types = (ids == model.config.image_token_id).int()
    pixels = {"pixel_values": images["pixel_values"], "image_grid_thw": images["image_grid_thw"]}
    return {"input_ids": ids, "mm_token_type_ids": types} | pixels


def image_tensors(model, inputs: dict) -> dict[str, torch.Tensor]:
    """Pixels, grid, features and deepstack features of every image of a row."""
    if "pixel_values" not in inputs:
        return {}
    grids = inputs["image_grid_thw"]
    with torch.no_grad():
        seen = model.model.get_image_features(inputs["pixel_values"], grids)
    pixels = inputs["pixel_values"].split(grids.prod(-1).tolist())
    tensors = {}
    for i, grid in enumerate(grids):
        tensors |= {f"pixel_values.{i}": pixels[i], f"grid.{i}": grid, f"features.{i}": seen.pooler_output[i]}
        tensors |= {f"deepstack.{i}.{k}": of_layer[i] for k, of_layer in enumerate(seen.deepstack_features)}
    return tensors


def load(folder: Path, dtype: torch.dtype = torch.float32):
    return transformers.Qwen3VLForConditionalGeneration.from_pretrained(
        folder, dtype=dtype, attn_implementation="eager"
    ).eval()


def mutants(folder: Path) -> dict:
    """Models that are wrong in one thing each."""
    names = ("tanh_gelu", "last_deepstack_dropped", "first_deepstack_dropped", "mrope_off_by_one")
    found = {name: load(folder) for name in names}
    visual = found["tanh_gelu"].model.visual
    for merger in [visual.merger, *visual.deepstack_merger_list]:
        merger.act_fn = nn.GELU(approximate="tanh")
    for name, layer in (("last_deepstack_dropped", -1), ("first_deepstack_dropped", 0)):
        with torch.no_grad():
            for parameter in found[name].model.visual.deepstack_merger_list[layer].linear_fc2.parameters():
                parameter.zero_()
    model = found["mrope_off_by_one"].model
    right = model.get_rope_index

    def off_by_one(input_ids, mm_token_type_ids, *others, **named):
        positions, delta = right(input_ids, mm_token_type_ids, *others, **named)
        images_before = mm_token_type_ids.diff(prepend=torch.zeros_like(mm_token_type_ids[:, :1])).eq(-1).cumsum(-1)
        return positions + images_before, delta

    model.get_rope_index = off_by_one
    return found


def make(shape: Shape, folder: Path) -> None:
    folders.empty(folder)
    plain = write_checkpoint(shape, folder)
    model, processor = load(folder), make_processor(folder)
    if shape.config_layout == "5":
        folders.write_newer_processor(processor, folder)
    cases = Cases(model, plain, shape.seed)
    cases.add_text()
    config = model.config

    def one_image(name: str) -> torch.Tensor:
        grid = processor.image_processor(images.load([name]), return_tensors="pt")["image_grid_thw"]
        pads = [config.image_token_id] * (int(grid.prod()) // 4)
        return torch.tensor([config.vision_start_token_id, *pads, config.vision_end_token_id])

    for case, ids, names in image_rows(cases, one_image):
        pixels = processor.image_processor(images.load(names), return_tensors="pt") if names else {}
        inputs = model_inputs(model, ids[None], pixels)
        cases.add(case, inputs, names, image_tensors(model, inputs))
    cases.write(folder, load, mutants(folder))

    def expand(rendered: str, inputs: dict) -> str:
        tokens = iter(int(grid.prod()) // 4 for grid in inputs.get("image_grid_thw", []))
        return re.sub(re.escape(IMAGE), lambda _: IMAGE * next(tokens), rendered)

    judge = Judge(folder, model, processor, vocabulary.QWEN, expand, lambda ids, inputs: model_inputs(model, ids, inputs))
    hostile = [IMAGE, "<|vision_start|>", "<|im_end|>"]
    judge.write(folder, text_subjects(hostile) + image_subjects(hostile))
    folders.rename_tensors(folder, shape.prefixes)
