//! Attention by tensor operations: rows are padded to the longest, on the right, for as long as one layer computes them.
//!
//! A *column* is a key after the prefix. In shape comments B is the rows that ask, T the queries of the one with most, S the
//! columns of the longest, P prefix columns, N query heads, KV key heads, G = N / KV, D head size.

use candle_core::{DType, Device, Result, Tensor};

use super::{
    RowQueries,
    pool::{KeyValue, Places},
};
use crate::layers::softmax;

/// Scores of so many bytes are made at once, but at least those of one row. While they turn into weights there are four of them.
const SCORES_BYTES_MAX: usize = 32 << 20;

/// What is added to attention scores: 0 where a query sees a column, minus infinity elsewhere, in single precision.
#[derive(Debug)]
struct Mask {
    /// For the columns after the prefix: `[1, 1, T, S]` if all rows look alike, else `[B, 1, T, S]`.
    own: Tensor,
    /// For the prefix, `[1 or B, 1, T, P]`; `None` where all of it is seen by all.
    prefix: Option<Tensor>,
}

/// Where queries and keys of a call stand among padded rows, and who sees whom.
#[derive(Debug)]
pub(in super::super) struct Plan {
    mask: Mask,
    /// `[B*T]`: which query stands there; the first where none does.
    queries: Tensor,
    /// `[B*S]`: which token of the pool stands there; the first where none does.
    keys: Tensor,
    /// `[Q]`: where the queries stand among the `B*T`.
    real: Tensor,
    rows: usize,
    /// T.
    queries_max: usize,
    /// S.
    columns: usize,
    /// P.
    prefix: usize,
}

impl Plan {
    /// For queries over the tokens of a pool.
    ///
    /// # Errors
    /// Those of the device.
    pub fn new(queries: &[RowQueries], places: &Places, device: &Device) -> Result<Self> {
        let own = |row: &RowQueries| places.rows[row.row].as_slice();
        let rows = queries.len();
        let queries_max = queries.iter().map(|row| row.seen.len()).max().unwrap_or(0);
        let columns = queries.iter().map(|row| own(row).len()).max().unwrap_or(0);
        // Padding takes what comes first: it is computed with and seen by nobody.
        let (mut sources, mut keys) = (vec![0u32; rows * queries_max], vec![0u32; rows * columns]);
        let (mut real, mut next) = (Vec::new(), 0u32);
        for (place, row) in queries.iter().enumerate() {
            keys[place * columns..][..own(row).len()].copy_from_slice(own(row));
            for at in (place * queries_max..).take(row.seen.len()) {
                sources[at] = next;
                real.push(at as u32);
                next += 1;
            }
        }
        let tensor = |numbers: Vec<u32>| Tensor::new(numbers.as_slice(), device);
        Ok(Self {
            mask: Mask::new(queries, places, queries_max, columns, device)?,
            queries: tensor(sources)?,
            keys: tensor(keys)?,
            real: tensor(real)?,
            rows,
            queries_max,
            columns,
            prefix: places.prefix,
        })
    }

    /// Queries `[Q, N, D]` over the keys and values of a pool: `[Q, N*D]`.
    ///
    /// # Errors
    /// Those of the device.
    pub fn attend(&self, queries: &Tensor, pool: &KeyValue, scale: f64) -> Result<Tensor> {
        let (_, n, d) = queries.dims3()?;
        let prefix = match self.prefix {
            0 => None,
            p => Some(pool.narrowed(p)?.by_head()?),
        };
        // As many rows at once as there may be scores of.
        let scores_bytes = size_of::<f32>() * n * self.queries_max * (self.prefix + self.columns);
        let at_once = (SCORES_BYTES_MAX / scores_bytes.max(1)).clamp(1, self.rows.max(1));
        let queries = queries.contiguous()?;
        let mut parts = Vec::new();
        for start in (0..self.rows).step_by(at_once) {
            let rows = start..(start + at_once).min(self.rows);
            let y = self.attend_some(rows, &queries, pool, prefix.as_ref(), scale)?;
            parts.push(y.to_dtype(queries.dtype())?);
        }
        let y = if parts.len() == 1 { parts.swap_remove(0) } else { Tensor::cat(&parts, 0)? };
        // Back to one query after the other.
        y.transpose(1, 2)?.reshape((self.rows * self.queries_max, n * d))?.index_select(&self.real, 0)
    }

    /// Of some of the rows, `[rows, N, T, D]` in single precision.
    fn attend_some(
        &self,
        rows: std::ops::Range<usize>,
        queries: &Tensor,
        pool: &KeyValue,
        prefix: Option<&KeyValue>,
        scale: f64,
    ) -> Result<Tensor> {
        let (b, t, s, p) = (rows.len(), self.queries_max, self.columns, self.prefix);
        // 1. Queries [B, N, T, D]; keys and values [B, KV, S, D].
        let padded = |all: &Tensor, sources: &Tensor, width: usize| {
            let (_, heads, d) = all.dims3()?;
            let sources = sources.narrow(0, rows.start * width, b * width)?;
            single(&all.index_select(&sources, 0)?.reshape((b, width, heads, d))?.transpose(1, 2)?)
        };
        let q = padded(queries, &self.queries, t)?;
        let (keys, values) = (padded(&pool.key, &self.keys, s)?, padded(&pool.value, &self.keys, s)?);
        // 2. Scores [B, KV, G*T, S]: the heads of a group lie one after the other, so keys are never repeated. In single
        //    precision, as the reference's attention keeps them.
        let (_, n, _, d) = q.dims4()?;
        let kv = keys.dim(1)?;
        let per_key = n / kv * t;
        let masked = |scores: Tensor, mask: &Tensor| {
            let width = scores.dim(3)?;
            let mask = if mask.dim(0)? == 1 { mask.clone() } else { mask.narrow(0, rows.start, b)? };
            scores.reshape((b, n, t, width))?.broadcast_add(&mask)?.reshape((b, kv, per_key, width))
        };
        let q = (q.reshape((b, kv, per_key, d))? * scale)?;
        let own = masked(q.matmul(&keys.transpose(2, 3)?)?, &self.mask.own)?;
        // 3. The prefix belongs to all: one product for all rows, [KV, B*G*T, P].
        let y = match prefix {
            None => softmax(&own)?.matmul(&values)?,
            Some(shared) => {
                let flat = |y: &Tensor, width: usize| {
                    y.transpose(0, 1)?.contiguous()?.reshape((kv, b * per_key, width))
                };
                let unflat = |y: Tensor, width: usize| {
                    y.reshape((kv, b, per_key, width))?.transpose(0, 1)?.contiguous()
                };
                let before = unflat(flat(&q, d)?.matmul(&shared.key.transpose(1, 2)?)?, p)?;
                let before = match &self.mask.prefix {
                    Some(mask) => masked(before, mask)?,
                    None => before,
                };
                let scores = Tensor::cat(&[before, own], 3)?;
                let weights = softmax(&scores)?;
                drop(scores);
                let seen = flat(&weights.narrow(3, 0, p)?, p)?.matmul(&shared.value)?;
                let own = weights.narrow(3, p, s)?.contiguous()?.matmul(&values)?;
                (unflat(seen, d)? + own)?
            }
        };
        y.reshape((b, n, t, d))
    }
}

impl Mask {
    fn new(
        queries: &[RowQueries],
        places: &Places,
        queries_max: usize,
        columns: usize,
        device: &Device,
    ) -> Result<Self> {
        let first = places.prefix as u32;
        let own = |row: &RowQueries| (first, places.rows[row.row].len());
        let own = added(queries, own, (queries_max, columns), device)?;
        let prefix = match queries.iter().flat_map(|row| &row.seen).all(|seen| seen.start == 0) {
            true => None,
            false => {
                let size = (queries_max, places.prefix);
                Some(added(queries, |_| (0, places.prefix), size, device)?)
            }
        };
        Ok(Self { own, prefix })
    }
}

/// `[1 or B, 1, T, S]` with `size` T and S, for queries over columns: those of a row are said by the order of its first and how
/// many there are.
fn added(
    queries: &[RowQueries],
    columns: impl Fn(&RowQueries) -> (u32, usize),
    size: (usize, usize),
    device: &Device,
) -> Result<Tensor> {
    let (t, s) = size;
    // Padding sees everything: a softmax over nothing would be no number.
    let mut numbers = vec![0f32; queries.len() * t * s];
    for (row, lines) in queries.iter().zip(numbers.chunks_exact_mut((t * s).max(1))) {
        let (first, count) = columns(row);
        for (line, seen) in lines.chunks_exact_mut(s.max(1)).zip(&row.seen) {
            for (column, number) in line.iter_mut().enumerate() {
                if column >= count || !seen.contains(&(first + column as u32)) {
                    *number = f32::NEG_INFINITY;
                }
            }
        }
    }
    let one = t * s;
    let alike = one > 0 && numbers.chunks_exact(one).all(|row| row == &numbers[..one]);
    if alike {
        numbers.truncate(one);
    }
    Tensor::from_vec(numbers, (if alike { 1 } else { queries.len() }, 1, t, s), device)
}

impl KeyValue {
    /// `[KV, P, D]` each, in single precision.
    fn by_head(&self) -> Result<Self> {
        let by_head = |t: &Tensor| single(&t.transpose(0, 1)?);
        Ok(Self { key: by_head(&self.key)?, value: by_head(&self.value)? })
    }
}

/// In single precision, without gaps.
fn single(x: &Tensor) -> Result<Tensor> {
    x.to_dtype(DType::F32)?.contiguous()
}

#[cfg(test)]
mod tests {
    use super::{super::RowTokens, *};

    const NO: f32 = f32::NEG_INFINITY;

    fn places(prefix: usize, calls: &[&[usize]]) -> Places {
        let mut places = Places::new(calls[0].len(), prefix);
        for call in calls {
            let rows = call.iter().enumerate().map(|(row, tokens)| RowTokens { row, tokens: *tokens });
            places.begin(&rows.collect::<Vec<_>>());
        }
        places
    }

    fn queries(row: usize, orders: std::ops::Range<u32>) -> RowQueries {
        RowQueries { row, seen: orders.map(|order| 0..order + 1).collect() }
    }

    fn plan(queries: &[RowQueries], places: &Places) -> Plan {
        Plan::new(queries, places, &Device::Cpu).unwrap()
    }

    fn lines(mask: &Tensor) -> Vec<Vec<f32>> {
        mask.flatten_to(2).unwrap().to_vec2().unwrap()
    }

    #[test]
    fn rows_that_look_alike_share_one_mask() {
        let mask = plan(&[queries(0, 0..3), queries(1, 0..3)], &places(0, &[&[3, 3]])).mask;
        assert_eq!(mask.own.dims(), [1, 1, 3, 3]);
        assert_eq!(lines(&mask.own), [[0., NO, NO], [0., 0., NO], [0., 0., 0.]]);
    }

    #[test]
    fn a_row_that_grows_beside_a_longer_neighbour_never_sees_padding() {
        let plan = plan(&[queries(0, 2..3), queries(1, 3..4)], &places(0, &[&[2, 3], &[1, 1]]));
        assert_eq!(plan.mask.own.dims(), [2, 1, 1, 4]);
        assert_eq!(lines(&plan.mask.own), [[0., 0., 0., NO], [0., 0., 0., 0.]]);
        let keys: Vec<u32> = plan.keys.to_vec1().unwrap();
        assert_eq!(keys, [0, 1, 5, 0, 2, 3, 4, 6], "each row's tokens, as they lie in the pool");
    }

    #[test]
    fn rows_that_ask_nothing_take_no_part() {
        let plan = plan(&[queries(2, 3..5)], &places(0, &[&[9, 9, 5]]));
        assert_eq!((plan.rows, plan.queries_max, plan.columns), (1, 2, 5));
    }

    #[test]
    fn a_prefix_is_masked_only_where_a_window_ends_in_it() {
        let places = places(3, &[&[2]]);
        let mask = |seen: [std::ops::Range<u32>; 2]| {
            plan(&[RowQueries { row: 0, seen: seen.to_vec() }], &places).mask
        };
        let whole = mask([0..4, 0..5]);
        assert!(whole.prefix.is_none(), "every query still sees the first token");
        assert_eq!(lines(&whole.own), [[0., NO], [0., 0.]]);
        assert_eq!(lines(&mask([0..4, 1..5]).prefix.unwrap()), [[0., 0., 0.], [NO, 0., 0.]]);
    }
}
