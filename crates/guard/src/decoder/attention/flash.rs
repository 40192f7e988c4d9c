//! Attention by the kernels of flash attention (Dao, FlashAttention-2, arXiv 2307.08691), through `candle-flash-attn`: the
//! queries of all rows lie one behind the other, so do their keys, and cumulative lengths say where rows begin. Nothing is
//! padded, and scores are never in memory.
//!
//! **What it cannot do**, tensor operations do:
//! - heads that `device::has_flash` has no kernel for: of single precision, which quantised guards compute in, and of odd sizes;
//! - queries that [`Lengths::new`] refuses: the kernel aligns the last query of a row with its last key, and shows each query
//!   what comes before it, all or the last few. The images of Gemma 3, whose tokens see to the end of their image, are no such
//!   thing. (The crate has a kernel for those, over keys in pages; it is younger than the others and was not tried.)
//!
//! **The shared prefix** is copied in front of each row's own keys, one layer at a time: the kernel wants the keys of a row in one
//! piece, and the crate returns no sums of weights, with which attention over the prefix and over the rest could be computed apart
//! and put together. For R rows behind a prefix of P with S keys of their own the copy has `4 KV D (R P + S)` bytes in half
//! precision: with 88 rows of 186 tokens behind 201, at the shape of Qwen3Guard-Gen-0.6B, 139 MB, by arithmetic a twentieth of a
//! layer's time. It is not made where no row has a prefix and all are read at once: the pool is what the kernel wants then.

use candle_core::{Device, Result, Tensor};

use super::{
    RowQueries,
    pool::{KeyValue, Places},
};

/// What the kernel is told of a call: where the rows that ask begin, and how far back queries see.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Lengths {
    /// Cumulative: 0, the first row's queries, those of the first two, and so on.
    queries: Vec<u32>,
    /// The same of their keys.
    keys: Vec<u32>,
    /// Of the row with most.
    queries_max: usize,
    keys_max: usize,
    /// How many keys a query sees, its own included; `None` is all.
    window: Option<u32>,
    /// Where in a pool the keys lie, row by row; `None` where they are the pool, as it is.
    sources: Option<Vec<u32>>,
}

impl Lengths {
    /// Of queries over the tokens of a pool; `None` if anybody sees what the kernel would not show, or not what it would.
    pub fn new(queries: &[RowQueries], places: &Places) -> Option<Self> {
        let mut lengths = Self {
            queries: vec![0],
            keys: vec![0],
            queries_max: 0,
            keys_max: 0,
            window: window(queries, places)?,
            sources: None,
        };
        let mut sources = Vec::new();
        for row in queries {
            sources.extend(0..places.prefix as u32);
            sources.extend(&places.rows[row.row]);
            let (asking, keys) = (row.seen.len(), places.row_tokens(row.row));
            lengths.queries.push(lengths.queries.last()? + asking as u32);
            lengths.keys.push(sources.len() as u32);
            lengths.queries_max = lengths.queries_max.max(asking);
            lengths.keys_max = lengths.keys_max.max(keys);
        }
        let is_the_pool = sources.len() == places.tokens && sources.iter().zip(0..).all(|(at, i)| *at == i);
        lengths.sources = (!is_the_pool).then_some(sources);
        Some(lengths)
    }
}

/// How many keys each query sees, its own included: all before it (`Some(None)`), or one number for all queries as far as there
/// are so many. `None` if it is anything else.
fn window(queries: &[RowQueries], places: &Places) -> Option<Option<u32>> {
    let (mut window, mut most) = (None, 0);
    for row in queries {
        let first = places.row_tokens(row.row).checked_sub(row.seen.len())? as u32;
        for (order, seen) in (first..).zip(&row.seen) {
            let sees = seen.end.checked_sub(seen.start)?;
            let cut = seen.start > 0;
            if seen.end != order + 1 || (cut && window.is_some_and(|known| known != sees)) {
                return None;
            }
            window = if cut { Some(sees) } else { window };
            most = most.max(sees);
        }
    }
    window.is_none_or(|window| window == most).then_some(window)
}

/// [`Lengths`] on a device.
#[derive(Debug)]
pub(in super::super) struct Plan {
    /// `[R + 1]` each.
    queries: Tensor,
    keys: Tensor,
    queries_max: usize,
    keys_max: usize,
    window: Option<u32>,
    /// `[S]`, or `None` for the whole pool.
    sources: Option<Tensor>,
}

impl Plan {
    /// Copies the lengths to a device.
    ///
    /// # Errors
    /// Those of the device.
    pub fn new(lengths: &Lengths, device: &Device) -> Result<Self> {
        let tensor = |numbers: &[u32]| Tensor::new(numbers, device);
        Ok(Self {
            queries: tensor(&lengths.queries)?,
            keys: tensor(&lengths.keys)?,
            queries_max: lengths.queries_max,
            keys_max: lengths.keys_max,
            window: lengths.window,
            sources: lengths.sources.as_deref().map(tensor).transpose()?,
        })
    }

    /// Queries `[Q, N, D]` over the keys and values of a pool: `[Q, N*D]`.
    ///
    /// # Errors
    /// Those of the device.
    pub fn attend(&self, queries: &Tensor, pool: &KeyValue, scale: f64) -> Result<Tensor> {
        let of_rows = |all: &Tensor| match &self.sources {
            Some(sources) => all.index_select(sources, 0),
            None => Ok(all.clone()),
        };
        let (keys, values) = (of_rows(&pool.key)?, of_rows(&pool.value)?);
        self.compute(&queries.contiguous()?, &keys, &values, scale as f32)?.flatten_from(1)
    }

    #[cfg(feature = "flash-attn")]
    fn compute(&self, queries: &Tensor, keys: &Tensor, values: &Tensor, scale: f32) -> Result<Tensor> {
        candle_flash_attn::flash_attn_varlen_windowed(
            queries,
            keys,
            values,
            &self.queries,
            &self.keys,
            self.queries_max,
            self.keys_max,
            scale,
            // Its window counts what comes before a query.
            self.window.map(|window| window as usize - 1),
            Some(0),
        )
    }

    /// Where no card can be tested with: what the kernel computes, by its definition.
    #[cfg(all(test, not(feature = "flash-attn")))]
    fn compute(&self, queries: &Tensor, keys: &Tensor, values: &Tensor, scale: f32) -> Result<Tensor> {
        tests::definition(self, queries, keys, values, scale)
    }
}

#[cfg(test)]
mod tests;
