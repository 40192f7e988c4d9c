//! Weights of a checkpoint, packed for the processor's kernels.

use std::sync::Arc;

use candle_core::{
    DType, Device, Result, Storage, Tensor,
    cpu_backend::CpuStorage,
    quantized::{GgmlDType, QStorage, QTensor},
};
use saring_kernels::{Matrix, Rows};

use super::loader::Quantization;

/// A matrix `[out, in]` that is stored dense, in its own precision or as eight bits. What has rows that cannot be
/// quantised stays as it is. Nothing but the result is made of it: tables are large.
///
/// # Errors
/// A tensor that is no matrix of bf16, f16 or f32 numbers in the memory of the processor.
pub(super) fn dense(weight: &Tensor, quantization: Option<Quantization>) -> Result<Matrix> {
    let (out, inputs) = weight.dims2()?;
    let format = quantization.and_then(|quantization| quantization.format(inputs));
    if let Some(format) = format.filter(|format| *format != GgmlDType::Q8_0) {
        return blocks(&QTensor::quantize(&weight.to_dtype(DType::F32)?, format)?);
    }
    let (storage, layout) = weight.storage_and_layout();
    let (Storage::Cpu(storage), Some((start, end))) = (&*storage, layout.contiguous_offsets()) else {
        candle_core::bail!("only what lies in one piece in the processor's memory is packed for it");
    };
    let packed = match (storage, format) {
        (CpuStorage::BF16(all), None) => Matrix::bf16(out, inputs, &all[start..end]),
        (CpuStorage::BF16(all), Some(_)) => Matrix::int8_from_bf16(out, inputs, &all[start..end]),
        (CpuStorage::F16(all), None) => Matrix::f16(out, inputs, &all[start..end]),
        (CpuStorage::F16(all), Some(_)) => Matrix::int8_from_f16(out, inputs, &all[start..end]),
        (CpuStorage::F32(all), None) => Matrix::f32(out, inputs, &all[start..end]),
        (CpuStorage::F32(all), Some(_)) => Matrix::int8_from_f32(out, inputs, &all[start..end]),
        _ => candle_core::bail!("{:?} is no precision of weights", weight.dtype()),
    };
    packed.map_err(candle_core::Error::wrap)
}

/// A matrix `[out, in]` that is stored in the blocks of a GGUF file.
///
/// # Errors
/// A tensor that is no matrix.
pub(super) fn blocks(weight: &QTensor) -> Result<Matrix> {
    let (out, inputs) = weight.shape().dims2()?;
    let bytes = weight.data()?;
    if weight.dtype() == GgmlDType::Q8_0 {
        return Matrix::int8_from_q8_0(out, inputs, &bytes).map_err(candle_core::Error::wrap);
    }
    let blocks = Blocks { bytes: bytes.into_owned(), format: weight.dtype(), inputs };
    Ok(Matrix::unpacked_on_use(out, inputs, Arc::new(blocks)))
}

/// Rows in the blocks of a GGUF file.
#[derive(Debug)]
struct Blocks {
    bytes: Vec<u8>,
    format: GgmlDType,
    inputs: usize,
}

impl Blocks {
    fn unpack(&self, row: usize) -> Result<Vec<f32>> {
        let size = self.inputs / self.format.block_size() * self.format.type_size();
        let bytes = &self.bytes[row * size..(row + 1) * size];
        let storage = QStorage::from_data(bytes.into(), &Device::Cpu, self.format)?;
        QTensor::new(storage, self.inputs)?.dequantize(&Device::Cpu)?.to_vec1()
    }
}

impl Rows for Blocks {
    fn read(&self, row: usize, out: &mut [f32]) {
        match self.unpack(row) {
            Ok(numbers) => out.copy_from_slice(&numbers),
            // Sizes were checked when the tensor was made. Were one wrong all the same, no verdict may come of it.
            Err(_) => out.fill(f32::NAN),
        }
    }

    fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_every_block_format_are_read_as_candle_unpacks_them() {
        let weight = Tensor::randn(0f32, 1f32, (5, 512), &Device::Cpu).unwrap();
        for format in [GgmlDType::Q4_0, GgmlDType::Q8_0, GgmlDType::Q4K, GgmlDType::Q6K] {
            let packed = QTensor::quantize(&weight, format).unwrap();
            let matrix = blocks(&packed).unwrap();
            let expected: Vec<Vec<f32>> = packed.dequantize(&Device::Cpu).unwrap().to_vec2().unwrap();
            let mut row = vec![0f32; 512];
            for (index, expected) in expected.iter().enumerate() {
                matrix.row(index, &mut row);
                assert_eq!(&row, expected, "{format:?}");
            }
        }
    }
}
