//! Gemma 3: layers with a window among layers without, each kind with a rope of its own; norms around both parts of a
//! layer; images whose tokens see each other.
//!
//! Follows `configuration_gemma3.py` and `modeling_gemma3.py` of transformers. The published configurations leave out what
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

/// Indices of the two kinds in [`DecoderConfig::attentions`].
const GLOBAL: usize = 0;
const LOCAL: usize = 1;

/// What a config.json says.
///
/// # Errors
/// `BadConfig` with the key.
pub(super) fn config(keys: &Keys<'_>) -> Result<DecoderConfig, EngineError> {
    keys.refuse_unsupported()?;
    keys.require_activation("hidden_activation", "gelu_pytorch_tanh")?;
    let hidden_size = keys.count_or("hidden_size", 1 << 16, 2304)?;
    let num_hidden_layers = keys.count_or("num_hidden_layers", 1 << 10, 26)?;
    let (num_attention_heads, num_key_value_heads) = keys.heads(Some((8, 4)))?;
    let head_dim = keys.head_dim(256)?;
    let window = keys.count_or("sliding_window", 1 << 24, 4096)?;
    let rope = |kind: &str, theta: f64| {
        RopeConfig::from_json(keys.text, Some(kind), Some(theta)).map_err(|reason| keys.bad(reason))
    };
    Ok(DecoderConfig {
        architecture: Architecture::Gemma3,
        hidden_size,
        intermediate_size: keys.count_or("intermediate_size", 1 << 20, 9216)?,
        num_hidden_layers,
        num_attention_heads,
        num_key_value_heads,
        head_dim,
        vocab_size: keys.count_or("vocab_size", 1 << 24, 262_208)?,
        max_position_embeddings: keys.count_or("max_position_embeddings", 1 << 24, 131_072)?,
        rms_norm_eps: keys.epsilon(1e-6)?,
        embedding_scale: (hidden_size as f64).sqrt(),
        attention_scale: keys.positive_or("query_pre_attn_scalar", 256.0)?.powf(-0.5),
        attentions: vec![
            Attention { window: None, rope: rope("full_attention", 1e6)? },
            Attention { window: Some(window), rope: rope("sliding_attention", 1e4)? },
        ],
        layer_attentions: layer_attentions(keys, num_hidden_layers)?,
        images_see_themselves: true,
        norms: Norms {
            weights_less_one: true,
            query_key: true,
            attention: "input_layernorm",
            after_attention: Some("post_attention_layernorm"),
            feed_forward: "pre_feedforward_layernorm",
            after_feed_forward: Some("post_feedforward_layernorm"),
        },
        feed_forward: FeedForwardKind::Gated(Activation::GeluTanh),
        head: Head::tied(keys.tied(true)),
    })
}

/// The kind of each layer: from a list, or every so many layers a global one.
fn layer_attentions(keys: &Keys<'_>, layers: usize) -> Result<Vec<usize>, EngineError> {
    let Some(types) = keys.text["layer_types"].as_array() else {
        let pattern = keys.count_or("sliding_window_pattern", 1 << 10, 6)?;
        return Ok((1..=layers).map(|i| if i % pattern == 0 { GLOBAL } else { LOCAL }).collect());
    };
    let kinds: Option<Vec<usize>> = types
        .iter()
        .map(|kind| match kind.as_str() {
            Some("full_attention") => Some(GLOBAL),
            Some("sliding_attention") => Some(LOCAL),
            _ => None,
        })
        .collect();
    kinds.filter(|kinds| kinds.len() == layers).ok_or_else(|| {
        keys.bad("`layer_types` must give each layer as full_attention or sliding_attention".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_published_configuration_leaves_out_has_the_class_defaults() {
        // The text part of Gemma 3 4B, as it was published.
        let root = json!({
            "architectures": ["Gemma3ForConditionalGeneration"],
            "text_config": {
                "hidden_size": 2560, "intermediate_size": 10240, "model_type": "gemma3_text",
                "num_hidden_layers": 34, "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
                "sliding_window": 1024,
            },
        });
        let found = config(&Keys::new(&root, Path::new("config.json"))).unwrap();
        let heads = (found.num_attention_heads, found.num_key_value_heads, found.head_dim);
        assert_eq!(heads, (8, 4, 256));
        assert_eq!((found.vocab_size, found.max_position_embeddings), (262_208, 131_072));
        assert_eq!(found.attention_scale, 1.0 / 16.0);
        assert_eq!(found.head, Head::Tied);
        let global: Vec<usize> = (0..34).filter(|i| found.layer_attentions[*i] == GLOBAL).collect();
        assert_eq!(global, [5, 11, 17, 23, 29], "every sixth layer sees everything");
        assert_eq!((found.attentions[GLOBAL].window, found.attentions[LOCAL].window), (None, Some(1024)));
        assert_eq!((found.attentions[GLOBAL].rope.theta, found.attentions[LOCAL].rope.theta), (1e6, 1e4));
        assert_ne!(found.attentions[GLOBAL].rope.scaling, found.attentions[LOCAL].rope.scaling);
    }
}
