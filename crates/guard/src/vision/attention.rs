//! Every patch of an image sees every other, in pieces that bound the memory.

use candle_core::{Result, Tensor};

use crate::layers::softmax;

/// Scores and their softmax, both in single precision, may take so much at once; a large image alone would take many
/// times that.
pub(super) const SCORES_BYTES_MAX: usize = 256 << 20;

/// Attention without a mask. `query`, `key` and `value` are `[heads, N, D]`, `query` already scaled; so is the result.
/// Scores of at most `scores_bytes_max` are made at once, but at least those of one query; none are where flash attention
/// computes.
pub(super) fn attend(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    scores_bytes_max: usize,
) -> Result<Tensor> {
    let (heads, n, _) = query.dims3()?;
    #[cfg(feature = "flash-attn")]
    if crate::device::has_flash(query.device(), query.dtype(), query.dim(2)?) {
        // [1, N, heads, D] each: an image is a batch of one, so there are no lengths to tell.
        let by_patch = |t: &Tensor| t.transpose(0, 1)?.unsqueeze(0);
        let (query, key, value) = (by_patch(query)?, by_patch(key)?, by_patch(value)?);
        return candle_flash_attn::flash_attn(&query, &key, &value, 1.0, false)?.squeeze(0)?.transpose(0, 1);
    }
    let (keys, value) = (key.contiguous()?.transpose(1, 2)?, value.contiguous()?);
    let at_once = queries_at_once(heads, n, scores_bytes_max);
    let mut parts = Vec::new();
    for start in (0..n).step_by(at_once) {
        let some = query.narrow(1, start, at_once.min(n - start))?.contiguous()?;
        // [heads, queries, N] to [heads, queries, D]
        parts.push(softmax(&some.matmul(&keys)?)?.matmul(&value)?);
    }
    if parts.len() == 1 { Ok(parts.swap_remove(0)) } else { Tensor::cat(&parts, 1) }
}

fn queries_at_once(heads: usize, n: usize, scores_bytes_max: usize) -> usize {
    let bytes_of_one = 2 * size_of::<f32>() * heads * n;
    (scores_bytes_max / bytes_of_one.max(1)).clamp(1, n.max(1))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn attention_in_pieces_is_attention() {
        let random = || Tensor::randn(0f32, 1f32, (3, 7, 4), &Device::Cpu).unwrap();
        let (query, key, value) = (random(), random(), random());
        let whole = attend(&query, &key, &value, SCORES_BYTES_MAX).unwrap();
        assert_eq!(whole.dims(), [3, 7, 4]);
        for bytes in [1, 3 * 7 * 2 * 4 * 3] {
            let pieces = attend(&query, &key, &value, bytes).unwrap();
            let difference = (&pieces - &whole).unwrap().abs().unwrap().flatten_all().unwrap();
            let worst: f32 = difference.max(0).unwrap().to_scalar().unwrap();
            assert!(worst <= 1e-6, "pieces of {bytes} bytes differ by {worst:e}");
        }
    }

    #[test]
    fn scores_stay_within_their_bound_and_progress_is_made_anyway() {
        assert_eq!(queries_at_once(16, 256, SCORES_BYTES_MAX), 256, "a small image is done at once");
        let at_once = queries_at_once(16, 65_536, SCORES_BYTES_MAX);
        assert!(at_once >= 1 && at_once * 16 * 65_536 * 8 <= SCORES_BYTES_MAX, "{at_once} queries");
        assert_eq!(queries_at_once(16, 1 << 30, 1), 1);
    }
}
