//! The exponential, sixteen at a time, and what is made of it: one row's softmax and the activations of a feed-forward
//! block.
//!
//! `e^x = 2^n e^r` with `n` the integer nearest to `x / ln 2` and `r` what is left, at most 0.347 in size, subtracted in
//! two parts so that it keeps its bits; `e^r` by its Taylor polynomial of degree 7, whose remainder is below 6e-9.

#![allow(unsafe_code, reason = "written over the lanes of an instruction set")]

use crate::{line::PANEL, tile::Lanes};

/// What a feed-forward block applies to its gate, or between its products where it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x / (1 + e^-x)`: Qwen, Llama.
    Silu,
    /// `x / 2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`: Gemma, vision towers.
    GeluTanh,
    /// `x / 2 (1 + erf(x / sqrt(2)))`, off by at most 3e-7 and 2e-7 of its size: what merges patches.
    Gelu,
}

/// Below this the exponential is zero; the true value is below the smallest normal f32.
const LOWEST: f32 = -87.33;
/// Above this the exponential stays what it is here, 2.4e38.
const HIGHEST: f32 = 88.37;
/// ln 2 rounded to few bits, so that its product with a small integer is exact, and what that leaves.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// 1/7!, 1/6!, .. 1/1!, 1/0!
const TAYLOR: [f32; 8] = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
/// The tail of the normal distribution beyond `a` is `e^(-a^2 / 2) t p(t)` with `t = 1 / (1 + 0.28 a)`; `p` was fitted by
/// least squares, weighed anew until the largest error of `a` times the tail was smallest. How good it is, tests say.
const TAIL_SLOPE: f32 = 0.28;
const TAIL: [f32; 8] = [
    0.039_474_394,
    -0.214_821_23,
    0.390_414_5,
    -0.240_288_53,
    0.237_681_7,
    0.057_079_98,
    0.119_276_71,
    0.111_182_47,
];

/// `e^x`; relative error below 2.5e-7 from -87.33 to 88.37, zero below, constant above; what is not a number stays so.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(crate) unsafe fn exp<L: Lanes>(x: L::F) -> L::F {
    unsafe {
        let lowest = L::splat(LOWEST);
        // Operands in this order let what is not a number through.
        let inside = L::max(lowest, L::min(L::splat(HIGHEST), x));
        let n = L::round(L::mul(inside, L::splat(std::f32::consts::LOG2_E)));
        let r = L::fma(n, L::splat(-LN_2_HIGH), inside);
        let r = L::fma(n, L::splat(-LN_2_LOW), r);
        let mut sum = L::splat(TAYLOR[0]);
        for &factor in &TAYLOR[1..] {
            sum = L::fma(sum, r, L::splat(factor));
        }
        L::zero_below(L::mul(sum, L::exp2_of_integer(n)), x, lowest)
    }
}

/// One row of scores becomes `e^(score - max)` in place; returns the new maximum and the sum.
///
/// `max` is the largest score seen before. The length is a multiple of 16; columns that are not seen hold -infinity.
/// At least one score or `max` is above -infinity.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(crate) unsafe fn softmax<L: Lanes>(scores: &mut [f32], max: f32) -> (f32, f32) {
    unsafe {
        let mut largest = L::splat(max);
        for part in scores.chunks_exact(PANEL) {
            largest = L::max(L::load(part.as_ptr()), largest);
        }
        let max = lanes::<L>(largest).into_iter().fold(max, f32::max);
        let minus = L::splat(-max);
        let mut sum = L::splat(0.0);
        for part in scores.chunks_exact_mut(PANEL) {
            let e = exp::<L>(L::add(L::load(part.as_ptr()), minus));
            L::store(part.as_mut_ptr(), e);
            sum = L::add(sum, e);
        }
        (max, lanes::<L>(sum).into_iter().sum())
    }
}

/// `y = activation(g) * y`.
///
/// # Safety
/// The processor has the instructions of `L`, and `y` is as long as `g`.
#[inline(always)]
pub(crate) unsafe fn gated<L: Lanes>(activation: Activation, g: &[f32], y: &mut [f32]) {
    unsafe {
        let whole = g.len() / PANEL * PANEL;
        for at in (0..whole).step_by(PANEL) {
            gated_line::<L>(activation, g.as_ptr().add(at), y.as_mut_ptr().add(at));
        }
        let rest = g.len() - whole;
        if rest > 0 {
            let (mut last_g, mut last_y) = ([0.0; PANEL], [0.0; PANEL]);
            last_g[..rest].copy_from_slice(&g[whole..]);
            last_y[..rest].copy_from_slice(&y[whole..]);
            gated_line::<L>(activation, last_g.as_ptr(), last_y.as_mut_ptr());
            y[whole..].copy_from_slice(&last_y[..rest]);
        }
    }
}

#[inline(always)]
unsafe fn gated_line<L: Lanes>(activation: Activation, g: *const f32, y: *mut f32) {
    unsafe { L::store(y, L::mul(activated::<L>(activation, L::load(g)), L::load(y))) }
}

/// `y = activation(y)`.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(crate) unsafe fn activate<L: Lanes>(activation: Activation, y: &mut [f32]) {
    unsafe {
        let mut lines = y.chunks_exact_mut(PANEL);
        for line in &mut lines {
            L::store(line.as_mut_ptr(), activated::<L>(activation, L::load(line.as_ptr())));
        }
        let rest = lines.into_remainder();
        if !rest.is_empty() {
            let mut last = [0.0; PANEL];
            last[..rest.len()].copy_from_slice(rest);
            L::store(last.as_mut_ptr(), activated::<L>(activation, L::load(last.as_ptr())));
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }
}

#[inline(always)]
unsafe fn activated<L: Lanes>(activation: Activation, x: L::F) -> L::F {
    unsafe {
        let z = match activation {
            Activation::Silu => L::mul(x, L::splat(-1.0)),
            // tanh(u) = 2 / (1 + e^-2u) - 1
            Activation::GeluTanh => {
                let cube = L::mul(L::mul(x, x), x);
                let u = L::fma(cube, L::splat(0.044_715), x);
                L::mul(u, L::splat(-2.0 * 0.797_884_6))
            }
            Activation::Gelu => return gelu::<L>(x),
        };
        L::div(x, L::add(L::splat(1.0), exp::<L>(z)))
    }
}

/// `max(x, 0) - |x| q` with `q` the normal distribution's tail beyond `|x|`: nothing cancels on either side of zero.
#[inline(always)]
unsafe fn gelu<L: Lanes>(x: L::F) -> L::F {
    unsafe {
        let minus = L::mul(x, L::splat(-1.0));
        // Operands in this order let what is not a number through.
        let size = L::max(minus, x);
        let t = L::div(L::splat(1.0), L::fma(size, L::splat(TAIL_SLOPE), L::splat(1.0)));
        let mut sum = L::splat(TAIL[0]);
        for &factor in &TAIL[1..] {
            sum = L::fma(sum, t, L::splat(factor));
        }
        let density = exp::<L>(L::mul(L::mul(size, size), L::splat(-0.5)));
        let tail = L::mul(L::mul(density, t), sum);
        let above = L::max(L::splat(0.0), x);
        L::fma(L::mul(size, L::splat(-1.0)), tail, above)
    }
}

/// The numbers of a register.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(crate) unsafe fn lanes<L: Lanes>(numbers: L::F) -> [f32; PANEL] {
    let mut all = [0.0; PANEL];
    unsafe { L::store(all.as_mut_ptr(), numbers) };
    all
}
