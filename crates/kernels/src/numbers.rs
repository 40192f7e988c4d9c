//! Number formats: what lines hold, and int8 with a scale for each group of 32.
//!
//! Plain loops that the compiler vectorises for the instruction set they are inlined into: one group or line after the other. It is
//! kept from taking several at once, which it would do by gathers and single bytes. No closures from elsewhere, such as those of
//! `array::map`: not inlined, they would be compiled for any processor.

use std::hint::black_box;

use half::f16;

use crate::{line::Line, tile::GROUP};

/// The largest code. -128 occurs only in what others have quantised.
const CODE_MAX: f32 = 127.0;

/// Adding this rounds a small number to an integer, ties to even, and leaves the integer in the low bits.
const ROUNDER: f32 = 12_582_912.0;

/// Below this a group of activations is zero: its reciprocal would not be finite.
const AMPLITUDE_MIN: f32 = 1e-36;

/// Lines of pairs (the earlier input low) to twice as many of f32.
#[inline(always)]
pub(crate) fn unpack_bf16(packed: &[Line], out: &mut [Line]) {
    for (pairs, two) in packed.iter().zip(out.chunks_exact_mut(2)) {
        for (i, pair) in black_box(pairs).0.iter().enumerate() {
            two[0].0[i] = pair << 16;
            two[1].0[i] = pair & 0xffff_0000;
        }
    }
}

/// Lines of four bytes `code + 128` to twice as many of i16 pairs.
#[inline(always)]
pub(crate) fn unpack_int8(packed: &[Line], out: &mut [Line]) {
    for (quads, two) in packed.iter().zip(out.chunks_exact_mut(2)) {
        for (i, quad) in quads.0.iter().enumerate() {
            let codes = (quad ^ 0x8080_8080).cast_signed();
            let widened = |left: u32| ((codes << left) >> 24).cast_unsigned();
            two[0].0[i] = (widened(24) & 0xffff) | (widened(16) << 16);
            two[1].0[i] = (widened(8) & 0xffff) | (widened(0) << 16);
        }
    }
}

/// The bits of the largest magnitude, above those of any finite number if one is not finite.
#[inline(always)]
fn amplitude(group: &[f32; GROUP]) -> f32 {
    f32::from_bits(group.iter().map(|x| x.to_bits() & 0x7fff_ffff).fold(0, u32::max))
}

/// Writes `x * inverse` rounded, ties to even.
#[inline(always)]
fn round(group: &[f32; GROUP], inverse: f32, codes: &mut [i8; GROUP]) {
    // In two steps, or single bytes are stored one after the other.
    let mut bits = [0; GROUP];
    for (bits, x) in bits.iter_mut().zip(group) {
        *bits = (x * inverse + ROUNDER).to_bits();
    }
    for (code, bits) in codes.iter_mut().zip(bits) {
        *code = bits as i8;
    }
}

/// A row of activations to codes from -127 to 127 with an f32 scale a group; what is not finite makes the scale NaN.
#[inline(always)]
pub(crate) fn quantise(row: &[f32], codes: &mut [i8], scales: &mut [f32]) {
    let (groups, codes) = (row.as_chunks().0, codes.as_chunks_mut().0);
    for ((group, codes), scale) in groups.iter().zip(codes).zip(scales.iter_mut()) {
        let group = black_box(group);
        let amplitude = amplitude(group);
        let inverse = if amplitude < AMPLITUDE_MIN { 0.0 } else { CODE_MAX / amplitude };
        *scale = if !amplitude.is_finite() {
            f32::NAN
        } else if inverse == 0.0 {
            0.0
        } else {
            amplitude / CODE_MAX
        };
        round(group, inverse, codes);
    }
}

/// A row of weights to codes from -127 to 127 with an f16 scale a group; what is not finite makes the scale NaN.
#[inline(always)]
pub(crate) fn quantise_weights(row: &[f32], codes: &mut [i8], scales: &mut [f16]) {
    let (groups, codes) = (row.as_chunks().0, codes.as_chunks_mut().0);
    for ((group, codes), scale) in groups.iter().zip(codes).zip(scales.iter_mut()) {
        let group = black_box(group);
        let amplitude = amplitude(group);
        *scale = if amplitude.is_finite() { f16::from_f32(amplitude / CODE_MAX) } else { f16::NAN };
        // A subnormal scale may be rounded down by more than the largest code can take.
        if amplitude > scale.to_f32() * (CODE_MAX + 0.5) {
            *scale = f16::from_bits(scale.to_bits() + 1);
        }
        // Rounded for the scale that will be read back, so that its own rounding costs nothing.
        let scale = scale.to_f32();
        let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        round(group, inverse, codes);
    }
}
