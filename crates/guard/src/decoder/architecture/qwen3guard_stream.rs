//! Qwen3Guard-Stream: a Qwen3 decoder without the vocabulary's head; what it answers comes from heads of its own.
//!
//! Source: the model card's remote code and its tensors' names; the decoder is `modeling_qwen3.py` of transformers.

use saring_verdict::EngineError;

use super::{
    super::{
        config::{DecoderConfig, Head},
        keys::Keys,
    },
    Architecture, qwen3,
};

/// What a config.json says.
///
/// # Errors
/// `BadConfig` with the key.
pub(super) fn config(keys: &Keys<'_>) -> Result<DecoderConfig, EngineError> {
    Ok(DecoderConfig {
        architecture: Architecture::Qwen3GuardStream,
        head: Head::None,
        ..qwen3::config(keys)?
    })
}
