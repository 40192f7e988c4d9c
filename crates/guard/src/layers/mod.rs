//! The parts that decoders and vision towers are made of, and how their tensors come from a checkpoint.
//!
//! A [`Loader`] reads tensors for one device; a [`Linear`] multiplies with a weight that is dense, quantised or packed for the
//! processor's kernels, an [`Embedding`] looks rows up in one. Shapes in comments: T tokens, H hidden size.

mod activation;
mod embedding;
mod linear;
mod loader;
mod norm;
mod packing;

use candle_core::{Result, Storage, Tensor, cpu_backend::CpuStorage};

pub(crate) use activation::Activation;
pub(crate) use embedding::Embedding;
pub(crate) use linear::Linear;
pub(crate) use loader::{Computing, Loader, Quantization};
pub(crate) use norm::{LayerNorm, RmsNorm, softmax};

/// What failed, in one line: candle appends a backtrace where the environment asks for one.
pub(crate) fn failure(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Hands the numbers of a tensor on the processor, in single precision and without gaps, to a kernel.
///
/// # Errors
/// Any other tensor.
pub(crate) fn numbers<R>(x: &Tensor, kernel: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let (storage, layout) = x.storage_and_layout();
    match (&*storage, layout.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::F32(all)), Some((start, end))) => Ok(kernel(&all[start..end])),
        _ => candle_core::bail!("kernels compute with contiguous numbers in single precision"),
    }
}
