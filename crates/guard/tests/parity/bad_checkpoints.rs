//! Folders that are no guard, or a damaged one: each is told apart before a weight is loaded.

use std::fs;

use saring_guard::LocalEngine;
use saring_verdict::{Engine as _, EngineError};
use serde_json::json;

use crate::checkpoint::{Copy, GUARDS, SEA_GUARD, golden, source};

#[test]
fn a_file_an_empty_folder_and_a_missing_one_are_no_checkpoints() {
    let empty = tempfile::tempdir().unwrap();
    let file = golden(GUARDS[0]).join("config.json");
    for path in [empty.path().to_owned(), file, empty.path().join("nowhere")] {
        let error = LocalEngine::new().describe(&source(&path), &mut |_| {}).unwrap_err();
        assert_eq!(error, EngineError::NotACheckpoint { path });
    }
}

#[test]
fn a_missing_shard_is_named() {
    let copy = Copy::of(GUARDS[1]);
    fs::remove_file(copy.path("model-00002-of-00003.safetensors")).unwrap();
    let error = copy.describe_error();
    assert!(
        matches!(&error, EngineError::MissingFile { file, .. } if file == "model-00002-of-00003.safetensors"),
        "{error:?}"
    );
}

#[test]
fn missing_weights_and_a_missing_tokenizer_are_named() {
    for name in ["model.safetensors", "tokenizer.json"] {
        let copy = Copy::of(GUARDS[0]);
        fs::remove_file(copy.path(name)).unwrap();
        let error = copy.describe_error();
        assert!(matches!(&error, EngineError::MissingFile { file, .. } if file == name), "{error:?}");
    }
}

#[test]
fn a_truncated_weight_file_is_corrupt() {
    let copy = Copy::of(GUARDS[0]);
    let path = copy.path("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    for len in [bytes.len() - 1, bytes.len() / 2, 100, 7, 0] {
        fs::write(&path, &bytes[..len]).unwrap();
        let error = copy.describe_error();
        assert!(
            matches!(&error, EngineError::CorruptWeights { path: p, .. } if *p == path),
            "{len} bytes: {error:?}"
        );
    }
}

#[test]
fn a_corrupt_weight_header_is_corrupt() {
    let copy = Copy::of(GUARDS[0]);
    let path = copy.path("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    let mut wrong_json = bytes.clone();
    wrong_json[8] = b'!';
    let mut wrong_length = bytes.clone();
    wrong_length[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    for damaged in [wrong_json, wrong_length] {
        fs::write(&path, damaged).unwrap();
        let error = copy.describe_error();
        assert!(matches!(error, EngineError::CorruptWeights { .. }), "{error:?}");
    }
}

#[test]
fn an_index_that_points_outside_the_folder_is_refused() {
    let copy = Copy::of(GUARDS[1]);
    copy.change_json("model.safetensors.index.json", |index| {
        index["weight_map"]["model.norm.weight"] = json!("../../etc/passwd");
    });
    assert!(matches!(copy.describe_error(), EngineError::BadConfig { .. }));
}

#[test]
fn an_unknown_architecture_is_named_with_what_is_known() {
    let copy = Copy::of(GUARDS[0]);
    copy.change_json("config.json", |config| config["architectures"] = json!(["MysteryForCausalLM"]));
    let error = copy.describe_error();
    assert!(
        matches!(&error, EngineError::UnknownArchitecture { found, supported }
            if found == "MysteryForCausalLM" && supported.contains("Qwen3ForCausalLM")),
        "{error:?}"
    );
}

#[test]
fn a_config_that_cannot_be_understood_says_which_key() {
    let copy = Copy::of(GUARDS[0]);
    copy.change_json("config.json", |config| config["hidden_size"] = json!("many"));
    let error = copy.describe_error();
    assert!(
        matches!(&error, EngineError::BadConfig { reason, .. } if reason.contains("hidden_size")),
        "{error:?}"
    );
    fs::write(copy.path("config.json"), "{").unwrap();
    assert!(matches!(copy.describe_error(), EngineError::BadConfig { .. }));
}

#[test]
fn a_guard_without_a_chat_template_is_never_asked_in_guessed_words() {
    let copy = Copy::of(GUARDS[0]);
    fs::remove_file(copy.path("chat_template.jinja")).unwrap();
    assert!(matches!(copy.describe_error(), EngineError::NoChatTemplate { .. }));
}

#[test]
fn a_template_that_loops_for_ever_is_stopped() {
    let endless = "Safety: Categories: {% for a in range(99999) %}{% for b in range(99999) %}\
                   {% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}";
    for shape in [GUARDS[0], SEA_GUARD] {
        let copy = Copy::of(shape);
        fs::write(copy.path("chat_template.jinja"), endless).unwrap();
        let error = copy.describe_error();
        assert!(
            matches!(&error, EngineError::BadTemplate { reason } if reason.contains("fuel")),
            "{error:?}"
        );
    }
}

#[test]
fn a_template_that_is_no_jinja_or_lists_no_categories_is_bad() {
    for template in ["{% for %}", "Safety: Categories: {{ messages[0].content }}<|im_end|>"] {
        let copy = Copy::of(GUARDS[0]);
        fs::write(copy.path("chat_template.jinja"), template).unwrap();
        let error = copy.describe_error();
        assert!(matches!(error, EngineError::BadTemplate { .. }), "{template}: {error:?}");
    }
}

#[test]
fn a_tokenizer_with_more_ids_than_the_embedding_has_rows_does_not_fit() {
    let copy = Copy::of(GUARDS[0]);
    copy.change_json("tokenizer.json", |tokenizer| tokenizer["added_tokens"][4]["id"] = json!(100_000));
    let error = copy.describe_error();
    assert!(matches!(&error, EngineError::BadTokenizer { reason } if reason.contains("100000")), "{error:?}");
    fs::write(copy.path("tokenizer.json"), "{\"model\": 1}").unwrap();
    assert!(matches!(copy.describe_error(), EngineError::BadTokenizer { .. }));
}

#[test]
fn a_tensor_of_another_shape_and_a_missing_one_are_named() {
    let copy = Copy::of(GUARDS[0]);
    copy.change_json("config.json", |config| config["intermediate_size"] = json!(81));
    let error = copy.describe_error();
    assert!(
        matches!(&error, EngineError::TensorShape { expected, .. } if expected.contains(&81)),
        "{error:?}"
    );
    let copy = Copy::of(GUARDS[0]);
    copy.change_json("config.json", |config| config["num_hidden_layers"] = json!(4));
    let error = copy.describe_error();
    assert!(
        matches!(&error, EngineError::MissingTensor { name } if name.starts_with("model.layers.3.")),
        "{error:?}"
    );
}

#[test]
fn sizes_of_images_are_never_guessed() {
    for shape in ["qwen3-vl-tied-f32", "gemma3-single-bf16"] {
        let copy = Copy::of(shape);
        for file in ["preprocessor_config.json", "processor_config.json"] {
            // Either of them would do.
            let _ = fs::remove_file(copy.path(file));
        }
        let error = copy.describe_error();
        assert!(
            matches!(&error, EngineError::MissingFile { file, .. } if file == "preprocessor_config.json"),
            "{shape}: {error:?}"
        );
    }
}
