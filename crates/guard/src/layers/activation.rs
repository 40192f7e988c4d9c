//! Activations, in single precision whatever they are given: candle would round to half precision after every step of
//! their formulas, and the reference does not.

use candle_core::{DType, Result, Tensor};

/// The activation of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// `x sigmoid(x)`.
    Silu,
    /// GELU in its tanh approximation.
    GeluTanh,
}

impl Activation {
    /// Of each number, in the precision of `x`.
    pub fn forward(self, x: &Tensor) -> Result<Tensor> {
        let single = x.to_dtype(DType::F32)?;
        match self {
            Self::Silu => single.silu()?,
            Self::GeluTanh => single.gelu()?,
        }
        .to_dtype(x.dtype())
    }
}
