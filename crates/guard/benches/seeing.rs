//! The vision tower at the shape of Qwen3-VL-4B, a few blocks deep, for an image of 512 x 512 pixels:
//! `cargo bench -p saring-guard --bench seeing`.
//!
//! Its weights are random numbers, in front of the decoder of the demo guard that reads pictures, in a folder that is removed
//! again. Throughput is in elements a second, an element being one floating-point operation (a multiplication or an
//! addition) of products and attention, so Gelem/s are GFLOP/s. The published tower is 24 blocks and four mergers.

use std::{fs, path::Path};

use candle_core::{DType, Device, Result, Tensor, safetensors};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use saring_guard::LocalEngine;
use saring_verdict::{DeviceChoice, Engine, GuardSettings, GuardSource, LoadRequest, PrecisionChoice};
use serde_json::{Value, json};

const PRECISIONS: [(&str, PrecisionChoice); 3] =
    [("f32", PrecisionChoice::F32), ("bf16", PrecisionChoice::Bf16), ("int8", PrecisionChoice::Int8)];

/// Blocks, and one merger behind them.
const DEPTH: usize = 3;
const HIDDEN: usize = 1024;
const INNER: usize = 4096;
const HEADS: usize = 16;
/// Numbers of a patch, and of the four that become one token.
const PATCH: [usize; 4] = [3, 2, 16, 16];
const MERGED: usize = 4 * HIDDEN;
/// The hidden size of the decoder behind it.
const OUT: usize = 192;

/// Pixels a side, and patches of the image.
const SIDE: u32 = 512;
const PATCHES: usize = (SIDE as usize / PATCH[3]).pow(2);

/// The tower's tensors and their shapes.
fn tensors() -> Vec<(String, Vec<usize>)> {
    let mut all = vec![("pos_embed.weight".to_owned(), vec![2304, HIDDEN])];
    let mut both = |name: String, shape: Vec<usize>| {
        all.push((format!("{name}.bias"), vec![shape[0]]));
        all.push((format!("{name}.weight"), shape));
    };
    both("patch_embed.proj".into(), [&[HIDDEN], &PATCH[..]].concat());
    for block in 0..DEPTH {
        for (name, shape) in [
            ("norm1", vec![HIDDEN]),
            ("norm2", vec![HIDDEN]),
            ("attn.qkv", vec![3 * HIDDEN, HIDDEN]),
            ("attn.proj", vec![HIDDEN, HIDDEN]),
            ("mlp.linear_fc1", vec![INNER, HIDDEN]),
            ("mlp.linear_fc2", vec![HIDDEN, INNER]),
        ] {
            both(format!("blocks.{block}.{name}"), shape);
        }
    }
    both("merger.norm".into(), vec![HIDDEN]);
    both("merger.linear_fc1".into(), vec![MERGED, MERGED]);
    both("merger.linear_fc2".into(), vec![OUT, MERGED]);
    all
}

/// Floating-point operations of a pass.
fn operations() -> usize {
    let blocks = PATCHES * HIDDEN * (4 * HIDDEN + 2 * INNER) + 2 * PATCHES * PATCHES * HIDDEN;
    let patches = PATCHES * HIDDEN * PATCH.iter().product::<usize>();
    let merger = PATCHES / 4 * MERGED * (MERGED + OUT);
    2 * (DEPTH * blocks + patches + merger)
}

/// Writes the checkpoint into `folder`.
fn write(folder: &Path) -> Result<()> {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/picture-guard");
    for file in ["tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja"] {
        fs::copy(demo.join(file), folder.join(file))?;
    }
    let read = |file: &str| -> Value {
        serde_json::from_slice(&fs::read(demo.join(file)).expect("the demo guard is there"))
            .expect("it is JSON")
    };
    let mut processor = read("preprocessor_config.json");
    processor["size"] = json!({"shortest_edge": 65_536, "longest_edge": 16_777_216});
    fs::write(folder.join("preprocessor_config.json"), processor.to_string())?;
    let mut config = read("config.json");
    for (key, value) in [
        ("hidden_size", json!(HIDDEN)),
        ("intermediate_size", json!(INNER)),
        ("depth", json!(DEPTH)),
        ("num_heads", json!(HEADS)),
        ("num_position_embeddings", json!(2304)),
        ("deepstack_visual_indexes", json!([])),
    ] {
        config["vision_config"][key] = value;
    }
    fs::write(folder.join("config.json"), config.to_string())?;
    let mut all = safetensors::load(demo.join("model.safetensors"), &Device::Cpu)?;
    all.retain(|name, _| !name.starts_with("model.visual."));
    for (name, shape) in tensors() {
        let numbers = Tensor::randn(0f32, 0.02, shape, &Device::Cpu)?.to_dtype(DType::BF16)?;
        all.insert(format!("model.visual.{name}"), numbers);
    }
    safetensors::save(&all, folder.join("model.safetensors"))
}

fn tower(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    write(folder.path()).expect("the checkpoint is written");
    let mut group = criterion.benchmark_group(format!("tower, {DEPTH} blocks"));
    group.sample_size(10);
    group.throughput(Throughput::Elements(operations() as u64));
    for (name, precision) in PRECISIONS {
        let request = LoadRequest {
            source: GuardSource { path: folder.path().to_owned(), family: None },
            device: DeviceChoice::Auto,
            precision,
            settings: GuardSettings::default(),
            features_dir: None,
        };
        let mut engine = LocalEngine::new();
        engine.load(&request, &mut |_| {}).expect("the guard loads");
        let look = engine.look(SIDE, SIDE).expect("the guard sees pictures");
        group.bench_function(name, |bench| bench.iter(|| look.see().expect("the picture is seen")));
    }
    group.finish();
}

criterion_group!(benches, tower);
criterion_main!(benches);
