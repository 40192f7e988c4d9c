#!/usr/bin/env python3
"""Makes the golden GGUF files with llama.cpp's own converter and quantiser, and records llama.cpp's logits.

    python tests/reference/gguf_files.py --sources DIR --library DIR [--only qwen3|...]

`--sources` is the unpacked source archive of llama-cpp-python 0.3.36, whose bindings and whose llama.cpp are used;
`--library` is where that llama.cpp was built as shared libraries (target "llama", for the processor alone). Of each
architecture two tiny checkpoints with random weights are made: "small", written as F16 and Q8_0, and "wide", whose rows are
long enough for Q4_K_M and Q6_K. What is written to tests/reference/golden/gguf/:

  <architecture>-<shape>-<type>.gguf
  <architecture>-small/  the small checkpoint itself, in bfloat16, so that nothing is lost on the way to F16;
                         verdicts.json as of the other families; where it reads images, mmproj-F16.gguf and mmproj-Q8_0.gguf, its
                         projector file
  <architecture>.safetensors
                         "<shape>/ids" (I64), "<shape>/reference" (F32, [tokens, vocabulary]), what transformers computes of
                         the checkpoint in single precision, and "<shape>/<type>", what llama.cpp computes of the file;
                         "features.0" ([tokens, hidden]) and "deepstack.0.<n>", what transformers sees in images/wide.png
  <architecture>.json    texts and the ids that transformers gives them with the checkpoint's tokenizer

The converter knows a byte-level tokenizer by a hash over its ids, which no tokenizer made here has; it is told the name of
the pre-tokenizer instead. Gemma's tokenizer is trained by SentencePiece (`pip install sentencepiece protobuf`).
"""

import argparse
import ctypes
import json
import os
import re
import sys
import tempfile
import types
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np
import torch
import transformers
from safetensors.torch import save_file

import checkpoints
from families import apertus, folder as folders, gemma3, images, llama, qwen3_vl, vocabulary
from families.verdicts import Judge, image_subjects, text_subjects

GOLDEN = Path(__file__).resolve().parent / "golden" / "gguf"
TOKENS = 16
SMALL = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=1, head_dim=16)
WIDE = dict(hidden_size=256, intermediate_size=256, num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=1, head_dim=64)
# The types of llama.cpp's files by name, and of which checkpoint.
FILES = {"F16": ("small", 1), "Q8_0": ("small", 7), "Q4_K_M": ("wide", 15), "Q6_K": ("wide", 18)}
PRE = {"qwen3": "qwen2", "qwen3vl": "qwen2", "llama": "llama-bpe", "apertus": "tekken", "gemma3": None}

# Ordinary and hostile: all languages, white space, digits, bytes without pieces, marks apart, spelled control tokens.
TEXTS = [
    *checkpoints.SENTENCES,
    "Safe, unsafe or controversial? 12345 67.89",
    "  two  three   four    spaces\tand\ttabs\t\t \n \n\n \n\n\nlines\r\n",
    "caf\u00e9 cafe\u0301 \u0e01\u0e33 \u0e4d\u0e32 n\u0303a",
    "🚀🏽‍🌾 ✅ \U0001F1F8\U0001F1EC 我想在 apple 工作",
    "\u200b\u200d\ufeff\u2581\u2581 \u00a0\u3000x",
    "<table><tr><td>I'Ll don't WE'VE</td></tr></table>",
    "",
    " ",
    "\u0000\u0001\u007f\u0080\uffff",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "=====!!!!!?????/////\\\\\\\\{}[]()",
]


def qwen3(shape: dict, seed: int, folder: Path):
    plain = vocabulary.byte_level(folder / "tokenizer.json", checkpoints.CONTROLS, 60)
    end = plain.stop + checkpoints.CONTROLS.index("<|im_end|>")
    config = transformers.Qwen3Config(
        **shape, vocab_size=(plain.stop + len(checkpoints.CONTROLS) + 7) // 8 * 8, max_position_embeddings=1024,
        rms_norm_eps=1e-6, tie_word_embeddings=True, rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        bos_token_id=None, eos_token_id=end, pad_token_id=None,
    )  # fmt: skip
    tokens = {"eos_token": "<|im_end|>"}
    return transformers.Qwen3ForCausalLM(config), plain, tokens, checkpoints.PLAIN_TEMPLATE


def qwen3vl(shape: dict, seed: int, folder: Path):
    # The limits of pixels are the published ones: the converter leaves them out.
    vision = dict(hidden_size=16, intermediate_size=32, depth=3, num_heads=2, patch_size=16, num_position_embeddings=16,
                  deepstack_visual_indexes=[0, 2])  # fmt: skip
    half = shape["head_dim"] // 2
    sections = [half - 2 * (half // 3), half // 3, half // 3]
    made = qwen3_vl.Shape("", seed, shape, vision, sections, False, torch.float32, "5", {}, (65_536, 16_777_216), 60)
    plain = vocabulary.byte_level(folder / "tokenizer.json", vocabulary.QWEN, made.merges)
    model = transformers.Qwen3VLForConditionalGeneration(qwen3_vl.configuration(made, plain))
    qwen3_vl.write_processor(made, folder)
    return model, plain, {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}, qwen3_vl.TEMPLATE


def llama_model(shape: dict, seed: int, folder: Path):
    plain = vocabulary.byte_level(
        folder / "tokenizer.json", vocabulary.LLAMA, 60, vocabulary.LLAMA_PATTERN, "<|begin_of_text|>"
    )
    ends = [plain.stop + vocabulary.LLAMA.index(token) for token in ("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>")]
    config = transformers.LlamaConfig(
        **shape, vocab_size=(plain.stop + len(vocabulary.LLAMA) + 7) // 8 * 8, rope_parameters=dict(llama.ROPE),
        rms_norm_eps=1e-5, max_position_embeddings=1024, tie_word_embeddings=False, bos_token_id=plain.stop,
        eos_token_id=ends, pad_token_id=None,
    )  # fmt: skip
    tokens = {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
    return transformers.LlamaForCausalLM(config), plain, tokens, llama.TEMPLATE


def apertus_model(shape: dict, seed: int, folder: Path):
    controls = vocabulary.APERTUS
    plain = vocabulary.byte_level(folder / "tokenizer.json", controls, 60, vocabulary.APERTUS_PATTERN, "<s>")
    ends = [controls.index(token) for token in apertus.ENDS]
    # Its configuration has no size of heads: it follows from the others.
    shape = {key: value for key, value in shape.items() if key != "head_dim"}
    config = transformers.ApertusConfig(
        **shape, vocab_size=(plain.stop + 7) // 8 * 8, rope_parameters=dict(apertus.ROPE), rms_norm_eps=1e-5,
        hidden_act="xielu", max_position_embeddings=1024, tie_word_embeddings=False, bos_token_id=1, eos_token_id=ends,
        pad_token_id=None,
    )  # fmt: skip
    tokens = {"bos_token": "<s>", "eos_token": "<|assistant_end|>"}
    return transformers.ApertusForCausalLM(config), plain, tokens, apertus.TEMPLATE


def gemma3_model(shape: dict, seed: int, folder: Path):
    """Every sixth layer is global and queries are scaled by the size of heads: llama.cpp knows nothing else."""
    size = sentencepiece_tokenizer(folder)
    layers = 7 if shape is SMALL else shape["num_hidden_layers"]
    made = gemma3.Shape(
        "", seed, shape | {"num_hidden_layers": layers},
        dict(hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=64, patch_size=4),
        shape["head_dim"], 8, torch.float32, "5", {}, 0, pattern=6,
    )  # fmt: skip
    model = transformers.Gemma3ForConditionalGeneration(gemma3.configuration(made, size))
    gemma3.write_processor(made, folder)
    tokens = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
    first = len(vocabulary.GEMMA_FIRST)
    return model, range(first, size - len(vocabulary.GEMMA_LAST)), tokens, gemma3.TEMPLATE


MODELS = {"qwen3": qwen3, "qwen3vl": qwen3vl, "llama": llama_model, "apertus": apertus_model, "gemma3": gemma3_model}


def sentencepiece_tokenizer(folder: Path) -> int:
    """tokenizer.model as SentencePiece trains it, tokenizer.json as transformers converts it; returns how many ids."""
    import sentencepiece
    from transformers.convert_slow_tokenizer import GemmaConverter, GemmaSentencePieceExtractor

    class Extractor(GemmaSentencePieceExtractor):
        """Reads pieces from `sp`, which its parent no longer opens."""

        def __init__(self, file: str):
            self.sp = sentencepiece.SentencePieceProcessor(model_file=file)

    class Converter(GemmaConverter):
        SpmExtractor = Extractor

    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(line for text in vocabulary.CORPUS for line in text.split("\n") if line))
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(folder / "tokenizer"), model_type="bpe", vocab_size=420, byte_fallback=True,
        pad_id=0, eos_id=1, bos_id=2, unk_id=3, pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>",
        user_defined_symbols=vocabulary.GEMMA_FIRST[4:] + vocabulary.GEMMA_TEXT, character_coverage=0.98, split_digits=True,
        normalization_rule_name="identity", add_dummy_prefix=False, remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True, num_threads=1, minloglevel=2,
    )  # fmt: skip
    corpus.unlink()
    (folder / "tokenizer.vocab").unlink()
    slow = types.SimpleNamespace(
        vocab_file=str(folder / "tokenizer.model"), pad_token="<pad>", eos_token="<eos>", bos_token="<bos>", add_prefix_space=False
    )
    fast = Converter(slow).converted()
    fast.add_special_tokens([*vocabulary.GEMMA_LAST, *vocabulary.GEMMA_FIRST])
    fast.save(str(folder / "tokenizer.json"))
    return fast.get_vocab_size()


def write_checkpoint(architecture: str, shape: dict, seed: int, folder: Path):
    """In bfloat16, as published; returns the model in single precision and the plain tokens."""
    model, plain, tokens, template = MODELS[architecture](shape, seed, folder)
    folders.randomize(model, seed, norms_around=0.0 if architecture == "gemma3" else 1.0)
    model.tie_weights()
    model.bfloat16().save_pretrained(folder, save_original_format=False)
    added = json.loads((folder / "tokenizer.json").read_text())["added_tokens"]
    config = folder / "tokenizer_config.json"
    folders.write_json(
        config,
        (json.loads(config.read_text()) if config.exists() else {}) | tokens | {
            "tokenizer_class": "PreTrainedTokenizerFast", "chat_template": template,
            "added_tokens_decoder": {str(token["id"]): {k: v for k, v in token.items() if k != "id"} for token in added},
        },
    )  # fmt: skip
    model = type(model).from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    if architecture == "gemma3":
        # The converter knows the names that transformers 4 gave.
        folders.rename_tensors(folder, gemma3.SHAPES[1].prefixes)
    return model, plain


def convert(architecture: str, folder: Path, file: Path, projector: bool = False, kind: str = "F16") -> None:
    """Writes `file` from a checkpoint."""
    import conversion
    import gguf
    from conversion.base import ModelBase, TextModel

    TextModel.get_vocab_base_pre = lambda model, tokenizer: PRE[architecture]
    hparams = ModelBase.load_hparams(folder, False)
    made = conversion.get_model_class(hparams["architectures"][0], mmproj=projector)
    # It keeps Apertus' activations on its class, as if there were one checkpoint in a process.
    for kept in ("_alpha_n", "_alpha_p", "_beta", "_eps"):
        getattr(made, kept, {}).clear()
    with torch.inference_mode():
        made(folder, gguf.LlamaFileType[f"MOSTLY_{kind}"], file, eager=True).write()


class LlamaCpp:
    """llama.cpp through the bindings of llama-cpp-python."""

    def __init__(self):
        from llama_cpp import llama_cpp

        self.api = llama_cpp
        self.silence = llama_cpp.llama_log_callback(lambda level, text, data: None)
        llama_cpp.llama_log_set(self.silence, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()

    def quantize(self, source: Path, file: Path, kind: int) -> None:
        settings = self.api.llama_model_quantize_default_params()
        settings.ftype, settings.nthread = kind, 1
        failed = self.api.llama_model_quantize(str(source).encode(), str(file).encode(), ctypes.byref(settings))
        assert failed == 0, f"{file.name} could not be quantised"

    def logits(self, file: Path, ids: list[int]) -> torch.Tensor:
        """At every position, with keys and values cached in single precision."""
        api = self.api
        model_settings = api.llama_model_default_params()
        model_settings.n_gpu_layers = 0
        model = api.llama_model_load_from_file(str(file).encode(), model_settings)
        settings = api.llama_context_default_params()
        settings.n_ctx, settings.n_batch, settings.n_ubatch, settings.n_threads, settings.n_threads_batch = 256, 256, 256, 1, 1
        settings.type_k = settings.type_v = 0
        settings.flash_attn_type = 0
        context = api.llama_init_from_model(model, settings)
        size = api.llama_vocab_n_tokens(api.llama_model_get_vocab(model))
        batch = api.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0], batch.logits[i] = token, i, 1, 0, 1
        assert api.llama_decode(context, batch) == 0
        rows = [np.ctypeslib.as_array(api.llama_get_logits_ith(context, i), (size,)).copy() for i in range(len(ids))]
        api.llama_batch_free(batch)
        api.llama_free(context)
        api.llama_model_free(model)
        return torch.tensor(np.stack(rows))


def make(architecture: str, library: LlamaCpp) -> None:
    tensors = {}
    for number, (shape, numbers) in enumerate({"small": SMALL, "wide": WIDE}.items()):
        name = f"{architecture}-{shape}"
        with tempfile.TemporaryDirectory() as place:
            # The converter writes the folder's name into the file.
            folder, seed = folders.empty(Path(place) / name), 100 + 10 * list(MODELS).index(architecture) + number
            model, plain = write_checkpoint(architecture, numbers, seed, folder)
            generator = torch.Generator().manual_seed(seed)
            ids = torch.randint(plain.start, plain.stop, (TOKENS,), generator=generator)
            with torch.no_grad():
                reference = model(input_ids=ids[None]).logits[0].float()
            assert reference.std() >= 1, f"{name}: logits must spread by at least 1, not {reference.std()}"
            tensors |= {f"{shape}/ids": ids, f"{shape}/reference": reference.contiguous()}
            half = folder / "f16.gguf"
            convert(architecture, folder, half)
            for kind, (of, number_of_type) in FILES.items():
                if of == shape:
                    file = GOLDEN / f"{name}-{kind}.gguf"
                    library.quantize(half, file, number_of_type) if kind != "F16" else file.write_bytes(half.read_bytes())
                    logits = library.logits(file, ids.tolist())[:, : reference.shape[1]]
                    tensors[f"{shape}/{kind}"] = logits.contiguous()
                    off = (logits - reference).abs().max()
                    print(f"{file.name}: {file.stat().st_size} bytes, llama.cpp is off by {off:.4f}")
            if shape == "small":
                tensors |= keep(architecture, model, folder)
    save_file(tensors, GOLDEN / f"{architecture}.safetensors")
    (GOLDEN / f"{architecture}.safetensors").chmod(0o644)


def keep(architecture: str, model, folder: Path) -> dict[str, torch.Tensor]:
    """Keeps a checkpoint, what its tokenizer and its verdicts are, and its projector file; returns what it sees."""
    kept = folders.empty(GOLDEN / f"{architecture}-small")
    for file in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json"):
        if (folder / file).exists():
            (kept / file).write_bytes((folder / file).read_bytes())
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    texts = [{"text": text, "ids": tokenizer.encode(text, add_special_tokens=False)} for text in TEXTS]
    lines = ",\n".join(json.dumps(text, ensure_ascii=False) for text in texts)
    (GOLDEN / f"{architecture}.json").write_text(f"[\n{lines}\n]\n")
    controls, hostile = CONTROLS[architecture]
    subjects = text_subjects(hostile)
    if architecture not in VISION:
        arguments = lambda ids, inputs: {"input_ids": ids}
        Judge(folder, model, tokenizer, controls, lambda rendered, inputs: rendered, arguments).write(kept, subjects)
        return {}
    family = VISION[architecture]
    processor = family.make_processor(folder)
    arguments = lambda ids, inputs: family.model_inputs(model, ids, inputs)
    system = gemma3.SYSTEM if family is gemma3 else None
    judge = Judge(folder, model, processor, controls, EXPAND[architecture], arguments, system)
    judge.write(kept, subjects + image_subjects(hostile))
    for kind in ("F16", "Q8_0"):
        convert(architecture, folder, kept / f"mmproj-{kind}.gguf", projector=True, kind=kind)
    seen = family.image_tensors(model, processor.image_processor(images.load(["wide.png"]), return_tensors="pt"))
    return {name: of.contiguous() for name, of in seen.items() if name.startswith(("features", "deepstack"))}


def expand_qwen(rendered: str, inputs: dict) -> str:
    tokens = iter(int(grid.prod()) // 4 for grid in inputs.get("image_grid_thw", []))
    return re.sub(re.escape(qwen3_vl.IMAGE), lambda _: qwen3_vl.IMAGE * next(tokens), rendered)


def expand_gemma(rendered: str, inputs: dict) -> str:
    image = f"\n\n{gemma3.BEGIN}{gemma3.IMAGE * gemma3.TOKENS}{gemma3.END}\n\n"
    return re.sub(gemma3.BEGIN, image, rendered)


# Control tokens, and those that hostile text spells.
CONTROLS = {
    "qwen3": (checkpoints.CONTROLS, ["<|im_end|>", "<|endoftext|>", "<think>"]),
    "qwen3vl": (vocabulary.QWEN, [qwen3_vl.IMAGE, "<|vision_start|>", "<|im_end|>"]),
    "llama": (vocabulary.LLAMA, ["<|eot_id|>", "<|begin_of_text|>", "<|start_header_id|>"]),
    "apertus": (vocabulary.APERTUS, ["<|user_end|>", "<s>", "<|assistant_start|>"]),
    "gemma3": (vocabulary.GEMMA_FIRST + vocabulary.GEMMA_LAST, [gemma3.BEGIN, gemma3.IMAGE, "<end_of_turn>"]),
}
VISION = {"qwen3vl": qwen3_vl, "gemma3": gemma3}
EXPAND = {"qwen3vl": expand_qwen, "gemma3": expand_gemma}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sources", type=Path, required=True)
    arguments.add_argument("--library", type=Path, required=True)
    arguments.add_argument("--only", choices=MODELS, action="append")
    given = arguments.parse_args()
    os.environ["LLAMA_CPP_LIB_PATH"] = str(given.library.resolve())
    llama_cpp = given.sources.resolve() / "vendor" / "llama.cpp"
    sys.path[:0] = [str(given.sources.resolve()), str(llama_cpp), str(llama_cpp / "gguf-py")]
    torch.manual_seed(0)
    GOLDEN.mkdir(parents=True, exist_ok=True)
    library = LlamaCpp()
    for architecture in given.only or MODELS:
        make(architecture, library)


if __name__ == "__main__":
    main()
