//! config.json of a Qwen3 checkpoint, as `transformers` 4 and 5 write it.

use std::path::Path;

use saring_verdict::EngineError;
use serde_json::Value;

use super::rope::RopeScaling;

/// What shapes a Qwen3 decoder. Field names are config.json's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Qwen3Config {
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub num_key_value_heads: usize,
    pub head_dim: usize,
    pub vocab_size: usize,
    pub max_position_embeddings: usize,
    pub rms_norm_eps: f64,
    pub rope_theta: f64,
    pub rope_scaling: RopeScaling,
    pub tie_word_embeddings: bool,
}

/// Reads keys of config.json and says which one is wrong.
struct Keys<'a> {
    path: &'a Path,
    root: &'a Value,
}

impl Keys<'_> {
    fn bad(&self, reason: impl Into<String>) -> EngineError {
        EngineError::BadConfig { path: self.path.to_owned(), reason: reason.into() }
    }

    fn count(&self, key: &str, max: usize) -> Result<usize, EngineError> {
        self.root[key]
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
            .filter(|n| (1..=max).contains(n))
            .ok_or_else(|| self.bad(format!("`{key}` must be a number from 1 to {max}")))
    }

    fn refuse(&self, unsupported: bool, what: &str) -> Result<(), EngineError> {
        if unsupported { Err(self.bad(format!("{what} is not supported"))) } else { Ok(()) }
    }
}

impl Qwen3Config {
    /// Reads config.json and refuses what the decoder does not compute.
    ///
    /// # Errors
    /// `BadConfig` with the key.
    pub fn from_json(root: &Value, path: &Path) -> Result<Self, EngineError> {
        let keys = Keys { path, root };
        let hidden_size = keys.count("hidden_size", 1 << 16)?;
        let num_attention_heads = keys.count("num_attention_heads", 1 << 12)?;
        let num_key_value_heads = keys.count("num_key_value_heads", 1 << 12)?;
        if num_attention_heads % num_key_value_heads != 0 {
            return Err(keys.bad("`num_attention_heads` must be a multiple of `num_key_value_heads`"));
        }
        let head_dim = match &root["head_dim"] {
            Value::Null => hidden_size / num_attention_heads,
            _ => keys.count("head_dim", 1 << 12)?,
        };
        if head_dim == 0 || head_dim % 2 != 0 {
            return Err(keys.bad("`head_dim` must be even"));
        }
        keys.refuse(root["attention_bias"] == true, "`attention_bias`: true")?;
        keys.refuse(root["use_sliding_window"] == true, "`use_sliding_window`: true")?;
        let act = root["hidden_act"].as_str().unwrap_or("silu");
        keys.refuse(act != "silu", &format!("`hidden_act`: {act:?}"))?;
        let sliding = root["layer_types"]
            .as_array()
            .is_some_and(|layers| layers.iter().any(|layer| layer != "full_attention"));
        keys.refuse(sliding, "a layer type other than full_attention")?;
        keys.refuse(!root["quantization_config"].is_null(), "a quantized checkpoint")?;
        let eps = root["rms_norm_eps"].as_f64().filter(|e| *e > 0.0 && *e < 1.0);
        let (rope_theta, rope_scaling) = RopeScaling::from_json(root).map_err(|reason| keys.bad(reason))?;
        Ok(Self {
            hidden_size,
            intermediate_size: keys.count("intermediate_size", 1 << 20)?,
            num_hidden_layers: keys.count("num_hidden_layers", 1 << 10)?,
            num_attention_heads,
            num_key_value_heads,
            head_dim,
            vocab_size: keys.count("vocab_size", 1 << 24)?,
            max_position_embeddings: keys.count("max_position_embeddings", 1 << 24)?,
            rms_norm_eps: eps.ok_or_else(|| keys.bad("`rms_norm_eps` must lie between 0 and 1"))?,
            rope_theta,
            rope_scaling,
            // transformers' default for a config that does not say.
            tie_word_embeddings: root["tie_word_embeddings"].as_bool().unwrap_or(false),
        })
    }

    /// Bytes of one token's keys and values over all layers.
    pub fn cache_bytes_per_token(&self, number_bytes: usize) -> u64 {
        (2 * self.num_hidden_layers * self.num_key_value_heads * self.head_dim * number_bytes) as u64
    }
}
