//! Keys of config.json, read with an error that names the one that is wrong.

use std::path::Path;

use saring_verdict::EngineError;
use serde_json::Value;

/// The part of a config.json that describes a decoder: its root, or its `text_config`.
pub(super) struct Keys<'a> {
    path: &'a Path,
    /// The whole file.
    pub root: &'a Value,
    /// The decoder's part of it.
    pub text: &'a Value,
}

impl<'a> Keys<'a> {
    /// Of a config.json that lies at `path`.
    pub fn new(root: &'a Value, path: &'a Path) -> Self {
        let text = if root["text_config"].is_object() { &root["text_config"] } else { root };
        Self { path, root, text }
    }

    /// A refusal of the file.
    pub fn bad(&self, reason: impl Into<String>) -> EngineError {
        EngineError::BadConfig { path: self.path.to_owned(), reason: reason.into() }
    }

    /// A number from 1 to `max`.
    ///
    /// # Errors
    /// `BadConfig` where it is anything else.
    pub fn count(&self, key: &str, max: usize) -> Result<usize, EngineError> {
        self.text[key]
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
            .filter(|n| (1..=max).contains(n))
            .ok_or_else(|| self.bad(format!("`{key}` must be a number from 1 to {max}")))
    }

    /// A number from 1 to `max`, or what transformers takes where the key is absent.
    ///
    /// # Errors
    /// See [`Keys::count`].
    pub fn count_or(&self, key: &str, max: usize, default: usize) -> Result<usize, EngineError> {
        if self.text[key].is_null() { Ok(default) } else { self.count(key, max) }
    }

    /// A number above 0, or what transformers takes where the key is absent.
    ///
    /// # Errors
    /// `BadConfig` where it is anything else.
    pub fn positive_or(&self, key: &str, default: f64) -> Result<f64, EngineError> {
        match &self.text[key] {
            Value::Null => Ok(default),
            value => value
                .as_f64()
                .filter(|n| *n > 0.0)
                .ok_or_else(|| self.bad(format!("`{key}` must be a positive number"))),
        }
    }

    /// How many heads queries have, and how many keys and values; `defaults` are taken where the keys are absent.
    /// Without `defaults`, keys have as many as queries where theirs are not given.
    ///
    /// # Errors
    /// `BadConfig` where they do not go together.
    pub fn heads(&self, defaults: Option<(usize, usize)>) -> Result<(usize, usize), EngineError> {
        let queries = match defaults {
            Some((queries, _)) => self.count_or("num_attention_heads", 1 << 12, queries)?,
            None => self.count("num_attention_heads", 1 << 12)?,
        };
        let keys =
            self.count_or("num_key_value_heads", 1 << 12, defaults.map_or(queries, |(_, keys)| keys))?;
        if queries % keys == 0 {
            Ok((queries, keys))
        } else {
            Err(self.bad("`num_attention_heads` must be a multiple of `num_key_value_heads`"))
        }
    }

    /// How many numbers a head has.
    ///
    /// # Errors
    /// `BadConfig` where it cannot be rotated in pairs.
    pub fn head_dim(&self, default: usize) -> Result<usize, EngineError> {
        let head_dim = self.count_or("head_dim", 1 << 12, default)?;
        if head_dim > 0 && head_dim.is_multiple_of(2) {
            Ok(head_dim)
        } else {
            Err(self.bad("`head_dim` must be even"))
        }
    }

    /// The epsilon of the norms.
    ///
    /// # Errors
    /// `BadConfig` where it does not lie between 0 and 1.
    pub fn epsilon(&self, default: f64) -> Result<f64, EngineError> {
        let eps = self.positive_or("rms_norm_eps", default)?;
        if eps < 1.0 { Ok(eps) } else { Err(self.bad("`rms_norm_eps` must lie between 0 and 1")) }
    }

    /// Whether embedding and head are one table; the root decides where both parts speak.
    pub fn tied(&self, default: bool) -> bool {
        let key = "tie_word_embeddings";
        self.root[key].as_bool().or(self.text[key].as_bool()).unwrap_or(default)
    }

    /// Refuses what no decoder here computes.
    ///
    /// # Errors
    /// `BadConfig` with the key.
    pub fn refuse_unsupported(&self) -> Result<(), EngineError> {
        for key in ["attention_bias", "mlp_bias", "use_sliding_window", "use_bidirectional_attention"] {
            if self.text[key] == true {
                return Err(self.unsupported(key));
            }
        }
        for key in ["final_logit_softcapping", "attn_logit_softcapping", "quantization_config"] {
            if !self.text[key].is_null() || !self.root[key].is_null() {
                return Err(self.unsupported(key));
            }
        }
        Ok(())
    }

    /// Refuses any activation but `expected`.
    ///
    /// # Errors
    /// `BadConfig` with the key.
    pub fn require_activation(&self, key: &str, expected: &str) -> Result<(), EngineError> {
        match self.text[key].as_str() {
            None if self.text[key].is_null() => Ok(()),
            Some(found) if found == expected => Ok(()),
            _ => Err(self.unsupported(key)),
        }
    }

    /// Refuses layers with a window.
    ///
    /// # Errors
    /// `BadConfig` with the key.
    pub fn require_full_attention(&self) -> Result<(), EngineError> {
        let types = self.text["layer_types"].as_array();
        if types.is_some_and(|layers| layers.iter().any(|layer| layer != "full_attention")) {
            return Err(self.unsupported("layer_types"));
        }
        Ok(())
    }

    /// A refusal of the value that a key has.
    pub fn unsupported(&self, key: &str) -> EngineError {
        let value = if self.text[key].is_null() { &self.root[key] } else { &self.text[key] };
        // A list of layers or a whole object says no more than its key.
        let value = if value.is_array() || value.is_object() { String::new() } else { format!(": {value}") };
        self.bad(format!("`{key}`{value} is not supported"))
    }
}
