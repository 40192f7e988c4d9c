//! Attention by tensor operations: the rows of a cache are padded to the longest, on the right.
//!
//! A *column* is one cached key. It belongs to a token of its row, or is padding that nobody sees. In shape comments B is
//! rows, T their tokens in this call, Q their queries, S cached columns after the prefix, P prefix columns, N query heads, KV
//! key heads, G = N / KV, D head size.

use candle_core::{DType, Device, Result, Tensor};

use super::{Heads, RowQueries, RowTokens, View};
use crate::layers::softmax;

/// The order of a column's token; `None` is padding.
type Column = Option<u32>;

/// Keys and values of one layer.
#[derive(Clone, Debug)]
pub(in super::super) struct KeyValue {
    /// `[B, KV, S, D]`, or `[KV, P, D]` in a prefix.
    pub key: Tensor,
    /// Same shape as `key`.
    pub value: Tensor,
}

/// What is added to attention scores: 0 where a query sees a column, minus infinity elsewhere, in single precision.
#[derive(Debug)]
pub(in super::super) struct Mask {
    /// For the columns after the prefix: `[1, 1, Q, S]` if all rows look alike, else `[B, 1, Q, S]`.
    own: Tensor,
    /// For the prefix, `[1 or B, 1, Q, P]`; `None` where all of it is seen by all.
    prefix: Option<Tensor>,
}

/// Keys and values after the prefix, of all rows together.
#[derive(Debug)]
pub(in super::super) struct PaddedCache {
    layers: Vec<Option<KeyValue>>,
    columns: Vec<Vec<Column>>,
}

impl PaddedCache {
    /// For `rows` empty rows.
    pub fn new(rows: usize, layers: usize) -> Self {
        Self { layers: vec![None; layers], columns: vec![Vec::new(); rows] }
    }

    /// Records the columns of a call, before any layer adds to them.
    pub fn begin(&mut self, rows: &[RowTokens]) {
        let width = rows.iter().map(|row| row.tokens).max().unwrap_or(0);
        let ends: Vec<usize> = self.columns.iter().map(|columns| columns.len() + width).collect();
        for row in rows {
            self.columns[row.row].extend((row.order..).take(row.tokens).map(Some));
        }
        for (columns, end) in self.columns.iter_mut().zip(ends) {
            columns.resize(end, None);
        }
    }

    /// The mask of queries over `prefix` columns and those recorded so far.
    ///
    /// # Errors
    /// Those of the device.
    pub fn mask(&self, queries: &[RowQueries], prefix: usize, device: &Device) -> Result<Mask> {
        let before: Vec<Column> = (0..prefix as u32).map(Some).collect();
        let sees_all = |row: &RowQueries| row.seen.iter().all(|seen| seen.start == 0);
        let prefix = match queries.iter().all(sees_all) {
            true => None,
            false => Some(self.added(queries, |_| &before, device)?),
        };
        Ok(Mask { own: self.added(queries, |row| &self.columns[row], device)?, prefix })
    }

    fn added<'a>(
        &self,
        queries: &[RowQueries],
        columns: impl Fn(usize) -> &'a Vec<Column>,
        device: &Device,
    ) -> Result<Tensor> {
        let rows = self.columns.len();
        let (q, s) = (width(queries), columns(0).len());
        // Padding sees everything: a softmax over nothing would be no number.
        let mut numbers = vec![0f32; rows * q * s];
        for row in queries {
            let lines = numbers[row.row * q * s..].chunks_exact_mut(s.max(1));
            for (line, seen) in lines.zip(&row.seen) {
                for (number, column) in line.iter_mut().zip(columns(row.row)) {
                    if !column.is_some_and(|order| seen.contains(&order)) {
                        *number = f32::NEG_INFINITY;
                    }
                }
            }
        }
        let one = q * s;
        let alike = one > 0 && numbers.chunks_exact(one).all(|row| row == &numbers[..one]);
        if alike {
            numbers.truncate(one);
        }
        Tensor::from_vec(numbers, (if alike { 1 } else { rows }, 1, q, s), device)
    }

    /// Adds the keys and values of `rows` to layer `index`, and lets the queries see: `[Q, N*D]`, packed again.
    ///
    /// # Errors
    /// Those of the device.
    pub fn attend(
        &mut self,
        index: usize,
        heads: &Heads,
        rows: &[RowTokens],
        view: &View,
        prefix: Option<&KeyValue>,
        scale: f64,
    ) -> Result<Tensor> {
        let Some(mask) = &view.mask else { candle_core::bail!("padded attention needs a mask") };
        let tokens: Vec<(usize, usize)> = rows.iter().map(|row| (row.row, row.tokens)).collect();
        let asking: Vec<(usize, usize)> = view.queries.iter().map(|row| (row.row, row.seen.len())).collect();
        // 1. Queries [B, N, Q, D]; keys and values [B, KV, S, D].
        let q = self.padded(&heads.query, &asking)?;
        let all =
            self.extend(index, self.padded(&heads.key, &tokens)?, self.padded(&heads.value, &tokens)?)?;
        // 2. Scores [B, KV, G*Q, S]: the heads of a group lie one after the other, so keys are never repeated. In single
        //    precision, as the reference's attention keeps them.
        let dtype = q.dtype();
        let (b, n, t, d) = q.dims4()?;
        let kv = all.key.dim(1)?;
        let per_key = n / kv * t;
        let (q, keys, values) = (single(&q)?, single(&all.key)?, single(&all.value)?);
        let masked = |scores: Tensor, mask: &Tensor| {
            let width = scores.dim(3)?;
            scores.reshape((b, n, t, width))?.broadcast_add(mask)?.reshape((b, kv, per_key, width))
        };
        let q = (q.reshape((b, kv, per_key, d))? * scale)?;
        let own = masked(q.matmul(&keys.transpose(2, 3)?)?, &mask.own)?;
        let s = own.dim(3)?;
        // 3. The prefix belongs to all: one product for the whole batch, [KV, B*G*Q, P].
        let y = match prefix {
            None => softmax(&own)?.matmul(&values)?,
            Some(shared) => {
                let p = shared.key.dim(1)?;
                let flat = |y: &Tensor, width: usize| {
                    y.transpose(0, 1)?.contiguous()?.reshape((kv, b * per_key, width))
                };
                let unflat = |y: Tensor, width: usize| y.reshape((kv, b, per_key, width))?.transpose(0, 1);
                let keys = single(&shared.key)?.transpose(1, 2)?;
                let before = unflat(flat(&q, d)?.matmul(&keys)?, p)?.contiguous()?;
                let before = match &mask.prefix {
                    Some(mask) => masked(before, mask)?,
                    None => before,
                };
                let weights = softmax(&Tensor::cat(&[&before, &own], 3)?)?;
                let seen = flat(&weights.narrow(3, 0, p)?, p)?.matmul(&single(&shared.value)?)?;
                let own = weights.narrow(3, p, s)?.contiguous()?.matmul(&values)?;
                (unflat(seen, d)?.contiguous()? + own)?
            }
        };
        // 4. Back to one query after the other.
        let y = y.to_dtype(dtype)?.reshape((b, n, t, d))?.transpose(1, 2)?.reshape((b * t, n * d))?;
        let real: Vec<u32> =
            asking.iter().flat_map(|(row, queries)| (row * t..row * t + queries).map(|i| i as u32)).collect();
        y.index_select(&Tensor::new(real.as_slice(), y.device())?, 0)
    }

    /// Packed `[.., heads, D]` to `[B, heads, T, D]`, T the longest row's. `lengths` are rows and their tokens as they lie.
    fn padded(&self, packed: &Tensor, lengths: &[(usize, usize)]) -> Result<Tensor> {
        let (_, heads, d) = packed.dims3()?;
        let (rows, width) = (self.columns.len(), lengths.iter().map(|(_, n)| *n).max().unwrap_or(0));
        // Padding takes the first token: it is computed with and seen by nobody.
        let mut sources = vec![0u32; rows * width];
        let mut next = 0;
        for (row, tokens) in lengths {
            for source in &mut sources[row * width..row * width + tokens] {
                *source = next;
                next += 1;
            }
        }
        let sources = Tensor::new(sources.as_slice(), packed.device())?;
        packed
            .contiguous()?
            .index_select(&sources, 0)?
            .reshape((rows, width, heads, d))?
            .transpose(1, 2)?
            .contiguous()
    }

    /// Adds a layer's new keys and values `[B, KV, T, D]` and returns all of that layer's after the prefix.
    fn extend(&mut self, layer: usize, key: Tensor, value: Tensor) -> Result<KeyValue> {
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

    /// Keeps only the given rows, in the given order.
    ///
    /// # Errors
    /// Those of the device.
    pub fn keep(&mut self, rows: &[usize]) -> Result<()> {
        for layer in self.layers.iter_mut().flatten() {
            let ids: Vec<u32> = rows.iter().map(|r| *r as u32).collect();
            let ids = Tensor::new(ids.as_slice(), layer.key.device())?;
            layer.key = layer.key.index_select(&ids, 0)?;
            layer.value = layer.value.index_select(&ids, 0)?;
        }
        self.columns = rows.iter().map(|r| self.columns[*r].clone()).collect();
        Ok(())
    }

    /// The only row, layer by layer: `[KV, S, D]`. Without padding, since there is no longer row.
    ///
    /// # Errors
    /// Those of the device.
    pub fn into_single(self) -> Result<Vec<KeyValue>> {
        let layers = self.layers.into_iter().flatten();
        layers.map(|l| Ok(KeyValue { key: l.key.squeeze(0)?, value: l.value.squeeze(0)? })).collect()
    }
}

impl KeyValue {
    /// The first `len` columns of a prefix.
    ///
    /// # Errors
    /// Those of the device.
    pub fn narrowed(&self, len: usize) -> Result<Self> {
        let narrow = |t: &Tensor| t.narrow(1, 0, len)?.contiguous();
        Ok(Self { key: narrow(&self.key)?, value: narrow(&self.value)? })
    }
}

fn width(queries: &[RowQueries]) -> usize {
    queries.iter().map(|row| row.seen.len()).max().unwrap_or(0)
}

fn single(x: &Tensor) -> Result<Tensor> {
    x.to_dtype(DType::F32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO: f32 = f32::NEG_INFINITY;

    fn tokens(row: usize, tokens: usize, order: u32) -> RowTokens {
        RowTokens { row, tokens, order }
    }

    fn queries(row: usize, orders: std::ops::Range<u32>) -> RowQueries {
        RowQueries { row, seen: orders.map(|order| 0..order + 1).collect() }
    }

    fn lines(mask: &Tensor) -> Vec<Vec<f32>> {
        mask.flatten_to(2).unwrap().to_vec2().unwrap()
    }

    #[test]
    fn rows_that_look_alike_share_one_mask() {
        let mut cache = PaddedCache::new(2, 1);
        cache.begin(&[tokens(0, 3, 0), tokens(1, 3, 0)]);
        let mask = cache.mask(&[queries(0, 0..3), queries(1, 0..3)], 0, &Device::Cpu).unwrap();
        assert_eq!(mask.own.dims(), [1, 1, 3, 3]);
        assert_eq!(lines(&mask.own), [[0., NO, NO], [0., 0., NO], [0., 0., 0.]]);
    }

    #[test]
    fn a_row_that_grows_after_a_longer_neighbour_never_sees_padding() {
        // The first row has two tokens and one padding column, the second three tokens; each gets one more.
        let mut cache = PaddedCache::new(2, 1);
        cache.begin(&[tokens(0, 2, 0), tokens(1, 3, 0)]);
        cache.begin(&[tokens(0, 1, 2), tokens(1, 1, 3)]);
        let mask = cache.mask(&[queries(0, 2..3), queries(1, 3..4)], 0, &Device::Cpu).unwrap();
        assert_eq!(mask.own.dims(), [2, 1, 1, 4]);
        assert_eq!(lines(&mask.own), [[0., 0., NO, 0.], [0., 0., 0., 0.]]);
    }

    #[test]
    fn a_prefix_is_masked_only_where_a_window_ends_in_it() {
        let mut cache = PaddedCache::new(1, 1);
        cache.begin(&[tokens(0, 2, 3)]);
        let mask = |seen: [std::ops::Range<u32>; 2]| {
            let queries = [RowQueries { row: 0, seen: seen.to_vec() }];
            cache.mask(&queries, 3, &Device::Cpu).unwrap()
        };
        let whole = mask([0..4, 0..5]);
        assert!(whole.prefix.is_none(), "every query still sees the first token");
        assert_eq!(lines(&whole.own), [[0., NO], [0., 0.]]);
        assert_eq!(lines(&mask([0..4, 1..5]).prefix.unwrap()), [[0., 0., 0.], [NO, 0., 0.]]);
    }
}
