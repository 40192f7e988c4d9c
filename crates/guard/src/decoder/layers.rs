//! The parts of a decoder layer that several architectures share.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::ops;
use saring_verdict::{EngineError, Progress};

use crate::checkpoint::Weights;

/// Reads tensors of a checkpoint for one device and counts the bytes.
pub(crate) struct Loader<'a> {
    weights: &'a Weights,
    /// The precision that is computed in.
    pub dtype: DType,
    /// Where the tensors go.
    pub device: &'a Device,
    progress: &'a mut dyn FnMut(Progress),
    done: u64,
    total: u64,
}

impl<'a> Loader<'a> {
    /// `progress` counts the bytes of the weight files.
    pub fn new(
        weights: &'a Weights,
        dtype: DType,
        device: &'a Device,
        progress: &'a mut dyn FnMut(Progress),
    ) -> Self {
        let total = weights.bytes();
        Self { weights, dtype, device, progress, done: 0, total }
    }

    /// One tensor.
    ///
    /// # Errors
    /// See [`Weights::load`].
    pub fn tensor(&mut self, name: &str) -> std::result::Result<Tensor, EngineError> {
        let (tensor, bytes) = self.weights.load(name, self.dtype, self.device)?;
        self.done += bytes;
        (self.progress)(Progress { done: self.done, total: self.total });
        Ok(tensor)
    }
}

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

/// `x` times a weight `[out, in]` as checkpoints store it; no bias.
pub(crate) fn project(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    match *x.dims() {
        [b, t, h] => {
            // One matrix product instead of one for each row.
            x.reshape((b * t, h))?.matmul(&weight.t()?)?.reshape((b, t, weight.dim(0)?))
        }
        _ => x.matmul(&weight.t()?),
    }
}

/// Softmax over the last dimension, in single precision whatever the scores are stored in.
pub(crate) fn softmax(scores: &Tensor) -> Result<Tensor> {
    match scores.dtype() {
        DType::F32 => ops::softmax_last_dim(scores),
        dtype => ops::softmax_last_dim(&scores.to_dtype(DType::F32)?)?.to_dtype(dtype),
    }
}
