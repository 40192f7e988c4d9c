//! A guard at work: prefill with and without a shared beginning, and whole items. `cargo bench -p saring-guard`; the kernels
//! have benches of their own in `saring-kernels`.
//!
//! Measures the demo guard, or the checkpoint whose folder or file `SARING_BENCH_GUARD` names.

use std::path::{Path, PathBuf};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use saring_guard::{LocalEngine, workload};
use saring_verdict::{
    Cancel, DeviceChoice, Engine, GuardSettings, GuardSource, LoadRequest, PrecisionChoice,
};

const PRECISIONS: [(&str, PrecisionChoice); 3] =
    [("f32", PrecisionChoice::F32), ("bf16", PrecisionChoice::Bf16), ("int8", PrecisionChoice::Int8)];

/// Rows and their tokens in a prefill: packed batches of short items.
const ROWS: [usize; 4] = [1, 4, 16, 64];
const TOKENS: usize = 128;
/// Tokens that they share.
const SHARED: usize = 64;

/// Items of one call.
const ITEMS: u32 = 16;

fn engine(precision: PrecisionChoice) -> LocalEngine {
    let demo = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/guard");
    let path = std::env::var_os("SARING_BENCH_GUARD").map_or_else(demo, PathBuf::from);
    let request = LoadRequest {
        source: GuardSource { path, family: None },
        device: DeviceChoice::Auto,
        precision,
        settings: GuardSettings::default(),
        features_dir: None,
    };
    let mut engine = LocalEngine::new();
    engine.load(&request, &mut |_| {}).expect("the guard loads");
    engine
}

fn prefill(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("prefill, tokens computed");
    for (name, precision) in PRECISIONS {
        let engine = engine(precision);
        for (rows, shared) in ROWS.into_iter().flat_map(|rows| [(rows, 0), (rows, SHARED)]) {
            let prefill = engine.prefill(rows, TOKENS, shared).expect("the shared tokens are read");
            group.throughput(Throughput::Elements((rows * (TOKENS - shared)) as u64));
            group.bench_function(BenchmarkId::new(name, format!("{rows} rows, {shared} shared")), |bench| {
                bench.iter(|| prefill.read().expect("rows are read"));
            });
        }
    }
    group.finish();
}

fn items(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("items");
    group.throughput(Throughput::Elements(u64::from(ITEMS)));
    for (name, precision) in PRECISIONS {
        let mut engine = engine(precision);
        let subjects = workload(0, ITEMS);
        group.bench_function(name, |bench| {
            bench.iter(|| engine.judge(&subjects, &Cancel::new()).expect("items are judged"));
        });
    }
    group.finish();
}

criterion_group!(benches, prefill, items);
criterion_main!(benches);
