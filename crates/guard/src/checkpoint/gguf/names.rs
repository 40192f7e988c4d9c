//! GGUF's names of tensors, and what converters did to some of them.

use super::Architecture;
use crate::checkpoint::weights::{Change, Place};

/// A decoder's tensors outside of its layers.
const OUTER: [(&str, &str); 3] =
    [("token_embd", "model.embed_tokens"), ("output_norm", "model.norm"), ("output", "lm_head")];

/// What the parts of a layer are called in the checkpoint that was converted.
const PARTS: [(&str, &str); 11] = [
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
    ("post_attention_norm", "post_attention_layernorm"),
    ("post_ffw_norm", "post_feedforward_layernorm"),
];

/// A decoder's tensor by its own name; one that is not known keeps the name that it has, and is then reported.
pub(super) fn decoder(architecture: Architecture, name: &str) -> String {
    let Some((stem, kind)) = name.rsplit_once('.') else { return name.to_owned() };
    if let Some((_, outer)) = OUTER.iter().find(|(written, _)| *written == stem) {
        return format!("{outer}.{kind}");
    }
    let layer = stem.strip_prefix("blk.").and_then(|rest| rest.split_once('.'));
    let Some((layer, part)) = layer else { return name.to_owned() };
    let norms = match architecture {
        Architecture::Gemma3 => ("input_layernorm", "pre_feedforward_layernorm"),
        Architecture::Apertus => ("attention_layernorm", "feedforward_layernorm"),
        _ => ("input_layernorm", "post_attention_layernorm"),
    };
    let part = match part {
        "attn_norm" => norms.0,
        "ffn_norm" => norms.1,
        _ => match PARTS.iter().find(|(written, _)| *written == part) {
            Some((_, part)) => part,
            None => return name.to_owned(),
        },
    };
    format!("model.layers.{layer}.{part}.{kind}")
}

/// Marks what the converter changed, so that it is undone when the tensor is read.
pub(super) fn undo(
    architecture: Architecture,
    heads: usize,
    key_heads: usize,
    name: &str,
    place: &mut Place,
) {
    let is = |part: &str| name.contains(&format!(".self_attn.{part}."));
    place.change = match architecture {
        // Converters put the two numbers that are rotated together side by side.
        Architecture::Llama if is("q_proj") => Some(Change::Interleaved { heads }),
        Architecture::Llama if is("k_proj") => Some(Change::Interleaved { heads: key_heads }),
        // Gemma's norms multiply by one more than their weight; in a GGUF file one is added already.
        Architecture::Gemma3 if name.ends_with("norm.weight") => Some(Change::OneAdded),
        _ => None,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_part_has_the_name_that_its_architecture_gives_it() {
        for (architecture, name, expected) in [
            (
                Architecture::Qwen3,
                "blk.12.ffn_norm.weight",
                "model.layers.12.post_attention_layernorm.weight",
            ),
            (
                Architecture::Gemma3,
                "blk.0.ffn_norm.weight",
                "model.layers.0.pre_feedforward_layernorm.weight",
            ),
            (Architecture::Apertus, "blk.0.attn_norm.weight", "model.layers.0.attention_layernorm.weight"),
            (Architecture::Llama, "blk.3.attn_output.weight", "model.layers.3.self_attn.o_proj.weight"),
            (Architecture::Qwen3Vl, "token_embd.weight", "model.embed_tokens.weight"),
            (Architecture::Qwen3, "output.weight", "lm_head.weight"),
            (Architecture::Qwen3, "blk.0.attn_qkv.weight", "blk.0.attn_qkv.weight"),
        ] {
            assert_eq!(decoder(architecture, name), expected);
        }
    }
}
