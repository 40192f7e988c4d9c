//! Llama 3.1: grouped-query attention without norms on queries and keys, gated MLP, stretched low frequencies.
//!
//! Follows `configuration_llama.py` and `modeling_llama.py` of transformers.

use saring_verdict::EngineError;

use super::{
    super::{
        config::{DecoderConfig, Norms},
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
    keys.require_activation("hidden_act", "silu")?;
    Ok(DecoderConfig {
        norms: Norms { query_key: false, ..Norms::PLAIN },
        ..plain::config(keys, Architecture::Llama, None, 1e-6)?
    })
}
