"""The picture guard's model: a Qwen3-VL whose decoder begins as the text guard and whose tower is new."""

import torch
from transformers import Qwen3ForCausalLM, Qwen3VLConfig, Qwen3VLForConditionalGeneration, Qwen3VLVisionModel

from picture.conversation import Encoder
from picture.pixels import FRAMES, MERGE, PATCH

# Three sections of the 16 rotary pairs of a head: time, height, width.
MROPE_SECTION = [6, 5, 5]
DEEPSTACK_LAYERS = [1, 2]
# Of a filter's weights at the beginning, where each pixel counts six times: three colours, two frames.
FILTER_SPREAD = 0.015


def new_model(
    guard: Qwen3ForCausalLM, encoder: Encoder, sources: dict[int, list[int]]
) -> Qwen3VLForConditionalGeneration:
    """`sources` says which of the text guard's tokens each token of ours begins as the mean of."""
    text = guard.config
    vocabulary = encoder.tokenizer.get_vocab()
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": len(vocabulary),
            "hidden_size": text.hidden_size,
            "intermediate_size": text.intermediate_size,
            "num_hidden_layers": text.num_hidden_layers,
            "num_attention_heads": text.num_attention_heads,
            "num_key_value_heads": text.num_key_value_heads,
            "head_dim": text.head_dim,
            "max_position_embeddings": text.max_position_embeddings,
            "initializer_range": text.initializer_range,
            "rms_norm_eps": text.rms_norm_eps,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": text.rope_parameters["rope_theta"],
                "mrope_interleaved": True,
                "mrope_section": MROPE_SECTION,
            },
            "bos_token_id": vocabulary["<|endoftext|>"],
            "eos_token_id": vocabulary["<|im_end|>"],
            "tie_word_embeddings": True,
        },
        vision_config={
            "depth": 4,
            "hidden_size": 96,
            "intermediate_size": 160,
            "num_heads": 4,
            "patch_size": PATCH,
            "temporal_patch_size": FRAMES,
            "spatial_merge_size": MERGE,
            "out_hidden_size": text.hidden_size,
            "num_position_embeddings": 144,
            "deepstack_visual_indexes": DEEPSTACK_LAYERS,
            "initializer_range": 0.05,
        },
        image_token_id=vocabulary["<|image_pad|>"],
        video_token_id=vocabulary["<|video_pad|>"],
        vision_start_token_id=vocabulary["<|vision_start|>"],
        vision_end_token_id=vocabulary["<|vision_end|>"],
        tie_word_embeddings=True,
    )
    model = Qwen3VLForConditionalGeneration(config)
    copy_decoder(guard, model, sources)
    prepare_tower(model.model.visual)
    return model


@torch.no_grad()
def prepare_tower(tower: Qwen3VLVisionModel) -> None:
    """What learns fast: filters without colour or mean, so that what is drawn counts and not the paper it is
    drawn on, and blocks and positions that add nothing yet.
    """
    patches = tower.patch_embed.proj.weight
    filters = patches.mean((1, 2), keepdim=True)
    filters -= filters.mean((3, 4), keepdim=True)
    patches.copy_((filters * FILTER_SPREAD / filters.std()).expand_as(patches))
    tower.pos_embed.weight.zero_()
    for block in tower.blocks:
        block.attn.proj.weight.zero_()
        block.mlp.linear_fc2.weight.zero_()


@torch.no_grad()
def copy_decoder(
    guard: Qwen3ForCausalLM, model: Qwen3VLForConditionalGeneration, sources: dict[int, list[int]]
) -> None:
    theirs = guard.model.state_dict()
    embeddings = theirs.pop("embed_tokens.weight")
    missing, unexpected = model.model.language_model.load_state_dict(theirs, strict=False)
    if unexpected or missing != ["embed_tokens.weight"]:
        raise ValueError(f"the decoders differ: missing {missing}, unexpected {unexpected}")
    ours = model.model.language_model.embed_tokens.weight
    for token, parts in sources.items():
        ours[token] = embeddings[parts].mean(0)
