//! What the decoder does not compute is refused, not ignored.

use std::path::Path;

use serde_json::json;

use super::*;

fn refusal(shape: &str, change: impl FnOnce(&mut Value)) -> Option<String> {
    let mut checkpoint = Checkpoint::open(&folder(shape)).unwrap();
    change(&mut checkpoint.config);
    let architecture = Architecture::from_name(&checkpoint.architecture).unwrap();
    architecture.config(&checkpoint.config, Path::new("config.json")).err().map(|e| e.to_string())
}

#[test]
fn what_the_decoder_does_not_compute_is_refused() {
    for shape in SHAPES {
        for (key, value) in [
            ("attention_bias", json!(true)),
            ("mlp_bias", json!(true)),
            ("use_sliding_window", json!(true)),
            ("use_bidirectional_attention", json!(true)),
            ("hidden_act", json!("relu")),
            ("hidden_activation", json!("relu")),
            ("layer_types", json!(["chunked_attention"])),
            ("num_key_value_heads", json!(31)),
            ("head_dim", json!(7)),
            ("final_logit_softcapping", json!(30.0)),
            ("attn_logit_softcapping", json!(50.0)),
            ("quantization_config", json!({"bits": 4})),
            ("qk_norm", json!(false)),
            ("post_norm", json!(true)),
            ("rms_norm_eps", json!(1.5)),
            ("vocab_size", json!(0)),
        ] {
            let concerned = match key {
                "hidden_act" => !shape.starts_with("gemma3"),
                "hidden_activation" => shape.starts_with("gemma3"),
                "qk_norm" | "post_norm" => shape.starts_with("apertus"),
                _ => true,
            };
            let reason = refusal(shape, |config| {
                let text =
                    if config["text_config"].is_object() { &mut config["text_config"] } else { config };
                text[key] = value;
            });
            match reason {
                Some(reason) => assert!(reason.contains(key), "{shape}: {reason} must name {key}"),
                None => assert!(!concerned, "{shape}: {key} must be refused"),
            }
        }
        assert!(refusal(shape, |_| {}).is_none(), "{shape} itself is computed");
    }
}

#[test]
fn ropes_that_are_not_computed_are_refused() {
    let rope = |value: Value| {
        let value = &value;
        let change = |config: &mut Value| config["rope_parameters"] = value.clone();
        refusal("llama-untied-f32", change).unwrap()
    };
    let yarn = rope(json!({"rope_theta": 1e6, "rope_type": "yarn", "factor": 4.0}));
    assert!(yarn.contains("yarn"), "{yarn}");
    let partial = rope(json!({"rope_theta": 1e6, "rope_type": "default", "partial_rotary_factor": 0.5}));
    assert!(partial.contains("partial_rotary_factor"), "{partial}");
    let theta = rope(json!({"rope_type": "default"}));
    assert!(theta.contains("rope_theta"), "{theta}");
    let flat = refusal("qwen3-vl-tied-f32", |config| {
        config["text_config"]["rope_parameters"]["mrope_interleaved"] = json!(false);
    });
    assert!(flat.unwrap().contains("mrope_interleaved"));
}
