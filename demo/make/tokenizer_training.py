"""Trains the byte-level BPE on the training texts, in the form Qwen's tokenizer has: the same normaliser
and pre-tokeniser, so that the program treats it as it treats the real ones.
"""

from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

from conversation import render
from training_set import Example

VOCABULARY_SIZE = 6144
# The pre-tokeniser of Qwen2 and Qwen3.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CONTROL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
# Structural, and yet not flagged "special", as in Qwen3.
THINK_TOKENS = ("<think>", "</think>")


def train_tokenizer(examples: list[Example]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
        ]
    )
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE - len(CONTROL_TOKENS) - len(THINK_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts_of(examples), trainer)
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in CONTROL_TOKENS])
    tokenizer.add_tokens([AddedToken(t, special=False, normalized=False) for t in THINK_TOKENS])
    return tokenizer


def texts_of(examples: list[Example]):
    """What the merges are learnt from: message texts, and the frame around them now and then, which makes
    the labels and the words of the template whole tokens without drowning the languages."""
    for number, example in enumerate(examples):
        for message in example.messages:
            yield message["content"]
        if number % 20 == 0:
            yield render([{"role": example.messages[-1]["role"], "content": ""}]).replace("<|im_", " ")
        yield example.gold.answer()
