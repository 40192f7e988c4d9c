//! Holds what the kernel is given against what tensor operations compute; on a card, the kernel itself.

use std::{io::Write, time::Instant};

use candle_core::DType;

use super::{
    super::{Heads, Place, PooledCache, RowTokens, Sight, View, Way},
    *,
};
use crate::device;

const ALL: Sight = Sight { window: None, reach: 0 };

/// Rows behind a prefix of three tokens that were read in two calls.
fn places() -> Places {
    let mut places = Places::new(2, 3);
    places.begin(&[RowTokens { row: 0, tokens: 2 }, RowTokens { row: 1, tokens: 4 }]);
    places.begin(&[RowTokens { row: 0, tokens: 1 }]);
    places
}

/// The last `count` of a row of `tokens`.
fn asking(row: usize, tokens: u32, count: u32, sight: Sight) -> RowQueries {
    let place = |order: u32| Place { order, until: order + 1 };
    RowQueries { row, seen: (tokens - count..tokens).map(|order| sight.seen(place(order), tokens)).collect() }
}

#[test]
fn lengths_are_cumulative_and_every_row_has_the_prefix_in_front_of_its_own_keys() {
    let found = Lengths::new(&[asking(0, 6, 1, ALL), asking(1, 7, 4, ALL)], &places()).unwrap();
    assert_eq!((found.queries, found.keys), (vec![0, 1, 5], vec![0, 6, 13]));
    assert_eq!((found.queries_max, found.keys_max, found.window), (4, 7, None));
    assert_eq!(found.sources.unwrap(), [0, 1, 2, 3, 4, 9, 0, 1, 2, 5, 6, 7, 8]);
}

#[test]
fn rows_that_lie_in_the_pool_as_they_are_asked_for_are_not_copied() {
    let mut places = Places::new(2, 0);
    places.begin(&[RowTokens { row: 0, tokens: 2 }, RowTokens { row: 1, tokens: 3 }]);
    let both = [asking(0, 2, 2, ALL), asking(1, 3, 3, ALL)];
    assert_eq!(Lengths::new(&both, &places).unwrap().sources, None);
    assert_eq!(Lengths::new(&both[1..], &places).unwrap().sources.unwrap(), [2, 3, 4]);
}

#[test]
fn a_window_is_found_where_it_cuts_and_is_the_same_for_all() {
    let of = |window| Sight { window: Some(window), reach: 0 };
    let window = |sights: [Sight; 2]| {
        let queries = [asking(0, 6, 3, sights[0]), asking(1, 7, 4, sights[1])];
        Lengths::new(&queries, &places()).map(|lengths| lengths.window)
    };
    assert_eq!(window([of(5), of(5)]), Some(Some(5)));
    assert_eq!(window([of(9), of(9)]), Some(None), "it reaches farther than any row");
    assert_eq!(window([of(5), of(4)]), None);
    assert_eq!(window([of(4), ALL]), None, "one query sees more than the window of another");
}

#[test]
fn queries_that_see_ahead_or_are_not_the_last_are_left_to_tensor_operations() {
    let ahead = asking(1, 7, 4, Sight { window: None, reach: 1 });
    assert_eq!(Lengths::new(&[ahead], &places()), None);
    let image = RowQueries { row: 1, seen: vec![0..5, 0..6, 0..6, 0..7] };
    assert_eq!(Lengths::new(&[image], &places()), None, "an image sees itself to its end");
    let early = RowQueries { row: 1, seen: vec![0..4, 0..5] };
    assert_eq!(Lengths::new(&[early], &places()), None);
}

/// Causal attention with a window over rows of given lengths, query by query.
#[cfg(not(feature = "flash-attn"))]
pub(super) fn definition(
    plan: &Plan,
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    scale: f32,
) -> Result<Tensor> {
    let ((_, n, d), kv) = (queries.dims3()?, keys.dim(1)?);
    let flat = |t: &Tensor| t.flatten_all()?.to_dtype(DType::F32)?.to_vec1::<f32>();
    let (q, k, v) = (flat(queries)?, flat(keys)?, flat(values)?);
    let starts = |t: &Tensor| -> Result<Vec<usize>> {
        Ok(t.to_vec1::<u32>()?.into_iter().map(|start| start as usize).collect())
    };
    let (of_queries, of_keys) = (starts(&plan.queries)?, starts(&plan.keys)?);
    // The kernel takes as many blocks as these say, and trusts them.
    let most = |starts: &[usize]| starts.windows(2).map(|row| row[1] - row[0]).max();
    assert_eq!((most(&of_queries), most(&of_keys)), (Some(plan.queries_max), Some(plan.keys_max)));
    let mut out = vec![0f32; q.len()];
    for (own, keys) in of_queries.windows(2).zip(of_keys.windows(2)) {
        for query in own[0]..own[1] {
            // The last query stands where the last key does.
            let end = keys[1] + 1 + query - own[1];
            let start = plan.window.map_or(0, |window| end.saturating_sub(window as usize)).max(keys[0]);
            for head in 0..n {
                let at = (query * n + head) * d;
                let of_key = |key: usize| (key * kv + head / (n / kv)) * d;
                let score = |key: usize| -> f32 {
                    let pairs = q[at..at + d].iter().zip(&k[of_key(key)..]);
                    pairs.map(|(a, b)| a * b).sum::<f32>() * scale
                };
                let scores: Vec<f32> = (start..end).map(score).collect();
                let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let weights: Vec<f32> = scores.iter().map(|score| (score - most).exp()).collect();
                let sum: f32 = weights.iter().sum();
                for (key, weight) in (start..end).zip(weights) {
                    for (out, value) in out[at..at + d].iter_mut().zip(&v[of_key(key)..]) {
                        *out += weight / sum * value;
                    }
                }
            }
        }
    }
    Tensor::from_vec(out, queries.dims(), queries.device())?.to_dtype(queries.dtype())
}

/// Query heads, key heads, head size.
type Shape = (usize, usize, usize);

/// A batch behind a prefix: rows are read in calls, some of their last tokens ask.
struct Batch {
    prefix: usize,
    /// For each call the tokens of each row.
    calls: Vec<Vec<usize>>,
    /// How many of a row's tokens ask in a call, at most.
    asking: usize,
    sight: Sight,
}

/// Numbers between -1 and 1 that look random and are the same for every way.
fn numbers(rows: usize, heads: usize, d: usize, seed: u32, device: &Device, dtype: DType) -> Tensor {
    let number = |i: u32| ((i ^ seed).wrapping_mul(2_654_435_761) >> 16) as f32 / 32_768.0 - 1.0;
    let numbers: Vec<f32> = (0..(rows * heads * d) as u32).map(number).collect();
    Tensor::from_vec(numbers, (rows, heads, d), device).unwrap().to_dtype(dtype).unwrap()
}

/// What each call gives, with the rows in reverse order from the second on.
fn attended(way: Way, batch: &Batch, (n, kv, d): Shape, device: &Device, dtype: DType) -> Vec<Tensor> {
    let pair = |rows: usize, seed: u32| {
        (numbers(rows, kv, d, seed, device, dtype), numbers(rows, kv, d, seed + 1, device, dtype))
    };
    let (key, value) = pair(batch.prefix.max(1), 11);
    let prefix = [KeyValue { key, value }];
    let rows = batch.calls[0].len();
    let mut cache = PooledCache::new(rows, 1, if batch.prefix > 0 { &prefix } else { &[] }, way);
    let mut lengths = vec![batch.prefix; rows];
    let mut results = Vec::new();
    for (call, tokens) in batch.calls.iter().enumerate() {
        let read: Vec<RowTokens> =
            tokens.iter().enumerate().map(|(row, tokens)| RowTokens { row, tokens: *tokens }).collect();
        cache.begin(&read);
        let mut queries = Vec::new();
        for row in read.iter().filter(|row| row.tokens > 0) {
            lengths[row.row] += row.tokens;
            let count = row.tokens.min(batch.asking);
            queries.push(asking(row.row, lengths[row.row] as u32, count as u32, batch.sight));
        }
        let count = queries.iter().map(|row| row.seen.len()).sum();
        let (key, value) = pair(tokens.iter().sum(), 100 * call as u32);
        let query = numbers(count, n, d, 7 + call as u32, device, dtype);
        let plan = Some(cache.plan(&queries, device).unwrap());
        let view = View { queries, plan };
        results.push(cache.attend(0, &Heads { query, key, value }, &view, 0.3).unwrap());
        let reversed: Vec<usize> = (0..rows).rev().collect();
        cache.keep(&reversed).unwrap();
        lengths.reverse();
    }
    results
}

fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
    let single = |t: &Tensor| t.to_dtype(DType::F32).unwrap();
    let off = (single(a) - single(b)).unwrap().abs().unwrap().flatten_all().unwrap();
    off.max(0).unwrap().to_scalar().unwrap()
}

/// The device under test and what is compared on it; `None` where the build has kernels and no card to run them.
fn compared() -> Option<(Device, Vec<(DType, f32)>)> {
    let device = device::for_tests();
    match (device.is_cuda(), cfg!(feature = "flash-attn")) {
        // Results are rounded to the precision on both sides, the kernel's weights once more.
        (true, true) => Some((device, vec![(DType::BF16, 2e-2), (DType::F16, 3e-3)])),
        (_, false) => Some((device, vec![(DType::F32, 1e-5)])),
        (false, true) => {
            let mut err = std::io::stderr().lock();
            writeln!(err, "skipped: flash attention: this build computes it on a card only").unwrap();
            None
        }
    }
}

#[test]
fn flash_attention_gives_what_tensor_operations_give() {
    let Some((device, precisions)) = compared() else { return };
    let window = |window| Sight { window: Some(window), reach: 0 };
    let batch = |prefix, calls: &[&[usize]], asking, sight| Batch {
        prefix,
        calls: calls.iter().map(|call| call.to_vec()).collect(),
        asking,
        sight,
    };
    let batches = [
        batch(0, &[&[1, 5, 3]], usize::MAX, ALL),
        batch(7, &[&[1, 5, 3], &[2, 0, 1]], usize::MAX, ALL),
        batch(40, &[&[70, 9, 33], &[1, 1, 1]], 1, ALL),
        batch(0, &[&[150, 2], &[3, 200]], 64, ALL),
        batch(7, &[&[1, 5, 30], &[2, 9, 1]], usize::MAX, window(6)),
        batch(0, &[&[90, 300]], usize::MAX, window(64)),
    ];
    for shape in [(4, 2, 64), (3, 3, 72), (8, 1, 128), (2, 1, 256), (6, 2, 8)] {
        for (number, batch) in batches.iter().enumerate() {
            for (dtype, tolerance) in &precisions {
                let of = |way| attended(way, batch, shape, &device, *dtype);
                for (call, (flash, padded)) in of(Way::Flash).iter().zip(of(Way::Padded)).enumerate() {
                    assert_eq!(flash.dims(), padded.dims());
                    let off = largest_difference(flash, &padded);
                    assert!(
                        off <= *tolerance,
                        "heads {shape:?}, batch {number}, call {call}, {dtype:?}: differs by {off:e}"
                    );
                }
            }
        }
    }
}

/// Milliseconds that a layer takes: rows of `tokens` tokens behind a prefix, in the shape of Qwen3Guard-Gen-0.6B.
fn milliseconds(way: Way, rows: usize, tokens: usize, prefix: usize, device: &Device) -> f64 {
    const LAYERS: usize = 20;
    let (n, kv, d) = (16, 8, 128);
    let made = |rows: usize, heads: usize, seed: u32| numbers(rows, heads, d, seed, device, DType::BF16);
    let shared = KeyValue { key: made(prefix.max(1), kv, 1), value: made(prefix.max(1), kv, 2) };
    let shared = vec![shared; if prefix > 0 { LAYERS } else { 0 }];
    let mut cache = PooledCache::new(rows, LAYERS, &shared, way);
    cache.begin(&(0..rows).map(|row| RowTokens { row, tokens }).collect::<Vec<_>>());
    let last = (prefix + tokens) as u32;
    let queries: Vec<RowQueries> = (0..rows).map(|row| asking(row, last, tokens as u32, ALL)).collect();
    let view = View { plan: Some(cache.plan(&queries, device).unwrap()), queries };
    let all = rows * tokens;
    let heads = Heads { query: made(all, n, 3), key: made(all, kv, 4), value: made(all, kv, 5) };
    let mut start = Instant::now();
    for layer in 0..LAYERS {
        cache.attend(layer, &heads, &view, (d as f64).powf(-0.5)).unwrap();
        // The first one prepares the kernels.
        if layer == 0 {
            device.synchronize().unwrap();
            start = Instant::now();
        }
    }
    device.synchronize().unwrap();
    start.elapsed().as_secs_f64() * 1e3 / (LAYERS - 1) as f64
}

/// Prints lines for the report of `tests/gpu.sh`.
#[test]
#[ignore = "a measurement on a card, which tests/gpu.sh takes"]
fn a_layer_of_attention_is_timed_in_both_ways() {
    let device = device::for_tests();
    assert!(device.is_cuda() && cfg!(feature = "flash-attn"), "there is nothing to compare here");
    for (rows, tokens, prefix) in [(88, 186, 201), (8, 2048, 0)] {
        let [padded, flash] =
            [Way::Padded, Way::Flash].map(|way| milliseconds(way, rows, tokens, prefix, &device));
        println!("attention | {rows} x {tokens} behind {prefix} | {padded:.2} ms | {flash:.2} ms");
    }
}
