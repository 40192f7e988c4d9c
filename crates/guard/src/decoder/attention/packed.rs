//! Attention on processors: keys and values of each row for themselves, computed by the kernels.

use candle_core::{Device, Result, Tensor};
use saring_kernels::{Queries, Segment, Strided, attend};

use super::{Heads, RowTokens, View};
use crate::layers::numbers;

/// Keys and values after the prefix: of every layer, every row.
#[derive(Debug)]
pub(in super::super) struct PackedCache {
    layers: Vec<Vec<Segment>>,
    kv_heads: usize,
    head_dim: usize,
}

impl PackedCache {
    /// For `rows` empty rows.
    pub fn new(rows: usize, layers: usize, kv_heads: usize, head_dim: usize) -> Self {
        let row = || (0..rows).map(|_| Segment::new(kv_heads, head_dim)).collect();
        Self { layers: (0..layers).map(|_| row()).collect(), kv_heads, head_dim }
    }

    /// Adds the keys and values of `rows` to layer `index`, and lets the queries see: `[Q, N*D]`.
    ///
    /// # Errors
    /// Tensors that are not on the processor in single precision.
    pub fn attend(
        &mut self,
        index: usize,
        heads: &Heads,
        rows: &[RowTokens],
        view: &View,
        prefix: Option<&Segment>,
        scale: f64,
    ) -> Result<Tensor> {
        let layer = &mut self.layers[index];
        let token = self.kv_heads * self.head_dim;
        numbers(&heads.key, |keys| {
            numbers(&heads.value, |values| {
                let mut start = 0;
                for tokens in rows {
                    let end = start + tokens.tokens * token;
                    layer[tokens.row].push(&keys[start..end], &values[start..end]);
                    start = end;
                }
            })
        })??;
        let mut first = 0;
        let queries: Vec<Queries<'_>> = view
            .queries
            .iter()
            .map(|queries| {
                let row = Queries { first, own: &layer[queries.row], seen: &queries.seen };
                first += queries.seen.len();
                row
            })
            .collect();
        let (count, n, d) = heads.query.dims3()?;
        let mut out = vec![0f32; count * n * d];
        numbers(&heads.query, |q| {
            attend(Strided::dense(q, n * d), n, d, scale as f32, prefix, &queries, &mut out);
        })?;
        Tensor::from_vec(out, (count, n * d), &Device::Cpu)
    }

    /// Keeps only the given rows, in the given order; each is moved, so none can be asked for twice.
    pub fn keep(&mut self, rows: &[usize]) {
        for layer in &mut self.layers {
            let mut old: Vec<Option<Segment>> = std::mem::take(layer).into_iter().map(Some).collect();
            *layer = rows.iter().filter_map(|row| old[*row].take()).collect();
            debug_assert_eq!(layer.len(), rows.len(), "no row is kept twice");
        }
    }

    /// The only row, layer by layer.
    pub fn into_single(self) -> Vec<Segment> {
        self.layers.into_iter().filter_map(|mut rows| rows.pop()).collect()
    }
}
