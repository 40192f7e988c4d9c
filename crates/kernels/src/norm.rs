//! [`rms_norm`], [`layer_norm`] and [`rope`]: what stands between the products of a block.

#![allow(unsafe_code, reason = "calls the kernels of the instruction set, and one is written over its lanes")]

use rayon::prelude::*;

use crate::{Isa, exponential::lanes, isa::Kernels, line::PANEL, tile::Lanes};

/// Numbers a task takes at least.
const TASK_NUMBERS: usize = 1 << 14;

/// Sums that a row's squares are spread over.
const SUMS: usize = 16;

/// What a normalized row is multiplied with, and what is added to it; a number each for every one of the row.
#[derive(Clone, Copy, Debug)]
pub struct Affine<'a> {
    /// The factors.
    pub weight: &'a [f32],
    /// The summands.
    pub bias: &'a [f32],
}

/// `y = x / sqrt(mean(x^2) + eps) * weight` for each row of as many numbers as `weight` has.
///
/// # Panics
/// If `x` and `y` are not whole rows, or not as many.
pub fn rms_norm(x: &[f32], weight: &[f32], eps: f32, y: &mut [f32]) {
    let width = weight.len();
    for_each_row(x, width, y, |x, y| {
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

/// `y = (x - mean(x)) / sqrt(variance(x) + eps) * weight + bias` for each row of as many numbers as `weight` has. The
/// variance is that of the row itself, of differences to its mean.
///
/// # Panics
/// If `x` and `y` are not whole rows, or not as many, or weight and bias differ in length.
pub fn layer_norm(x: &[f32], affine: Affine<'_>, eps: f32, y: &mut [f32]) {
    layer_norm_with(Isa::best().kernels(), x, affine, eps, y);
}

pub(crate) fn layer_norm_with(kernels: &Kernels, x: &[f32], affine: Affine<'_>, eps: f32, y: &mut [f32]) {
    let width = affine.weight.len();
    assert_eq!(width, affine.bias.len(), "a summand for each factor");
    for_each_row(x, width, y, |x, y| {
        // SAFETY: the table belongs to this processor; all four are as long.
        unsafe { (kernels.layer_norm)(x, affine, eps, y) };
    });
}

/// Calls `norm` for each row of `width` numbers and its output, rows in parallel.
fn for_each_row(x: &[f32], width: usize, y: &mut [f32], norm: impl Fn(&[f32], &mut [f32]) + Sync) {
    assert_eq!(x.len(), y.len(), "an output for each input");
    if x.is_empty() {
        return;
    }
    assert!(x.len().is_multiple_of(width), "rows of {width}");
    let rows = x.par_chunks_exact(width).zip(y.par_chunks_exact_mut(width));
    rows.with_min_len(TASK_NUMBERS.div_ceil(width)).for_each(|(x, y)| norm(x, y));
}

/// One row of [`layer_norm`].
///
/// # Safety
/// The processor has the instructions of `L`; `x`, `y`, weight and bias are as long.
#[inline(always)]
pub(crate) unsafe fn layer_norm_row<L: Lanes>(x: &[f32], affine: Affine<'_>, eps: f32, y: &mut [f32]) {
    unsafe {
        let Affine { weight, bias } = affine;
        let (whole, count) = (x.len() / PANEL * PANEL, x.len() as f32);
        let mut sum = L::splat(0.0);
        for at in (0..whole).step_by(PANEL) {
            sum = L::add(sum, L::load(x.as_ptr().add(at)));
        }
        let mean = (lanes::<L>(sum).iter().sum::<f32>() + x[whole..].iter().sum::<f32>()) / count;
        let minus_mean = L::splat(-mean);
        let mut squares = L::splat(0.0);
        for at in (0..whole).step_by(PANEL) {
            let off = L::add(L::load(x.as_ptr().add(at)), minus_mean);
            squares = L::fma(off, off, squares);
        }
        let rest = x[whole..].iter().map(|x| (x - mean) * (x - mean)).sum::<f32>();
        let variance = (lanes::<L>(squares).iter().sum::<f32>() + rest) / count;
        let factor = 1.0 / (variance + eps).sqrt();
        let factors = L::splat(factor);
        for at in (0..whole).step_by(PANEL) {
            let off = L::mul(L::add(L::load(x.as_ptr().add(at)), minus_mean), factors);
            let (weight, bias) = (L::load(weight.as_ptr().add(at)), L::load(bias.as_ptr().add(at)));
            L::store(y.as_mut_ptr().add(at), L::fma(off, weight, bias));
        }
        for at in whole..x.len() {
            y[at] = (x[at] - mean) * factor * weight[at] + bias[at];
        }
    }
}

/// Rotates the first `heads` heads of each token in place: number `i` of the first half of a head with number `i` of the
/// second. Tokens lie in `x` one after the other, `stride` numbers each.
///
/// `cos` and `sin` are `[tokens, head_dim / 2]`, the angles of each token's position (Su et al., 2021, in the order of
/// GPT-NeoX).
///
/// # Panics
/// If `x` is not whole tokens, the heads do not fit into one, or there is not an angle for each pair of each of them.
pub fn rope(x: &mut [f32], stride: usize, heads: usize, head_dim: usize, cos: &[f32], sin: &[f32]) {
    let (width, half) = (heads * head_dim, head_dim / 2);
    if x.is_empty() || half == 0 {
        return;
    }
    assert!(x.len().is_multiple_of(stride), "tokens of {stride} numbers");
    assert!(width <= stride, "tokens of {heads} heads of {head_dim} in {stride} numbers");
    let tokens = x.len() / stride;
    assert_eq!((cos.len(), sin.len()), (tokens * half, tokens * half), "angles [{tokens}, {half}]");
    let angles = cos.par_chunks_exact(half).zip(sin.par_chunks_exact(half));
    x.par_chunks_exact_mut(stride).zip(angles).with_min_len(TASK_NUMBERS.div_ceil(stride)).for_each(
        |(token, (cos, sin))| {
            for head in token[..width].chunks_exact_mut(head_dim) {
                let (first, second) = head.split_at_mut(half);
                for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
                    (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
                }
            }
        },
    );
}
