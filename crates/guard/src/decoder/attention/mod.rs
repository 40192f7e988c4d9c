//! Attention: who sees whom, and the two ways in which it is computed.
//!
//! [`sight`] alone decides who sees whom. [`packed`] computes on processors: rows lie one behind the other, and nothing is
//! computed for padding. [`padded`] computes with the tensor operations that every device has: rows are padded to the
//! longest, inside attention only.

mod packed;
mod padded;
mod sight;

use std::ops::Range;

use candle_core::Tensor;

pub(super) use packed::PackedCache;
pub(super) use padded::{KeyValue, Mask, PaddedCache};
pub(super) use sight::{Place, Sight};

/// The tokens of one row in a call.
#[derive(Clone, Debug)]
pub(super) struct RowTokens {
    /// Its row in the cache.
    pub row: usize,
    /// How many of its tokens are read.
    pub tokens: usize,
    /// Where the first of them stands.
    pub order: u32,
}

/// The queries of one row: some of its last tokens in a call, and for each the columns that it sees, those of the prefix
/// counted.
#[derive(Clone, Debug)]
pub(super) struct RowQueries {
    /// Its row in the cache.
    pub row: usize,
    /// One range for each query.
    pub seen: Vec<Range<u32>>,
}

/// Who sees whom among the rows of one cache, in one call and for one kind of attention.
#[derive(Debug)]
pub(super) struct View {
    /// The queries, row by row as they lie in the packed tensor.
    pub queries: Vec<RowQueries>,
    /// The same as numbers to add to scores, where attention is computed that way.
    pub mask: Option<Mask>,
}

/// Queries `[Q, N, D]`, keys and values `[T, KV, D]` of one cache's rows in a call, packed.
#[derive(Debug)]
pub(super) struct Heads {
    pub query: Tensor,
    pub key: Tensor,
    pub value: Tensor,
}
