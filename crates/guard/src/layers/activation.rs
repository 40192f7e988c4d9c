//! Activations, in single precision whatever they are given: candle would round to half precision after every step of
//! their formulas, and the reference does not.

use candle_core::{DType, Result, Tensor};

/// `silu`, in the precision of `x`.
pub(crate) fn silu(x: &Tensor) -> Result<Tensor> {
    x.to_dtype(DType::F32)?.silu()?.to_dtype(x.dtype())
}

/// `gelu_pytorch_tanh`, in the precision of `x`.
pub(crate) fn gelu_tanh(x: &Tensor) -> Result<Tensor> {
    x.to_dtype(DType::F32)?.gelu()?.to_dtype(x.dtype())
}
