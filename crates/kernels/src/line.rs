//! [`Line`]: sixteen 32-bit words in one cache line, the unit in which everything here is packed.
//!
//! One line holds what sixteen outputs need for one step along the inputs: one f32 each, two bf16 each or four bytes each.

#![allow(unsafe_code, reason = "lines are read as the numbers they hold, without a copy")]

use half::f16;

/// Outputs in a panel, and words in a line.
pub(crate) const PANEL: usize = 16;

/// Sixteen words, aligned so that no load crosses a cache line.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct Line(pub [u32; PANEL]);

impl Line {
    pub const ZERO: Self = Self([0; PANEL]);

    /// The f32 numbers of lines, in order.
    pub fn floats(lines: &[Self]) -> &[f32] {
        // SAFETY: a line is sixteen words without padding, aligned more strictly than f32, and every word is an f32.
        unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * PANEL) }
    }

    /// The f32 numbers of lines, in order, to be written.
    pub fn floats_mut(lines: &mut [Self]) -> &mut [f32] {
        // SAFETY: as in `floats`; the borrow is exclusive, and every f32 is a word.
        unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * PANEL) }
    }

    /// The f16 numbers of lines, in order: two runs of sixteen a line.
    pub fn halves(lines: &[Self]) -> &[f16] {
        // SAFETY: as in `floats`; f16 is a transparent u16, and every u16 is an f16.
        unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * PANEL * 2) }
    }

    /// The f16 numbers of lines, in order, to be written.
    pub fn halves_mut(lines: &mut [Self]) -> &mut [f16] {
        // SAFETY: as in `halves`; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * PANEL * 2) }
    }
}
