//! Keys and values that were computed before.
//!
//! A [`SharedPrefix`] is what every row begins with: computed once, never written again, cheap to clone. A [`Cache`]
//! belongs to one batch and holds what comes after the prefix, by row and column.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::{attention::Column, positions::Next};

/// Keys and values of one layer.
#[derive(Clone, Debug)]
pub(crate) struct KeyValue {
    /// `[B, KV, S, D]`, or `[KV, P, D]` in a prefix.
    pub key: Tensor,
    /// Same shape as `key`.
    pub value: Tensor,
}

/// Keys and values of the tokens that all rows begin with: text, never images. Immutable.
#[derive(Clone, Debug)]
pub(crate) struct SharedPrefix {
    tokens: Arc<[u32]>,
    layers: Arc<[KeyValue]>,
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

    /// Layer `index`: `[KV, P, D]`.
    pub fn layer(&self, index: usize) -> &KeyValue {
        &self.layers[index]
    }

    /// Its first `len` tokens; causal attention makes them a prefix in their own right.
    pub fn narrowed(&self, len: usize) -> Result<Self> {
        if len == self.len() {
            return Ok(self.clone());
        }
        let narrow = |t: &Tensor| t.narrow(1, 0, len)?.contiguous();
        let layers = self
            .layers
            .iter()
            .map(|l| Ok(KeyValue { key: narrow(&l.key)?, value: narrow(&l.value)? }))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { tokens: self.tokens[..len].into(), layers: layers.into() })
    }
}

/// What one batch has computed so far.
#[derive(Debug)]
pub(crate) struct Cache {
    prefix: Option<SharedPrefix>,
    layers: Vec<Option<KeyValue>>,
    columns: Vec<Vec<Column>>,
    next: Vec<Next>,
}

impl Cache {
    /// For `rows` rows that all begin with `prefix`.
    pub(super) fn new(rows: usize, layers: usize, prefix: Option<SharedPrefix>) -> Self {
        let start = Next::after(prefix.as_ref().map_or(0, SharedPrefix::len));
        Self { prefix, layers: vec![None; layers], columns: vec![Vec::new(); rows], next: vec![start; rows] }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.columns.len()
    }

    /// The shared prefix.
    pub fn prefix(&self) -> Option<&SharedPrefix> {
        self.prefix.as_ref()
    }

    /// Where each row's next token stands.
    pub(super) fn next(&self) -> &[Next] {
        &self.next
    }

    /// The columns after the prefix, by row.
    pub(super) fn columns(&self) -> &[Vec<Column>] {
        &self.columns
    }

    /// Adds a layer's new keys and values `[B, KV, T, D]` and returns all of that layer's after the prefix.
    pub(super) fn extend(&mut self, layer: usize, key: Tensor, value: Tensor) -> Result<KeyValue> {
        let all = match &self.layers[layer] {
            Some(old) => KeyValue {
                key: Tensor::cat(&[&old.key, &key], 2)?,
                value: Tensor::cat(&[&old.value, &value], 2)?,
            },
            None => KeyValue { key, value },
        };
        self.layers[layer] = Some(all.clone());
        Ok(all)
    }

    /// Records what the columns are now, the new ones included, and where each row goes on.
    pub(super) fn advance(&mut self, columns: Vec<Vec<Column>>, next: Vec<Next>) {
        self.columns = columns;
        self.next = next;
    }

    /// Keeps only the given rows, in the given order.
    pub fn keep(&mut self, rows: &[usize]) -> Result<()> {
        for layer in self.layers.iter_mut().flatten() {
            let ids: Vec<u32> = rows.iter().map(|r| *r as u32).collect();
            let ids = Tensor::new(ids.as_slice(), layer.key.device())?;
            layer.key = layer.key.index_select(&ids, 0)?;
            layer.value = layer.value.index_select(&ids, 0)?;
        }
        self.columns = rows.iter().map(|r| self.columns[*r].clone()).collect();
        self.next = rows.iter().map(|r| self.next[*r]).collect();
        Ok(())
    }

    /// Turns a single row without padding into a prefix for others. `tokens` are the row's.
    ///
    /// # Errors
    /// Those of the device. The row must be the only one, computed in full, without a prefix and without images.
    pub(super) fn into_prefix(self, tokens: &[u32]) -> Result<SharedPrefix> {
        debug_assert!(self.rows() == 1 && self.prefix.is_none() && self.next[0] == Next::after(tokens.len()));
        let layers = self
            .layers
            .into_iter()
            .flatten()
            .map(|l| Ok(KeyValue { key: l.key.squeeze(0)?, value: l.value.squeeze(0)? }))
            .collect::<Result<Vec<_>>>()?;
        Ok(SharedPrefix { tokens: tokens.into(), layers: layers.into() })
    }
}
