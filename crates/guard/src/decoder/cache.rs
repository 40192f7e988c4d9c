//! Keys and values that were computed before.
//!
//! A [`SharedPrefix`] is what every row begins with: computed once, never written again, cheap to clone. A [`Cache`]
//! belongs to the rows of one batch and holds what comes after the prefix.

use std::sync::Arc;

use candle_core::{Device, Result, Tensor};
use saring_kernels::Segment;

use super::{
    DecoderConfig,
    attention::{Heads, KeyValue, PackedCache, PooledCache, RowQueries, RowTokens, View, Way},
    positions::Next,
};
use crate::layers::Computing;

#[derive(Clone, Debug)]
enum PrefixLayers {
    Packed(Arc<[Segment]>),
    Pooled(Arc<[KeyValue]>),
}

#[derive(Debug)]
enum Rows {
    Packed(PackedCache),
    Pooled(PooledCache),
}

/// Keys and values of the tokens that all rows begin with: text, never images. Immutable.
#[derive(Clone, Debug)]
pub(crate) struct SharedPrefix {
    tokens: Arc<[u32]>,
    layers: PrefixLayers,
}

impl SharedPrefix {
    /// The tokens.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// How many tokens.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Its first `len` tokens; causal attention makes them a prefix in their own right.
    ///
    /// # Errors
    /// Those of the device.
    pub fn narrowed(&self, len: usize) -> Result<Self> {
        if len == self.len() {
            return Ok(self.clone());
        }
        let layers = match &self.layers {
            PrefixLayers::Packed(layers) => {
                PrefixLayers::Packed(layers.iter().map(|layer| layer.truncated(len)).collect())
            }
            PrefixLayers::Pooled(layers) => PrefixLayers::Pooled(
                layers.iter().map(|layer| layer.narrowed(len)).collect::<Result<Vec<_>>>()?.into(),
            ),
        };
        Ok(Self { tokens: self.tokens[..len].into(), layers })
    }
}

/// What one batch has computed so far.
#[derive(Debug)]
pub(crate) struct Cache {
    prefix: Option<SharedPrefix>,
    rows: Rows,
    next: Vec<Next>,
}

impl Cache {
    /// For `rows` rows that all begin with `prefix`.
    pub(super) fn new(
        rows: usize,
        config: &DecoderConfig,
        computing: Computing,
        way: Way,
        prefix: Option<SharedPrefix>,
    ) -> Self {
        let layers = config.num_hidden_layers;
        let start = Next::after(prefix.as_ref().map_or(0, SharedPrefix::len));
        let empty = match computing {
            Computing::Kernels => {
                Rows::Packed(PackedCache::new(rows, layers, config.num_key_value_heads, config.head_dim))
            }
            Computing::Tensors => {
                let prefix = match prefix.as_ref().map(|prefix| &prefix.layers) {
                    Some(PrefixLayers::Pooled(layers)) => &layers[..],
                    Some(PrefixLayers::Packed(_)) | None => &[],
                };
                Rows::Pooled(PooledCache::new(rows, layers, prefix, way))
            }
        };
        Self { prefix, rows: empty, next: vec![start; rows] }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.next.len()
    }

    /// Where each row's next token stands.
    pub(super) fn next(&self) -> &[Next] {
        &self.next
    }

    /// Records what a call reads, before any layer computes it, and where its rows go on.
    pub(super) fn begin(&mut self, rows: &[RowTokens], next: impl IntoIterator<Item = (usize, Next)>) {
        if let Rows::Pooled(pooled) = &mut self.rows {
            pooled.begin(rows);
        }
        for (row, next) in next {
            self.next[row] = next;
        }
    }

    /// What queries see, in the form that attention needs. The call has begun.
    pub(super) fn view(&self, queries: Vec<RowQueries>, device: &Device) -> Result<View> {
        let plan = match &self.rows {
            Rows::Packed(_) => None,
            Rows::Pooled(pooled) => Some(pooled.plan(&queries, device)?),
        };
        Ok(View { queries, plan })
    }

    /// Adds keys and values to layer `index` and lets the queries see: `[Q, N*D]`, packed.
    pub(super) fn attend(
        &mut self,
        index: usize,
        heads: &Heads,
        rows: &[RowTokens],
        view: &View,
        scale: f64,
    ) -> Result<Tensor> {
        match (&mut self.rows, self.prefix.as_ref().map(|prefix| &prefix.layers)) {
            (Rows::Packed(packed), None) => packed.attend(index, heads, rows, view, None, scale),
            (Rows::Packed(packed), Some(PrefixLayers::Packed(layers))) => {
                packed.attend(index, heads, rows, view, Some(&layers[index]), scale)
            }
            (Rows::Pooled(pooled), None | Some(PrefixLayers::Pooled(_))) => {
                pooled.attend(index, heads, view, scale)
            }
            _ => candle_core::bail!("the shared prefix was computed in another way than its rows"),
        }
    }

    /// Keeps only the given rows, in the given order.
    ///
    /// # Errors
    /// Those of the device.
    pub fn keep(&mut self, rows: &[usize]) -> Result<()> {
        match &mut self.rows {
            Rows::Packed(packed) => packed.keep(rows),
            Rows::Pooled(pooled) => pooled.keep(rows)?,
        }
        self.next = rows.iter().map(|r| self.next[*r]).collect();
        Ok(())
    }

    /// Turns a single row into a prefix for others. `tokens` are the row's.
    ///
    /// # Errors
    /// Those of the device. The row must be the only one, computed in full, without a prefix and without images.
    pub(super) fn into_prefix(self, tokens: &[u32]) -> Result<SharedPrefix> {
        debug_assert!(self.rows() == 1 && self.prefix.is_none() && self.next[0] == Next::after(tokens.len()));
        let layers = match self.rows {
            Rows::Packed(packed) => PrefixLayers::Packed(packed.into_single().into()),
            Rows::Pooled(pooled) => PrefixLayers::Pooled(pooled.into_single().into()),
        };
        Ok(SharedPrefix { tokens: tokens.into(), layers })
    }
}
