//! Plain Rust over arrays of sixteen, which the compiler turns into what the target always has.

#![allow(unsafe_code, reason = "implements the unsafe traits of the microkernels")]

use crate::{
    isa::kernels,
    line::PANEL,
    tile::{FloatDot, IntDot, Lanes},
};

pub(crate) struct Portable;

/// `a * b + c`, in one instruction where the target always has it; the call that it is elsewhere would be slow.
#[inline(always)]
fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
fn each(f: impl Fn(usize) -> f32) -> [f32; PANEL] {
    std::array::from_fn(f)
}

impl Lanes for Portable {
    type F = [f32; PANEL];
    const ROWS: usize = if cfg!(target_arch = "aarch64") { 4 } else { 2 };
    const PANELS: usize = 1;

    #[inline(always)]
    unsafe fn splat(number: f32) -> Self::F {
        [number; PANEL]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::F {
        // SAFETY: sixteen numbers are there, as the trait asks.
        unsafe { from.cast::<Self::F>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, numbers: Self::F) {
        // SAFETY: there is room for sixteen numbers, as the trait asks.
        unsafe { to.cast::<Self::F>().write_unaligned(numbers) }
    }
    #[inline(always)]
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] + b[i])
    }
    #[inline(always)]
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] * b[i])
    }
    #[inline(always)]
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] / b[i])
    }
    #[inline(always)]
    unsafe fn fma(a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        each(|i| multiply_add(a[i], b[i], c[i]))
    }
    #[inline(always)]
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F {
        each(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F {
        each(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    unsafe fn round(a: Self::F) -> Self::F {
        // Adding and subtracting 1.5 * 2^23 leaves no bits behind the point; numbers are far below 2^22 here.
        each(|i| (a[i] + 12_582_912.0) - 12_582_912.0)
    }
    #[inline(always)]
    unsafe fn exp2_of_integer(a: Self::F) -> Self::F {
        each(|i| {
            let integer = (a[i] + 12_582_912.0).to_bits();
            f32::from_bits(integer.wrapping_add(127) << 23)
        })
    }
    #[inline(always)]
    unsafe fn zero_below(value: Self::F, x: Self::F, threshold: Self::F) -> Self::F {
        each(|i| if x[i] < threshold[i] { 0.0 } else { value[i] })
    }
}

struct Multiply;

impl FloatDot<Portable> for Multiply {
    type Line = [f32; PANEL];
    type Word = f32;

    #[inline(always)]
    unsafe fn line(from: *const u8) -> Self::Line {
        // SAFETY: a line is there, as the trait asks.
        unsafe { Portable::load(from.cast()) }
    }
    #[inline(always)]
    unsafe fn word(from: *const u32) -> Self::Word {
        // SAFETY: a word is there, as the trait asks.
        f32::from_bits(unsafe { *from })
    }
    #[inline(always)]
    unsafe fn step(sum: [f32; PANEL], line: Self::Line, word: Self::Word) -> [f32; PANEL] {
        each(|i| multiply_add(line[i], word, sum[i]))
    }
}

struct Pairs;

impl IntDot<Portable> for Pairs {
    type Sum = [i32; PANEL];
    type Line = [[i16; 2]; PANEL];
    type Word = [i16; 2];
    const DEPTH: usize = 2;

    #[inline(always)]
    unsafe fn start(sum: i32) -> Self::Sum {
        [sum; PANEL]
    }
    #[inline(always)]
    unsafe fn line(from: *const u8) -> Self::Line {
        // SAFETY: a line is there, as the trait asks.
        unsafe { from.cast::<Self::Line>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn word(from: *const u32) -> Self::Word {
        // SAFETY: a word is there, as the trait asks.
        unsafe { from.cast::<Self::Word>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn step(sum: Self::Sum, line: Self::Line, word: Self::Word) -> Self::Sum {
        let product = |i: usize, k: usize| i32::from(line[i][k]) * i32::from(word[k]);
        std::array::from_fn(|i| sum[i].wrapping_add(product(i, 0) + product(i, 1)))
    }
    #[inline(always)]
    unsafe fn float(sum: Self::Sum) -> [f32; PANEL] {
        each(|i| sum[i] as f32)
    }
}

kernels!(KERNELS, compiled, , Portable, Multiply, Pairs, None);
