//! For which attention heads a device has kernels of flash attention.

use candle_core::DType;
#[cfg(feature = "flash-attn")]
use candle_core::Device;

/// The largest head that kernels are taken for; the crate has one for 512, which few cards have the shared memory for.
const HEAD_DIM_MAX: usize = 256;

/// Whether a device has one for heads of `head_dim` numbers of type `dtype`.
#[cfg(feature = "flash-attn")]
pub(crate) fn has_flash(device: &Device, dtype: DType, head_dim: usize) -> bool {
    is_built(device.is_cuda(), dtype, head_dim)
}

fn is_built(is_card: bool, dtype: DType, head_dim: usize) -> bool {
    is_card
        && matches!(dtype, DType::BF16 | DType::F16)
        && head_dim.is_multiple_of(8)
        && head_dim <= HEAD_DIM_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_kernels_for_half_precision_on_cards_and_heads_of_whole_eights() {
        assert!([8, 64, 72, 128, 256].into_iter().all(|head_dim| is_built(true, DType::BF16, head_dim)));
        assert!(is_built(true, DType::F16, 64));
        assert!(!is_built(false, DType::BF16, 128), "a processor has none");
        assert!(!is_built(true, DType::F32, 128), "quantised guards compute in single precision");
        assert!(!is_built(true, DType::BF16, 264) && !is_built(true, DType::BF16, 20));
    }
}
