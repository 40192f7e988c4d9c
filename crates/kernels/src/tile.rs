//! The microkernels, once for all instruction sets: a tile of rows times one or two panels, written over [`Lanes`].
//!
//! An instruction set provides a dozen one-instruction operations; what is hard to get right is here and runs everywhere.
//! The bodies are inlined into functions compiled for their instruction set, so no call is left in the loops.

#![allow(unsafe_code, reason = "the loops go through pointers that the callers have checked")]
#![allow(
    clippy::missing_safety_doc,
    reason = "one contract for all: the processor has the instructions and the pointers reach what `Tile` says"
)]
#![allow(
    clippy::needless_range_loop,
    reason = "a row's index addresses sums and activations alike, and these loops must unroll"
)]

use crate::line::{Line, PANEL};

/// Inputs that share a scale in int8.
pub(crate) const GROUP: usize = 32;

/// Sixteen f32 numbers, one a column of a panel.
pub(crate) trait Lanes {
    /// The sixteen numbers.
    type F: Copy;
    /// Rows of the largest tile, so that its sums stay in registers.
    const ROWS: usize;
    /// Panels of a tile.
    const PANELS: usize;

    unsafe fn splat(number: f32) -> Self::F;
    unsafe fn load(from: *const f32) -> Self::F;
    unsafe fn store(to: *mut f32, numbers: Self::F);
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, rounded once where the processor can.
    unsafe fn fma(a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// The larger; `b` where either is not a number.
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F;
    /// The smaller; `b` where either is not a number.
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F;
    /// The nearest integer, ties to even.
    unsafe fn round(a: Self::F) -> Self::F;
    /// 2 to the power of integers from -126 to 127; anything where `a` is not a number.
    unsafe fn exp2_of_integer(a: Self::F) -> Self::F;
    /// `value`, or zero where `x < threshold`.
    unsafe fn zero_below(value: Self::F, x: Self::F, threshold: Self::F) -> Self::F;
}

/// A product of packed weights with f32 sums: one line of weights meets one word of activations.
pub(crate) trait FloatDot<L: Lanes> {
    type Line: Copy;
    type Word: Copy;
    unsafe fn line(from: *const u8) -> Self::Line;
    unsafe fn word(from: *const u32) -> Self::Word;
    unsafe fn step(sum: L::F, line: Self::Line, word: Self::Word) -> L::F;
}

/// A product of packed integers with 32-bit integer sums, exact.
pub(crate) trait IntDot<L: Lanes> {
    type Sum: Copy;
    type Line: Copy;
    type Word: Copy;
    /// Inputs a step: 2 where weights are unpacked to i16 pairs, 4 where the packed bytes are used as they are.
    const DEPTH: usize;
    unsafe fn start(sum: i32) -> Self::Sum;
    unsafe fn line(from: *const u8) -> Self::Line;
    unsafe fn word(from: *const u32) -> Self::Word;
    unsafe fn step(sum: Self::Sum, line: Self::Line, word: Self::Word) -> Self::Sum;
    unsafe fn float(sum: Self::Sum) -> L::F;
}

/// One call of a microkernel: `rows` activations rows times `panels` panels along `steps` steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tile {
    pub rows: usize,
    pub panels: usize,
    /// The first line of each panel.
    pub lines: [*const u8; 2],
    /// Bytes from a line to the next; int8 has one after the other.
    pub line_stride: usize,
    pub steps: usize,
    /// Activations: packed `[steps][rows]`, or rows `row_stride` words apart where the kernel is the strided one.
    pub words: *const u32,
    pub row_stride: usize,
    /// Sums go here, row by row, `16 * panels` a row.
    pub out: *mut f32,
    /// Numbers from a row to the next.
    pub out_stride: usize,
    /// Whether to add to what is there.
    pub add: bool,
    /// int8: scales of each panel `[groups][16]`.
    pub scales: [*const f32; 2],
    /// int8: scales of the activations `[groups][rows]`.
    pub word_scales: *const f32,
    /// int8: where the sums start `[groups][rows]`.
    pub starts: *const i32,
}

impl Tile {
    /// No rows; for the fields that a kernel does not read.
    pub const NOTHING: Self = Self {
        rows: 0,
        panels: 0,
        lines: [std::ptr::null(); 2],
        line_stride: 0,
        steps: 0,
        words: std::ptr::null(),
        row_stride: 0,
        out: std::ptr::null_mut(),
        out_stride: 0,
        add: false,
        scales: [std::ptr::null(); 2],
        word_scales: std::ptr::null(),
        starts: std::ptr::null(),
    };
}

/// f32 sums of a tile; its rows and panels are at most those of `L`.
#[inline(always)]
pub(crate) unsafe fn float<L: Lanes, D: FloatDot<L>, const PACKED: bool>(tile: &Tile) {
    // A few rows alone would wait for each sum's latency, so they get several sums each.
    macro_rules! rows {
        ($($rows:literal, $sums:literal);*) => {
            match (tile.rows, tile.panels) {
                $(
                    ($rows, 1) if $rows <= L::ROWS => float_of::<L, D, $rows, 1, $sums, PACKED>(tile),
                    ($rows, 2) if $rows <= L::ROWS && L::PANELS == 2 => {
                        float_of::<L, D, $rows, 2, $sums, PACKED>(tile)
                    }
                )*
                _ => unreachable!("a tile has 1 to {} rows and 1 to {} panels", L::ROWS, L::PANELS),
            }
        };
    }
    unsafe { rows!(1, 4; 2, 2; 3, 1; 4, 1; 5, 1; 6, 1; 7, 1; 8, 1) }
}

#[inline(always)]
unsafe fn float_of<
    L: Lanes,
    D: FloatDot<L>,
    const R: usize,
    const P: usize,
    const SUMS: usize,
    const PACKED: bool,
>(
    tile: &Tile,
) {
    unsafe {
        let mut sums = [[[L::splat(0.0); P]; R]; SUMS];
        let mut k = 0;
        while k + SUMS <= tile.steps {
            for s in 0..SUMS {
                float_step::<L, D, R, P, PACKED>(tile, k + s, &mut sums[s]);
            }
            k += SUMS;
        }
        if SUMS > 1 {
            while k < tile.steps {
                float_step::<L, D, R, P, PACKED>(tile, k, &mut sums[0]);
                k += 1;
            }
        }
        for r in 0..R {
            for p in 0..P {
                let mut sum = sums[0][r][p];
                for more in &sums[1..] {
                    sum = L::add(sum, more[r][p]);
                }
                write::<L>(tile, r, p, sum);
            }
        }
    }
}

#[inline(always)]
unsafe fn float_step<L: Lanes, D: FloatDot<L>, const R: usize, const P: usize, const PACKED: bool>(
    tile: &Tile,
    k: usize,
    sums: &mut [[L::F; P]; R],
) {
    unsafe {
        let (row_stride, step_stride) = if PACKED { (1, R) } else { (tile.row_stride, 1) };
        let words = tile.words.add(k * step_stride);
        let mut lines = [D::line(tile.lines[0].add(k * tile.line_stride)); P];
        for p in 1..P {
            lines[p] = D::line(tile.lines[p].add(k * tile.line_stride));
        }
        for r in 0..R {
            let word = D::word(words.add(r * row_stride));
            for p in 0..P {
                sums[r][p] = D::step(sums[r][p], lines[p], word);
            }
        }
    }
}

/// int8 sums of a tile, scaled group by group; its rows and panels are at most those of `L`.
#[inline(always)]
pub(crate) unsafe fn int8<L: Lanes, D: IntDot<L>>(tile: &Tile) {
    macro_rules! rows {
        ($($rows:literal),*) => {
            match (tile.rows, tile.panels) {
                $(
                    ($rows, 1) if $rows <= L::ROWS => int8_of::<L, D, $rows, 1>(tile),
                    ($rows, 2) if $rows <= L::ROWS && L::PANELS == 2 => int8_of::<L, D, $rows, 2>(tile),
                )*
                _ => unreachable!("a tile has 1 to {} rows and 1 to {} panels", L::ROWS, L::PANELS),
            }
        };
    }
    unsafe { rows!(1, 2, 3, 4, 5, 6, 7, 8) }
}

#[inline(always)]
unsafe fn int8_of<L: Lanes, D: IntDot<L>, const R: usize, const P: usize>(tile: &Tile) {
    unsafe {
        let steps = GROUP / D::DEPTH;
        let mut totals = [[L::splat(0.0); P]; R];
        for group in 0..tile.steps / steps {
            let starts = tile.starts.add(group * R);
            let mut sums = [[D::start(0); P]; R];
            for r in 0..R {
                sums[r] = [D::start(*starts.add(r)); P];
            }
            for k in group * steps..(group + 1) * steps {
                let words = tile.words.add(k * R);
                let mut lines = [D::line(tile.lines[0].add(k * size_of::<Line>())); P];
                for p in 1..P {
                    lines[p] = D::line(tile.lines[p].add(k * size_of::<Line>()));
                }
                for r in 0..R {
                    let word = D::word(words.add(r));
                    for p in 0..P {
                        sums[r][p] = D::step(sums[r][p], lines[p], word);
                    }
                }
            }
            let mut scales = [L::load(tile.scales[0].add(group * PANEL)); P];
            for p in 1..P {
                scales[p] = L::load(tile.scales[p].add(group * PANEL));
            }
            for r in 0..R {
                let word_scale = L::splat(*tile.word_scales.add(group * R + r));
                for p in 0..P {
                    totals[r][p] = L::fma(D::float(sums[r][p]), L::mul(scales[p], word_scale), totals[r][p]);
                }
            }
        }
        for r in 0..R {
            for p in 0..P {
                write::<L>(tile, r, p, totals[r][p]);
            }
        }
    }
}

#[inline(always)]
unsafe fn write<L: Lanes>(tile: &Tile, row: usize, panel: usize, sum: L::F) {
    unsafe {
        let out = tile.out.add(row * tile.out_stride + panel * PANEL);
        L::store(out, if tile.add { L::add(L::load(out), sum) } else { sum });
    }
}
