//! GGUF files that llama.cpp's converter and quantiser wrote: llama.cpp's logits, what the checkpoint itself gives, the ids
//! of the tokenizer that was converted, and what the reference's vision tower sees.
//!
//! Golden files are made by `tests/reference/gguf_files.py`.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use candle_core::{DType, Device, Tensor, safetensors};
use saring_verdict::{Cancel, ImageRef, PrecisionChoice};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::{
    checkpoint::{Checkpoint, Weights, hex},
    decoder::{Architecture, Decoder, ImageFeatures, Row},
    images::ImageReader,
    layers::{Computing, Loader},
    model::{Model, ModelConfig},
    precision::Precision,
    tokenizer::Tokenizer,
};

const ARCHITECTURES: [&str; 5] = ["qwen3", "qwen3vl", "llama", "apertus", "gemma3"];
const WITH_IMAGES: [&str; 2] = ["qwen3vl", "gemma3"];
const FILES: [(&str, &str); 4] = [("small", "F16"), ("small", "Q8_0"), ("wide", "Q4_K_M"), ("wide", "Q6_K")];

/// The largest difference to `transformers` where no number was lost on the way: all of the checkpoint fit into F16.
const EXACT: f32 = 2e-5;
/// llama.cpp computes in half precision what is stored so, and loses that much of logits that spread by one.
const HALF: f32 = 2e-2;

/// By how much eight bits change features of images, which spread by one.
const EIGHT_BITS: f32 = 0.1;

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/golden")
}

fn folder() -> PathBuf {
    golden().join("gguf")
}

fn tensors(architecture: &str) -> HashMap<String, Tensor> {
    safetensors::load(folder().join(format!("{architecture}.safetensors")), &Device::Cpu).unwrap()
}

fn logits(path: &Path, ids: &[u32]) -> Tensor {
    let checkpoint = Checkpoint::open(path).unwrap();
    let architecture = Architecture::from_name(&checkpoint.architecture).unwrap();
    let config = architecture.config(&checkpoint.config, path).unwrap();
    let weights = Weights::open(&checkpoint).unwrap();
    let progress = &mut |_| {};
    let mut loader = Loader::new(&weights, DType::F32, &Device::Cpu, Computing::Kernels, None, progress);
    let decoder = Decoder::load(config, &mut loader).unwrap();
    let mut cache = decoder.cache(1, None);
    let hidden =
        decoder.hidden_states(&[Row::text(ids)], &[0], &mut cache, ids.len(), &Cancel::new()).unwrap();
    decoder.logits(&hidden[0]).unwrap()
}

fn difference(a: &Tensor, b: &Tensor) -> f32 {
    let all: Vec<f32> = (a - b).unwrap().abs().unwrap().flatten_all().unwrap().to_vec1().unwrap();
    // `max` would let a NaN pass.
    all.into_iter().fold(0.0, |worst, d| if d > worst || d.is_nan() { d } else { worst })
}

fn root_mean_square(a: &Tensor, b: &Tensor) -> f32 {
    let off = (a - b).unwrap();
    off.sqr().unwrap().mean_all().unwrap().sqrt().unwrap().to_scalar().unwrap()
}

#[test]
fn logits_are_llama_cpps_within_what_the_file_lost() {
    for architecture in ARCHITECTURES {
        let golden = tensors(architecture);
        for (shape, kind) in FILES {
            let name = format!("{architecture}-{shape}");
            let ids: Vec<u32> =
                golden[&format!("{shape}/ids")].to_dtype(DType::U32).unwrap().to_vec1().unwrap();
            let reference = &golden[&format!("{shape}/reference")];
            let theirs = &golden[&format!("{shape}/{kind}")];
            let ours = logits(&folder().join(format!("{name}-{kind}.gguf")), &ids);
            if kind == "F16" {
                let (to_theirs, lost) = (difference(&ours, theirs), difference(&ours, reference));
                println!("{name}-{kind}: at most {to_theirs:.2e} from llama.cpp, {lost:.2e} lost");
                assert!(to_theirs <= HALF, "{name}-{kind}: {to_theirs} from llama.cpp");
                assert!(lost <= EXACT, "{name}-{kind}: {lost} lost, and the file has every number");
                continue;
            }
            // Where one rounds an activation up and the other down they part by as much as either lost.
            let (to_theirs, they_lost) =
                (root_mean_square(&ours, theirs), root_mean_square(theirs, reference));
            let we_lost = root_mean_square(&ours, reference);
            println!(
                "{name}-{kind}: {to_theirs:.2e} from llama.cpp, {we_lost:.2e} lost, {they_lost:.2e} by it"
            );
            assert!(
                to_theirs <= they_lost,
                "{name}-{kind}: {to_theirs} from llama.cpp, which lost {they_lost}"
            );
            assert!(we_lost <= 1.25 * they_lost, "{name}-{kind}: {we_lost} lost, by llama.cpp {they_lost}");
        }
    }
}

#[test]
fn logits_of_a_file_in_half_precision_are_those_of_the_checkpoint_that_was_converted() {
    for architecture in ARCHITECTURES {
        let ids: Vec<u32> =
            tensors(architecture)["small/ids"].to_dtype(DType::U32).unwrap().to_vec1().unwrap();
        let file = logits(&folder().join(format!("{architecture}-small-F16.gguf")), &ids);
        let checkpoint = logits(&folder().join(format!("{architecture}-small")), &ids);
        let found = difference(&file, &checkpoint);
        println!("{architecture}: {found:.2e}");
        assert!(found <= EXACT, "{architecture}: the way through the converter changed logits by {found}");
    }
}

#[test]
fn the_tokenizer_gives_the_ids_of_the_one_that_was_converted() {
    for architecture in ARCHITECTURES {
        let path = folder().join(format!("{architecture}.json"));
        let texts: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let checkpoint = Checkpoint::open(&folder().join(format!("{architecture}-small-F16.gguf"))).unwrap();
        let config = checkpoint.tokenizer_config().unwrap();
        let tokenizer = Tokenizer::new(checkpoint.tokenizer().unwrap(), &config, 1 << 20).unwrap();
        assert!(texts.len() > 20, "all languages and hostile texts");
        for text in texts {
            let ids: Vec<u32> = serde_json::from_value(text["ids"].clone()).unwrap();
            let found = tokenizer.encode_plain(text["text"].as_str().unwrap()).unwrap();
            assert_eq!(found, ids, "{architecture}: {}", text["text"]);
        }
    }
}

/// A model's file and its projector file, alone in a folder.
fn with_projector(architecture: &str, kind: &str, projector: &str) -> (TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let model = place.path().join("model.gguf");
    fs::copy(folder().join(format!("{architecture}-small-{kind}.gguf")), &model).unwrap();
    let projector = folder().join(format!("{architecture}-small/mmproj-{projector}.gguf"));
    fs::copy(projector, place.path().join("mmproj.gguf")).unwrap();
    (place, model)
}

/// What a checkpoint makes of an image file.
fn see(path: &Path, image: &Path) -> ImageFeatures {
    let checkpoint = Checkpoint::open(path).unwrap();
    let config = ModelConfig::read(&checkpoint).unwrap();
    let weights = Weights::open(&checkpoint).unwrap();
    weights.require(&checkpoint.architecture, &config.tensors()).unwrap();
    let precision = Precision::choose(PrecisionChoice::F32, weights.stored());
    let model = Model::load(&config, &weights, precision, &Device::Cpu, &mut |_| {}).unwrap();
    let reader = ImageReader::open(&checkpoint, config.vision.as_ref().unwrap()).unwrap();
    let image = ImageRef { path: image.to_owned(), sha256: hex(&Sha256::digest(fs::read(image).unwrap())) };
    model.see(reader.prepare(&image, 1, None).unwrap()).unwrap()
}

#[test]
fn quantised_weights_take_what_they_take_in_their_file_and_all_others_single_precision() {
    let weights = |path: &Path| Weights::open(&Checkpoint::open(path).unwrap()).unwrap();
    let loaded =
        |weights: &Weights| Precision::choose(PrecisionChoice::Auto, weights.stored()).weight_bytes(weights);
    for architecture in ARCHITECTURES {
        for (shape, kind) in [("wide", "Q4_K_M"), ("wide", "Q6_K")] {
            let weights = weights(&folder().join(format!("{architecture}-{shape}-{kind}.gguf")));
            let (bytes, file) = (loaded(&weights), weights.bytes());
            println!("{architecture}-{shape}-{kind}: {bytes} bytes of a file of {file}");
            // The rest of so small a file is its header.
            assert!(bytes <= file && bytes > file * 9 / 10, "{architecture} {kind}: {bytes} of {file} bytes");
        }
    }
    for architecture in WITH_IMAGES {
        let (_place, model) = with_projector(architecture, "Q8_0", "F16");
        let alone = weights(&folder().join(format!("{architecture}-small-Q8_0.gguf")));
        let both = weights(&model);
        let projector = both.parameters() - alone.parameters();
        assert!(projector > 0, "the projector's numbers count");
        assert_eq!(
            loaded(&both) - loaded(&alone),
            4 * projector,
            "{architecture}: half precision is widened"
        );
    }
}

#[test]
fn images_are_to_a_projector_file_what_they_are_to_the_reference() {
    let image = golden().join("images/wide.png");
    for architecture in WITH_IMAGES {
        let golden = tensors(architecture);
        for (kind, projector) in [("F16", "F16"), ("Q8_0", "F16"), ("F16", "Q8_0")] {
            let what = format!("{architecture} in {kind}, its projector in {projector}");
            let (_place, model) = with_projector(architecture, kind, projector);
            let found = see(&model, &image);
            let expected = |i: usize| match i {
                0 => golden.get("features.0"),
                i => golden.get(&format!("deepstack.0.{}", i - 1)),
            };
            let layers: Vec<&Tensor> = std::iter::once(&found.embeddings).chain(&found.deepstack).collect();
            assert!(expected(layers.len()).is_none(), "{what}: every deepstack layer is there");
            for (i, layer) in layers.into_iter().enumerate() {
                let off = difference(layer, expected(i).unwrap());
                println!("{what}, features {i}: {off:.2e}");
                let allowed = if projector == "F16" { EXACT } else { EIGHT_BITS };
                assert!(off <= allowed, "{what}: features {i} are off by {off}");
            }
        }
    }
}
