//! [`attend`]: attention of a packed batch whose rows share a prefix.
//!
//! A task is one key head and a tile of queries, of several rows of the batch if those are short: the prefix is read once
//! for all of them, then each row's own positions. The query heads that share a key head are rows of one tile. Softmax
//! runs along blocks of columns with the running maximum of flash attention (Dao et al., 2022), so that memory does not
//! grow with the length.

#![allow(unsafe_code, reason = "threads write disjoint heads of one output, and kernels go through pointers")]

use std::{cell::Cell, ops::Range};

use rayon::prelude::*;

use crate::{
    Isa, Segment, Strided,
    isa::Kernels,
    line::{Line, PANEL},
    segment::Head,
    task::Output,
    tile::Tile,
};

/// Rows of a tile at most, queries times the heads of a group.
const TILE_ROWS: usize = 48;

/// Columns whose scores are held at a time, a multiple of 16.
const BLOCK_COLUMNS: usize = 128;

/// One row of a packed batch.
#[derive(Clone, Copy, Debug)]
pub struct Queries<'a> {
    /// Index of the row's first query among all queries.
    pub first: usize,
    /// The row's own keys and values, those of its queries included where they see themselves.
    pub own: &'a Segment,
    /// For each query the columns it sees, the prefix's first, then the row's own.
    pub seen: &'a [Range<u32>],
}

/// Attention of every row's queries over the prefix and the row's own positions, softmax in f32 over the columns seen.
///
/// `q` and `out` are `[queries, heads, head_dim]`, queries perhaps apart; `heads / kv_heads` neighbouring heads share a key head. A query that
/// sees nothing gets zeros. Queries that belong to no row are left alone in `out`.
///
/// # Panics
/// If shapes disagree, a range reaches past the columns, or two rows share a query.
pub fn attend(
    q: Strided<'_>,
    heads: usize,
    head_dim: usize,
    scale: f32,
    prefix: Option<&Segment>,
    rows: &[Queries<'_>],
    out: &mut [f32],
) {
    let shape = Shape { heads, head_dim, scale };
    attend_with(Isa::best().kernels(), q, shape, prefix, rows, out);
}

/// Heads and how scores are scaled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub heads: usize,
    pub head_dim: usize,
    pub scale: f32,
}

pub(crate) fn attend_with(
    kernels: &Kernels,
    q: Strided<'_>,
    shape: Shape,
    prefix: Option<&Segment>,
    rows: &[Queries<'_>],
    out: &mut [f32],
) {
    let Some(kv_heads) = check(q, shape, prefix, rows, out) else { return };
    let group = shape.heads / kv_heads;
    let tiles = tiles(rows, (TILE_ROWS / group).max(1));
    let attention = Attention { kernels, q, shape, group, prefix, rows };
    let out = Output { start: out.as_mut_ptr(), stride: shape.heads * shape.head_dim };
    // Heads outside, so that neighbouring tasks read the same part of the prefix.
    (0..kv_heads * tiles.len()).into_par_iter().with_max_len(1).for_each(|index| {
        let (kv_head, tile) = (index / tiles.len(), &tiles[index % tiles.len()]);
        let mut scratch = SCRATCH.take().unwrap_or_default();
        attention.tile(&mut scratch, kv_head, tile);
        // SAFETY: `check` saw that every query is inside `out` and belongs to one row; each task has its own queries
        // or its own heads of them.
        unsafe { attention.write(&scratch, kv_head, tile, out) };
        SCRATCH.set(Some(scratch));
    });
}

/// Checks the shapes and returns the key heads; `None` if there is nothing to do.
fn check(
    q: Strided<'_>,
    shape: Shape,
    prefix: Option<&Segment>,
    rows: &[Queries<'_>],
    out: &[f32],
) -> Option<usize> {
    let width = shape.heads.saturating_mul(shape.head_dim);
    let kv_heads = rows.first()?.own.heads().len();
    assert!(kv_heads > 0 && shape.heads.is_multiple_of(kv_heads), "whole groups of heads share a key head");
    let queries = out.len() / width;
    assert!(
        out.len().is_multiple_of(width) && q.holds(queries, width),
        "an output for each query, all whole"
    );
    let mut taken = vec![false; queries];
    for segment in rows.iter().map(|row| row.own).chain(prefix) {
        assert_eq!(segment.heads().len(), kv_heads, "all segments have the same key heads");
        assert_eq!(segment.head_dim(), shape.head_dim, "keys are as long as queries");
    }
    for row in rows {
        for taken in &mut taken[row.first..row.first + row.seen.len()] {
            assert!(!*taken, "a query belongs to one row");
            *taken = true;
        }
        let columns = prefix.map_or(0, Segment::len) + row.own.len();
        let last = row.seen.iter().map(|seen| seen.end as usize).max().unwrap_or(0);
        assert!(last <= columns, "a query sees up to column {last} of {columns}");
    }
    Some(kv_heads)
}

/// Some queries of one row of the batch.
#[derive(Clone, Debug)]
struct Span {
    row: usize,
    queries: Range<usize>,
}

/// Cuts the queries of all rows, one after the other, into tiles.
fn tiles(rows: &[Queries<'_>], queries_max: usize) -> Vec<Vec<Span>> {
    let mut tiles: Vec<Vec<Span>> = Vec::new();
    let mut room = 0;
    for (row, queries) in rows.iter().enumerate() {
        let mut first = 0;
        while first < queries.seen.len() {
            if room == 0 {
                tiles.push(Vec::new());
                room = queries_max;
            }
            let end = queries.seen.len().min(first + room);
            if let Some(tile) = tiles.last_mut() {
                tile.push(Span { row, queries: first..end });
            }
            room -= end - first;
            first = end;
        }
    }
    tiles
}

/// A tile's state, kept by its thread from task to task.
#[derive(Default)]
struct Scratch {
    /// Scaled queries `[rows][head_dim]`.
    queries: Vec<f32>,
    /// Scores of a block, then their exponentials.
    scores: Vec<Line>,
    /// Sums of weighted values `[rows][head_dim rounded up to lines]`.
    sums: Vec<Line>,
    /// The largest score so far and the sum of exponentials, a row.
    max: Vec<f32>,
    total: Vec<f32>,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

struct Attention<'a> {
    kernels: &'a Kernels,
    q: Strided<'a>,
    shape: Shape,
    /// Query heads that share a key head.
    group: usize,
    prefix: Option<&'a Segment>,
    rows: &'a [Queries<'a>],
}

/// One row's queries in a tile: the tile's rows from `first_row` on, `group` for each range.
struct Seen<'a> {
    first_row: usize,
    ranges: &'a [Range<u32>],
}

impl Attention<'_> {
    fn value_lines(&self) -> usize {
        self.shape.head_dim.div_ceil(PANEL)
    }

    fn tile(&self, scratch: &mut Scratch, kv_head: usize, tile: &[Span]) {
        let mut seen = Vec::with_capacity(tile.len());
        let mut rows = 0;
        for span in tile {
            seen.push(Seen { first_row: rows, ranges: &self.rows[span.row].seen[span.queries.clone()] });
            rows += span.queries.len() * self.group;
        }
        self.gather(scratch, kv_head, tile);
        scratch.scores.resize(rows * BLOCK_COLUMNS / PANEL, Line::ZERO);
        scratch.sums.clear();
        scratch.sums.resize(rows * self.value_lines(), Line::ZERO);
        scratch.max.clear();
        scratch.max.resize(rows, f32::NEG_INFINITY);
        scratch.total.clear();
        scratch.total.resize(rows, 0.0);
        if let Some(prefix) = self.prefix {
            self.segment(scratch, &prefix.heads()[kv_head], 0..prefix.len(), &seen);
        }
        let before = self.prefix.map_or(0, Segment::len);
        for (span, seen) in tile.iter().zip(&seen) {
            let own = self.rows[span.row].own;
            let columns = before..before + own.len();
            self.segment(scratch, &own.heads()[kv_head], columns, std::slice::from_ref(seen));
        }
    }

    /// The queries of a tile and a group of heads, scaled, one after the other.
    fn gather(&self, scratch: &mut Scratch, kv_head: usize, tile: &[Span]) {
        let Shape { head_dim, scale, .. } = self.shape;
        scratch.queries.clear();
        for span in tile {
            for query in span.queries.clone() {
                let first =
                    (self.rows[span.row].first + query) * self.q.stride + kv_head * self.group * head_dim;
                let numbers = &self.q.numbers[first..][..self.group * head_dim];
                scratch.queries.extend(numbers.iter().map(|number| number * scale));
            }
        }
    }

    /// Adds a segment's columns (numbered `columns`) to the state of the rows in `seen`, which are neighbours.
    fn segment(&self, scratch: &mut Scratch, head: &Head, columns: Range<usize>, seen: &[Seen<'_>]) {
        let ranges = || seen.iter().flat_map(|seen| seen.ranges).filter(|range| range.start < range.end);
        let first = ranges().map(|range| range.start as usize).min().unwrap_or(columns.end);
        let end = ranges().map(|range| range.end as usize).max().unwrap_or(0).min(columns.end);
        let first = (first.max(columns.start) - columns.start) / PANEL * PANEL + columns.start;
        for start in (first..end).step_by(BLOCK_COLUMNS) {
            let block = start..end.min(start + BLOCK_COLUMNS);
            let from = start - columns.start;
            let first_row = seen[0].first_row;
            let rows = seen.iter().map(|seen| seen.ranges.len()).sum::<usize>() * self.group;
            let rows = first_row..first_row + rows;
            self.scores(scratch, head, from..from + block.len(), rows.clone());
            self.softmax(scratch, &block, seen);
            self.weigh(scratch, head, from..from + block.len(), rows);
        }
    }

    /// Scores of rows with the positions of a head, which begin at a panel.
    fn scores(&self, scratch: &mut Scratch, head: &Head, positions: Range<usize>, rows: Range<usize>) {
        let head_dim = self.shape.head_dim;
        let panels = positions.start / PANEL..positions.end.div_ceil(PANEL);
        let scores = Line::floats_mut(&mut scratch.scores);
        for (i, panel) in panels.enumerate() {
            let lines = head.keys[panel * head_dim..][..head_dim].as_ptr().cast();
            for row in rows.clone().step_by(self.kernels.rows) {
                let count = self.kernels.rows.min(rows.end - row);
                let queries = &scratch.queries[row * head_dim..][..count * head_dim];
                let to =
                    &mut scores[row * BLOCK_COLUMNS + i * PANEL..][..(count - 1) * BLOCK_COLUMNS + PANEL];
                let tile = Tile {
                    rows: count,
                    panels: 1,
                    lines: [lines; 2],
                    line_stride: size_of::<Line>(),
                    steps: head_dim,
                    words: queries.as_ptr().cast(),
                    row_stride: head_dim,
                    out: to.as_mut_ptr(),
                    out_stride: BLOCK_COLUMNS,
                    add: false,
                    ..Tile::NOTHING
                };
                // SAFETY: the table belongs to this processor; the slices above reach as far as the tile does.
                unsafe { (self.kernels.float_rows)(&tile) };
            }
        }
    }

    /// Turns the scores of a block of columns into exponentials, and sums up to the new maximum.
    fn softmax(&self, scratch: &mut Scratch, block: &Range<usize>, seen: &[Seen<'_>]) {
        let width = block.len().next_multiple_of(PANEL);
        let scores = Line::floats_mut(&mut scratch.scores);
        let of_rows = seen.iter().flat_map(|seen| {
            let ranges = seen.ranges.iter().flat_map(|range| std::iter::repeat_n(range, self.group));
            (seen.first_row..).zip(ranges)
        });
        for (row, range) in of_rows {
            let scores = &mut scores[row * BLOCK_COLUMNS..][..width];
            let inside = |column: u32| (column as usize).clamp(block.start, block.end) - block.start;
            let (first, end) = (inside(range.start), inside(range.end));
            if first >= end {
                scores.fill(0.0);
                continue;
            }
            scores[..first].fill(f32::NEG_INFINITY);
            scores[end..].fill(f32::NEG_INFINITY);
            let before = scratch.max[row];
            // SAFETY: the table belongs to this processor.
            let (max, sum) = unsafe { (self.kernels.softmax)(scores, before) };
            let kept = (before - max).exp();
            scratch.max[row] = max;
            if kept < 1.0 {
                scratch.total[row] *= kept;
                let lines = self.value_lines();
                for number in Line::floats_mut(&mut scratch.sums[row * lines..][..lines]) {
                    *number *= kept;
                }
            }
            scratch.total[row] += sum;
        }
    }

    /// Adds the values of positions, weighed by the exponentials.
    fn weigh(&self, scratch: &mut Scratch, head: &Head, positions: Range<usize>, rows: Range<usize>) {
        let lines = self.value_lines();
        let weights = Line::floats(&scratch.scores);
        let values = &head.values[positions.start * lines..positions.end * lines];
        let sums = Line::floats_mut(&mut scratch.sums);
        for panel in 0..lines {
            for row in rows.clone().step_by(self.kernels.rows) {
                let count = self.kernels.rows.min(rows.end - row);
                let weights =
                    &weights[row * BLOCK_COLUMNS..][..(count - 1) * BLOCK_COLUMNS + positions.len()];
                let to = &mut sums[(row * lines + panel) * PANEL..][..((count - 1) * lines + 1) * PANEL];
                let tile = Tile {
                    rows: count,
                    panels: 1,
                    lines: [values[panel..].as_ptr().cast(); 2],
                    line_stride: lines * size_of::<Line>(),
                    steps: positions.len(),
                    words: weights.as_ptr().cast(),
                    row_stride: BLOCK_COLUMNS,
                    out: to.as_mut_ptr(),
                    out_stride: lines * PANEL,
                    add: true,
                    ..Tile::NOTHING
                };
                // SAFETY: the table belongs to this processor; the slices above reach as far as the tile does, the last
                // line of a panel of values being that of the last position.
                unsafe { (self.kernels.float_rows)(&tile) };
            }
        }
    }

    /// Divides the sums and puts them where they belong.
    ///
    /// # Safety
    /// Every query of the tile is inside the output, and nobody else uses these heads of it.
    unsafe fn write(&self, scratch: &Scratch, kv_head: usize, tile: &[Span], out: Output) {
        let Shape { head_dim, .. } = self.shape;
        let width = self.value_lines() * PANEL;
        let sums = Line::floats(&scratch.sums);
        let mut row = 0;
        for span in tile {
            for query in span.queries.clone() {
                let query = self.rows[span.row].first + query;
                for head in kv_head * self.group..(kv_head + 1) * self.group {
                    // SAFETY: the caller's.
                    let to =
                        unsafe { std::slice::from_raw_parts_mut(out.at(query, head * head_dim), head_dim) };
                    let total = scratch.total[row];
                    let factor = if total == 0.0 { 0.0 } else { 1.0 / total };
                    for (to, sum) in to.iter_mut().zip(&sums[row * width..]) {
                        *to = sum * factor;
                    }
                    row += 1;
                }
            }
        }
    }
}
