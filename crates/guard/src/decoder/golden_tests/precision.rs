//! Lower precision: no farther from the reference's single precision than the reference's own bfloat16.

use std::{collections::BTreeMap, fs};

use super::*;

/// How far bfloat16 may be off, in units of what it is off in the reference.
const OF_THE_REFERENCE: f32 = 1.5;

/// Held by the root mean square of a case. Of its largest difference alone, which is one of thousands of rounding errors,
/// two sound computations differ by twice and more.
#[test]
fn bfloat16_is_hardly_farther_off_than_the_reference_in_bfloat16() {
    for shape in SHAPES {
        let Ok(cases) = fs::read_to_string(folder(shape).join("cases.json")) else { continue };
        let cases: Value = serde_json::from_str(&cases).unwrap();
        let cases: BTreeMap<String, Value> = serde_json::from_value(cases["cases"].clone()).unwrap();
        let models: Vec<Model> = ways()
            .into_iter()
            .map(|computing| load_for(computing, shape, DType::BF16, None, |_| {}))
            .collect();
        for (model, (name, about)) in
            models.iter().flat_map(|model| cases.iter().map(move |case| (model, case)))
        {
            let theirs = |key: &str| about[key].as_f64().unwrap() as f32;
            let ours = model.differences(&case(shape, name), None);
            let rms = (ours.iter().map(|d| d * d).sum::<f32>() / ours.len() as f32).sqrt();
            let most = ours.into_iter().fold(0.0, worse) / theirs("bf16_error");
            let ratio = rms / theirs("bf16_rms_error");
            println!("{shape} {name} in bf16: {rms:.4}, {ratio:.2} of the reference's, at most {most:.2}");
            assert!(
                ratio <= OF_THE_REFERENCE,
                "{shape} {name}: {rms} is too far off, {ratio} of what is usual"
            );
        }
    }
}

/// Eight bits in the arithmetic of ggml's Q8_0, which candle has too, are the measure: weights and activations in groups of
/// 32, each with a scale.
#[test]
#[cfg(not(any(feature = "cuda", feature = "metal")))]
fn eight_bits_by_the_kernels_are_no_farther_off_than_ggmls() {
    let mut compared = 0;
    for shape in SHAPES {
        let rms = |computing| {
            let model = load_for(computing, shape, DType::F32, Some(Quantization::Int8), |_| {});
            let names = ["single", "batch", "long"];
            let off: Vec<f32> =
                names.iter().flat_map(|name| model.differences(&case(shape, name), None)).collect();
            (off.iter().map(|d| d * d).sum::<f32>() / off.len() as f32).sqrt()
        };
        let (ours, ggmls) = (rms(Computing::Kernels), rms(Computing::Tensors));
        println!("{shape} in int8: {ours:.5}, ggml's {ggmls:.5}");
        // Where no row is a multiple of 32 nothing is quantised.
        if ggmls > TOLERANCE {
            compared += 1;
            assert!(ours <= 1.1 * ggmls, "{shape}: {ours} is farther off than {ggmls}");
        }
    }
    assert!(compared >= 5, "only {compared} shapes can be quantised");
}
