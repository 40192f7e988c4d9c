//! Apertus: grouped-query attention with normalized queries and keys, an MLP without a gate under xIELU.
//!
//! Follows `configuration_apertus.py` and `modeling_apertus.py` of transformers.

use saring_verdict::EngineError;

use super::{
    super::{
        config::{DecoderConfig, FeedForwardKind, Norms},
        keys::Keys,
    },
    Architecture, plain,
};

/// What a config.json says.
///
/// # Errors
/// `BadConfig` with the key.
pub(super) fn config(keys: &Keys<'_>) -> Result<DecoderConfig, EngineError> {
    keys.refuse_unsupported()?;
    keys.require_activation("hidden_act", "xielu")?;
    // Early files name two choices of which only one was ever published.
    for (key, unsupported) in [("qk_norm", false), ("post_norm", true)] {
        if keys.text[key] == unsupported {
            return Err(keys.unsupported(key));
        }
    }
    Ok(DecoderConfig {
        norms: Norms {
            attention: "attention_layernorm",
            feed_forward: "feedforward_layernorm",
            ..Norms::PLAIN
        },
        feed_forward: FeedForwardKind::Xielu,
        ..plain::config(keys, Architecture::Apertus, None, 1e-5)?
    })
}
