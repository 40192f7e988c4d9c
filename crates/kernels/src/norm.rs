//! [`rms_norm`] and [`rope`]: what stands between the products of a decoder block.

use rayon::prelude::*;

/// Numbers a task takes at least.
const TASK_NUMBERS: usize = 1 << 14;

/// Sums that a row's squares are spread over.
const SUMS: usize = 16;

/// `y = x / sqrt(mean(x^2) + eps) * weight` for each row of as many numbers as `weight` has.
///
/// # Panics
/// If `x` and `y` are not whole rows, or not as many.
pub fn rms_norm(x: &[f32], weight: &[f32], eps: f32, y: &mut [f32]) {
    let width = weight.len();
    assert_eq!(x.len(), y.len(), "an output for each input");
    if x.is_empty() {
        return;
    }
    assert!(x.len().is_multiple_of(width), "rows of {width}");
    let rows = x.par_chunks_exact(width).zip(y.par_chunks_exact_mut(width));
    rows.with_min_len(TASK_NUMBERS.div_ceil(width)).for_each(|(x, y)| {
        let mut sums = [0.0f32; SUMS];
        for part in x.chunks(SUMS) {
            for (sum, x) in sums.iter_mut().zip(part) {
                *sum += x * x;
            }
        }
        let factor = 1.0 / (sums.iter().sum::<f32>() / width as f32 + eps).sqrt();
        for ((y, x), weight) in y.iter_mut().zip(x).zip(weight) {
            *y = x * factor * weight;
        }
    });
}

/// Rotates `x` `[tokens, heads, head_dim]` in place: number `i` of the first half of a head with number `i` of the second.
///
/// `cos` and `sin` are `[tokens, head_dim / 2]`, the angles of each token's position (Su et al., 2021, in the order of
/// GPT-NeoX).
///
/// # Panics
/// If `x` is not whole tokens, or there is not an angle for each pair of each of them.
pub fn rope(x: &mut [f32], heads: usize, head_dim: usize, cos: &[f32], sin: &[f32]) {
    let (width, half) = (heads * head_dim, head_dim / 2);
    if x.is_empty() {
        return;
    }
    assert!(x.len().is_multiple_of(width), "tokens of {heads} heads of {head_dim}");
    let tokens = x.len() / width;
    assert_eq!((cos.len(), sin.len()), (tokens * half, tokens * half), "angles [{tokens}, {half}]");
    let angles = cos.par_chunks_exact(half).zip(sin.par_chunks_exact(half));
    x.par_chunks_exact_mut(width).zip(angles).with_min_len(TASK_NUMBERS.div_ceil(width)).for_each(
        |(token, (cos, sin))| {
            for head in token.chunks_exact_mut(head_dim) {
                let (first, second) = head.split_at_mut(half);
                for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
                    (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
                }
            }
        },
    );
}
