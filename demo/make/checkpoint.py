"""Writes the guard as a hub folder: the files and the field names that a published Qwen3 has."""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import Qwen3ForCausalLM

from conversation import TEMPLATE_FILE


def write_checkpoint(model: Qwen3ForCausalLM, tokenizer: Tokenizer, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    end_of_text, end_of_turn = vocabulary["<|endoftext|>"], vocabulary["<|im_end|>"]
    write_json(folder / "config.json", model_config(model, end_of_text, end_of_turn))
    write_json(
        folder / "generation_config.json",
        {
            "bos_token_id": end_of_text,
            "do_sample": False,
            "eos_token_id": [end_of_turn, end_of_text],
            "max_new_tokens": 64,
            "pad_token_id": end_of_text,
        },
    )
    write_json(folder / "tokenizer_config.json", tokenizer_config(tokenizer))
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    shutil.copyfile(TEMPLATE_FILE, folder / "chat_template.jinja")
    # A tied head is the embedding itself and is not stored, as in the published checkpoints.
    tensors = {
        name: tensor.detach().to(torch.bfloat16).contiguous()
        for name, tensor in model.state_dict().items()
        if name != "lm_head.weight"
    }
    weights = folder / "model.safetensors"
    save_file(tensors, weights, metadata={"format": "pt"})
    # safetensors makes the file private; everybody may read a published one.
    weights.chmod(0o644)


def model_config(model: Qwen3ForCausalLM, end_of_text: int, end_of_turn: int) -> dict:
    config = model.config
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": end_of_text,
        "eos_token_id": end_of_turn,
        "head_dim": config.head_dim,
        "hidden_act": "silu",
        "hidden_size": config.hidden_size,
        "initializer_range": config.initializer_range,
        "intermediate_size": config.intermediate_size,
        "max_position_embeddings": config.max_position_embeddings,
        "max_window_layers": config.num_hidden_layers,
        "model_type": "qwen3",
        "num_attention_heads": config.num_attention_heads,
        "num_hidden_layers": config.num_hidden_layers,
        "num_key_value_heads": config.num_key_value_heads,
        "rms_norm_eps": config.rms_norm_eps,
        "rope_scaling": None,
        "rope_theta": config.rope_parameters["rope_theta"],
        "sliding_window": None,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.51.0",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": config.vocab_size,
    }


def tokenizer_config(tokenizer: Tokenizer) -> dict:
    added = {
        str(token_id): {
            "content": token.content,
            "lstrip": token.lstrip,
            "normalized": token.normalized,
            "rstrip": token.rstrip,
            "single_word": token.single_word,
            "special": token.special,
        }
        for token_id, token in sorted(tokenizer.get_added_tokens_decoder().items())
    }
    return {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": added,
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "bos_token": None,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": 2048,
        "pad_token": "<|endoftext|>",
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }


def write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
