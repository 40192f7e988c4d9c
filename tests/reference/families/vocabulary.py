"""Small tokenizers in the forms of the real ones: byte-level BPE (Qwen, Llama, Apertus) and BPE with byte fallback (Gemma)."""

import json
from collections import Counter
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

import answers
import checkpoints

QWEN = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>",
    "<think>", "</think>",
]  # fmt: skip
LLAMA = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>"]
APERTUS = [
    "<unk>", "<s>", "</s>", "<|system_start|>", "<|system_end|>", "<|developer_start|>", "<|developer_end|>",
    "<|user_start|>", "<|user_end|>", "<|assistant_start|>", "<|assistant_end|>", "<|inner_prefix|>", "<|inner_suffix|>",
    "<|tools_prefix|>", "<|tools_suffix|>",
]  # fmt: skip
GEMMA_FIRST = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
GEMMA_LAST = ["<start_of_image>", "<end_of_image>", "<image_soft_token>"]
# Added tokens of Gemma that are ordinary text all the same.
GEMMA_TEXT = ["\n", "\n\n", "\n\n\n", "\u2581\u2581", "\u2581\u2581\u2581", "<table>", "</table>"]

# The pre-tokenizer patterns of Llama 3 and of Apertus.
LLAMA_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
APERTUS_PATTERN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# How many characters have pieces of their own where others fall back to bytes.
ALPHABET = 64
# Control tokens that the published files do not flag as special.
ORDINARY = {"<think>", "</think>"}

CORPUS = [
    *[answers.SEA_GUARD.format(what=what, rest="") for what in ("human user's request", "AI assistant's response")] * 3,
    *["safe", "unsafe", "safe or unsafe", "Human user: ", "\nAI assistant:", "assistant\n", "user\n", "model\n"] * 6,
    "You are a helpful assistant.",
    *checkpoints.SENTENCES[5:],
]


def added(text: str, token_id: int, special: bool) -> dict:
    return dict(id=token_id, content=text, single_word=False, lstrip=False, rstrip=False, normalized=False, special=special)


def starting_with(token: str, token_id: int) -> dict:
    """A post-processor that puts one token in front."""
    return {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": token, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {token: {"id": token, "ids": [token_id], "tokens": [token]}},
    }


def write(path: Path, document: dict) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")))


def byte_level(
    path: Path, controls: list[str], merges: int, pattern: str = checkpoints.PATTERN, first: str | None = None
) -> range:
    """Byte-level BPE; `first` is put before every text. Returns the plain tokens.

    Control tokens come after the others, in Apertus before them and within the vocabulary. Llama takes a word that is in
    the vocabulary whole, whatever the merges say.
    """
    tokenizer = Tokenizer(models.BPE(ignore_merges=controls is LLAMA))
    if pattern == checkpoints.PATTERN:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=len(alphabet) + merges, show_progress=False, initial_alphabet=alphabet)
    )
    document = json.loads(tokenizer.to_str())
    vocabulary = document["model"]["vocab"]
    plain = range(len(vocabulary))
    if controls is APERTUS:
        plain = range(len(controls), len(controls) + len(vocabulary))
        shifted = {piece: i + len(controls) for piece, i in vocabulary.items()}
        document["model"]["vocab"] = {control: i for i, control in enumerate(controls)} | shifted
    start = 0 if plain.start else plain.stop
    document["added_tokens"] = [added(text, start + i, text not in ORDINARY) for i, text in enumerate(controls)]
    document["decoder"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    if first:
        document["post_processor"] = starting_with(first, start + controls.index(first))
    write(path, document)
    return plain


def byte_fallback(path: Path, pieces: int) -> range:
    """BPE as SentencePiece exports it: spaces are \u2581, unknown characters are bytes. Returns the plain tokens."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    # Chosen here: the trainer breaks ties between equally frequent characters as it happens.
    counted = Counter("".join(CORPUS).replace(" ", "\u2581").replace("\n", "")).items()
    alphabet = [character for character, _ in sorted(counted, key=lambda item: (-item[1], item[0]))[:ALPHABET]]
    trainer = trainers.BpeTrainer(
        vocab_size=pieces, show_progress=False, initial_alphabet=alphabet, limit_alphabet=len(alphabet)
    )
    trained.train_from_iterator(CORPUS, trainer)
    model = json.loads(trained.to_str())["model"]
    learned = [piece for piece in sorted(model["vocab"], key=model["vocab"].get) if piece not in GEMMA_TEXT]
    plain = GEMMA_TEXT + [f"<0x{byte:02X}>" for byte in range(256)] + learned
    order = GEMMA_FIRST + plain + GEMMA_LAST
    ids = {piece: i for i, piece in enumerate(order)}
    controls = GEMMA_FIRST + GEMMA_LAST
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(text, ids[text], text in controls) for text in order if text in {*controls, *GEMMA_TEXT}],
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
        "pre_tokenizer": {
            "type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False,
        },
        "post_processor": starting_with("<bos>", ids["<bos>"]),
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
            ],
        },
        "model": model | {"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True, "vocab": ids},
    }  # fmt: skip
    merges = [pair for pair in model["merges"] if "".join(pair) in ids]
    assert len(merges) == len(model["merges"]), "every merge must have its piece"
    write(path, document)
    return range(len(GEMMA_FIRST), len(GEMMA_FIRST) + len(plain))
