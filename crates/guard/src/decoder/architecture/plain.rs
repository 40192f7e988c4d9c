//! What most architectures have in common: every token sees all before it, one kind of positions, a gated MLP under SiLU.
//! The others are described by what they change.

use saring_verdict::EngineError;

use super::{
    super::{
        config::{Attention, DecoderConfig, FeedForwardKind, Head, Norms},
        keys::Keys,
        rope::RopeConfig,
    },
    Architecture,
};
use crate::layers::Activation;

/// What a config.json says. `head_dim` and `rms_norm_eps` are taken where it is silent; without a `head_dim` the hidden
/// size is divided among the heads.
///
/// # Errors
/// `BadConfig` with the key.
pub(super) fn config(
    keys: &Keys<'_>,
    architecture: Architecture,
    head_dim: Option<usize>,
    rms_norm_eps: f64,
) -> Result<DecoderConfig, EngineError> {
    keys.require_full_attention()?;
    let hidden_size = keys.count("hidden_size", 1 << 16)?;
    let num_hidden_layers = keys.count("num_hidden_layers", 1 << 10)?;
    let (num_attention_heads, num_key_value_heads) = keys.heads(None)?;
    let head_dim = keys.head_dim(head_dim.unwrap_or(hidden_size / num_attention_heads))?;
    let rope = RopeConfig::from_json(keys.text, None, None).map_err(|reason| keys.bad(reason))?;
    Ok(DecoderConfig {
        architecture,
        hidden_size,
        intermediate_size: keys.count("intermediate_size", 1 << 20)?,
        num_hidden_layers,
        num_attention_heads,
        num_key_value_heads,
        head_dim,
        vocab_size: keys.count("vocab_size", 1 << 24)?,
        max_position_embeddings: keys.count("max_position_embeddings", 1 << 24)?,
        rms_norm_eps: keys.epsilon(rms_norm_eps)?,
        embedding_scale: 1.0,
        attention_scale: (head_dim as f64).powf(-0.5),
        attentions: vec![Attention { window: None, rope }],
        layer_attentions: vec![0; num_hidden_layers],
        images_see_themselves: false,
        norms: Norms::PLAIN,
        feed_forward: FeedForwardKind::Gated(Activation::Silu),
        head: Head::tied(keys.tied(false)),
    })
}
