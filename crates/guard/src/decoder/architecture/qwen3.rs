//! Qwen3: grouped-query attention with normalized queries and keys, gated MLP.
//!
//! Follows `configuration_qwen3.py` and `modeling_qwen3.py` of transformers.

use saring_verdict::EngineError;

use super::{
    super::{config::DecoderConfig, keys::Keys},
    Architecture, plain,
};

/// What a config.json says.
///
/// # Errors
/// `BadConfig` with the key.
pub(super) fn config(keys: &Keys<'_>) -> Result<DecoderConfig, EngineError> {
    keys.refuse_unsupported()?;
    keys.require_activation("hidden_act", "silu")?;
    plain::config(keys, Architecture::Qwen3, Some(128), 1e-6)
}
