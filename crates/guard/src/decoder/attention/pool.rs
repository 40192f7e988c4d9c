//! Keys and values of all rows of a cache in one tensor a layer, for devices that compute with tensors.
//!
//! Tokens lie as they came: those of the shared prefix first and once, then those of each call, row behind row. Which of them
//! are a row's is kept beside. So adding tokens is one copy, nothing is padded, and a way to compute attention takes out what it
//! needs in the order in which it needs it.

use candle_core::{Device, Result, Tensor};

#[cfg(any(feature = "flash-attn", test))]
use super::flash;
use super::{Heads, Plan, RowQueries, RowTokens, View, Way, padded};

/// Keys and values of one layer.
#[derive(Clone, Debug)]
pub(in super::super) struct KeyValue {
    /// `[T, KV, D]`.
    pub key: Tensor,
    /// Same shape as `key`.
    pub value: Tensor,
}

/// Keys and values of the rows of one cache.
#[derive(Debug)]
pub(in super::super) struct PooledCache {
    layers: Vec<Option<KeyValue>>,
    places: Places,
    way: Way,
}

/// Where the tokens of rows lie in a pool.
#[derive(Clone, Debug)]
pub(in super::super) struct Places {
    /// How many tokens of the prefix lie in front; they are every row's first.
    pub prefix: usize,
    /// For each row its own tokens, one after the other.
    pub rows: Vec<Vec<u32>>,
    /// How many tokens lie in the pool.
    pub tokens: usize,
}

impl Places {
    /// For `rows` rows without tokens of their own.
    pub fn new(rows: usize, prefix: usize) -> Self {
        Self { prefix, rows: vec![Vec::new(); rows], tokens: prefix }
    }

    /// Records the tokens of a call.
    pub fn begin(&mut self, rows: &[RowTokens]) {
        for row in rows {
            let end = self.tokens + row.tokens;
            self.rows[row.row].extend(self.tokens as u32..end as u32);
            self.tokens = end;
        }
    }

    /// How many tokens a row has, the prefix's included.
    #[cfg(any(feature = "flash-attn", test))]
    pub fn row_tokens(&self, row: usize) -> usize {
        self.prefix + self.rows[row].len()
    }

    /// Keeps only the given rows, in the given order, and moves what is left together; returns where that lay.
    fn keep(&mut self, rows: &[usize]) -> Vec<u32> {
        let mut kept: Vec<u32> = (0..self.prefix as u32).collect();
        let mut moved = Self::new(rows.len(), self.prefix);
        for (new, row) in rows.iter().enumerate() {
            moved.begin(&[RowTokens { row: new, tokens: self.rows[*row].len() }]);
            kept.extend(&self.rows[*row]);
        }
        *self = moved;
        kept
    }
}

impl PooledCache {
    /// For `rows` empty rows behind a prefix, whose layers are given; none of them without one.
    pub fn new(rows: usize, layers: usize, prefix: &[KeyValue], way: Way) -> Self {
        let tokens = prefix.first().map_or(0, KeyValue::tokens);
        let layers = (0..layers).map(|layer| prefix.get(layer).cloned()).collect();
        Self { layers, places: Places::new(rows, tokens), way }
    }

    /// Records the tokens of a call, before any layer adds to them.
    pub fn begin(&mut self, rows: &[RowTokens]) {
        self.places.begin(rows);
    }

    /// How queries find what they see among the tokens recorded so far.
    ///
    /// # Errors
    /// Those of the device.
    pub fn plan(&self, queries: &[RowQueries], device: &Device) -> Result<Plan> {
        let padded = || Ok(Plan::Padded(padded::Plan::new(queries, &self.places, device)?));
        match self.way {
            Way::Padded => padded(),
            #[cfg(any(feature = "flash-attn", test))]
            Way::Flash => match flash::Lengths::new(queries, &self.places) {
                Some(lengths) => Ok(Plan::Flash(flash::Plan::new(&lengths, device)?)),
                None => padded(),
            },
        }
    }

    /// Adds the keys and values of a call to layer `index`, and lets the queries see: `[Q, N*D]`, packed.
    ///
    /// # Errors
    /// Those of the device.
    pub fn attend(&mut self, index: usize, heads: &Heads, view: &View, scale: f64) -> Result<Tensor> {
        let all = self.extend(index, heads)?;
        match &view.plan {
            Some(Plan::Padded(plan)) => plan.attend(&heads.query, &all, scale),
            #[cfg(any(feature = "flash-attn", test))]
            Some(Plan::Flash(plan)) => plan.attend(&heads.query, &all, scale),
            None => candle_core::bail!("attention over a pool needs a plan"),
        }
    }

    /// Adds the keys and values of a call to a layer and returns all of that layer's.
    fn extend(&mut self, layer: usize, heads: &Heads) -> Result<KeyValue> {
        let all = match &self.layers[layer] {
            Some(old) => KeyValue {
                key: Tensor::cat(&[&old.key, &heads.key], 0)?,
                value: Tensor::cat(&[&old.value, &heads.value], 0)?,
            },
            None => KeyValue { key: heads.key.contiguous()?, value: heads.value.contiguous()? },
        };
        self.layers[layer] = Some(all.clone());
        Ok(all)
    }

    /// Keeps only the given rows, in the given order.
    ///
    /// # Errors
    /// Those of the device.
    pub fn keep(&mut self, rows: &[usize]) -> Result<()> {
        let kept = self.places.keep(rows);
        let mut on_device: Option<Tensor> = None;
        for layer in self.layers.iter_mut().flatten() {
            let kept = match &on_device {
                Some(kept) => kept.clone(),
                None => Tensor::new(kept.as_slice(), layer.key.device())?,
            };
            layer.key = layer.key.index_select(&kept, 0)?;
            layer.value = layer.value.index_select(&kept, 0)?;
            on_device = Some(kept);
        }
        Ok(())
    }

    /// The only row, layer by layer.
    pub fn into_single(self) -> Vec<KeyValue> {
        self.layers.into_iter().flatten().collect()
    }
}

impl KeyValue {
    /// How many tokens.
    fn tokens(&self) -> usize {
        self.key.dim(0).unwrap_or_default()
    }

    /// The first `len` tokens.
    ///
    /// # Errors
    /// Those of the device.
    pub fn narrowed(&self, len: usize) -> Result<Self> {
        Ok(Self { key: self.key.narrow(0, 0, len)?, value: self.value.narrow(0, 0, len)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_lie_as_they_came_behind_a_prefix_that_is_there_once() {
        let mut places = Places::new(2, 3);
        places.begin(&[RowTokens { row: 0, tokens: 2 }, RowTokens { row: 1, tokens: 1 }]);
        places.begin(&[RowTokens { row: 1, tokens: 2 }]);
        assert_eq!(places.rows, [vec![3, 4], vec![5, 6, 7]]);
        assert_eq!((places.tokens, places.row_tokens(1)), (8, 6));
    }

    #[test]
    fn rows_that_are_kept_move_together_in_their_new_order() {
        let mut places = Places::new(3, 2);
        places.begin(&[0, 1, 2].map(|row| RowTokens { row, tokens: row + 1 }));
        places.begin(&[RowTokens { row: 0, tokens: 1 }]);
        assert_eq!(places.keep(&[2, 0]), [0, 1, 5, 6, 7, 2, 8], "the prefix stays in front");
        assert_eq!(places.rows, [vec![2, 3, 4], vec![5, 6]]);
        assert_eq!(places.tokens, 7);
    }
}
