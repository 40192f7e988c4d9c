//! Products and attention at the shapes of moderation: `cargo bench -p saring-kernels`.
//!
//! Throughput is in elements a second, an element being one floating-point operation (a multiplication or an addition),
//! so Gelem/s are GFLOP/s. Weights and tokens are the same every time; what they are does not matter for the time.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use half::bf16;
use saring_kernels::{
    Activation, Affine, Epilogue, Isa, Matrix, Queries, Segment, Strided, Then, attend, layer_norm,
    multiply_gated,
};

/// Inputs and outputs: a feed-forward block of 0.6B parameters there and back, and one of 4B.
const SHAPES: [(usize, usize); 3] = [(1024, 3072), (3072, 1024), (2560, 9728)];

/// Tokens: an answer token, a few of them, a short item, a packed batch.
const TOKENS: [usize; 4] = [1, 8, 96, 512];

fn numbers(count: usize) -> Vec<f32> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn matrices(outputs: usize, inputs: usize) -> [(&'static str, Matrix); 3] {
    let w = numbers(outputs * inputs);
    let halves: Vec<bf16> = w.iter().copied().map(bf16::from_f32).collect();
    [
        ("f32", Matrix::f32(outputs, inputs, &w)),
        ("bf16", Matrix::bf16(outputs, inputs, &halves)),
        ("int8", Matrix::int8_from_f32(outputs, inputs, &w)),
    ]
    .map(|(kind, matrix)| (kind, matrix.expect("the shapes fit")))
}

fn products(criterion: &mut Criterion) {
    for (inputs, outputs) in SHAPES {
        for (kind, matrix) in matrices(outputs, inputs) {
            let mut group = criterion.benchmark_group(format!("{}/{kind}/{inputs}x{outputs}", Isa::best()));
            for tokens in TOKENS {
                let (x, mut y) = (numbers(tokens * inputs), vec![0.0; tokens * outputs]);
                group.throughput(Throughput::Elements((2 * tokens * inputs * outputs) as u64));
                group.bench_function(BenchmarkId::from_parameter(tokens), |bench| {
                    bench.iter(|| matrix.multiply(black_box(&x), &mut y));
                });
            }
            group.finish();
        }
    }
}

fn gated(criterion: &mut Criterion) {
    let (inputs, outputs, tokens) = (1024, 3072, 512);
    for ((kind, gate), (_, up)) in matrices(outputs, inputs).into_iter().zip(matrices(outputs, inputs)) {
        let (x, mut y) = (numbers(tokens * inputs), vec![0.0; tokens * outputs]);
        let mut group = criterion.benchmark_group(format!("{}/gated {kind}", Isa::best()));
        group.throughput(Throughput::Elements((4 * tokens * inputs * outputs) as u64));
        group.bench_function(BenchmarkId::from_parameter(tokens), |bench| {
            bench.iter(|| multiply_gated(&gate, &up, Activation::Silu, black_box(&x), &mut y));
        });
        group.finish();
    }
}

/// Five rows of 90 tokens behind a prefix of 200, with the heads of Qwen3-0.6B and of its 4B.
fn attention(criterion: &mut Criterion) {
    let (head_dim, prefix_len, row_len, rows) = (128, 200, 90, 5);
    for (heads, kv_heads) in [(16, 8), (32, 8)] {
        let segment = |len: usize| {
            let (keys, values) = (numbers(len * kv_heads * head_dim), numbers(len * kv_heads * head_dim));
            let mut segment = Segment::new(kv_heads, head_dim);
            segment.push(&keys, &values);
            segment
        };
        let (prefix, own) = (segment(prefix_len), segment(row_len));
        let seen: Vec<_> = (0..row_len).map(|i| 0..(prefix_len + i + 1) as u32).collect();
        let queries: Vec<_> =
            (0..rows).map(|row| Queries { first: row * row_len, own: &own, seen: &seen }).collect();
        let q = numbers(rows * row_len * heads * head_dim);
        let mut out = vec![0.0; q.len()];
        let q = Strided::dense(&q, heads * head_dim);
        let columns: usize = seen.iter().map(|seen| seen.len()).sum();
        let mut group = criterion.benchmark_group(format!("{}/attention", Isa::best()));
        group.throughput(Throughput::Elements((4 * rows * columns * heads * head_dim) as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{heads} heads of {kv_heads}")), |bench| {
            bench.iter(|| attend(black_box(q), heads, head_dim, 0.088, Some(&prefix), &queries, &mut out));
        });
        group.finish();
    }
}

/// A block of a vision tower of Qwen3-VL-4B's shape, stage by stage, for an image of 512 x 512 pixels.
fn tower(criterion: &mut Criterion) {
    let (patches, heads, head_dim, inner) = (1024, 16, 64, 4096);
    let hidden = heads * head_dim;
    let mut group = criterion.benchmark_group(format!("{}/tower", Isa::best()));
    let x = numbers(patches * hidden);

    let (weight, bias, mut y) = (numbers(hidden), numbers(hidden), vec![0.0; x.len()]);
    group.throughput(Throughput::Elements(x.len() as u64));
    group.bench_function("norm", |bench| {
        bench.iter(|| layer_norm(black_box(&x), Affine { weight: &weight, bias: &bias }, 1e-6, &mut y));
    });

    for (kind, up) in matrices(inner, hidden) {
        let (bias, mut y) = (numbers(inner), vec![0.0; patches * inner]);
        let epilogue = Epilogue { bias: Some(&bias), then: Then::Activate(Activation::GeluTanh) };
        group.throughput(Throughput::Elements((2 * patches * hidden * inner) as u64));
        group.bench_function(format!("up and GELU, {kind}"), |bench| {
            bench.iter(|| up.multiply_then(black_box(&x), epilogue, &mut y));
        });
    }

    let all = numbers(patches * 3 * hidden);
    let part = |i: usize| Strided { numbers: &all[i * hidden..], stride: 3 * hidden };
    let (seen, mut out) = (vec![0..patches as u32; patches], vec![0.0; patches * hidden]);
    let mut own = Segment::new(heads, head_dim);
    group.throughput(Throughput::Elements((4 * patches * patches * hidden) as u64));
    group.bench_function("attention", |bench| {
        bench.iter(|| {
            own.clear();
            own.push_strided(part(1), part(2), patches);
            let rows = [Queries { first: 0, own: &own, seen: &seen }];
            attend(black_box(part(0)), heads, head_dim, 0.125, None, &rows, &mut out);
        });
    });
    group.finish();
}

criterion_group!(benches, products, gated, attention, tower);
criterion_main!(benches);
