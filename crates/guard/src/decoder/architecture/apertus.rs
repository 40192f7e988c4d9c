//! Apertus: grouped-query attention with normalized queries and keys, an MLP without a gate under xIELU.
//!
//! Follows `configuration_apertus.py` and `modeling_apertus.py` of transformers.

use saring_verdict::EngineError;

use super::{
    super::{
        config::{Attention, DecoderConfig, FeedForwardKind, Head, Norms},
        keys::Keys,
        rope::RopeConfig,
    },
    Architecture,
};

/// What a config.json says.
///
/// # Errors
/// `BadConfig` with the key.
pub(super) fn config(keys: &Keys<'_>) -> Result<DecoderConfig, EngineError> {
    keys.refuse_unsupported()?;
    keys.require_activation("hidden_act", "xielu")?;
    keys.require_full_attention()?;
    // Early files name two choices of which only one was ever published.
    for (key, unsupported) in [("qk_norm", false), ("post_norm", true)] {
        if keys.text[key] == unsupported {
            return Err(keys.unsupported(key));
        }
    }
    let hidden_size = keys.count("hidden_size", 1 << 16)?;
    let num_hidden_layers = keys.count("num_hidden_layers", 1 << 10)?;
    let (num_attention_heads, num_key_value_heads) = keys.heads(None)?;
    let head_dim = keys.head_dim(hidden_size / num_attention_heads)?;
    let rope = RopeConfig::from_json(keys.text, None, None).map_err(|reason| keys.bad(reason))?;
    Ok(DecoderConfig {
        architecture: Architecture::Apertus,
        hidden_size,
        intermediate_size: keys.count("intermediate_size", 1 << 20)?,
        num_hidden_layers,
        num_attention_heads,
        num_key_value_heads,
        head_dim,
        vocab_size: keys.count("vocab_size", 1 << 24)?,
        max_position_embeddings: keys.count("max_position_embeddings", 1 << 24)?,
        rms_norm_eps: keys.epsilon(1e-5)?,
        embedding_scale: 1.0,
        attention_scale: (head_dim as f64).powf(-0.5),
        attentions: vec![Attention { window: None, rope }],
        layer_attentions: vec![0; num_hidden_layers],
        images_see_themselves: false,
        norms: Norms {
            attention: "attention_layernorm",
            feed_forward: "feedforward_layernorm",
            ..Norms::PLAIN
        },
        feed_forward: FeedForwardKind::Xielu,
        head: Head::tied(keys.tied(false)),
    })
}
