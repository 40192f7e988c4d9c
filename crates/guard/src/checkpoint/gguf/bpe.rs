//! Byte-level BPE: Qwen's, Llama 3's and Apertus' tokenizers.

use serde_json::{Map, Value, json};

use super::vocabulary::{Kind, Vocabulary};

/// How text is split before pairs are merged, by the names that `tokenizer.ggml.pre` has for it.
struct PreTokenizer {
    names: &'static [&'static str],
    pattern: &'static str,
    /// Whether text is composed first.
    composed: bool,
    /// Whether a piece that is a token as it stands is taken whole, whatever the merges say.
    whole: bool,
}

/// The patterns are those of the authors' tokenizer.json files.
const PRE_TOKENIZERS: [PreTokenizer; 4] = [
    PreTokenizer {
        names: &["qwen2", "deepseek-r1-qwen"],
        pattern: r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        composed: true,
        whole: false,
    },
    PreTokenizer {
        names: &["qwen35"],
        pattern: r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        composed: true,
        whole: false,
    },
    PreTokenizer {
        names: &["llama-bpe", "llama3", "llama-v3"],
        pattern: r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        composed: false,
        whole: true,
    },
    PreTokenizer {
        names: &["tekken"],
        pattern: concat!(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
            r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ),
        composed: false,
        whole: true,
    },
];

/// What tokenizer.json would say.
///
/// # Errors
/// A pre-tokenizer that is not known, or the key that is missing or wrong.
pub(super) fn tokenizer(vocabulary: &Vocabulary<'_>) -> Result<Value, String> {
    let name = vocabulary.metadata.text("tokenizer.ggml.pre").unwrap_or_default();
    let pre = PRE_TOKENIZERS.iter().find(|pre| pre.names.contains(&name)).ok_or_else(|| {
        let known: Vec<&str> = PRE_TOKENIZERS.iter().map(|pre| pre.names[0]).collect();
        format!("`tokenizer.ggml.pre` is {name:?}; {} are read, so convert the model again", known.join(", "))
    })?;
    let (mut pieces, mut added) = (Map::new(), Vec::new());
    for (id, (token, kind)) in vocabulary.tokens.iter().zip(&vocabulary.kinds).enumerate() {
        match kind {
            Kind::Normal | Kind::Byte => {
                pieces.insert(token.clone(), id.into());
            }
            Kind::Control | Kind::UserDefined | Kind::Unknown => added.push(vocabulary.added(id, token)),
            Kind::Unused => {}
        }
    }
    Ok(json!({
        "version": "1.0",
        "added_tokens": added,
        "normalizer": if pre.composed { json!({"type": "NFC"}) } else { Value::Null },
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pre.pattern}, "behavior": "Isolated", "invert": false},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
        ]},
        "post_processor": null,
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": pre.whole,
            "vocab": pieces,
            "merges": vocabulary.metadata.texts("tokenizer.ggml.merges")?,
        },
    }))
}
