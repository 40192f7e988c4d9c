//! Attention: who sees whom, and the ways in which it is computed.
//!
//! [`sight`] alone decides who sees whom. [`packed`] computes on processors: rows lie one behind the other, and nothing is
//! computed for padding. On other devices keys and values lie in a [`pool`], and two ways lead from there: [`padded`] computes
//! with the tensor operations that every device has, for which rows are padded to the longest, inside attention only; [`flash`]
//! computes without padding and without scores in memory, where the build has its kernels, and says what they cannot do.

#[cfg(any(feature = "flash-attn", test))]
mod flash;
mod packed;
mod padded;
mod pool;
mod sight;

use std::ops::Range;

use candle_core::{DType, Device, Tensor};

pub(super) use packed::PackedCache;
pub(super) use pool::{KeyValue, PooledCache};
pub(super) use sight::{Place, Sight};

/// The tokens of one row in a call.
#[derive(Clone, Debug)]
pub(super) struct RowTokens {
    /// Its row in the cache.
    pub row: usize,
    /// How many of its tokens are read.
    pub tokens: usize,
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
    /// The same as tensors on the device, where attention is computed that way. Made once in a call, for all layers.
    pub plan: Option<Plan>,
}

/// How the queries of a call find their keys in a pool.
#[derive(Debug)]
pub(super) enum Plan {
    Padded(padded::Plan),
    #[cfg(any(feature = "flash-attn", test))]
    Flash(flash::Plan),
}

/// Queries `[Q, N, D]`, keys and values `[T, KV, D]` of one cache's rows in a call, packed.
#[derive(Debug)]
pub(super) struct Heads {
    pub query: Tensor,
    pub key: Tensor,
    pub value: Tensor,
}

/// How a pool's attention is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By tensor operations.
    Padded,
    /// By flash attention wherever [`flash::Lengths`] can say who sees whom, else by tensor operations.
    #[cfg(any(feature = "flash-attn", test))]
    Flash,
}

impl Way {
    /// The best for heads of `head_dim` numbers of type `dtype` on a device.
    #[cfg(feature = "flash-attn")]
    pub fn best(device: &Device, dtype: DType, head_dim: usize) -> Self {
        match crate::device::has_flash(device, dtype, head_dim) {
            true => Self::Flash,
            false => Self::Padded,
        }
    }

    /// This build has one.
    #[cfg(not(feature = "flash-attn"))]
    pub fn best(_device: &Device, _dtype: DType, _head_dim: usize) -> Self {
        Self::Padded
    }
}
