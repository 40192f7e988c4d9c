//! The tensors that a decoder needs, derived from what shapes it. Names are those of `checkpoint::names`.

use super::config::{DecoderConfig, FeedForwardKind, Head};
use crate::checkpoint::TensorSpec;

/// Every tensor of the decoder and its shape.
pub(super) fn specs(config: &DecoderConfig) -> Vec<TensorSpec> {
    let (c, h) = (config, config.hidden_size);
    let spec = |name: String, shape: &[usize]| TensorSpec { name, shape: shape.to_vec() };
    let mut specs = vec![
        spec("model.embed_tokens.weight".into(), &[c.vocab_size, h]),
        spec("model.norm.weight".into(), &[h]),
    ];
    if c.head == Head::Own {
        specs.push(spec("lm_head.weight".into(), &[c.vocab_size, h]));
    }
    for i in 0..c.num_hidden_layers {
        let of_layer = layer(c);
        specs.extend(of_layer.iter().map(|(name, shape)| spec(format!("model.layers.{i}.{name}"), shape)));
    }
    specs
}

fn layer(c: &DecoderConfig) -> Vec<(String, Vec<usize>)> {
    let (h, d, inner) = (c.hidden_size, c.head_dim, c.intermediate_size);
    let (queries, keys) = (c.num_attention_heads * d, c.num_key_value_heads * d);
    let mut tensors = vec![
        ("self_attn.q_proj.weight".into(), vec![queries, h]),
        ("self_attn.k_proj.weight".into(), vec![keys, h]),
        ("self_attn.v_proj.weight".into(), vec![keys, h]),
        ("self_attn.o_proj.weight".into(), vec![h, queries]),
        ("mlp.up_proj.weight".into(), vec![inner, h]),
        ("mlp.down_proj.weight".into(), vec![h, inner]),
    ];
    if c.norms.query_key {
        tensors.push(("self_attn.q_norm.weight".into(), vec![d]));
        tensors.push(("self_attn.k_norm.weight".into(), vec![d]));
    }
    let norms = [Some(c.norms.attention), c.norms.after_attention]
        .into_iter()
        .chain([Some(c.norms.feed_forward), c.norms.after_feed_forward]);
    tensors.extend(norms.flatten().map(|name| (format!("{name}.weight"), vec![h])));
    match c.feed_forward {
        FeedForwardKind::Gated(_) => tensors.push(("mlp.gate_proj.weight".into(), vec![inner, h])),
        FeedForwardKind::Xielu => {
            for (name, shape) in
                [("alpha_p", vec![1]), ("alpha_n", vec![1]), ("beta", vec![]), ("eps", vec![])]
            {
                tensors.push((format!("mlp.act_fn.{name}"), shape));
            }
        }
    }
    tensors
}
