//! Activations, in single precision whatever they are given: candle would round to half precision after every step of
//! their formulas, and the reference does not.

use candle_core::{DType, Result, Tensor};

/// The activation of a gate, or between two products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// `x sigmoid(x)`.
    Silu,
    /// GELU in its tanh approximation.
    GeluTanh,
    /// GELU itself.
    Gelu,
}

impl Activation {
    /// Of each number, in the precision of `x`.
    pub fn forward(self, x: &Tensor) -> Result<Tensor> {
        let single = x.to_dtype(DType::F32)?;
        match self {
            Self::Silu => single.silu()?,
            Self::GeluTanh => single.gelu()?,
            Self::Gelu => single.gelu_erf()?,
        }
        .to_dtype(x.dtype())
    }

    /// What the processor's kernels call it.
    pub fn of_kernels(self) -> saring_kernels::Activation {
        match self {
            Self::Silu => saring_kernels::Activation::Silu,
            Self::GeluTanh => saring_kernels::Activation::GeluTanh,
            Self::Gelu => saring_kernels::Activation::Gelu,
        }
    }
}
