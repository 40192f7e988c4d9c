//! Holds each operation that decoders and vision towers are made of, on the device that `SARING_TEST_DEVICE` names,
//! against the processor. What a backend lacks or computes otherwise is found here by name, before a guard is off by it.

use std::io::Write;

use candle_core::{
    DType, Device, Module, Result, Tensor,
    quantized::{GgmlDType, QMatMul, QTensor},
};
use candle_nn::{ops, rotary_emb::rope};

/// What an operation is given: `[B, N, T, D]`.
const SHAPE: (usize, usize, usize, usize) = (2, 3, 8, 64);

type Operation = (&'static str, fn(&Tensor) -> Result<Tensor>);

const OPERATIONS: &[Operation] = &[
    ("product with a transposed view", |x| x.matmul(&x.transpose(2, 3)?)),
    ("product with a transposed weight", |x| rows(x)?.matmul(&rows(x)?.t()?)),
    ("broadcast sum", |x| x.broadcast_add(&x.narrow(1, 0, 1)?)),
    ("softmax behind a mask", |x| ops::softmax_last_dim(&x.broadcast_add(&mask(x)?)?)),
    ("RMS norm", |x| ops::rms_norm(x, &weight(x)?, 1e-6)),
    ("layer norm", |x| ops::layer_norm(x, &weight(x)?, &weight(x)?, 1e-6)),
    ("rope", |x| rope(x, &angles(x)?.cos()?, &angles(x)?.sin()?)),
    ("SiLU", |x| x.silu()),
    ("GELU by tanh", |x| x.gelu()),
    ("GELU by erf", |x| x.gelu_erf()),
    ("xIELU's parts", |x| x.gt(0f64)?.where_cond(&x.sqr()?, &(x.minimum(-1e-6)?.exp()? - 1.0)?)),
    ("choice of rows", |x| rows(x)?.index_select(&Tensor::new(&[40u32, 0, 7], x.device())?, 0)),
    ("sum into rows", |x| {
        rows(x)?.index_add(&Tensor::new(&[5u32, 2], x.device())?, &rows(x)?.narrow(0, 9, 2)?, 0)
    }),
    ("joining of slices", |x| Tensor::cat(&[&x.narrow(2, 3, 4)?, x], 2)),
    ("reordering of axes", |x| x.permute((2, 0, 3, 1))?.contiguous()),
    ("average pooling", |x| x.avg_pool2d(4)),
];

/// One of each way in which GGUF packs numbers, and the largest part of the result's extent that it may be off by.
const QUANTISED: [(GgmlDType, f32); 3] =
    [(GgmlDType::Q8_0, 0.01), (GgmlDType::Q6K, 0.02), (GgmlDType::Q4K, 0.05)];

fn rows(x: &Tensor) -> Result<Tensor> {
    x.reshape(((), SHAPE.3))
}

fn weight(x: &Tensor) -> Result<Tensor> {
    x.get(0)?.get(0)?.get(0)
}

fn angles(x: &Tensor) -> Result<Tensor> {
    x.get(0)?.get(0)?.narrow(1, 0, SHAPE.3 / 2)?.contiguous()
}

/// Hides every third column.
fn mask(x: &Tensor) -> Result<Tensor> {
    let columns: Vec<f32> = (0..SHAPE.3).map(|i| if i % 3 == 0 { f32::NEG_INFINITY } else { 0.0 }).collect();
    Tensor::from_vec(columns, (1, 1, 1, SHAPE.3), x.device())?.to_dtype(x.dtype())
}

/// Numbers between -2 and 2 that look random and are the same everywhere; bf16 holds them exactly.
fn numbers(shape: impl Into<candle_core::Shape>) -> Tensor {
    let shape = shape.into();
    let numbers: Vec<f32> = (0..shape.elem_count() as u32)
        .map(|i| ((i.wrapping_mul(2_654_435_761) >> 24) as f32 - 127.0) / 64.0)
        .collect();
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

/// The device to be tested, unless that is the processor itself.
fn device() -> Option<Device> {
    let device = super::for_tests();
    if device.is_cpu() {
        // Past the capture of the test harness, so that it is seen.
        let mut err = std::io::stderr().lock();
        writeln!(err, "skipped: operations on a GPU: SARING_TEST_DEVICE names none").unwrap();
        return None;
    }
    Some(device)
}

/// The largest difference, as a part of the largest number that was expected.
fn difference(found: &Tensor, expected: &Tensor) -> f32 {
    let flat = |t: &Tensor| -> Vec<f32> {
        t.to_device(&Device::Cpu)
            .and_then(|t| t.to_dtype(DType::F32)?.flatten_all()?.to_vec1())
            .unwrap_or_else(|e| panic!("a result cannot be read: {e}"))
    };
    assert_eq!(found.dims(), expected.dims());
    let (found, expected) = (flat(found), flat(expected));
    let extent = expected.iter().fold(1f32, |m, x| m.max(x.abs()));
    let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
    // `max` would let a NaN pass.
    worst.fold(0f32, |m, d| if d > m || d.is_nan() { d } else { m }) / extent
}

#[test]
fn operations_give_on_a_gpu_what_they_give_on_the_processor() {
    let Some(device) = device() else { return };
    let x = numbers(SHAPE);
    let mut wrong = Vec::new();
    for (name, operation) in OPERATIONS {
        let expected = operation(&x).unwrap();
        for (dtype, tolerance) in [(DType::F32, 1e-5), (DType::BF16, 2e-2)] {
            let found = x.to_device(&device).and_then(|x| operation(&x.to_dtype(dtype)?));
            match found.map(|found| difference(&found, &expected)) {
                Ok(difference) if difference <= tolerance => println!("{name}, {dtype:?}: {difference:.1e}"),
                Ok(difference) => wrong.push(format!("{name}, {dtype:?}: differs by {difference:.1e}")),
                Err(error) => wrong.push(format!("{name}, {dtype:?}: {error}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn quantised_weights_are_close_to_what_they_were_made_from() {
    let Some(device) = device() else { return };
    let weight = numbers((256, 256));
    for (packing, tolerance) in QUANTISED {
        let packed = QTensor::quantize_onto(&weight, packing, &device).unwrap();
        let product = QMatMul::from_qtensor(packed).unwrap();
        // One row takes another kernel than many.
        for count in [1, 40] {
            let x = numbers((count, 256));
            let expected = x.matmul(&weight.t().unwrap()).unwrap();
            let found = product.forward(&x.to_device(&device).unwrap()).unwrap();
            let difference = difference(&found, &expected);
            println!("{packing:?}, {count} rows: {difference:.1e}");
            assert!(difference <= tolerance, "{packing:?}, {count} rows: differs by {difference:e}");
        }
        let ids = [3u32, 250];
        let expected = weight.index_select(&Tensor::new(&ids, &Device::Cpu).unwrap(), 0).unwrap();
        let found = product.embedding(&Tensor::new(&ids, &device).unwrap()).unwrap();
        let difference = difference(&found, &expected);
        assert!(difference <= tolerance, "{packing:?}, unpacked rows: differ by {difference:e}");
    }
}
