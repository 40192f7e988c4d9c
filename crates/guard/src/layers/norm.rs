//! Norms and softmax.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::ops;
use saring_kernels::Affine;

use super::{Computing, numbers};

/// Root mean square norm with a learned weight.
#[derive(Debug)]
pub(crate) struct RmsNorm {
    weight: Tensor,
    eps: f32,
    computing: Computing,
}

impl RmsNorm {
    /// `weight` is `[N]`.
    pub fn new(weight: Tensor, eps: f64, computing: Computing) -> Self {
        Self { weight, eps: eps as f32, computing }
    }

    /// From a weight `[N]` that is stored less 1, as Gemma's are. Stays in single precision, as in the reference: one and a
    /// little more would lose the little.
    ///
    /// # Errors
    /// Those of the device.
    pub fn plus_one(weight: &Tensor, eps: f64, computing: Computing) -> Result<Self> {
        Ok(Self::new((weight.to_dtype(DType::F32)? + 1.0)?, eps, computing))
    }

    /// Normalizes over the last dimension, in the precision of the weight. The result has that of `x`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let own = x.to_dtype(self.weight.dtype())?.contiguous()?;
        if self.computing == Computing::Kernels {
            let mut y = vec![0f32; own.elem_count()];
            numbers(&own, |x| {
                numbers(&self.weight, |weight| saring_kernels::rms_norm(x, weight, self.eps, &mut y))
            })??;
            return Tensor::from_vec(y, own.dims(), &Device::Cpu)?.to_dtype(x.dtype());
        }
        ops::rms_norm(&own, &self.weight, self.eps)?.to_dtype(x.dtype())
    }
}

/// Norm by mean and deviation, with a learned weight and bias.
#[derive(Debug)]
pub(crate) struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f32,
    computing: Computing,
}

impl LayerNorm {
    /// `weight` and `bias` are `[N]`, in the precision of what is normalized.
    pub fn new(weight: Tensor, bias: Tensor, eps: f64, computing: Computing) -> Self {
        Self { weight, bias, eps: eps as f32, computing }
    }

    /// Normalizes over the last dimension.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = x.contiguous()?;
        if self.computing == Computing::Kernels {
            let mut y = vec![0f32; x.elem_count()];
            numbers(&x, |x| self.normalize(x, &mut y))??;
            return Tensor::from_vec(y, x.dims(), &Device::Cpu);
        }
        ops::layer_norm(&x, &self.weight, &self.bias, self.eps)
    }

    /// Normalizes plain rows `[T, N]` into `y`, by the processor's kernels.
    ///
    /// # Errors
    /// A norm that is not on the processor in single precision.
    pub fn normalize(&self, x: &[f32], y: &mut [f32]) -> Result<()> {
        numbers(&self.weight, |weight| {
            numbers(&self.bias, |bias| {
                saring_kernels::layer_norm(x, Affine { weight, bias }, self.eps, y);
            })
        })?
    }
}

/// Softmax over the last dimension, in single precision whatever the scores are stored in.
pub(crate) fn softmax(scores: &Tensor) -> Result<Tensor> {
    match scores.dtype() {
        DType::F32 => ops::softmax_last_dim(scores),
        dtype => ops::softmax_last_dim(&scores.to_dtype(DType::F32)?)?.to_dtype(dtype),
    }
}
