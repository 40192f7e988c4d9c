//! `tokenizer.ggml.*`: tokens, what they are for, and which of them end an answer.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{bpe, metadata::Metadata, sentencepiece};

/// Most tokens, as config.json may have.
const TOKENS_MAX: usize = 1 << 22;

/// Texts of control tokens that end a turn. A file names one of them at most; llama.cpp stops at all.
const ENDS: [&str; 6] =
    ["<|im_end|>", "<end_of_turn>", "<|eot_id|>", "<|eom_id|>", "<|assistant_end|>", "<|tools_suffix|>"];

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text.
    Normal,
    /// What stands for text that cannot be spelled.
    Unknown,
    /// A special token.
    Control,
    /// An added token that is not special.
    UserDefined,
    /// A row of the embedding without a token.
    Unused,
    /// One byte.
    Byte,
}

impl Kind {
    fn new(number: f64) -> Option<Self> {
        const KINDS: [Kind; 6] =
            [Kind::Normal, Kind::Unknown, Kind::Control, Kind::UserDefined, Kind::Unused, Kind::Byte];
        KINDS.into_iter().enumerate().find(|(i, _)| (i + 1) as f64 == number).map(|(_, kind)| kind)
    }
}

/// The tokens of a file.
pub(super) struct Vocabulary<'a> {
    /// Where the rest of it stands.
    pub metadata: &'a Metadata,
    /// By id.
    pub tokens: &'a [String],
    /// By id.
    pub kinds: Vec<Kind>,
    ids: HashMap<&'a str, u32>,
}

impl<'a> Vocabulary<'a> {
    /// Reads the tokens.
    ///
    /// # Errors
    /// The key that is missing or wrong.
    pub fn read(metadata: &'a Metadata) -> Result<Self, String> {
        let tokens = metadata.texts("tokenizer.ggml.tokens")?;
        let numbers = metadata.numbers("tokenizer.ggml.token_type")?;
        if tokens.len() != numbers.len() || tokens.is_empty() || tokens.len() > TOKENS_MAX {
            return Err(format!("it has {} tokens and {} token types", tokens.len(), numbers.len()));
        }
        let kinds = numbers
            .iter()
            .map(|n| {
                Kind::new(*n).ok_or_else(|| format!("`tokenizer.ggml.token_type` has the unknown type {n}"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut ids = HashMap::with_capacity(tokens.len());
        for (id, token) in tokens.iter().enumerate() {
            if let Some(other) = ids.insert(token.as_str(), id as u32) {
                return Err(format!("the tokens {other} and {id} have the same text"));
            }
        }
        Ok(Self { metadata, tokens, kinds, ids })
    }

    /// The id of a control or added token.
    pub fn id(&self, token: &str) -> Option<u32> {
        let id = *self.ids.get(token)?;
        matches!(self.kinds[id as usize], Kind::Control | Kind::UserDefined | Kind::Unknown).then_some(id)
    }

    /// The ids that end an answer, the one that the file names first.
    pub fn ends(&self) -> Vec<u32> {
        let named = ["eos", "eot", "eom"].iter().filter_map(|name| self.named(name));
        let mut ends: Vec<u32> = Vec::new();
        for id in named.chain(ENDS.iter().filter_map(|token| self.id(token))) {
            if !ends.contains(&id) {
                ends.push(id);
            }
        }
        ends
    }

    /// What tokenizer.json would say.
    ///
    /// # Errors
    /// A tokenizer that is not read, or the key that is missing or wrong.
    pub fn tokenizer(&self) -> Result<Value, String> {
        match self.metadata.text("tokenizer.ggml.model") {
            Some("gpt2") => bpe::tokenizer(self),
            Some("llama") => sentencepiece::tokenizer(self),
            other => Err(format!("its tokenizer is {}; gpt2 and llama are read", other.unwrap_or("missing"))),
        }
    }

    /// What tokenizer_config.json would say, without the chat template.
    pub fn tokenizer_config(&self) -> Value {
        let mut config = Map::new();
        let names =
            [("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"), ("pad_token", "padding")];
        for (key, name) in names {
            if let Some(id) = self.named(name) {
                config.insert(key.into(), self.tokens[id as usize].as_str().into());
            }
        }
        Value::Object(config)
    }

    /// A token that the file names for a purpose.
    fn named(&self, purpose: &str) -> Option<u32> {
        let id = self.metadata.number(&format!("tokenizer.ggml.{purpose}_token_id")).ok()?;
        (id >= 0.0 && id.fract() == 0.0 && id < self.tokens.len() as f64).then_some(id as u32)
    }

    /// An entry of `added_tokens`.
    pub fn added(&self, id: usize, text: &str) -> Value {
        json!({
            "id": id, "content": text, "special": self.kinds[id] != Kind::UserDefined,
            "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        })
    }
}
