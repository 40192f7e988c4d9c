//! Tensors of a checkpoint on their way to a device.

use std::sync::Arc;

use candle_core::{
    DType, Device, Tensor,
    quantized::{GgmlDType, QTensor},
};
use saring_kernels::Matrix;
use saring_verdict::{EngineError, Progress};

use super::{Embedding, Linear, failure, packing};
use crate::checkpoint::Weights;

/// How weights are quantised while they are loaded, for devices that are too small for the checkpoint's own precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantization {
    /// 8 bits and a scale for each 32 numbers.
    Int8,
    /// 4 bits, with scales for each 32 and each 256 numbers where rows are long enough. Embedding and head stay at 8 bits:
    /// they decide which label is read.
    Int4,
}

impl Quantization {
    /// The number format for rows of `inputs` numbers; `None` where they cannot be quantised.
    pub fn format(self, inputs: usize) -> Option<GgmlDType> {
        match self {
            Self::Int4 if inputs.is_multiple_of(256) => Some(GgmlDType::Q4K),
            Self::Int4 if inputs.is_multiple_of(32) => Some(GgmlDType::Q4_0),
            Self::Int8 if inputs.is_multiple_of(32) => Some(GgmlDType::Q8_0),
            _ => None,
        }
    }
}

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Computing {
    /// The processor's own kernels, in single precision, on weights that are packed for them in the precision that was asked
    /// for.
    Kernels,
    /// candle's tensor operations, in the precision that was asked for.
    Tensors,
}

impl Computing {
    /// What is best on a device.
    pub fn best(device: &Device) -> Self {
        if device.is_cpu() { Self::Kernels } else { Self::Tensors }
    }

    /// What activations are computed in where weights are of precision `dtype`.
    pub fn activations(self, dtype: DType) -> DType {
        match self {
            Self::Kernels => DType::F32,
            Self::Tensors => dtype,
        }
    }
}

/// Reads tensors of a checkpoint for one device and counts the bytes.
pub(crate) struct Loader<'a> {
    weights: &'a Weights,
    /// What will compute with them.
    pub computing: Computing,
    /// The precision of activations, and of tensors that are no products.
    pub dtype: DType,
    /// The precision of products.
    weight_dtype: DType,
    /// Where the tensors go.
    pub device: &'a Device,
    quantization: Option<Quantization>,
    progress: &'a mut dyn FnMut(Progress),
    done: u64,
    total: u64,
}

impl<'a> Loader<'a> {
    /// For products in `dtype`. `progress` counts the bytes of the weight files.
    pub fn new(
        weights: &'a Weights,
        dtype: DType,
        device: &'a Device,
        computing: Computing,
        quantization: Option<Quantization>,
        progress: &'a mut dyn FnMut(Progress),
    ) -> Self {
        let total = weights.bytes();
        let activations = computing.activations(dtype);
        Self {
            weights,
            computing,
            dtype: activations,
            weight_dtype: dtype,
            device,
            quantization,
            progress,
            done: 0,
            total,
        }
    }

    /// One tensor, unpacked if it is stored quantised.
    ///
    /// # Errors
    /// See [`Weights::load`].
    pub fn tensor(&mut self, name: &str) -> Result<Tensor, EngineError> {
        let tensor = self.weights.load(name, self.dtype, self.device)?;
        self.count(name);
        Ok(tensor)
    }

    /// Whether there is a tensor of that name.
    pub fn has(&self, name: &str) -> bool {
        self.weights.has(name)
    }

    /// The product with `{name}.weight`, plus `{name}.bias` if there is one.
    ///
    /// # Errors
    /// See [`Weights::load`].
    pub fn linear(&mut self, name: &str) -> Result<Linear, EngineError> {
        let weight_name = format!("{name}.weight");
        let bias_name = format!("{name}.bias");
        let bias = if self.has(&bias_name) { Some(self.tensor(&bias_name)?) } else { None };
        if self.computing == Computing::Kernels {
            return Ok(Linear::packed(Arc::new(self.matrix(&weight_name, self.quantization)?), bias));
        }
        let linear = match self.packed(&weight_name, self.quantization)? {
            Some(weight) => Linear::quantized(weight, bias),
            None => Linear::dense(self.tensor(&weight_name)?, bias),
        };
        linear.map_err(|e| failed(&weight_name, &e))
    }

    /// The product with `{name}.weight`, a convolution's kernel `[out, ...]` that is as large as its stride, plus
    /// `{name}.bias`. It meets pixel values and is small: it is not quantised.
    ///
    /// # Errors
    /// See [`Weights::load`].
    pub fn convolution(&mut self, name: &str) -> Result<Linear, EngineError> {
        let weight_name = format!("{name}.weight");
        let kernel = self.tensor(&weight_name)?;
        let bias = self.tensor(&format!("{name}.bias"))?;
        let linear = kernel.flatten_from(1).and_then(|weight| self.product(weight, Some(bias)));
        linear.map_err(|e| failed(&weight_name, &e))
    }

    /// The product with a weight `[out, in]` that has been read, and perhaps a bias.
    ///
    /// # Errors
    /// A weight that is no matrix.
    pub fn product(&self, weight: Tensor, bias: Option<Tensor>) -> candle_core::Result<Linear> {
        match self.computing {
            Computing::Kernels => Ok(Linear::packed(Arc::new(packing::dense(&weight, None)?), bias)),
            Computing::Tensors => Linear::dense(weight, bias),
        }
    }

    /// The table `{name}.weight`.
    ///
    /// # Errors
    /// See [`Weights::load`].
    pub fn embedding(&mut self, name: &str) -> Result<Embedding, EngineError> {
        let name = format!("{name}.weight");
        let quantization = self.quantization.map(|_| Quantization::Int8);
        if self.computing == Computing::Kernels {
            return Ok(Embedding::packed(self.matrix(&name, quantization)?));
        }
        match self.packed(&name, quantization)? {
            Some(table) => Embedding::quantized(table, self.dtype).map_err(|e| failed(&name, &e)),
            None => Ok(Embedding::dense(self.tensor(&name)?)),
        }
    }

    /// The product with a table of its own that stands at the end of a decoder.
    ///
    /// # Errors
    /// See [`Weights::load`].
    pub fn head(&mut self, name: &str) -> Result<Linear, EngineError> {
        self.embedding(name)?.tied_head().map_err(|e| failed(name, &e))
    }

    /// A matrix for the processor's kernels.
    fn matrix(&mut self, name: &str, quantization: Option<Quantization>) -> Result<Matrix, EngineError> {
        let matrix = match self.weights.load_packed(name, self.device)? {
            Some(stored) => packing::blocks(&stored),
            // Quantised from what is stored, without a detour.
            None if quantization.is_some() => packing::dense(&self.weights.load_stored(name)?, quantization),
            None => packing::dense(&self.weights.load(name, self.weight_dtype, self.device)?, None),
        };
        self.count(name);
        matrix.map_err(|e| failed(name, &e))
    }

    /// A tensor that is stored quantised, or is to be quantised now.
    fn packed(
        &mut self,
        name: &str,
        quantization: Option<Quantization>,
    ) -> Result<Option<Arc<QTensor>>, EngineError> {
        if let Some(stored) = self.weights.load_packed(name, self.device)? {
            self.count(name);
            return Ok(Some(Arc::new(stored)));
        }
        let inputs = self.weights.shape(name)?.last().copied().unwrap_or_default();
        let Some(format) = quantization.and_then(|q| q.format(inputs)) else { return Ok(None) };
        let dense = self.weights.load(name, DType::F32, &Device::Cpu)?;
        let packed = QTensor::quantize_onto(&dense, format, self.device).map_err(|e| failed(name, &e))?;
        self.count(name);
        Ok(Some(Arc::new(packed)))
    }

    fn count(&mut self, name: &str) {
        self.done += self.weights.stored_bytes(name);
        (self.progress)(Progress { done: self.done.min(self.total), total: self.total });
    }
}

fn failed(name: &str, error: &candle_core::Error) -> EngineError {
    EngineError::Inference { reason: format!("loading tensor {name}: {}", failure(error)) }
}
