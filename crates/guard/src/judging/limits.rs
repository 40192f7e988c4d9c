//! How much is computed at once, and what memory that takes.

use candle_core::DType;

use crate::{model::ModelConfig, vision};

/// What may be computed at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Tokens of one batch, and of one pass over the weights.
    pub tokens_max: usize,
    /// Rows of one batch.
    pub rows_max: usize,
}

/// For a processor: enough tokens that reading the weights costs little beside multiplying with them, and few enough that
/// what lies between two products stays in the caches.
pub(crate) const PROCESSOR_BATCH: Limits = Limits { tokens_max: 512, rows_max: 16 };
/// What a card gets at least.
pub(crate) const SMALL_BATCH: Limits = Limits { tokens_max: 2048, rows_max: 32 };
/// What a card gets that has the memory: the first of these that fits. The largest keeps a large card busy.
pub(crate) const LARGER_BATCHES: [Limits; 3] = [
    Limits { tokens_max: 16_384, rows_max: 128 },
    Limits { tokens_max: 8192, rows_max: 96 },
    Limits { tokens_max: 4096, rows_max: 64 },
];

/// Pixels of an image that memory is counted for: a photo of four megapixels. Larger ones need more while they are read.
const USUAL_PIXELS: u64 = 1 << 22;
/// Queries whose scores are counted for: more are not computed at once.
const QUERIES: usize = 256;

/// Bytes that one batch needs beside the weights: keys and values, scores, the widest intermediate results, and an image.
/// `dtype` is what activations are computed in. What attention takes beside its scores, one layer's keys and values with the prefix
/// in front of every row's among it, is less than the widest results of the feed-forward part, which are not alive then; so it is
/// with prefixes of some hundred tokens, as the guards' instructions are. One of a thousand takes more than is counted.
pub(crate) fn working_bytes(config: &ModelConfig, dtype: DType, limits: Limits) -> u64 {
    let number = dtype.size_in_bytes() as u64;
    let tokens = limits.tokens_max as u64;
    let text = &config.text;
    let cache = text.cache_bytes_per_token(dtype.size_in_bytes()) * tokens * 2;
    let widest = (text.intermediate_size * 4 + text.hidden_size * 6) as u64 * tokens * number;
    let scores = (text.num_attention_heads * QUERIES) as u64 * 4096 * 4 * 2;
    let logits = text.vocab_size as u64 * limits.rows_max as u64 * 4 * 2;
    let image = config.vision.as_ref().map_or(0, |v| vision::working_bytes(v, dtype, USUAL_PIXELS));
    cache + widest + scores + logits + image
}
