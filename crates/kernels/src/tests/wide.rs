//! What the wide instruction sets do with a tile, in plain Rust, so that everything but their instructions runs anywhere:
//! two panels a tile, eight rows, sums of four bytes with unsigned weights, pairs of bf16.

#![allow(unsafe_code, reason = "implements the unsafe traits of the microkernels")]

use crate::{
    isa::{Kernels, kernels, portable::Portable},
    line::PANEL,
    tile::{self, FloatDot, IntDot, Lanes, Tile},
};

struct Wide;

type F = [f32; PANEL];

impl Lanes for Wide {
    type F = F;
    const ROWS: usize = 8;
    const PANELS: usize = 2;

    unsafe fn splat(number: f32) -> F {
        [number; PANEL]
    }
    unsafe fn load(from: *const f32) -> F {
        unsafe { Portable::load(from) }
    }
    unsafe fn store(to: *mut f32, numbers: F) {
        unsafe { Portable::store(to, numbers) }
    }
    unsafe fn add(a: F, b: F) -> F {
        unsafe { Portable::add(a, b) }
    }
    unsafe fn mul(a: F, b: F) -> F {
        unsafe { Portable::mul(a, b) }
    }
    unsafe fn div(a: F, b: F) -> F {
        unsafe { Portable::div(a, b) }
    }
    unsafe fn fma(a: F, b: F, c: F) -> F {
        unsafe { Portable::fma(a, b, c) }
    }
    unsafe fn max(a: F, b: F) -> F {
        unsafe { Portable::max(a, b) }
    }
    unsafe fn min(a: F, b: F) -> F {
        unsafe { Portable::min(a, b) }
    }
    unsafe fn round(a: F) -> F {
        unsafe { Portable::round(a) }
    }
    unsafe fn exp2_of_integer(a: F) -> F {
        unsafe { Portable::exp2_of_integer(a) }
    }
    unsafe fn zero_below(value: F, x: F, threshold: F) -> F {
        unsafe { Portable::zero_below(value, x, threshold) }
    }
}

struct Multiply;

impl FloatDot<Wide> for Multiply {
    type Line = F;
    type Word = f32;

    unsafe fn line(from: *const u8) -> F {
        unsafe { Portable::load(from.cast()) }
    }
    unsafe fn word(from: *const u32) -> f32 {
        f32::from_bits(unsafe { *from })
    }
    unsafe fn step(sum: F, line: F, word: f32) -> F {
        unsafe { Portable::fma(line, [word; PANEL], sum) }
    }
}

/// `vpdpbusd`: the line's bytes are unsigned, the word's are signed.
struct Quads;

impl IntDot<Wide> for Quads {
    type Sum = [i32; PANEL];
    type Line = [[u8; 4]; PANEL];
    type Word = [i8; 4];
    const DEPTH: usize = 4;

    unsafe fn start(sum: i32) -> Self::Sum {
        [sum; PANEL]
    }
    unsafe fn line(from: *const u8) -> Self::Line {
        unsafe { from.cast::<Self::Line>().read_unaligned() }
    }
    unsafe fn word(from: *const u32) -> Self::Word {
        unsafe { from.cast::<Self::Word>().read_unaligned() }
    }
    unsafe fn step(sum: Self::Sum, line: Self::Line, word: Self::Word) -> Self::Sum {
        std::array::from_fn(|i| {
            let products = line[i].iter().zip(word).map(|(w, a)| i32::from(*w) * i32::from(a));
            sum[i].wrapping_add(products.sum::<i32>())
        })
    }
    unsafe fn float(sum: Self::Sum) -> F {
        sum.map(|sum| sum as f32)
    }
}

/// `vdpbf16ps`, but for its flushing of subnormal numbers.
struct Bf16Pairs;

impl FloatDot<Wide> for Bf16Pairs {
    type Line = [u32; PANEL];
    type Word = u32;

    unsafe fn line(from: *const u8) -> Self::Line {
        unsafe { from.cast::<Self::Line>().read_unaligned() }
    }
    unsafe fn word(from: *const u32) -> u32 {
        unsafe { *from }
    }
    unsafe fn step(sum: F, line: Self::Line, word: u32) -> F {
        let halves = |pair: u32| [f32::from_bits(pair << 16), f32::from_bits(pair & 0xffff_0000)];
        let [first, second] = halves(word);
        std::array::from_fn(|i| {
            let [w_first, w_second] = halves(line[i]);
            sum[i] + w_second * second + w_first * first
        })
    }
}

unsafe fn bf16(tile: &Tile) {
    unsafe { tile::float::<Wide, Bf16Pairs, true>(tile) }
}

kernels!(KERNELS, compiled, , Wide, Multiply, Quads, Some(bf16));

/// The instruction sets of this processor, and the wide one in plain Rust.
pub(crate) fn all() -> Vec<(String, &'static Kernels)> {
    let available = crate::Isa::available().into_iter().map(|isa| (isa.to_string(), isa.kernels()));
    available.chain([("wide".to_owned(), &KERNELS)]).collect()
}
