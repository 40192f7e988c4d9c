//! Products with a weight of the checkpoint, dense or quantised.

use std::sync::Arc;

use candle_core::{
    DType, Module, Result, Tensor,
    quantized::{QMatMul, QTensor},
};

#[derive(Clone, Debug)]
enum Weight {
    /// `[out, in]`.
    Dense(Tensor),
    /// `[out, in]`, multiplied without being unpacked.
    Quantized(QMatMul),
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

    /// `[..., in]` to `[..., out]`, in the precision of `x`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
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
        };
        let y = match &self.bias {
            Some(bias) => y.broadcast_add(bias)?,
            None => y,
        };
        y.reshape(dims)
    }

    /// Only some of the outputs: `[R, in]` to `[R, rows]`.
    pub fn forward_some(&self, x: &Tensor, rows: &[u32]) -> Result<Tensor> {
        let ids = Tensor::new(rows, x.device())?;
        let weight = match &self.weight {
            Weight::Dense(weight) => weight.index_select(&ids, 0)?,
            Weight::Quantized(weight) => weight.embedding(&ids)?.to_dtype(x.dtype())?,
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

    fn both() -> (Linear, Linear, Tensor) {
        let weight = Tensor::randn(0f32, 1f32, (6, 64), &Device::Cpu).unwrap();
        let bias = Tensor::randn(0f32, 1f32, 6, &Device::Cpu).unwrap();
        let packed = Arc::new(QTensor::quantize(&weight, GgmlDType::Q8_0).unwrap());
        let dense = Linear::dense(weight, Some(bias.clone())).unwrap();
        let x = Tensor::randn(0f32, 1f32, (2, 3, 64), &Device::Cpu).unwrap();
        (dense, Linear::quantized(packed, Some(bias)).unwrap(), x)
    }

    fn difference(a: &Tensor, b: &Tensor) -> f32 {
        (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
    }

    #[test]
    fn a_quantised_weight_gives_nearly_what_the_dense_one_gives_in_the_same_shape() {
        let (dense, packed, x) = both();
        let (a, b) = (dense.forward(&x).unwrap(), packed.forward(&x).unwrap());
        assert_eq!(a.dims(), [2, 3, 6]);
        assert_eq!(b.dims(), [2, 3, 6]);
        let found = difference(&a, &b);
        assert!(found > 0.0 && found < 0.3, "eight bits lose a little: {found}");
    }

    #[test]
    fn some_outputs_are_those_of_the_whole_product() {
        let (dense, packed, x) = both();
        let x = x.flatten_to(1).unwrap();
        for linear in [dense, packed] {
            let whole = linear.forward(&x).unwrap();
            let some = linear.forward_some(&x, &[4, 1]).unwrap();
            let ids = Tensor::new(&[4u32, 1], &Device::Cpu).unwrap();
            assert!(difference(&whole.index_select(&ids, 1).unwrap(), &some) < 0.3);
        }
    }
}
