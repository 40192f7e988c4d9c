//! Attention against softmax in f64.

use std::ops::Range;

use crate::{
    Queries, Segment, Strided,
    attention::{Shape, attend_with},
    isa::Kernels,
    tests::{Numbers, wide},
};

/// Plain rows of keys and values, and the segment made of them.
struct Plain {
    keys: Vec<f32>,
    values: Vec<f32>,
    segment: Segment,
}

fn positions(numbers: &mut Numbers, count: usize, kv_heads: usize, head_dim: usize) -> Plain {
    let width = kv_heads * head_dim;
    let (keys, values) = (numbers.take(count * width), numbers.take(count * width));
    let mut segment = Segment::new(kv_heads, head_dim);
    // In two parts, as a prefix and what is appended to it are.
    let cut = count / 3 * width;
    segment.push(&keys[..cut], &values[..cut]);
    segment.push(&keys[cut..], &values[cut..]);
    assert_eq!(segment.len(), count, "all positions are there");
    Plain { keys, values, segment }
}

struct Case {
    kv_heads: usize,
    shape: Shape,
    prefix: Option<Plain>,
    rows: Vec<(Plain, Vec<Range<u32>>)>,
    q: Vec<f32>,
}

impl Case {
    fn attend(&self, kernels: &Kernels) -> Vec<f32> {
        let mut first = 0;
        let mut rows = Vec::new();
        for (own, seen) in &self.rows {
            rows.push(Queries { first, own: &own.segment, seen });
            first += seen.len();
        }
        let mut out = vec![f32::NAN; self.q.len()];
        let q = Strided::dense(&self.q, self.shape.heads * self.shape.head_dim);
        attend_with(kernels, q, self.shape, self.prefix.as_ref().map(|p| &p.segment), &rows, &mut out);
        out
    }

    fn reference(&self) -> Vec<f64> {
        let Shape { heads, head_dim, .. } = self.shape;
        let mut out = Vec::new();
        let mut queries = self.q.chunks_exact(heads * head_dim);
        for (own, seen) in &self.rows {
            for range in seen {
                let query = queries.next().expect("a query for each range");
                for (head, query) in query.chunks_exact(head_dim).enumerate() {
                    out.extend(self.one(own, range, head, query));
                }
            }
        }
        out
    }

    fn one(&self, own: &Plain, range: &Range<u32>, head: usize, query: &[f32]) -> Vec<f64> {
        let Shape { heads, head_dim, scale } = self.shape;
        let width = self.kv_heads * head_dim;
        let at = head / (heads / self.kv_heads) * head_dim;
        let prefix = self.prefix.iter();
        let part = |plain: fn(&Plain) -> &Vec<f32>| {
            let all = prefix.clone().chain([own]).flat_map(|p| plain(p).chunks_exact(width));
            let seen = all.skip(range.start as usize).take(range.len());
            seen.map(|position| position[at..at + head_dim].to_vec()).collect::<Vec<_>>()
        };
        let (keys, values) = (part(|p| &p.keys), part(|p| &p.values));
        let score = |key: &Vec<f32>| -> f64 {
            key.iter().zip(query).map(|(k, q)| f64::from(*k) * f64::from(*q)).sum::<f64>() * f64::from(scale)
        };
        let scores: Vec<f64> = keys.iter().map(score).collect();
        let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = scores.iter().map(|score| (score - max).exp()).collect();
        let total: f64 = weights.iter().sum();
        let sum = |d: usize| -> f64 {
            let terms = values.iter().zip(&weights).map(|(value, weight)| f64::from(value[d]) * weight);
            terms.sum::<f64>() / if total == 0.0 { 1.0 } else { total }
        };
        (0..head_dim).map(sum).collect()
    }
}

fn causal(before: usize, own: usize) -> Vec<Range<u32>> {
    (0..own).map(|i| 0..(before + i + 1) as u32).collect()
}

fn case(seed: u64, heads: (usize, usize), head_dim: usize, prefix: usize, lengths: &[usize]) -> Case {
    let mut numbers = Numbers(seed);
    let (heads, kv_heads) = heads;
    let with_prefix = (prefix > 0).then(|| positions(&mut numbers, prefix, kv_heads, head_dim));
    let mut row = |own| (positions(&mut numbers, own, kv_heads, head_dim), causal(prefix, own));
    let rows: Vec<_> = lengths.iter().map(|own| row(*own)).collect();
    let q = numbers.take(lengths.iter().sum::<usize>() * heads * head_dim);
    // Sharp enough that the running maximum moves.
    let shape = Shape { heads, head_dim, scale: 6.0 / (head_dim as f32).sqrt() };
    Case { kv_heads, shape, prefix: with_prefix, rows, q }
}

fn agrees(case: &Case, what: &str) {
    let expected = case.reference();
    for (isa, kernels) in wide::all() {
        let got = case.attend(kernels);
        assert_eq!(got.len(), expected.len(), "an output for each query");
        for (got, expected) in got.iter().zip(&expected) {
            let error = (f64::from(*got) - expected).abs();
            assert!(error < 5e-6, "{isa}, {what}: {got} for {expected}");
        }
    }
}

#[test]
fn rows_behind_a_prefix_agree_with_f64() {
    agrees(&case(1, (4, 2), 64, 37, &[5, 90, 1, 17]), "prefix");
    agrees(&case(2, (6, 2), 20, 0, &[70, 3]), "no prefix, a head of 20");
    agrees(&case(3, (16, 8), 128, 200, &[40, 33]), "Qwen3-0.6B");
    agrees(&case(4, (3, 3), 72, 16, &[131]), "no groups");
    agrees(&case(5, (8, 1), 256, 129, &[1; 40]), "an answer token a row");
}

#[test]
fn windows_and_images_see_what_they_should() {
    let mut windowed = case(6, (4, 2), 32, 150, &[300, 20]);
    for (own, seen) in &mut windowed.rows {
        // A sliding window of 50, then an image of 16 whose positions see each other.
        for (i, range) in seen.iter_mut().enumerate() {
            range.start = (150 + i as u32 + 1).saturating_sub(50);
        }
        let first = own.segment.len() as u32 - 16;
        for range in &mut seen[first as usize..] {
            range.end = 150 + first + 16;
        }
    }
    agrees(&windowed, "window");
}

#[test]
fn a_query_that_sees_nothing_gets_zeros() {
    let mut blind = case(7, (2, 1), 16, 10, &[4, 3]);
    blind.rows[0].1[2] = 0..0;
    blind.rows[1].1.fill(5..5);
    agrees(&blind, "blind");
    let no_queries = case(8, (2, 1), 16, 10, &[0, 3, 0]);
    agrees(&no_queries, "rows without queries");
}

#[test]
fn a_truncated_segment_is_one_that_never_was_longer() {
    let mut numbers = Numbers(9);
    let long = positions(&mut numbers, 53, 2, 24);
    for len in [0, 7, 16, 33, 53] {
        let mut short = Segment::new(2, 24);
        short.push(&long.keys[..len * 48], &long.values[..len * 48]);
        let mut cut = long.segment.truncated(len);
        assert_eq!(cut.len(), len, "as long as it was cut");
        // What is appended afterwards must not meet what was cut off.
        let more = numbers.take(5 * 48);
        short.push(&more, &more);
        cut.push(&more, &more);
        for (short, cut) in short.heads().iter().zip(cut.heads()) {
            let words =
                |lines: &[crate::line::Line]| lines.iter().flat_map(|line| line.0).collect::<Vec<_>>();
            assert_eq!(words(&short.keys), words(&cut.keys), "keys of {len}");
            assert_eq!(words(&short.values), words(&cut.values), "values of {len}");
        }
    }
}

#[test]
fn queries_keys_and_values_of_one_product_are_read_where_they_are() {
    let (tokens, heads, head_dim) = (61, 3, 20);
    let width = heads * head_dim;
    let all = Numbers(11).take(tokens * 3 * width);
    let part = |i: usize| Strided { numbers: &all[i * width..], stride: 3 * width };
    let copied = |i: usize| -> Vec<f32> {
        all.chunks(3 * width).flat_map(|token| token[i * width..][..width].to_vec()).collect()
    };
    let shape = Shape { heads, head_dim, scale: 0.7 };
    let seen = vec![0..tokens as u32; tokens];
    let attended = |kernels: &Kernels, q: Strided<'_>, own: &Segment| {
        let mut out = vec![f32::NAN; tokens * width];
        attend_with(kernels, q, shape, None, &[Queries { first: 0, own, seen: &seen }], &mut out);
        out
    };
    let (queries, mut dense) = (copied(0), Segment::new(heads, head_dim));
    dense.push(&copied(1), &copied(2));
    // A segment that was used before, by something longer.
    let mut strided = Segment::new(heads, head_dim);
    strided.push(&all[..tokens * width * 2], &all[tokens * width..]);
    strided.clear();
    assert!(strided.is_empty(), "nothing is left");
    strided.push_strided(part(1), part(2), tokens);
    for (isa, kernels) in wide::all() {
        let expected = attended(kernels, Strided::dense(&queries, width), &dense);
        assert_eq!(attended(kernels, part(0), &strided), expected, "{isa}: the same numbers");
    }
}

#[test]
fn extreme_scores_and_what_is_not_a_number() {
    for (isa, kernels) in wide::all() {
        let mut sharp = case(10, (2, 2), 16, 20, &[30, 30]);
        sharp.shape.scale = 1e4;
        assert!(
            sharp.attend(kernels).iter().all(|out| out.is_finite()),
            "{isa}: large scores do not overflow"
        );
        sharp.q[40 * 32 + 3] = f32::NAN;
        let spoilt: Vec<bool> =
            sharp.attend(kernels).chunks(32).map(|out| out.iter().any(|o| o.is_nan())).collect();
        let expected: Vec<bool> = (0..60).map(|query| query == 40).collect();
        assert_eq!(spoilt, expected, "{isa}: a bad query spoils itself");
    }
}
