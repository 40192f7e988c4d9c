//! The feed-forward part of a layer: two products with an activation between them, gated or not.

use candle_core::{DType, Result, Tensor};
use saring_verdict::EngineError;

use super::config::FeedForwardKind;
use crate::layers::{Activation, Linear, Loader, failure};

/// The feed-forward part of one layer, with its weights.
#[derive(Debug)]
pub(super) enum FeedForward {
    /// `down(act(gate(x)) * up(x))`.
    Gated { gate: Linear, up: Linear, down: Linear, activation: Activation },
    /// `down(xielu(up(x)))`.
    Xielu { up: Linear, down: Linear, xielu: Xielu },
}

/// xIELU (arXiv 2411.13010), as `activations.py` of transformers has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Xielu {
    alpha_positive: f64,
    alpha_negative: f64,
    beta: f64,
    eps: f64,
}

impl FeedForward {
    /// Reads the weights below `at`.
    pub fn load(
        loader: &mut Loader<'_>,
        kind: FeedForwardKind,
        at: &str,
    ) -> std::result::Result<Self, EngineError> {
        let mut linear = |name: &str| loader.linear(&format!("{at}.{name}"));
        let (up, down) = (linear("up_proj")?, linear("down_proj")?);
        match kind {
            FeedForwardKind::Gated(activation) => {
                Ok(Self::Gated { gate: linear("gate_proj")?, up, down, activation })
            }
            FeedForwardKind::Xielu => {
                let mut constant = |name: &str| {
                    let tensor = loader.tensor(&format!("{at}.act_fn.{name}"))?;
                    scalar(&tensor).map_err(|e| EngineError::Inference { reason: failure(&e) })
                };
                let raw = [constant("alpha_p")?, constant("alpha_n")?, constant("beta")?, constant("eps")?];
                Ok(Self::Xielu { up, down, xielu: Xielu::new(raw) })
            }
        }
    }

    /// What stands before the last product: `[T, H]` to `[T, I]`.
    pub fn inner(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Gated { gate, up, activation, .. } => gate.forward_gated(up, *activation, x),
            Self::Xielu { up, xielu, .. } => xielu.forward(&up.forward(x)?),
        }
    }

    /// The last product: `[T, I]` to `[T, H]`.
    pub fn down(&self) -> &Linear {
        match self {
            Self::Gated { down, .. } | Self::Xielu { down, .. } => down,
        }
    }
}

impl Xielu {
    /// From `alpha_p`, `alpha_n`, `beta` and `eps` as they are stored: the alphas before their softplus.
    fn new([alpha_p, alpha_n, beta, eps]: [f64; 4]) -> Self {
        let softplus = |x: f64| x.exp().ln_1p();
        Self { alpha_positive: softplus(alpha_p), alpha_negative: beta + softplus(alpha_n), beta, eps }
    }

    /// `alpha_positive x^2 + beta x` above zero, `alpha_negative (e^x - 1 - x) + beta x` elsewhere; in single precision.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let dtype = x.dtype();
        let x = &x.to_dtype(DType::F32)?;
        let above = (x.sqr()? * self.alpha_positive)?;
        // e^m - 1 = 2 h / (1 - h) with h = tanh(m / 2): nothing cancels for m below zero.
        let half = (x.minimum(self.eps)? * 0.5)?.tanh()?;
        let expm1 = ((&half * 2.0)? / half.affine(-1.0, 1.0)?)?;
        let below = ((expm1 - x)? * self.alpha_negative)?;
        let bent = x.gt(0.0)?.where_cond(&above, &below)?;
        (bent + (x * self.beta)?)?.to_dtype(dtype)
    }
}

fn scalar(tensor: &Tensor) -> Result<f64> {
    tensor.to_dtype(DType::F32)?.reshape(())?.to_scalar::<f32>().map(f64::from)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn xielu_is_what_its_paper_defines_on_both_sides_of_zero() {
        let xielu = Xielu::new([0.3, -0.2, 0.5, -1e-6]);
        let numbers = [-20f32, -1.5, -0.01, -1e-4, 0.0, 1e-4, 0.7, 9.0];
        let x = Tensor::new(&numbers, &Device::Cpu).unwrap();
        let found: Vec<f32> = xielu.forward(&x).unwrap().to_vec1().unwrap();
        let (positive, negative) = ((0.3f64.exp() + 1.0).ln(), 0.5 + ((-0.2f64).exp() + 1.0).ln());
        for (x, found) in numbers.map(f64::from).into_iter().zip(found) {
            let expected = if x > 0.0 {
                positive * x * x + 0.5 * x
            } else {
                negative * (x.min(-1e-6).exp_m1() - x) + 0.5 * x
            };
            let off = (f64::from(found) - expected).abs();
            assert!(off <= 1e-6 * expected.abs().max(1e-2), "at {x}: {found} instead of {expected}");
        }
    }
}
