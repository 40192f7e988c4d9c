//! Qwen3-VL: a Qwen3 decoder whose positions have three coordinates, which alternate over the frequencies.
//!
//! Follows `configuration_qwen3_vl.py` and `modeling_qwen3_vl.py` of transformers. A nested configuration leaves out what
//! equals the class defaults, so they are filled in here.

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

/// The class default of `mrope_section`.
const SECTIONS: [usize; 3] = [24, 20, 20];

/// What a config.json says.
///
/// # Errors
/// `BadConfig` with the key.
pub(super) fn config(keys: &Keys<'_>) -> Result<DecoderConfig, EngineError> {
    keys.refuse_unsupported()?;
    keys.require_activation("hidden_act", "silu")?;
    keys.require_full_attention()?;
    let num_hidden_layers = keys.count_or("num_hidden_layers", 1 << 10, 32)?;
    let (num_attention_heads, num_key_value_heads) = keys.heads(Some((32, 32)))?;
    let head_dim = keys.head_dim(128)?;
    let rope = RopeConfig::from_json(keys.text, None, None)
        .and_then(|rope| rope.with_sections(keys.text, SECTIONS))
        .map_err(|reason| keys.bad(reason))?;
    Ok(DecoderConfig {
        architecture: Architecture::Qwen3Vl,
        hidden_size: keys.count_or("hidden_size", 1 << 16, 4096)?,
        intermediate_size: keys.count_or("intermediate_size", 1 << 20, 22_016)?,
        num_hidden_layers,
        num_attention_heads,
        num_key_value_heads,
        head_dim,
        vocab_size: keys.count_or("vocab_size", 1 << 24, 151_936)?,
        max_position_embeddings: keys.count_or("max_position_embeddings", 1 << 24, 128_000)?,
        rms_norm_eps: keys.epsilon(1e-6)?,
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
