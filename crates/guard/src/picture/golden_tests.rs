//! Holds decoding and both processors against what `transformers` makes of the same files
//! (tests/reference/pictures.py).

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Picture, PictureError, decode, gemma::GemmaProcessor, probe, qwen::QwenProcessor};

pub(super) fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/golden/pictures")
}

fn reference() -> Value {
    serde_json::from_str(&fs::read_to_string(golden().join("reference.json")).unwrap()).unwrap()
}

/// Either family, as the reference's settings name it.
enum Processor {
    Qwen(QwenProcessor),
    Gemma(GemmaProcessor),
}

/// Pixel values, their shape and the grid, as the reference gives them.
type Output = (Vec<f32>, Value, Value);

impl Processor {
    fn new(settings: &Value) -> Self {
        let path = Path::new("preprocessor_config.json");
        if settings["image_processor_type"].as_str().unwrap().starts_with("Qwen") {
            Self::Qwen(QwenProcessor::from_json(settings, path).unwrap())
        } else {
            Self::Gemma(GemmaProcessor::from_json(settings, &Value::Null, path).unwrap())
        }
    }

    fn process(&self, picture: &Picture) -> Result<Output, PictureError> {
        Ok(match self {
            Self::Qwen(processor) => {
                let patches = processor.process(picture, None)?;
                let rows = patches.grid.iter().product::<usize>();
                let shape = json!([rows, patches.values.len() / rows]);
                assert_eq!(processor.grid(picture.width, picture.height, None)?, patches.grid);
                (patches.values, shape, json!(patches.grid))
            }
            Self::Gemma(processor) => {
                let pixels = processor.process(picture)?;
                (pixels.values, json!([3, pixels.size[0], pixels.size[1]]), Value::Null)
            }
        })
    }
}

fn sha256(values: &[f32]) -> String {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What differs from the reference for one picture and one processor.
fn differences(processor: &Processor, picture: &Picture, expected: &Value) -> Vec<String> {
    let (values, shape, grid) = match processor.process(picture) {
        Err(error) if expected.is_null() => {
            let refused = matches!(error, PictureError::AspectRatio { .. });
            return if refused { Vec::new() } else { vec![error.to_string()] };
        }
        Err(error) => return vec![error.to_string()],
        Ok(_) if expected.is_null() => return vec!["the reference refuses it".into()],
        Ok(output) => output,
    };
    let mut found = Vec::new();
    if shape != expected["shape"] || grid != expected["grid"] {
        found.push(format!("{shape} {grid}, expected {} {}", expected["shape"], expected["grid"]));
    }
    for sample in expected["samples"].as_array().unwrap() {
        let (place, value) = (sample[0].as_u64().unwrap() as usize, sample[1].as_f64().unwrap() as f32);
        if values.get(place) != Some(&value) {
            found.push(format!("{:?} at {place}, expected {value}", values.get(place)));
        }
    }
    if found.is_empty() && sha256(&values) != expected["sha256"] {
        found.push("samples are equal, but not every value".into());
    }
    found
}

#[test]
fn pixel_values_equal_the_reference_processors_to_the_bit_on_every_lossless_picture() {
    let reference = reference();
    let processors: Vec<(&String, Processor)> = reference["processors"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, settings)| (name, Processor::new(settings)))
        .collect();
    let (mut compared, mut wrong) = (0, Vec::new());
    for expected in reference["pictures"].as_array().unwrap() {
        let file = expected["file"].as_str().unwrap();
        let bytes = fs::read(golden().join(file)).unwrap();
        let size = probe(&bytes).unwrap();
        let picture = decode(bytes).unwrap();
        assert_eq!(json!([size.0, size.1]), expected["size"], "{file}: the header gives the upright size");
        assert_eq!((picture.width, picture.height), size, "{file}: header and pixels agree");
        for (name, processor) in &processors {
            let found = differences(processor, &picture, &expected[name.as_str()]);
            wrong.extend(found.iter().map(|what| format!("{file} with {name}: {what}")));
            compared += 1;
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared >= 24 * processors.len(), "only {compared} were compared");
}

/// Largest and mean difference of two images' values.
fn distance(a: &[f32], b: &[f32]) -> (f32, f64) {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    let sum: f64 = differences.clone().map(f64::from).sum();
    (differences.fold(0.0, f32::max), sum / a.len() as f64)
}

/// Measured over every file in `jpeg/`, in normalized units (8-bit levels / 127.5): at most four levels.
const JPEG_LARGEST: f32 = 0.0314;
/// Measured likewise: the mean over an image, largest where colour is stored at a quarter of the resolution.
const JPEG_MEAN: f64 = 0.0038;

#[test]
fn jpeg_pixel_values_stay_within_the_measured_distance_of_the_reference() {
    let reference = reference();
    for name in ["qwen3-vl", "gemma3", "qwen-small"] {
        let processor = Processor::new(&reference["processors"][name]);
        let mut compared = 0;
        for entry in fs::read_dir(golden().join("jpeg")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|e| e != "jpg") {
                continue;
            }
            let values =
                |path: &Path| processor.process(&decode(fs::read(path).unwrap()).unwrap()).unwrap().0;
            let (largest, mean) = distance(&values(&path), &values(&path.with_extension("png")));
            let file = path.file_name().unwrap().display();
            assert!(largest <= JPEG_LARGEST, "{file} with {name}: a value differs by {largest}");
            assert!(mean <= JPEG_MEAN, "{file} with {name}: the values differ by {mean} on average");
            compared += 1;
        }
        assert!(compared >= 12, "qualities, samplings, progressive, grey, CMYK and turned: {compared}");
    }
}
