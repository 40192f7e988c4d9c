//! The exponential, sixteen at a time, and what is made of it: one row's softmax and the gates of a feed-forward block.
//!
//! `e^x = 2^n e^r` with `n` the integer nearest to `x / ln 2` and `r` what is left, at most 0.347 in size, subtracted in
//! two parts so that it keeps its bits; `e^r` by its Taylor polynomial of degree 7, whose remainder is below 6e-9.

#![allow(unsafe_code, reason = "written over the lanes of an instruction set")]

use crate::{line::PANEL, tile::Lanes};

/// What a feed-forward block applies to its gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// `x / (1 + e^-x)`: Qwen, Llama.
    Silu,
    /// `x / 2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`: Gemma.
    GeluTanh,
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

/// `y = gate(g) * y`; both are as long.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(crate) unsafe fn gated<L: Lanes>(gate: Gate, g: &[f32], y: &mut [f32]) {
    unsafe {
        let whole = g.len() / PANEL * PANEL;
        for at in (0..whole).step_by(PANEL) {
            gated_line::<L>(gate, g.as_ptr().add(at), y.as_mut_ptr().add(at));
        }
        let rest = g.len() - whole;
        if rest > 0 {
            let (mut last_g, mut last_y) = ([0.0; PANEL], [0.0; PANEL]);
            last_g[..rest].copy_from_slice(&g[whole..]);
            last_y[..rest].copy_from_slice(&y[whole..]);
            gated_line::<L>(gate, last_g.as_ptr(), last_y.as_mut_ptr());
            y[whole..].copy_from_slice(&last_y[..rest]);
        }
    }
}

#[inline(always)]
unsafe fn gated_line<L: Lanes>(gate: Gate, g: *const f32, y: *mut f32) {
    unsafe {
        let x = L::load(g);
        let z = match gate {
            Gate::Silu => L::mul(x, L::splat(-1.0)),
            // tanh(u) = 2 / (1 + e^-2u) - 1
            Gate::GeluTanh => {
                let cube = L::mul(L::mul(x, x), x);
                let u = L::fma(cube, L::splat(0.044_715), x);
                L::mul(u, L::splat(-2.0 * 0.797_884_6))
            }
        };
        let factor = L::div(x, L::add(L::splat(1.0), exp::<L>(z)));
        L::store(y, L::mul(factor, L::load(y)));
    }
}

#[inline(always)]
unsafe fn lanes<L: Lanes>(numbers: L::F) -> [f32; PANEL] {
    let mut all = [0.0; PANEL];
    unsafe { L::store(all.as_mut_ptr(), numbers) };
    all
}
