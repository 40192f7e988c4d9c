//! [`Segment`]: keys and values of one layer, packed as attention reads them.

use rayon::prelude::*;

use crate::{
    Strided,
    line::{Line, PANEL},
};

/// Numbers pushed at once above which the heads are spread over threads.
const PARALLEL_NUMBERS: usize = 1 << 15;

/// One key head: keys in panels of sixteen positions `[panels][head_dim][16]`, values `[positions][head_dim]` in lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub keys: Vec<Line>,
    pub values: Vec<Line>,
}

/// Keys and values of one layer, for one row of a batch or for the prefix that its rows share. f32.
#[derive(Clone, Debug)]
pub struct Segment {
    head_dim: usize,
    len: usize,
    heads: Vec<Head>,
}

impl Segment {
    /// Without positions.
    #[must_use]
    pub fn new(kv_heads: usize, head_dim: usize) -> Self {
        Self { head_dim, len: 0, heads: vec![Head::default(); kv_heads] }
    }

    /// Appends positions: keys (already rotated) and values, `[positions, kv_heads, head_dim]` each.
    ///
    /// # Panics
    /// If they are not whole positions, or not as many.
    pub fn push(&mut self, keys: &[f32], values: &[f32]) {
        let width = self.heads.len() * self.head_dim;
        assert_eq!(keys.len(), values.len(), "each position has a key and a value");
        if width == 0 {
            return;
        }
        assert!(keys.len().is_multiple_of(width), "keys are whole positions of {width}");
        self.push_strided(Strided::dense(keys, width), Strided::dense(values, width), keys.len() / width);
    }

    /// Appends `count` positions from where a product for keys, values and more has left them.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn push_strided(&mut self, keys: Strided<'_>, values: Strided<'_>, count: usize) {
        let (width, head_dim, before) = (self.heads.len() * self.head_dim, self.head_dim, self.len);
        assert!(keys.holds(count, width) && values.holds(count, width), "{count} keys and values of {width}");
        self.len += count;
        let (panels, value_lines) = (self.len.div_ceil(PANEL), head_dim.div_ceil(PANEL));
        let len = self.len;
        let push = |(index, head): (usize, &mut Head)| {
            grow(&mut head.keys, panels * head_dim);
            grow(&mut head.values, len * value_lines);
            let of_head = |all: Strided<'_>, i: usize| i * all.stride + index * head_dim..all.numbers.len();
            for (i, position) in (before..len).enumerate() {
                let key = &keys.numbers[of_head(keys, i)][..head_dim];
                let panel = &mut head.keys[position / PANEL * head_dim..][..head_dim];
                for (line, number) in panel.iter_mut().zip(key) {
                    line.0[position % PANEL] = number.to_bits();
                }
                let value = &values.numbers[of_head(values, i)][..head_dim];
                let lines = &mut head.values[position * value_lines..][..value_lines];
                Line::floats_mut(lines)[..head_dim].copy_from_slice(value);
            }
        };
        if count * width < PARALLEL_NUMBERS {
            self.heads.iter_mut().enumerate().for_each(push);
        } else {
            self.heads.par_iter_mut().enumerate().for_each(push);
        }
    }

    /// Takes all positions out and keeps the room that they had.
    pub fn clear(&mut self) {
        self.len = 0;
        for head in &mut self.heads {
            head.keys.clear();
            head.values.clear();
        }
    }

    /// Positions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A copy of the first `len` positions, all of them if there are fewer.
    #[must_use]
    pub fn truncated(&self, len: usize) -> Self {
        let len = len.min(self.len);
        let value_lines = self.head_dim.div_ceil(PANEL);
        let cut = |head: &Head| {
            let mut keys = head.keys[..len.div_ceil(PANEL) * self.head_dim].to_vec();
            if !len.is_multiple_of(PANEL) {
                let last = keys.len() - self.head_dim;
                for line in &mut keys[last..] {
                    line.0[len % PANEL..].fill(0);
                }
            }
            Head { keys, values: head.values[..len * value_lines].to_vec() }
        };
        Self { head_dim: self.head_dim, len, heads: self.heads.iter().map(cut).collect() }
    }

    /// Bytes held, with the room kept for what is appended.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let bytes = |lines: &Vec<Line>| lines.capacity() * size_of::<Line>();
        self.heads.iter().map(|head| bytes(&head.keys) + bytes(&head.values)).sum()
    }

    pub(crate) fn head_dim(&self) -> usize {
        self.head_dim
    }

    pub(crate) fn heads(&self) -> &[Head] {
        &self.heads
    }
}

/// Makes room for `len` lines and an eighth more where there is not enough: doubling, for the few positions of an answer, would
/// take as much memory again.
fn grow(lines: &mut Vec<Line>, len: usize) {
    if len > lines.capacity() && !lines.is_empty() {
        lines.reserve_exact(len + len / 8 - lines.len());
    }
    lines.resize(len, Line::ZERO);
}
