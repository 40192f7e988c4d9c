//! Norms and softmax.

use candle_core::{DType, Result, Tensor};
use candle_nn::ops;

/// Root mean square norm with a learned weight.
#[derive(Debug)]
pub(crate) struct RmsNorm {
    weight: Tensor,
    eps: f32,
}

impl RmsNorm {
    /// `weight` is `[N]`.
    pub fn new(weight: Tensor, eps: f64) -> Self {
        Self { weight, eps: eps as f32 }
    }

    /// Normalizes over the last dimension.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        ops::rms_norm(&x.contiguous()?, &self.weight, self.eps)
    }
}

/// Softmax over the last dimension, in single precision whatever the scores are stored in.
pub(crate) fn softmax(scores: &Tensor) -> Result<Tensor> {
    match scores.dtype() {
        DType::F32 => ops::softmax_last_dim(scores),
        dtype => ops::softmax_last_dim(&scores.to_dtype(DType::F32)?)?.to_dtype(dtype),
    }
}
