//! GGUF files that llama.cpp's converter and quantiser wrote: llama.cpp's logits, and the ids of the tokenizer that was
//! converted.
//!
//! Golden files are made by `tests/reference/gguf_files.py`.

use std::{collections::HashMap, path::PathBuf};

use candle_core::{DType, Device, Tensor, safetensors};
use saring_verdict::Cancel;
use serde_json::Value;

use crate::{
    checkpoint::{Checkpoint, Weights},
    decoder::{Architecture, Decoder, Row},
    layers::Loader,
    tokenizer::Tokenizer,
};

const ARCHITECTURES: [&str; 1] = ["qwen3"];
const FILES: [(&str, &str); 4] = [("small", "F16"), ("small", "Q8_0"), ("wide", "Q4_K_M"), ("wide", "Q6_K")];

/// Half precision loses that much of logits that spread by one.
const HALF: f32 = 2e-2;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/golden/gguf")
}

fn json(file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder().join(file)).unwrap()).unwrap()
}

fn logits(path: &std::path::Path, ids: &[u32]) -> Tensor {
    let checkpoint = Checkpoint::open(path).unwrap();
    let architecture = Architecture::from_name(&checkpoint.architecture).unwrap();
    let config = architecture.config(&checkpoint.config, path).unwrap();
    let weights = Weights::open(&checkpoint).unwrap();
    let progress = &mut |_| {};
    let mut loader = Loader::new(&weights, DType::F32, &Device::Cpu, None, progress);
    let decoder = Decoder::load(config, &mut loader).unwrap();
    let mut cache = decoder.cache(1, None);
    let hidden = decoder.hidden_states(Row::text(ids), 0, &mut cache, ids.len(), &Cancel::new()).unwrap();
    decoder.logits(&hidden).unwrap()
}

fn difference(a: &Tensor, b: &Tensor) -> f32 {
    let all: Vec<f32> = (a - b).unwrap().abs().unwrap().flatten_all().unwrap().to_vec1().unwrap();
    // `max` would let a NaN pass.
    all.into_iter().fold(0.0, |worst, d| if d > worst || d.is_nan() { d } else { worst })
}

#[test]
fn logits_are_llama_cpps_within_what_the_file_lost() {
    for architecture in ARCHITECTURES {
        let path = folder().join(format!("{architecture}.safetensors"));
        let golden: HashMap<String, Tensor> = safetensors::load(path, &Device::Cpu).unwrap();
        for (shape, kind) in FILES {
            let name = format!("{architecture}-{shape}");
            let ids: Vec<u32> =
                golden[&format!("{shape}/ids")].to_dtype(DType::U32).unwrap().to_vec1().unwrap();
            let reference = &golden[&format!("{shape}/reference")];
            let theirs = &golden[&format!("{shape}/{kind}")];
            let ours = logits(&folder().join(format!("{name}-{kind}.gguf")), &ids);
            let lost = difference(theirs, reference);
            let (to_theirs, to_reference) = (difference(&ours, theirs), difference(&ours, reference));
            println!(
                "{name}-{kind}: {to_theirs:.4} to llama.cpp, which lost {lost:.4}; lost {to_reference:.4}"
            );
            let allowed = if kind == "F16" { HALF } else { lost };
            assert!(to_theirs <= allowed, "{name}-{kind}: {to_theirs} from llama.cpp, allowed {allowed}");
            let allowed = if kind == "F16" { HALF } else { 1.5 * lost };
            assert!(to_reference <= allowed, "{name}-{kind}: lost {to_reference}, llama.cpp lost {lost}");
        }
    }
}

#[test]
fn the_tokenizer_gives_the_ids_of_the_one_that_was_converted() {
    for architecture in ARCHITECTURES {
        let golden = json(&format!("{architecture}.json"));
        let checkpoint = Checkpoint::open(&folder().join(format!("{architecture}-small-F16.gguf"))).unwrap();
        let config = checkpoint.tokenizer_config().unwrap();
        let tokenizer = Tokenizer::new(checkpoint.tokenizer().unwrap(), &config, 1 << 20).unwrap();
        let texts = golden["texts"].as_array().unwrap();
        assert!(texts.len() > 20, "all languages and hostile texts");
        for text in texts {
            let ids: Vec<u32> = serde_json::from_value(text["ids"].clone()).unwrap();
            let found = tokenizer.encode_plain(text["text"].as_str().unwrap()).unwrap();
            assert_eq!(found, ids, "{architecture}: {}", text["text"]);
        }
    }
}
