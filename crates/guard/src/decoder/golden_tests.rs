//! Holds the decoder against logits that `transformers` computed, and shows that a wrong decoder would be noticed.
//!
//! Golden files: `tests/reference/make_reference.py`.

use std::path::PathBuf;

use candle_core::{DType, Device, Tensor, safetensors};
use saring_verdict::Cancel;
use serde_json::Value;

use super::{Qwen3, Qwen3Config, SharedPrefix};
use crate::checkpoint::{Checkpoint, Weights};

/// The largest difference to the reference that any logit may have.
const TOLERANCE: f32 = 2e-5;
/// A mutant must differ by at least this.
const NOTICED: f32 = 10.0 * TOLERANCE;

const SHAPES: [&str; 3] = ["tied-grouped-f32", "untied-full-bf16", "untied-grouped-f16"];
const PREFIX_TOKENS: usize = 21;

/// Rows of ids, and for each the logits at every position: `[T, V]`.
struct Case {
    rows: Vec<Vec<u32>>,
    logits: Vec<Vec<Vec<f32>>>,
}

fn folder(shape: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/golden").join(shape)
}

fn case(shape: &str, name: &str) -> Case {
    let tensors = safetensors::load(folder(shape).join("reference.safetensors"), &Device::Cpu).unwrap();
    let mut case = Case { rows: Vec::new(), logits: Vec::new() };
    while let Some(ids) = tensors.get(&format!("{name}/ids.{}", case.rows.len())) {
        let logits = &tensors[&format!("{name}/logits.{}", case.rows.len())];
        case.rows.push(ids.to_dtype(DType::U32).unwrap().to_vec1().unwrap());
        case.logits.push(logits.to_vec2().unwrap());
    }
    assert!(!case.rows.is_empty(), "{shape} has no case {name}");
    case
}

/// Loads a checkpoint in single precision, its config.json changed by `change`.
fn load(shape: &str, change: impl FnOnce(&mut Value)) -> Qwen3 {
    let mut checkpoint = Checkpoint::open(&folder(shape)).unwrap();
    change(&mut checkpoint.config);
    let config = Qwen3Config::from_json(&checkpoint.config, &checkpoint.config_path()).unwrap();
    let weights = Weights::open(&checkpoint).unwrap();
    Qwen3::load(config, &weights, DType::F32, &Device::Cpu, None, &mut |_| {}).unwrap()
}

/// The largest difference over all positions of all rows, computed as one batch.
fn difference(decoder: &Qwen3, case: &Case, prefix: Option<SharedPrefix>) -> f32 {
    let skip = prefix.as_ref().map_or(0, SharedPrefix::len);
    let rows: Vec<&[u32]> = case.rows.iter().map(|row| &row[skip..]).collect();
    let mut cache = decoder.cache(rows.len(), prefix);
    let hidden = decoder.forward(&rows, &mut cache).unwrap();
    let mut worst = 0f32;
    for (r, row) in rows.iter().enumerate() {
        let own = hidden.get(r).unwrap().narrow(0, 0, row.len()).unwrap();
        let logits: Vec<Vec<f32>> = decoder.logits(&own).unwrap().to_vec2().unwrap();
        for (found, expected) in logits.iter().flatten().zip(case.logits[r][skip..].iter().flatten()) {
            // `max` would let a NaN pass.
            let difference = (found - expected).abs();
            worst = if difference > worst || difference.is_nan() { difference } else { worst };
        }
    }
    worst
}

fn prefix(decoder: &Qwen3, case: &Case) -> SharedPrefix {
    decoder.prefix(&case.rows[0][..PREFIX_TOKENS], 8, &Cancel::new()).unwrap()
}

#[test]
fn logits_equal_the_reference_single_batched_and_behind_a_shared_prefix() {
    for shape in SHAPES {
        let decoder = load(shape, |_| {});
        for name in ["single", "batch", "prefix", "long"] {
            let found = difference(&decoder, &case(shape, name), None);
            println!("{shape} {name}: {found:.2e}");
            assert!(found <= TOLERANCE, "{shape}, {name}: differs by {found:e}");
        }
        let case = case(shape, "prefix");
        let whole = prefix(&decoder, &case);
        let found = difference(&decoder, &case, Some(whole.clone()));
        println!("{shape} shared prefix: {found:.2e}");
        assert!(found <= TOLERANCE, "{shape}, shared prefix: differs by {found:e}");
        let found = difference(&decoder, &case, Some(whole.narrowed(13).unwrap()));
        assert!(found <= TOLERANCE, "{shape}, a shortened prefix is one too: differs by {found:e}");
    }
}

#[test]
fn reading_in_chunks_and_growing_rows_change_nothing() {
    for shape in SHAPES {
        let decoder = load(shape, |_| {});
        let case = case(shape, "batch");
        // All but the last token of each row in chunks; the row of one token is left out here.
        let rows: Vec<usize> = (0..case.rows.len()).filter(|r| case.rows[*r].len() > 1).collect();
        let starts: Vec<&[u32]> = rows.iter().map(|r| case.rows[*r].split_last().unwrap().1).collect();
        let mut cache = decoder.cache(rows.len(), None);
        let hidden = decoder.prefill(&starts, &mut cache, 5, &Cancel::new()).unwrap();
        let expected = |r: usize, from_end: usize| &case.logits[r][case.rows[r].len() - from_end];
        assert_close(&decoder.logits(&hidden).unwrap(), rows.iter().map(|r| expected(*r, 2)), shape);
        // Then the last one, behind the padding of shorter rows, in another order and without one of them.
        let kept = [2, 0];
        cache.keep(&kept).unwrap();
        let last: Vec<&[u32]> = kept.iter().map(|k| &case.rows[rows[*k]][starts[*k].len()..]).collect();
        let hidden = decoder.step(&last, &mut cache).unwrap();
        assert_close(&decoder.logits(&hidden).unwrap(), kept.iter().map(|k| expected(rows[*k], 1)), shape);
        let some = [3u32, 100, 7];
        let few: Vec<Vec<f32>> = decoder.logits_of(&hidden, &some).unwrap().to_vec2().unwrap();
        for (few, k) in few.iter().zip(kept) {
            for (logit, token) in few.iter().zip(some) {
                let full = expected(rows[k], 1)[token as usize];
                assert!((logit - full).abs() <= TOLERANCE, "{shape}: the head of a few tokens differs");
            }
        }
    }
}

fn assert_close<'a>(found: &Tensor, expected: impl Iterator<Item = &'a Vec<f32>>, shape: &str) {
    let found: Vec<Vec<f32>> = found.to_vec2().unwrap();
    for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
        let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
        assert!(worst <= TOLERANCE, "{shape}, row {row}: differs by {worst:e}");
    }
}

#[test]
fn the_golden_logits_spread_by_at_least_one() {
    for shape in SHAPES {
        for row in case(shape, "batch").logits {
            let all: Vec<f32> = row.concat();
            let mean = all.iter().sum::<f32>() / all.len() as f32;
            let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / all.len() as f32;
            assert!(variance.sqrt() >= 1.0, "{shape}: logits without spread would hide differences");
        }
    }
}

/// A wrong decoder must differ by ten times the tolerance in every shape.
fn assert_noticed(what: &str, mutant: impl Fn(&str) -> Option<Qwen3>) {
    for shape in SHAPES {
        let Some(decoder) = mutant(shape) else { continue };
        let found = difference(&decoder, &case(shape, "batch"), None);
        println!("{shape} with {what}: {found:.2e}");
        assert!(found >= NOTICED || found.is_nan(), "{shape}: {what} differs only by {found:e}");
    }
}

#[test]
fn a_wrong_rope_base_is_noticed() {
    assert_noticed("another rope base", |shape| {
        Some(load(shape, |config| {
            let theta = match config["rope_parameters"].is_object() {
                true => &mut config["rope_parameters"]["rope_theta"],
                false => &mut config["rope_theta"],
            };
            *theta = (theta.as_f64().unwrap() * 1.1).into();
        }))
    });
}

#[test]
fn a_forgotten_rope_scaling_is_noticed() {
    assert_noticed("no rope scaling", |shape| {
        (shape == "untied-grouped-f16").then(|| load(shape, |config| config["rope_scaling"] = Value::Null))
    });
}

#[test]
fn a_mask_off_by_one_is_noticed() {
    assert_noticed("a mask that shows the next token", |shape| Some(load(shape, |_| {}).with_reach(1)));
}

#[test]
fn a_wrong_norm_epsilon_is_noticed() {
    assert_noticed("another norm epsilon", |shape| {
        Some(load(shape, |config| config["rms_norm_eps"] = 1e-5.into()))
    });
}

#[test]
fn swapped_keys_and_values_are_noticed() {
    assert_noticed("keys and values swapped", |shape| {
        Some(load(shape, |_| {}).with_swapped_keys_and_values())
    });
}

#[test]
fn what_the_decoder_does_not_compute_is_refused() {
    let path = PathBuf::from("config.json");
    for (key, value) in [
        ("attention_bias", Value::Bool(true)),
        ("use_sliding_window", Value::Bool(true)),
        ("hidden_act", "gelu".into()),
        ("layer_types", serde_json::json!(["sliding_attention"])),
        ("rope_parameters", serde_json::json!({"rope_theta": 1e6, "rope_type": "yarn", "factor": 4.0})),
        ("num_key_value_heads", 3.into()),
        ("quantization_config", serde_json::json!({"bits": 4})),
    ] {
        let mut checkpoint = Checkpoint::open(&folder(SHAPES[0])).unwrap();
        checkpoint.config[key] = value;
        let refused = Qwen3Config::from_json(&checkpoint.config, &path);
        assert!(refused.is_err(), "{key} must be refused, not ignored");
    }
}
