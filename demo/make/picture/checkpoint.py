"""Writes the picture guard as a hub folder, in the layout that `transformers` itself gives a Qwen3-VL."""

import shutil
from pathlib import Path

import torch
from transformers import Qwen3VLForConditionalGeneration

import checkpoint as text_checkpoint
from checkpoint import write_json
from picture.conversation import TEMPLATE_FILE, VISION_TOKENS, Encoder
from picture.pixels import processor_settings


def write_picture_checkpoint(model: Qwen3VLForConditionalGeneration, encoder: Encoder, folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    vocabulary = encoder.tokenizer.get_vocab()
    end_of_text, end_of_turn = vocabulary["<|endoftext|>"], vocabulary["<|im_end|>"]
    model.to(torch.bfloat16).save_pretrained(folder)
    write_json(
        folder / "generation_config.json",
        {
            "bos_token_id": end_of_text,
            "do_sample": False,
            "eos_token_id": [end_of_turn, end_of_text],
            "max_new_tokens": 4,
            "pad_token_id": end_of_text,
        },
    )
    # As in the published Qwen3-VL.
    preprocessor = processor_settings() | {
        "processor_class": "Qwen3VLProcessor",
        "image_processor_type": "Qwen2VLImageProcessorFast",
    }
    write_json(folder / "preprocessor_config.json", preprocessor)
    write_json(folder / "tokenizer_config.json", tokenizer_config(encoder))
    encoder.tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    shutil.copyfile(TEMPLATE_FILE, folder / "chat_template.jinja")
    for file in folder.iterdir():
        # safetensors makes the file private; everybody may read a published one.
        file.chmod(0o644)


def tokenizer_config(encoder: Encoder) -> dict:
    config = text_checkpoint.tokenizer_config(encoder.tokenizer)
    extra = ["<|im_start|>", "<|im_end|>", *VISION_TOKENS]
    return config | {"additional_special_tokens": extra, "processor_class": "Qwen3VLProcessor"}
