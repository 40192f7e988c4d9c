//! Holds the decoder against logits that `transformers` computed, and shows that a wrong decoder would be noticed.
//!
//! Golden files: `tests/reference/make_reference.py`. They bring the features of their images, so that the decoder is
//! measured without a vision tower. `SARING_TEST_DEVICE` (cpu, cuda, metal) says where the decoder runs.

mod configs;
mod images;
mod mutants;
mod precision;
mod text;

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use candle_core::{DType, Device, Tensor, safetensors};
use saring_verdict::Cancel;
use serde_json::Value;

use super::{
    Architecture, Cache, Decoder, DecoderConfig, ImageFeatures, ImageSpan, Row, SharedPrefix, attention::Way,
};
use crate::{
    checkpoint::{Checkpoint, Weights},
    layers::{Computing, Loader, Quantization},
};

/// The largest difference to the reference that any logit may have.
const TOLERANCE: f32 = 2e-5;

const SHAPES: [&str; 15] = [
    "tied-grouped-f32",
    "untied-full-bf16",
    "untied-grouped-f16",
    "qwen3-vl-tied-f32",
    "qwen3-vl-untied-bf16",
    "qwen3-vl-patch16-bf16",
    "gemma3-grouped-f32",
    "gemma3-single-bf16",
    "gemma3-full-bf16",
    "llama-untied-f32",
    "llama-tied-bf16",
    "apertus-grouped-f32",
    "apertus-single-bf16",
    "stream-tied-f32",
    "stream-untied-bf16",
];
/// Those of [`SHAPES`] that see images.
const IMAGE_SHAPES: [&str; 6] = [SHAPES[3], SHAPES[4], SHAPES[5], SHAPES[6], SHAPES[7], SHAPES[8]];
const PREFIX_TOKENS: usize = 21;

/// Some or all tokens of a golden row with the images among them, and the logits at each: `[T, V]`.
#[derive(Clone)]
struct GoldenRow {
    ids: Vec<u32>,
    images: Vec<ImageSpan>,
    logits: Vec<Vec<f32>>,
}

impl GoldenRow {
    fn row(&self) -> Row<'_> {
        Row { ids: &self.ids, images: &self.images }
    }

    fn skip(&self, tokens: usize) -> Self {
        let moved = |image: &ImageSpan| ImageSpan { start: image.start - tokens, ..image.clone() };
        Self {
            ids: self.ids[tokens..].to_vec(),
            images: self.images.iter().map(moved).collect(),
            logits: self.logits[tokens..].to_vec(),
        }
    }

    fn without_last(&self) -> Self {
        let end = self.ids.len() - 1;
        Self { ids: self.ids[..end].to_vec(), logits: self.logits[..end].to_vec(), ..self.clone() }
    }
}

fn folder(shape: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/golden").join(shape)
}

fn device() -> Device {
    match std::env::var("SARING_TEST_DEVICE").as_deref() {
        Ok("cuda") => Device::new_cuda(0).unwrap(),
        Ok("metal") => Device::new_metal(0).unwrap(),
        _ => Device::Cpu,
    }
}

/// The rows of a case.
fn case(shape: &str, name: &str) -> Vec<GoldenRow> {
    let tensors = safetensors::load(folder(shape).join("reference.safetensors"), &Device::Cpu).unwrap();
    let config = Checkpoint::open(&folder(shape)).unwrap().config;
    let mut rows = Vec::new();
    while let Some(ids) = tensors.get(&format!("{name}/ids.{}", rows.len())) {
        let ids: Vec<u32> = ids.to_dtype(DType::U32).unwrap().to_vec1().unwrap();
        let logits = tensors[&format!("{name}/logits.{}", rows.len())].to_vec2().unwrap();
        let images = spans(&tensors, name, rows.len(), &ids, &config);
        rows.push(GoldenRow { ids, images, logits });
    }
    assert!(!rows.is_empty(), "{shape} has no case {name}");
    rows
}

/// The images of a row, found by their tokens.
fn spans(
    tensors: &HashMap<String, Tensor>,
    case: &str,
    row: usize,
    ids: &[u32],
    config: &Value,
) -> Vec<ImageSpan> {
    let token = config["image_token_id"].as_u64().or(config["image_token_index"].as_u64());
    let is_image = |i: &usize| Some(u64::from(ids[*i])) == token;
    let starts = (0..ids.len()).filter(|i| is_image(i) && (*i == 0 || !is_image(&(i - 1))));
    let merge = config["vision_config"]["spatial_merge_size"].as_u64().unwrap_or(1) as usize;
    let here = |tensor: &Tensor| tensor.to_device(&device()).unwrap();
    let spans: Vec<ImageSpan> = starts
        .enumerate()
        .map(|(i, start)| {
            let layers = (0..).map_while(|k| tensors.get(&format!("{case}/deepstack.{row}.{i}.{k}")));
            let grid = tensors.get(&format!("{case}/grid.{row}.{i}")).map(|grid| {
                let grid: Vec<i64> = grid.to_vec1().unwrap();
                [grid[0] as usize, grid[1] as usize / merge, grid[2] as usize / merge]
            });
            let embeddings = here(&tensors[&format!("{case}/features.{row}.{i}")]);
            let features = ImageFeatures { embeddings, deepstack: layers.map(here).collect(), grid };
            ImageSpan { start, features: Arc::new(features) }
        })
        .collect();
    let tokens: usize = spans.iter().map(|span| span.features.tokens()).sum();
    assert_eq!(
        tokens,
        (0..ids.len()).filter(is_image).count(),
        "{case}: every image token is one of an image"
    );
    spans
}

/// A decoder and what it answers with.
struct Model {
    decoder: Decoder,
    heads: Option<StreamHeads>,
}

/// For the response and for the prompt: projection, norm, risk and category.
struct StreamHeads(Vec<[Tensor; 4]>);

/// Every way to compute on the device under test.
fn ways() -> Vec<Computing> {
    match Computing::best(&device()) {
        Computing::Kernels => vec![Computing::Kernels, Computing::Tensors],
        Computing::Tensors => vec![Computing::Tensors],
    }
}

/// Loads a checkpoint, its configuration changed by `change`, for the best way to compute.
fn load(shape: &str, dtype: DType, change: impl FnOnce(&mut DecoderConfig)) -> Model {
    load_for(Computing::best(&device()), shape, dtype, None, change)
}

fn load_for(
    computing: Computing,
    shape: &str,
    dtype: DType,
    quantization: Option<Quantization>,
    change: impl FnOnce(&mut DecoderConfig),
) -> Model {
    let checkpoint = Checkpoint::open(&folder(shape)).unwrap();
    let architecture = Architecture::from_name(&checkpoint.architecture).unwrap();
    let mut config = architecture.config(&checkpoint.config, &checkpoint.config_path()).unwrap();
    let weights = Weights::open(&checkpoint).unwrap();
    for spec in Decoder::tensors(&config) {
        assert_eq!(weights.shape(&spec.name).unwrap(), spec.shape, "{shape}: {}", spec.name);
    }
    change(&mut config);
    let device = device();
    let heads = (architecture == Architecture::Qwen3GuardStream).then(|| {
        let heads = ["", "query_"].map(|of| {
            ["risk_level_category_pre", "risk_level_category_layernorm", "risk_level_head", "category_head"]
                .map(|name| {
                    let dtype = computing.activations(dtype);
                    weights.load(&format!("{of}{name}.weight"), dtype, &device).unwrap()
                })
        });
        StreamHeads(heads.to_vec())
    });
    let mut progress = |_| {};
    let mut loader = Loader::new(&weights, dtype, &device, computing, quantization, &mut progress);
    Model { decoder: Decoder::load(config, &mut loader).unwrap(), heads }
}

impl Model {
    fn exact(shape: &str) -> Self {
        load(shape, DType::F32, |_| {})
    }

    /// The same, computed in every way.
    fn in_every_way(shape: &str) -> Vec<Self> {
        let exact = |computing| load_for(computing, shape, DType::F32, None, |_| {});
        let mut models: Vec<Self> = ways().into_iter().map(exact).collect();
        // The kernels of flash attention know no single precision. Here their definition stands in for them, so that what
        // they are given is tested.
        if !cfg!(feature = "flash-attn") {
            let mut flash = exact(Computing::Tensors);
            flash.decoder.way = Way::Flash;
            models.push(flash);
        }
        models
    }

    /// Logits of hidden states `[R, H]`.
    fn logits(&self, hidden: &Tensor) -> Vec<Vec<f32>> {
        let Some(StreamHeads(heads)) = &self.heads else {
            return self.decoder.logits(hidden).unwrap().to_vec2().unwrap();
        };
        let mut parts = Vec::new();
        for [project, norm, risk, category] in heads {
            let inner = hidden.matmul(&project.t().unwrap()).unwrap();
            let inner = candle_nn::ops::rms_norm(&inner, norm, 1e-6).unwrap();
            parts.extend([risk, category].map(|head| inner.matmul(&head.t().unwrap()).unwrap()));
        }
        Tensor::cat(&parts, 1).unwrap().to_dtype(DType::F32).unwrap().to_vec2().unwrap()
    }

    fn prefix(&self, case: &[GoldenRow]) -> SharedPrefix {
        self.decoder.prefix(&case[0].ids[..PREFIX_TOKENS], 8, &Cancel::new()).unwrap()
    }

    /// The largest difference over all positions of all rows, computed as one batch.
    fn difference(&self, case: &[GoldenRow], prefix: Option<SharedPrefix>) -> f32 {
        self.differences(case, prefix).into_iter().fold(0.0, worse)
    }

    /// All differences of [`difference`](Self::difference).
    fn differences(&self, case: &[GoldenRow], prefix: Option<SharedPrefix>) -> Vec<f32> {
        let skip = prefix.as_ref().map_or(0, SharedPrefix::len);
        let golden: Vec<GoldenRow> = case.iter().map(|row| row.skip(skip)).collect();
        let rows: Vec<Row<'_>> = golden.iter().map(GoldenRow::row).collect();
        let mut cache = self.decoder.cache(rows.len(), prefix);
        let from = vec![0; rows.len()];
        let cancel = Cancel::new();
        let hidden = self.decoder.hidden_states(&rows, &from, &mut cache, usize::MAX, &cancel).unwrap();
        let rows = golden.iter().zip(&hidden);
        rows.flat_map(|(row, hidden)| differences(&self.logits(hidden), &row.logits)).collect()
    }

    /// The largest difference over all positions of one row, read in chunks.
    fn difference_in_chunks(
        &self,
        row: &GoldenRow,
        chunk_tokens: usize,
        from: usize,
        cache: &mut Cache,
    ) -> f32 {
        let cancel = Cancel::new();
        let rows = [row.row()];
        let hidden = self.decoder.hidden_states(&rows, &[from], cache, chunk_tokens, &cancel).unwrap();
        largest_difference(&self.logits(&hidden[0]), &row.logits[from..])
    }
}

/// `max` would let a NaN pass.
fn worse(a: f32, b: f32) -> f32 {
    if b > a || b.is_nan() { b } else { a }
}

fn largest_difference<R: AsRef<[f32]>>(found: &[Vec<f32>], expected: &[R]) -> f32 {
    differences(found, expected).into_iter().fold(0.0, worse)
}

fn differences<R: AsRef<[f32]>>(found: &[Vec<f32>], expected: &[R]) -> Vec<f32> {
    assert_eq!(found.len(), expected.len(), "each position has its logits");
    let pairs = found.iter().zip(expected).flat_map(|(a, b)| a.iter().zip(b.as_ref()));
    pairs.map(|(a, b)| (a - b).abs()).collect()
}

fn assert_close(found: f32, what: &str) {
    println!("{what}: {found:.2e}");
    assert!(found <= TOLERANCE, "{what}: differs by {found:e}");
}

/// Reads all but the last token of each row in chunks as one batch, then the last one of a few of them, behind the padding
/// of shorter rows, in another order.
fn assert_rows_grow(shape: &str, case: &[GoldenRow], chunk_tokens: usize, kept: &[usize]) {
    for model in Model::in_every_way(shape) {
        assert_rows_of_a_model_grow(&model, shape, case, chunk_tokens, kept);
    }
}

fn assert_rows_of_a_model_grow(
    model: &Model,
    shape: &str,
    case: &[GoldenRow],
    chunk_tokens: usize,
    kept: &[usize],
) {
    let decoder = &model.decoder;
    let starts: Vec<GoldenRow> = case.iter().map(GoldenRow::without_last).collect();
    let rows: Vec<Row<'_>> = starts.iter().map(GoldenRow::row).collect();
    let mut cache = decoder.cache(rows.len(), None);
    let hidden = decoder.prefill(&rows, &mut cache, chunk_tokens, &Cancel::new()).unwrap();
    let expected: Vec<&Vec<f32>> = starts.iter().map(|row| row.logits.last().unwrap()).collect();
    assert_close(largest_difference(&model.logits(&hidden), &expected), &format!("{shape} in chunks"));
    cache.keep(kept).unwrap();
    let last: Vec<&[u32]> = kept.iter().map(|r| std::slice::from_ref(case[*r].ids.last().unwrap())).collect();
    let hidden = decoder.step(&last, &mut cache).unwrap();
    let expected: Vec<&Vec<f32>> = kept.iter().map(|r| case[*r].logits.last().unwrap()).collect();
    assert_close(largest_difference(&model.logits(&hidden), &expected), &format!("{shape} grown"));
    if model.heads.is_none() {
        let some = [3u32, 100, 7];
        let few: Vec<Vec<f32>> = decoder.logits_of(&hidden, &some).unwrap().to_vec2().unwrap();
        let expected: Vec<[f32; 3]> =
            expected.iter().map(|row| some.map(|token| row[token as usize])).collect();
        assert_close(largest_difference(&few, &expected), &format!("{shape} head of a few tokens"));
    }
}
