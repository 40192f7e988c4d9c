//! [`Matrix`]: the weight of a linear layer, packed once at loading for the kernels of every instruction set.

use std::{fmt, sync::Arc};

use half::{bf16, f16, slice::HalfFloatSliceExt};
use rayon::prelude::*;
use thiserror::Error;

use crate::{
    isa,
    line::{Line, PANEL},
    tile::GROUP,
};

/// Bytes of a GGUF Q8_0 block: an f16 scale and 32 codes.
const Q8_0_BLOCK: usize = 2 + GROUP;

/// Lines packed at a time: as many as stay in the first cache while sixteen rows are written across them.
const LINES_AT_ONCE: usize = 128;

/// Numbers that do not make the matrix they are said to make.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ShapeError {
    /// Too few or too many.
    #[error("{outputs} x {inputs} weights need {expected} {unit}, and {got} are there")]
    Length {
        /// Rows of the weight.
        outputs: usize,
        /// Numbers a row.
        inputs: usize,
        /// What is counted.
        unit: &'static str,
        /// How many it should be.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// int8 shares a scale among 32 inputs.
    #[error("int8 weights need a multiple of 32 inputs, not {0}; keep this matrix in f32 or bf16")]
    Groups(usize),
}

/// Weights in a storage of their own, unpacked row by row while they are multiplied.
pub trait Rows: Send + Sync + fmt::Debug {
    /// Writes row `row`; `out` is as long as a row.
    fn read(&self, row: usize, out: &mut [f32]);
    /// Bytes held.
    fn bytes(&self) -> usize;
}

/// How the lines of a panel hold its weights.
#[derive(Clone, Debug)]
pub(crate) enum Storage {
    /// A line an input.
    F32(Vec<Line>),
    /// A line two inputs, the earlier one in the low half of each word.
    Bf16(Vec<Line>),
    /// A line two inputs, one after the other.
    F16(Vec<Line>),
    /// A line four inputs, bytes of `code + 128`; and scales `[panels][inputs / 32][16]`.
    Int8 { lines: Vec<Line>, scales: Vec<f16> },
    /// Something else, read when it is needed.
    Rows(Arc<dyn Rows>),
}

/// A weight `[outputs, inputs]`, in panels of sixteen outputs.
#[derive(Clone, Debug)]
pub struct Matrix {
    outputs: usize,
    inputs: usize,
    storage: Storage,
}

impl Matrix {
    /// Packs f32 weights, row after row.
    ///
    /// # Errors
    /// If there are not `outputs * inputs` numbers.
    pub fn f32(outputs: usize, inputs: usize, numbers: &[f32]) -> Result<Self, ShapeError> {
        check(outputs, inputs, "numbers", outputs.saturating_mul(inputs), numbers.len())?;
        let lines = pack(outputs, inputs, 1, |row, k| numbers[row * inputs + k].to_bits());
        Ok(Self { outputs, inputs, storage: Storage::F32(lines) })
    }

    /// Packs bf16 weights, row after row.
    ///
    /// # Errors
    /// If there are not `outputs * inputs` numbers.
    pub fn bf16(outputs: usize, inputs: usize, numbers: &[bf16]) -> Result<Self, ShapeError> {
        check(outputs, inputs, "numbers", outputs.saturating_mul(inputs), numbers.len())?;
        let lines = pack(outputs, inputs, 2, |row, k| {
            let row = &numbers[row * inputs..][..inputs];
            let later = row.get(k + 1).map_or(0, |number| u32::from(number.to_bits()));
            u32::from(row[k].to_bits()) | (later << 16)
        });
        Ok(Self { outputs, inputs, storage: Storage::Bf16(lines) })
    }

    /// Packs f16 weights, row after row.
    ///
    /// # Errors
    /// If there are not `outputs * inputs` numbers.
    pub fn f16(outputs: usize, inputs: usize, numbers: &[f16]) -> Result<Self, ShapeError> {
        check(outputs, inputs, "numbers", outputs.saturating_mul(inputs), numbers.len())?;
        let per_panel = inputs.div_ceil(2);
        let mut lines = vec![Line::ZERO; outputs.div_ceil(PANEL) * per_panel];
        lines.par_chunks_mut(per_panel.max(1)).enumerate().for_each(|(panel, lines)| {
            let halves = Line::halves_mut(lines);
            for (column, row) in rows_of(panel, outputs).enumerate() {
                for (k, number) in numbers[row * inputs..][..inputs].iter().enumerate() {
                    halves[k * PANEL + column] = *number;
                }
            }
        });
        Ok(Self { outputs, inputs, storage: Storage::F16(lines) })
    }

    /// Quantises f32 weights to int8.
    ///
    /// Groups of 32 along the inputs share an f16 scale; codes are rounded for the scale as it is stored. A group that
    /// holds what is not finite, or is too large for an f16 scale (8 million), multiplies to NaN.
    ///
    /// # Errors
    /// If there are not `outputs * inputs` numbers, or `inputs` is no multiple of 32.
    pub fn int8_from_f32(outputs: usize, inputs: usize, numbers: &[f32]) -> Result<Self, ShapeError> {
        Self::int8(outputs, inputs, numbers, |from, to| to.copy_from_slice(from))
    }

    /// Quantises bf16 weights to int8, see [`Matrix::int8_from_f32`].
    ///
    /// # Errors
    /// If there are not `outputs * inputs` numbers, or `inputs` is no multiple of 32.
    pub fn int8_from_bf16(outputs: usize, inputs: usize, numbers: &[bf16]) -> Result<Self, ShapeError> {
        Self::int8(outputs, inputs, numbers, |from, to| from.convert_to_f32_slice(to))
    }

    /// Quantises f16 weights to int8, see [`Matrix::int8_from_f32`].
    ///
    /// # Errors
    /// If there are not `outputs * inputs` numbers, or `inputs` is no multiple of 32.
    pub fn int8_from_f16(outputs: usize, inputs: usize, numbers: &[f16]) -> Result<Self, ShapeError> {
        Self::int8(outputs, inputs, numbers, |from, to| from.convert_to_f32_slice(to))
    }

    /// Takes GGUF Q8_0 blocks, row after row: an f16 scale and 32 codes each, little-endian. Nothing is lost.
    ///
    /// # Errors
    /// If there are not `outputs * inputs / 32` blocks of 34 bytes, or `inputs` is no multiple of 32.
    pub fn int8_from_q8_0(outputs: usize, inputs: usize, blocks: &[u8]) -> Result<Self, ShapeError> {
        let groups = groups(inputs)?;
        check(outputs, inputs, "bytes of Q8_0", outputs.saturating_mul(groups * Q8_0_BLOCK), blocks.len())?;
        Ok(Self::int8_packed(outputs, inputs, |row, codes, scales| {
            let blocks = blocks[row * groups * Q8_0_BLOCK..].chunks_exact(Q8_0_BLOCK);
            for ((block, codes), scale) in blocks.zip(codes.chunks_exact_mut(GROUP)).zip(scales) {
                *scale = f16::from_le_bytes([block[0], block[1]]);
                for (code, byte) in codes.iter_mut().zip(&block[2..]) {
                    *code = byte.cast_signed();
                }
            }
        }))
    }

    /// Keeps weights in another storage; each panel is unpacked to f32 once a multiplication, whatever the tokens.
    #[must_use]
    pub fn unpacked_on_use(outputs: usize, inputs: usize, rows: Arc<dyn Rows>) -> Self {
        Self { outputs, inputs, storage: Storage::Rows(rows) }
    }

    /// Quantises rows that `float` turns into f32.
    fn int8<T: Sync>(
        outputs: usize,
        inputs: usize,
        numbers: &[T],
        float: impl Fn(&[T], &mut [f32]) + Sync,
    ) -> Result<Self, ShapeError> {
        groups(inputs)?;
        check(outputs, inputs, "numbers", outputs.saturating_mul(inputs), numbers.len())?;
        Ok(Self::int8_packed(outputs, inputs, |row, codes, scales| {
            let mut floats = vec![0.0; inputs];
            float(&numbers[row * inputs..][..inputs], &mut floats);
            isa::quantise_weights(&floats, codes, scales);
        }))
    }

    /// Packs the codes and the scales that `write` gives for a row.
    fn int8_packed(
        outputs: usize,
        inputs: usize,
        write: impl Fn(usize, &mut [i8], &mut [f16]) + Sync,
    ) -> Self {
        let (panels, groups, per_panel) = (outputs.div_ceil(PANEL), inputs / GROUP, inputs / 4);
        // Codes of zero, so that a panel's missing outputs are zero too.
        let mut lines = vec![Line([0x8080_8080; PANEL]); panels * per_panel];
        let mut scales = vec![f16::ZERO; panels * groups * PANEL];
        let of_panels = lines.par_chunks_mut(per_panel.max(1));
        of_panels.zip(scales.par_chunks_mut((groups * PANEL).max(1))).enumerate().for_each(
            |(panel, (lines, scales))| {
                let (mut codes, mut of_row) = (vec![0; inputs], vec![f16::ZERO; groups]);
                for (column, row) in rows_of(panel, outputs).enumerate() {
                    write(row, &mut codes, &mut of_row);
                    for (line, quad) in lines.iter_mut().zip(codes.chunks_exact(4)) {
                        let bytes = std::array::from_fn(|i| quad[i].cast_unsigned());
                        line.0[column] = u32::from_le_bytes(bytes) ^ 0x8080_8080;
                    }
                    for (scales, scale) in scales.chunks_exact_mut(PANEL).zip(&of_row) {
                        scales[column] = *scale;
                    }
                }
            },
        );
        Self { outputs, inputs, storage: Storage::Int8 { lines, scales } }
    }

    /// Rows of the weight.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Numbers a row.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.storage {
            Storage::F32(lines) | Storage::Bf16(lines) | Storage::F16(lines) => size_of_val(&lines[..]),
            Storage::Int8 { lines, scales } => size_of_val(&lines[..]) + size_of_val(&scales[..]),
            Storage::Rows(rows) => rows.bytes(),
        }
    }

    pub(crate) fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Writes one row as f32, for looking up an embedding.
    ///
    /// # Panics
    /// If there is no such row, or `out` is not as long as one.
    pub fn row(&self, index: usize, out: &mut [f32]) {
        assert!(index < self.outputs, "row {index} of {}", self.outputs);
        assert_eq!(out.len(), self.inputs, "a row has {} numbers", self.inputs);
        let (panel, column) = (index / PANEL, index % PANEL);
        match &self.storage {
            Storage::F32(lines) => {
                let panel = &lines[panel * self.inputs..][..self.inputs];
                for (out, line) in out.iter_mut().zip(panel) {
                    *out = f32::from_bits(line.0[column]);
                }
            }
            Storage::Bf16(lines) => {
                let per_panel = self.inputs.div_ceil(2);
                for (out, line) in out.chunks_mut(2).zip(&lines[panel * per_panel..]) {
                    let pair = line.0[column];
                    let both = [pair << 16, pair & 0xffff_0000];
                    for (out, bits) in out.iter_mut().zip(both) {
                        *out = f32::from_bits(bits);
                    }
                }
            }
            Storage::F16(lines) => {
                let per_panel = self.inputs.div_ceil(2);
                let halves = Line::halves(&lines[panel * per_panel..][..per_panel]);
                for (out, k) in out.iter_mut().zip(halves.chunks_exact(PANEL)) {
                    *out = k[column].to_f32();
                }
            }
            Storage::Int8 { lines, scales } => {
                let (per_panel, groups) = (self.inputs / 4, self.inputs / GROUP);
                let scales = &scales[panel * groups * PANEL..];
                for (k, (out, line)) in out.chunks_mut(4).zip(&lines[panel * per_panel..]).enumerate() {
                    let scale = scales[k * 4 / GROUP * PANEL + column].to_f32();
                    for (out, byte) in out.iter_mut().zip((line.0[column] ^ 0x8080_8080).to_le_bytes()) {
                        *out = f32::from(byte.cast_signed()) * scale;
                    }
                }
            }
            Storage::Rows(rows) => rows.read(index, out),
        }
    }
}

fn check(
    outputs: usize,
    inputs: usize,
    unit: &'static str,
    expected: usize,
    got: usize,
) -> Result<(), ShapeError> {
    if expected == got { Ok(()) } else { Err(ShapeError::Length { outputs, inputs, unit, expected, got }) }
}

fn groups(inputs: usize) -> Result<usize, ShapeError> {
    if inputs.is_multiple_of(GROUP) { Ok(inputs / GROUP) } else { Err(ShapeError::Groups(inputs)) }
}

/// The rows that a panel holds, the last one fewer.
fn rows_of(panel: usize, outputs: usize) -> std::ops::Range<usize> {
    panel * PANEL..outputs.min((panel + 1) * PANEL)
}

/// Packs `word(row, k)` for each row and each first input `k` of a line of `depth` inputs.
fn pack(outputs: usize, inputs: usize, depth: usize, word: impl Fn(usize, usize) -> u32 + Sync) -> Vec<Line> {
    let per_panel = inputs.div_ceil(depth);
    let mut lines = vec![Line::ZERO; outputs.div_ceil(PANEL) * per_panel];
    lines.par_chunks_mut(per_panel.max(1)).enumerate().for_each(|(panel, lines)| {
        for (part, lines) in lines.chunks_mut(LINES_AT_ONCE).enumerate() {
            for (column, row) in rows_of(panel, outputs).enumerate() {
                for (i, line) in lines.iter_mut().enumerate() {
                    line.0[column] = word(row, (part * LINES_AT_ONCE + i) * depth);
                }
            }
        }
    });
    lines
}
