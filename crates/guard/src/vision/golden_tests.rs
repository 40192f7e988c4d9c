//! Holds both towers against features that `transformers` computed, and shows that a wrong tower would be noticed.
//!
//! Golden files: `tests/reference/make_reference.py`.

use std::{collections::HashMap, path::PathBuf};

use candle_core::{DType, Device, Tensor, safetensors};
use serde_json::Value;

use super::{Gemma3Tower, Qwen3VlTower, VisionConfig, VisionTower, tensors};
use crate::{
    checkpoint::{Checkpoint, Weights},
    decoder::ImageFeatures,
    device::for_tests,
    layers::{Computing, Loader, Quantization},
};

/// The largest difference to the reference that any feature may have.
const TOLERANCE: f32 = 2e-5;
/// A mutant must differ by at least this.
const NOTICED: f32 = 10.0 * TOLERANCE;

const QWEN: [&str; 3] = ["qwen3-vl-tied-f32", "qwen3-vl-untied-bf16", "qwen3-vl-patch16-bf16"];
const GEMMA: [&str; 3] = ["gemma3-grouped-f32", "gemma3-single-bf16", "gemma3-full-bf16"];
const CASES: [&str; 4] = ["image-one", "image-two", "image-batch", "image-prefix"];

/// The images of one row and what the reference makes of each.
struct Row {
    name: String,
    pixel_values: Vec<Tensor>,
    grids: Vec<[usize; 3]>,
    features: Vec<Vec<Tensor>>,
}

fn folder(shape: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/golden").join(shape)
}

/// Every row with images.
fn rows(shape: &str) -> Vec<Row> {
    let all = safetensors::load(folder(shape).join("reference.safetensors"), &Device::Cpu).unwrap();
    let mut rows = Vec::new();
    for case in CASES {
        let count = (0..).take_while(|row| all.contains_key(&format!("{case}/ids.{row}"))).count();
        assert!(count > 0, "{shape} has no case {case}");
        rows.extend((0..count).map(|row| read_row(&all, case, row)).filter(|row| !row.features.is_empty()));
    }
    rows
}

fn read_row(all: &HashMap<String, Tensor>, case: &str, row: usize) -> Row {
    let get = |kind: &str, place: &str| all.get(&format!("{case}/{kind}.{row}.{place}"));
    let name = format!("{case} {row}");
    let mut found = Row { name, pixel_values: Vec::new(), grids: Vec::new(), features: Vec::new() };
    while let Some(values) = get("pixel_values", &found.features.len().to_string()) {
        let image = found.features.len();
        found.pixel_values.push(values.clone());
        if let Some(grid) = get("grid", &image.to_string()) {
            let sides: Vec<i64> = grid.to_vec1().unwrap();
            found.grids.push([sides[0] as usize, sides[1] as usize, sides[2] as usize]);
        }
        let mut features = vec![get("features", &image.to_string()).unwrap().clone()];
        while let Some(layer) = get("deepstack", &format!("{image}.{}", features.len() - 1)) {
            features.push(layer.clone());
        }
        found.features.push(features);
    }
    found
}

/// Loads the tower of a checkpoint, its config.json changed by `change`.
fn load(shape: &str, quantization: Option<Quantization>, change: impl FnOnce(&mut Value)) -> VisionTower {
    let mut checkpoint = Checkpoint::open(&folder(shape)).unwrap();
    change(&mut checkpoint.config);
    let config = VisionConfig::from_json(&checkpoint.config, &checkpoint.config_path()).unwrap().unwrap();
    let weights = Weights::open(&checkpoint).unwrap();
    for spec in tensors(&config) {
        assert_eq!(weights.shape(&spec.name).unwrap(), spec.shape, "{shape}: {}", spec.name);
    }
    let (device, mut progress) = (for_tests(), |_| {});
    let mut loader =
        Loader::new(&weights, DType::F32, &device, Computing::best(&device), quantization, &mut progress);
    VisionTower::load(&config, &mut loader).unwrap()
}

fn qwen(shape: &str) -> Qwen3VlTower {
    let VisionTower::Qwen3Vl(tower) = load(shape, None, |_| {}) else { panic!("{shape} is a Qwen3-VL") };
    tower
}

fn gemma(shape: &str) -> Gemma3Tower {
    let VisionTower::Gemma3(tower) = load(shape, None, |_| {}) else { panic!("{shape} is a Gemma 3") };
    tower
}

/// All images of a row at once.
fn see(tower: &VisionTower, row: &Row) -> Vec<ImageFeatures> {
    match tower {
        VisionTower::Qwen3Vl(tower) => see_with_qwen(tower, row),
        VisionTower::Gemma3(tower) => tower.forward(&Tensor::stack(&row.pixel_values, 0).unwrap()).unwrap(),
    }
}

fn see_with_qwen(tower: &Qwen3VlTower, row: &Row) -> Vec<ImageFeatures> {
    tower.forward(&Tensor::cat(&row.pixel_values, 0).unwrap(), &row.grids).unwrap()
}

/// The largest difference over all images of a row, deepstack included.
fn difference(found: &[ImageFeatures], row: &Row) -> f32 {
    assert_eq!(found.len(), row.features.len(), "every image has features of its own");
    let mut worst = 0f32;
    for (found, expected) in found.iter().zip(&row.features) {
        let layers: Vec<&Tensor> = std::iter::once(&found.embeddings).chain(&found.deepstack).collect();
        assert_eq!(layers.len(), expected.len(), "every deepstack layer is there");
        for (found, expected) in layers.into_iter().zip(expected) {
            let found = found.to_device(&Device::Cpu).unwrap().to_dtype(DType::F32).unwrap();
            let difference = (found - expected).unwrap().abs().unwrap().flatten_all().unwrap();
            for number in difference.to_vec1::<f32>().unwrap() {
                // `max` would let a NaN pass.
                worst = if number > worst || number.is_nan() { number } else { worst };
            }
        }
    }
    worst
}

fn worst(shape: &str, see: impl Fn(&Row) -> Vec<ImageFeatures>) -> f32 {
    rows(shape).iter().map(|row| difference(&see(row), row)).fold(0.0, f32::max)
}

#[test]
fn features_equal_the_reference_for_one_and_several_images() {
    for shape in QWEN.into_iter().chain(GEMMA) {
        let tower = load(shape, None, |_| {});
        for row in rows(shape) {
            let found = difference(&see(&tower, &row), &row);
            println!("{shape} {}: {found:.2e}", row.name);
            assert!(found <= TOLERANCE, "{shape}, {}: differs by {found:e}", row.name);
        }
    }
}

#[test]
fn an_image_has_the_same_features_alone_and_among_others() {
    for shape in QWEN {
        let tower = qwen(shape);
        for row in rows(shape) {
            let together = see_with_qwen(&tower, &row);
            for (i, values) in row.pixel_values.iter().enumerate() {
                let alone = tower.forward(values, &row.grids[i..=i]).unwrap();
                let [t, h, w] = row.grids[i];
                assert_eq!(alone[0].grid, Some([t, h / 2, w / 2]), "tokens, not patches");
                assert_eq!(alone[0].grid, together[i].grid);
                let expected = Row {
                    name: row.name.clone(),
                    pixel_values: vec![values.clone()],
                    grids: vec![row.grids[i]],
                    features: vec![row.features[i].clone()],
                };
                let found = difference(&alone, &expected);
                assert!(found <= TOLERANCE, "{shape}, {}, image {i}: differs by {found:e}", row.name);
            }
        }
    }
}

fn assert_noticed(what: &str, shape: &str, found: f32) {
    println!("{shape} with {what}: {found:.2e}");
    assert!(found >= NOTICED || found.is_nan(), "{shape}: {what} differs only by {found:e}");
}

#[test]
fn the_wrong_gelu_in_the_mergers_is_noticed() {
    for shape in QWEN {
        let tower = qwen(shape).with_tanh_mergers();
        assert_noticed("tanh GELU", shape, worst(shape, |row| see_with_qwen(&tower, row)));
    }
}

#[test]
fn exchanged_deepstack_mergers_are_noticed() {
    for shape in QWEN {
        let layers = rows(shape)[0].features[0].len() - 1;
        for other in 1..layers {
            let tower = qwen(shape).with_exchanged_mergers(0, other);
            assert_noticed("exchanged mergers", shape, worst(shape, |row| see_with_qwen(&tower, row)));
        }
    }
}

#[test]
fn positions_without_interpolation_are_noticed() {
    // The pictures of the third shape have as many patches as it has positions.
    for shape in &QWEN[..2] {
        let tower = qwen(shape).without_interpolation();
        assert_noticed("positions cut off", shape, worst(shape, |row| see_with_qwen(&tower, row)));
    }
}

#[test]
fn another_rope_base_is_noticed() {
    for shape in QWEN {
        let tower = load(shape, None, |config| {
            config["vision_config"]["rope_parameters"] = serde_json::json!({"rope_theta": 9000.0});
        });
        assert_noticed("another rope base", shape, worst(shape, |row| see(&tower, row)));
    }
}

#[test]
fn another_norm_epsilon_in_siglip_is_noticed() {
    for shape in GEMMA {
        let tower = load(shape, None, |config| config["vision_config"]["layer_norm_eps"] = 1e-3.into());
        assert_noticed("another norm epsilon", shape, worst(shape, |row| see(&tower, row)));
    }
}

#[test]
fn a_quantised_tower_is_near_the_reference() {
    // The hidden sizes of the others are too small for blocks of 32 numbers.
    for shape in QWEN {
        let tower = load(shape, Some(Quantization::Int8), |_| {});
        let found = worst(shape, |row| see(&tower, row));
        println!("{shape} at eight bits: {found:.2e}");
        assert!(found > TOLERANCE && found < 0.1, "{shape}: eight bits lose a little, not {found:e}");
    }
}

#[test]
fn pixel_values_that_do_not_fit_are_refused() {
    let (tower, row) = (qwen(QWEN[0]), &rows(QWEN[0])[0]);
    let [t, h, w] = row.grids[0];
    for grids in [&[][..], &[[t, h + 2, w]], &[[t, h, w], [t, h, w]], &[[t, h * w, 1]], &[[0, h, w]]] {
        assert!(tower.forward(&row.pixel_values[0], grids).is_err(), "{grids:?} must be refused");
    }
    let (tower, row) = (gemma(GEMMA[0]), &rows(GEMMA[0])[0]);
    let pixels = row.pixel_values[0].unsqueeze(0).unwrap();
    for wrong in
        [pixels.narrow(2, 0, 4).unwrap(), pixels.narrow(1, 0, 1).unwrap(), pixels.squeeze(0).unwrap()]
    {
        assert!(tower.forward(&wrong).is_err(), "{:?} must be refused", wrong.dims());
    }
}
