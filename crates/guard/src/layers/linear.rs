//! Products with a weight of the checkpoint: dense, quantised, or packed for the processor's kernels.

use std::sync::Arc;

use candle_core::{
    DType, Device, Module, Result, Tensor,
    quantized::{QMatMul, QTensor},
};
use saring_kernels::{Epilogue, Matrix, Then, multiply_gated};

use super::{Activation, embedding::rows_of, numbers};

#[derive(Clone, Debug)]
enum Weight {
    /// `[out, in]`.
    Dense(Tensor),
    /// `[out, in]`, multiplied without being unpacked.
    Quantized(QMatMul),
    /// `[out, in]`, for tensors on the processor in single precision.
    Packed(Arc<Matrix>),
}

/// `x W^T + b`.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    weight: Weight,
    bias: Option<Tensor>,
    out: usize,
}

impl Linear {
    /// From a weight `[out, in]` as checkpoints store it, and perhaps a bias `[out]`.
    ///
    /// # Errors
    /// A weight that is no matrix.
    pub fn dense(weight: Tensor, bias: Option<Tensor>) -> Result<Self> {
        let (out, _) = weight.dims2()?;
        Ok(Self { weight: Weight::Dense(weight), bias, out })
    }

    /// From a quantised weight `[out, in]`. It computes in single precision, whatever it is given.
    ///
    /// # Errors
    /// A weight that is no matrix.
    pub fn quantized(weight: Arc<QTensor>, bias: Option<Tensor>) -> Result<Self> {
        let (out, _) = weight.shape().dims2()?;
        Ok(Self { weight: Weight::Quantized(QMatMul::from_arc(weight)?), bias, out })
    }

    /// From a weight `[out, in]` that is packed for the processor.
    pub fn packed(weight: Arc<Matrix>, bias: Option<Tensor>) -> Self {
        Self { out: weight.outputs(), weight: Weight::Packed(weight), bias }
    }

    /// Numbers in a row of the result.
    pub fn outputs(&self) -> usize {
        self.out
    }

    /// `[..., in]` to `[..., out]`, in the precision of `x`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_then(x, None)
    }

    /// `activation(x W^T + b)`: `[..., in]` to `[..., out]`, in the precision of `x`.
    pub fn forward_activated(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        self.forward_then(x, Some(activation))
    }

    fn forward_then(&self, x: &Tensor, activation: Option<Activation>) -> Result<Tensor> {
        let mut dims = x.dims().to_vec();
        let inputs = dims.pop().unwrap_or_default();
        dims.push(self.out);
        // One matrix product instead of one for each row.
        let flat = x.reshape(((), inputs))?;
        let y = match &self.weight {
            Weight::Dense(weight) => flat.matmul(&weight.t()?)?,
            Weight::Quantized(weight) => {
                weight.forward(&flat.to_dtype(DType::F32)?.contiguous()?)?.to_dtype(x.dtype())?
            }
            Weight::Packed(_) => {
                let then = activation.map_or(Then::Write, |a| Then::Activate(a.of_kernels()));
                let mut y = vec![0f32; flat.dim(0)? * self.out];
                numbers(&flat.contiguous()?, |x| self.multiply(x, then, &mut y))??;
                return Tensor::from_vec(y, dims, &Device::Cpu);
            }
        };
        let y = match &self.bias {
            Some(bias) => y.broadcast_add(bias)?,
            None => y,
        };
        match activation {
            Some(activation) => activation.forward(&y)?.reshape(dims),
            None => y.reshape(dims),
        }
    }

    /// The product with plain rows and its bias go to `y` as `then` says: `[T, in]` to `[T, out]`.
    ///
    /// # Errors
    /// A weight that is not packed for the processor.
    pub fn multiply(&self, x: &[f32], then: Then, y: &mut [f32]) -> Result<()> {
        let Weight::Packed(weight) = &self.weight else {
            candle_core::bail!("only packed weights are multiplied with plain numbers")
        };
        match &self.bias {
            Some(bias) => {
                numbers(bias, |bias| weight.multiply_then(x, Epilogue { bias: Some(bias), then }, y))
            }
            None => {
                weight.multiply_then(x, Epilogue { bias: None, then }, y);
                Ok(())
            }
        }
    }

    /// `to` plus the product: `[T, in]` and `[T, out]` to `[T, out]`.
    pub fn forward_added(&self, x: &Tensor, to: Tensor) -> Result<Tensor> {
        match &self.weight {
            Weight::Packed(_) => {
                let dims = to.dims2()?;
                let mut y = numbers(&to, <[f32]>::to_vec)?;
                numbers(&x.contiguous()?, |x| self.multiply(x, Then::Add, &mut y))??;
                Tensor::from_vec(y, dims, &Device::Cpu)
            }
            _ => to + self.forward(x)?,
        }
    }

    /// `activation(x G^T) * (x U^T)` where this is the gate: `[T, in]` to `[T, out]`.
    pub fn forward_gated(&self, up: &Self, activation: Activation, x: &Tensor) -> Result<Tensor> {
        match (self, up) {
            (
                Self { weight: Weight::Packed(gate), bias: None, .. },
                Self { weight: Weight::Packed(up), bias: None, .. },
            ) => {
                let activation = activation.of_kernels();
                let rows = x.dim(0)?;
                let mut y = vec![0f32; rows * self.out];
                numbers(&x.contiguous()?, |x| multiply_gated(gate, up, activation, x, &mut y))?;
                Tensor::from_vec(y, (rows, self.out), &Device::Cpu)
            }
            _ => activation.forward(&self.forward(x)?)? * up.forward(x)?,
        }
    }

    /// Only some of the outputs: `[R, in]` to `[R, rows]`.
    pub fn forward_some(&self, x: &Tensor, rows: &[u32]) -> Result<Tensor> {
        let ids = Tensor::new(rows, x.device())?;
        let weight = match &self.weight {
            Weight::Dense(weight) => weight.index_select(&ids, 0)?,
            Weight::Quantized(weight) => weight.embedding(&ids)?.to_dtype(x.dtype())?,
            Weight::Packed(weight) => rows_of(weight, rows)?,
        };
        let y = x.matmul(&weight.t()?)?;
        match &self.bias {
            Some(bias) => y.broadcast_add(&bias.index_select(&ids, 0)?),
            None => Ok(y),
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, quantized::GgmlDType};

    use super::*;

    fn each() -> (Linear, [Linear; 2], Tensor) {
        let weight = Tensor::randn(0f32, 1f32, (6, 64), &Device::Cpu).unwrap();
        let bias = Tensor::randn(0f32, 1f32, 6, &Device::Cpu).unwrap();
        let packed = Arc::new(QTensor::quantize(&weight, GgmlDType::Q8_0).unwrap());
        let kernels = Matrix::int8_from_f32(6, 64, &numbers(&weight, <[f32]>::to_vec).unwrap()).unwrap();
        let dense = Linear::dense(weight, Some(bias.clone())).unwrap();
        let x = Tensor::randn(0f32, 1f32, (2, 3, 64), &Device::Cpu).unwrap();
        let quantised = Linear::quantized(packed, Some(bias.clone())).unwrap();
        (dense, [quantised, Linear::packed(Arc::new(kernels), Some(bias))], x)
    }

    fn difference(a: &Tensor, b: &Tensor) -> f32 {
        (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
    }

    #[test]
    fn a_quantised_weight_gives_nearly_what_the_dense_one_gives_in_the_same_shape() {
        let (dense, quantised, x) = each();
        let a = dense.forward(&x).unwrap();
        assert_eq!(a.dims(), [2, 3, 6]);
        for linear in quantised {
            let b = linear.forward(&x).unwrap();
            assert_eq!(b.dims(), [2, 3, 6]);
            let found = difference(&a, &b);
            assert!(found > 0.0 && found < 0.3, "eight bits lose a little: {found}");
        }
    }

    #[test]
    fn what_becomes_of_a_product_is_the_same_however_its_weight_is_held() {
        let (dense, quantised, x) = each();
        let x = x.flatten_to(1).unwrap();
        let to = Tensor::randn(0f32, 1f32, (6, 6), &Device::Cpu).unwrap();
        for linear in quantised.into_iter().chain([dense]) {
            let plain = linear.forward(&x).unwrap();
            for activation in [Activation::Silu, Activation::GeluTanh, Activation::Gelu] {
                let expected = activation.forward(&plain).unwrap();
                let found = difference(&linear.forward_activated(&x, activation).unwrap(), &expected);
                assert!(found < 1e-5, "{activation:?} differs by {found:e}");
            }
            let found = difference(&linear.forward_added(&x, to.clone()).unwrap(), &(&to + &plain).unwrap());
            assert!(found < 1e-5, "added it differs by {found:e}");
        }
    }

    #[test]
    fn eight_bits_lose_no_more_than_ggmls_with_outlier_channels() {
        let (out, inputs, rows) = (48, 256, 20);
        let weight = Tensor::randn(0f32, 0.02, (out, inputs), &Device::Cpu).unwrap();
        // A few channels a hundred times as large as the others, as large models have them.
        let channels: Vec<f32> = (0..inputs).map(|i| if i % 100 == 7 { 100.0 } else { 1.0 }).collect();
        let channels = Tensor::new(channels.as_slice(), &Device::Cpu).unwrap();
        let x = Tensor::randn(0f32, 1.0, (rows, inputs), &Device::Cpu).unwrap();
        let x = x.broadcast_mul(&channels).unwrap();
        let exact = Linear::dense(weight.clone(), None).unwrap().forward(&x).unwrap();
        let packed = Arc::new(QTensor::quantize(&weight, GgmlDType::Q8_0).unwrap());
        let kernels = numbers(&weight, |w| Matrix::int8_from_f32(out, inputs, w)).unwrap().unwrap();
        let rms = |linear: Linear| {
            let off = (linear.forward(&x).unwrap() - &exact).unwrap().sqr().unwrap();
            off.mean_all().unwrap().to_scalar::<f32>().unwrap().sqrt()
        };
        let (ggmls, ours) =
            (rms(Linear::quantized(packed, None).unwrap()), rms(Linear::packed(Arc::new(kernels), None)));
        assert!(ours > 0.0 && ours <= 1.05 * ggmls, "{ours} is farther off than {ggmls}");
    }

    #[test]
    fn some_outputs_are_those_of_the_whole_product() {
        let (dense, quantised, x) = each();
        let x = x.flatten_to(1).unwrap();
        for linear in quantised.into_iter().chain([dense]) {
            let whole = linear.forward(&x).unwrap();
            let some = linear.forward_some(&x, &[4, 1]).unwrap();
            let ids = Tensor::new(&[4u32, 1], &Device::Cpu).unwrap();
            assert!(difference(&whole.index_select(&ids, 1).unwrap(), &some) < 0.3);
        }
    }
}
