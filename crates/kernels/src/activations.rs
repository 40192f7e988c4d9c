//! [`Activations`]: the tokens of a batch, packed in blocks of rows as the microkernels read them.

#![allow(unsafe_code, reason = "calls the kernels of the instruction set")]

use half::bf16;
use rayon::prelude::*;

use crate::{isa::Kernels, tile::GROUP};

/// What the words of packed activations hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One f32.
    F32,
    /// Two bf16, rounded to nearest.
    Bf16,
    /// Four codes, or two widened to i16, by the depth of the kernel.
    Int8,
}

/// Packed rows: block after block, `[steps][rows of the block]` words each.
#[derive(Debug)]
pub(crate) struct Activations {
    pub format: Format,
    pub rows: usize,
    /// Rows of every block but the last.
    pub block_rows: usize,
    /// Words a row.
    pub steps: usize,
    pub words: Vec<u32>,
    /// int8: scales `[groups][rows of the block]` block after block.
    pub scales: Vec<f32>,
    /// int8: where sums start, as `scales`.
    pub starts: Vec<i32>,
}

impl Activations {
    /// Packs rows of `inputs` numbers.
    pub fn pack(kernels: &Kernels, format: Format, x: &[f32], inputs: usize) -> Self {
        let rows = x.len().checked_div(inputs).unwrap_or(0);
        let steps = match format {
            // A line of pairs may hold one input more than there are.
            Format::F32 => inputs.next_multiple_of(2),
            Format::Bf16 => inputs.div_ceil(2),
            Format::Int8 => inputs / kernels.int8_depth,
        };
        let groups = if format == Format::Int8 { inputs / GROUP } else { 0 };
        let mut packed = Self {
            format,
            rows,
            block_rows: kernels.rows,
            steps,
            words: vec![0; rows * steps],
            scales: vec![0.0; rows * groups],
            starts: vec![0; rows * groups],
        };
        let block = kernels.rows;
        let x = x.par_chunks((block * inputs).max(1));
        let words = packed.words.par_chunks_mut((block * steps).max(1));
        match format {
            Format::F32 => x.zip(words).for_each(|(x, words)| pack_f32(x, inputs, words)),
            Format::Bf16 => x.zip(words).for_each(|(x, words)| pack_bf16(x, inputs, words)),
            Format::Int8 => {
                let scales = packed.scales.par_chunks_mut((block * groups).max(1));
                let starts = packed.starts.par_chunks_mut((block * groups).max(1));
                x.zip(words).zip(scales.zip(starts)).for_each(|((x, words), (scales, starts))| {
                    pack_int8(kernels, x, inputs, Quantised { words, scales, starts });
                });
            }
        }
        packed
    }

    /// Rows of a block, the last one may have fewer.
    pub fn rows_of(&self, block: usize) -> usize {
        self.block_rows.min(self.rows - block * self.block_rows)
    }
}

fn pack_f32(x: &[f32], inputs: usize, words: &mut [u32]) {
    let rows = x.len() / inputs;
    for (r, row) in x.chunks_exact(inputs).enumerate() {
        for (number, step) in row.iter().zip(words.chunks_exact_mut(rows)) {
            step[r] = number.to_bits();
        }
    }
}

fn pack_bf16(x: &[f32], inputs: usize, words: &mut [u32]) {
    let rows = x.len() / inputs;
    let bits = |number: &f32| u32::from(bf16::from_f32(*number).to_bits());
    for (r, row) in x.chunks_exact(inputs).enumerate() {
        for (pair, step) in row.chunks(2).zip(words.chunks_exact_mut(rows)) {
            step[r] = bits(&pair[0]) | (pair.get(1).map_or(0, bits) << 16);
        }
    }
}

struct Quantised<'a> {
    words: &'a mut [u32],
    scales: &'a mut [f32],
    starts: &'a mut [i32],
}

fn pack_int8(kernels: &Kernels, x: &[f32], inputs: usize, out: Quantised<'_>) {
    let (rows, groups) = (x.len() / inputs, inputs / GROUP);
    let (mut codes, mut scales) = (vec![0; inputs], vec![0.0; groups]);
    for (r, row) in x.chunks_exact(inputs).enumerate() {
        // SAFETY: the table belongs to this processor.
        unsafe { (kernels.quantise)(row, &mut codes, &mut scales) };
        for (g, (scale, codes)) in scales.iter().zip(codes.chunks_exact(GROUP)).enumerate() {
            out.scales[g * rows + r] = *scale;
            if kernels.int8_depth == 4 {
                // Packed weights are 128 too large.
                let sum: i32 = codes.iter().map(|code| i32::from(*code)).sum();
                out.starts[g * rows + r] = -128 * sum;
            }
        }
        let steps = out.words.chunks_exact_mut(rows);
        if kernels.int8_depth == 4 {
            for (quad, step) in codes.chunks_exact(4).zip(steps) {
                step[r] = u32::from_le_bytes(std::array::from_fn(|i| quad[i].cast_unsigned()));
            }
        } else {
            let half = |code: i8| u32::from(i16::from(code).cast_unsigned());
            for (pair, step) in codes.chunks_exact(2).zip(steps) {
                step[r] = half(pair[0]) | (half(pair[1]) << 16);
            }
        }
    }
}
