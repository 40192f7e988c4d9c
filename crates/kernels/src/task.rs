//! The parts that a product is cut into, spread over the threads of rayon's global pool.
//!
//! A task is a few panels times a chunk of rows. It goes along the inputs in blocks, so that what is unpacked of a panel
//! stays in the first cache and the activations' part in the second, and is used for all its rows before the next comes.

#![allow(
    unsafe_code,
    reason = "threads write disjoint columns of one output, and kernels go through pointers"
)]

use std::{cell::Cell, ops::Range};

use half::slice::HalfFloatSliceExt;
use rayon::prelude::*;

use crate::{
    Matrix,
    activations::{Activations, Format},
    isa::Kernels,
    line::{Line, PANEL},
    matrix::Storage,
    tile::{GROUP, Tile},
};

/// Lines of a panel used at a time: 24 KiB, so that a tile takes long enough to be worth its beginning and end.
const BLOCK_LINES: usize = 384;

/// Scales of a block of a panel at most, with four inputs a line.
const BLOCK_SCALES: usize = BLOCK_LINES * 4 / GROUP * PANEL;

/// Rows of a chunk at most: with a block's steps 240 KiB, half of the smallest second cache.
const CHUNK_ROWS: usize = 160;

/// Bytes of panels that a task unpacks at once from another storage.
const UNPACKED_BYTES: usize = 256 << 10;

/// Panels of a task at most: their outputs for a chunk of rows stay in the second cache.
const TASK_PANELS: usize = 8;

/// Largest tile of any instruction set, for what lies over the right edge.
const EDGE: usize = 8 * 2 * PANEL;

/// Where the tasks write, each its own part.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub start: *mut f32,
    pub stride: usize,
}

// SAFETY: tasks of several threads write disjoint parts, and the borrow that `start` comes from outlives them.
unsafe impl Send for Output {}
// SAFETY: as above.
unsafe impl Sync for Output {}

impl Output {
    /// # Safety
    /// The output has that row and column.
    pub unsafe fn at(&self, row: usize, column: usize) -> *mut f32 {
        // SAFETY: the caller's.
        unsafe { self.start.add(row * self.stride + column) }
    }
}

/// What a thread keeps from task to task.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Blocks of panels as the kernel reads them.
    lines: Vec<Line>,
    /// Their scales.
    scales: Vec<f32>,
    /// Whole panels read from another storage, and one row of it.
    unpacked: Vec<Line>,
    row: Vec<f32>,
    pub gates: Vec<f32>,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Calls `task` for ranges of panels and of blocks of rows that together cover the product.
pub(crate) fn for_each_task(
    kernels: &Kernels,
    matrix: &Matrix,
    activations: &Activations,
    task: impl Fn(&mut Scratch, Range<usize>, Range<usize>) + Sync,
) {
    let panels = matrix.outputs().div_ceil(PANEL);
    let blocks = activations.rows.div_ceil(kernels.rows);
    if panels == 0 || blocks == 0 || matrix.inputs() == 0 {
        return;
    }
    let chunks = match matrix.storage() {
        // Each panel is unpacked once, whatever the rows.
        Storage::Rows(_) => 1,
        _ => activations.rows.div_ceil(CHUNK_ROWS),
    };
    let wanted = (4 * rayon::current_num_threads()).div_ceil(chunks);
    let a_task = (panels / wanted).clamp(1, TASK_PANELS).next_multiple_of(kernels.panels);
    let groups = panels.div_ceil(a_task);
    (0..groups * chunks).into_par_iter().with_max_len(1).for_each(|index| {
        let (group, chunk) = (index / chunks, index % chunks);
        let panels = group * a_task..panels.min((group + 1) * a_task);
        let blocks = chunk * blocks / chunks..(chunk + 1) * blocks / chunks;
        let mut scratch = SCRATCH.take().unwrap_or_default();
        task(&mut scratch, panels, blocks);
        SCRATCH.set(Some(scratch));
    });
}

/// Some panels times some blocks of rows.
pub(crate) struct Task<'a> {
    pub kernels: &'a Kernels,
    pub matrix: &'a Matrix,
    pub activations: &'a Activations,
    pub panels: Range<usize>,
    pub blocks: Range<usize>,
    pub add: bool,
}

/// A block of a panel's lines as the kernel reads them.
#[derive(Clone, Copy)]
struct Block {
    lines: *const u8,
    scales: *const f32,
}

impl Task<'_> {
    /// Index of its first row among all.
    pub fn first_row(&self) -> usize {
        self.blocks.start * self.activations.block_rows
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.activations.rows.min(self.blocks.end * self.activations.block_rows) - self.first_row()
    }

    /// How many outputs of each.
    pub fn columns(&self) -> usize {
        self.matrix.outputs().min(self.panels.end * PANEL) - self.panels.start * PANEL
    }

    /// Calls `f` with the task's columns of each of its rows.
    ///
    /// # Safety
    /// As `run`, and they have been written.
    pub unsafe fn each_row(&self, out: *mut f32, stride: usize, mut f: impl FnMut(&mut [f32])) {
        for row in 0..self.rows() {
            // SAFETY: the caller's.
            f(unsafe { std::slice::from_raw_parts_mut(out.add(row * stride), self.columns()) });
        }
    }

    /// Inputs a step of the kernel.
    fn depth(&self) -> usize {
        match self.activations.format {
            Format::F32 => 1,
            Format::Bf16 => 2,
            Format::Int8 => self.kernels.int8_depth,
        }
    }

    /// Writes the task's rows and columns to `out`, rows `stride` numbers apart.
    ///
    /// # Safety
    /// `out` has them, and nobody else uses them.
    pub unsafe fn run(&self, scratch: &mut Scratch, out: *mut f32, stride: usize) {
        if let Storage::Rows(_) = self.matrix.storage() {
            let a_panel = self.matrix.inputs() * size_of::<Line>();
            let at_once = (UNPACKED_BYTES / a_panel).next_multiple_of(self.kernels.panels).max(1);
            for first in self.panels.clone().step_by(at_once) {
                let panels = first..self.panels.end.min(first + at_once);
                self.read_rows(scratch, panels.clone());
                // SAFETY: the panels are among the task's, so their columns are.
                unsafe {
                    let out = out.add((first - self.panels.start) * PANEL);
                    self.run_panels(scratch, panels, out, stride);
                }
            }
        } else if self.blocks.len() == 1 {
            // Few rows: weights are read once, so in the order they lie in.
            for first in self.panels.clone().step_by(self.kernels.panels) {
                let panels = first..self.panels.end.min(first + self.kernels.panels);
                // SAFETY: as above.
                unsafe {
                    let out = out.add((first - self.panels.start) * PANEL);
                    self.run_panels(scratch, panels, out, stride);
                }
            }
        } else {
            // SAFETY: the caller's.
            unsafe { self.run_panels(scratch, self.panels.clone(), out, stride) };
        }
    }

    /// Reads panels of another storage to f32 lines.
    fn read_rows(&self, scratch: &mut Scratch, panels: Range<usize>) {
        let Storage::Rows(rows) = self.matrix.storage() else { return };
        let inputs = self.matrix.inputs();
        scratch.unpacked.resize(panels.len() * inputs, Line::ZERO);
        scratch.row.resize(inputs, 0.0);
        for (panel, lines) in panels.zip(scratch.unpacked.chunks_exact_mut(inputs)) {
            for column in 0..PANEL {
                let row = panel * PANEL + column;
                if row < self.matrix.outputs() {
                    rows.read(row, &mut scratch.row);
                } else {
                    scratch.row.fill(0.0);
                }
                for (line, number) in lines.iter_mut().zip(&scratch.row) {
                    line.0[column] = number.to_bits();
                }
            }
        }
    }

    /// # Safety
    /// As `run`; `out` is where the first of `panels` begins.
    unsafe fn run_panels(&self, scratch: &mut Scratch, panels: Range<usize>, out: *mut f32, stride: usize) {
        scratch.lines.resize(2 * BLOCK_LINES, Line::ZERO);
        scratch.scales.resize(2 * BLOCK_SCALES, 0.0);
        let steps = match self.matrix.storage() {
            Storage::F32(_) | Storage::Rows(_) => self.matrix.inputs(),
            _ => self.activations.steps,
        };
        for first in (0..steps).step_by(BLOCK_LINES) {
            let span = first..steps.min(first + BLOCK_LINES);
            for panel in panels.clone().step_by(self.kernels.panels) {
                let together = self.kernels.panels.min(panels.end - panel);
                for slot in 0..together {
                    self.unpack(scratch, slot, panel + slot, &span);
                }
                let blocks = std::array::from_fn(|slot| {
                    let panel = panel + slot.min(together - 1);
                    self.block(scratch, slot, (panel, panel - panels.start), &span)
                });
                // SAFETY: the caller's, and the blocks hold the span's lines.
                unsafe {
                    let out = out.add((panel - panels.start) * PANEL);
                    self.tiles(&blocks, panel..panel + together, &span, out, stride);
                }
            }
        }
    }

    /// Unpacks a span of a panel's lines, where the kernel does not read them as they are.
    fn unpack(&self, scratch: &mut Scratch, slot: usize, panel: usize, span: &Range<usize>) {
        let lines = &mut scratch.lines[slot * BLOCK_LINES..][..span.len()];
        let (format, steps) = (self.activations.format, self.activations.steps);
        // Stored lines hold two steps each.
        let halved = |stored| half_span(stored, panel * steps, span);
        match self.matrix.storage() {
            // SAFETY: the table belongs to this processor.
            Storage::Bf16(stored) if format == Format::F32 => unsafe {
                (self.kernels.unpack_bf16)(halved(stored), lines);
            },
            Storage::F16(stored) => {
                Line::halves(halved(stored)).convert_to_f32_slice(Line::floats_mut(lines));
            }
            Storage::Int8 { lines: stored, scales } => {
                if self.depth() == 2 {
                    // SAFETY: as above.
                    unsafe { (self.kernels.unpack_int8)(halved(stored), lines) };
                }
                let groups = self.matrix.inputs() / GROUP;
                let span = span.start * self.depth() / GROUP..span.end * self.depth() / GROUP;
                scales[(panel * groups + span.start) * PANEL..][..span.len() * PANEL]
                    .convert_to_f32_slice(&mut scratch.scales[slot * BLOCK_SCALES..][..span.len() * PANEL]);
            }
            Storage::F32(_) | Storage::Bf16(_) | Storage::Rows(_) => {}
        }
    }

    /// Where a span of a panel's lines lies; `panel` is its index in the matrix and among those read from rows.
    fn block(&self, scratch: &Scratch, slot: usize, panel: (usize, usize), span: &Range<usize>) -> Block {
        let as_stored = |stored: &[Line], panel: usize, per_panel: usize| {
            stored[panel * per_panel + span.start..][..span.len()].as_ptr()
        };
        let unpacked = scratch.lines[slot * BLOCK_LINES..][..span.len()].as_ptr();
        let lines = match self.matrix.storage() {
            Storage::F32(stored) => as_stored(stored, panel.0, self.matrix.inputs()),
            Storage::Rows(_) => as_stored(&scratch.unpacked, panel.1, self.matrix.inputs()),
            Storage::Bf16(stored) if self.activations.format == Format::Bf16 => {
                as_stored(stored, panel.0, self.activations.steps)
            }
            Storage::Int8 { lines: stored, .. } if self.depth() == 4 => {
                as_stored(stored, panel.0, self.activations.steps)
            }
            Storage::Bf16(_) | Storage::F16(_) | Storage::Int8 { .. } => unpacked,
        };
        Block { lines: lines.cast(), scales: scratch.scales[slot * BLOCK_SCALES..].as_ptr() }
    }

    /// Multiplies a span of one or two panels with all rows of the task.
    ///
    /// # Safety
    /// As `run`; `out` is where the first of `panels` begins, and the blocks hold the span's lines and scales.
    unsafe fn tiles(
        &self,
        panels_blocks: &[Block; 2],
        panels: Range<usize>,
        span: &Range<usize>,
        out: *mut f32,
        stride: usize,
    ) {
        let activations = self.activations;
        let kernel = match activations.format {
            Format::F32 => self.kernels.float,
            Format::Bf16 => self.kernels.bf16.expect("bf16 activations are packed only for a bf16 kernel"),
            Format::Int8 => self.kernels.int8,
        };
        let width = panels.len() * PANEL;
        let columns = width.min(self.matrix.outputs() - panels.start * PANEL);
        let groups = activations.scales.len() / activations.rows;
        let add = self.add || span.start > 0;
        let mut edge = [0.0; EDGE];
        for index in self.blocks.clone() {
            let rows = activations.rows_of(index);
            let first_row = index * activations.block_rows;
            let words = &activations.words[first_row * activations.steps + span.start * rows..];
            let (scales, starts) = if activations.format == Format::Int8 {
                let group = first_row * groups + span.start * self.depth() / GROUP * rows;
                (activations.scales[group..].as_ptr(), activations.starts[group..].as_ptr())
            } else {
                (std::ptr::null(), std::ptr::null())
            };
            // SAFETY: the task has these rows, and `out` its columns of them.
            let target = unsafe { out.add((first_row - self.first_row()) * stride) };
            let inside = columns == width;
            let tile = Tile {
                rows,
                panels: panels.len(),
                lines: panels_blocks.map(|block| block.lines),
                line_stride: size_of::<Line>(),
                steps: span.len(),
                words: words[..span.len() * rows].as_ptr(),
                row_stride: 1,
                out: if inside { target } else { edge.as_mut_ptr() },
                out_stride: if inside { stride } else { width },
                add: inside && add,
                scales: panels_blocks.map(|block| block.scales),
                word_scales: scales,
                starts,
            };
            // SAFETY: the table belongs to this processor; words and lines were checked to hold the span, scales hold
            // its groups; `target` has whole panels here, and otherwise `edge` has room for the largest tile.
            unsafe { kernel(&tile) };
            if !inside {
                for (r, sums) in edge.chunks_exact(width).enumerate().take(rows) {
                    // SAFETY: the task's columns of its rows, which nobody else uses.
                    let y = unsafe { std::slice::from_raw_parts_mut(target.add(r * stride), columns) };
                    for (y, sum) in y.iter_mut().zip(sums) {
                        *y = if add { *y + sum } else { *sum };
                    }
                }
            }
        }
    }
}

/// The stored lines of a span of steps, two a line, of the panel whose steps begin at `panel_start`.
fn half_span<'a>(stored: &'a [Line], panel_start: usize, span: &Range<usize>) -> &'a [Line] {
    &stored[(panel_start + span.start) / 2..][..span.len() / 2]
}
