//! The parts that decoders and vision towers are made of, and how their tensors come from a checkpoint.
//!
//! A [`Loader`] reads tensors for one device; a [`Linear`] multiplies with a weight that is dense or quantised, an
//! [`Embedding`] looks rows up in one. Shapes in comments: B rows, T tokens, H hidden size.

mod activation;
mod embedding;
mod linear;
mod loader;
mod norm;

pub(crate) use activation::{gelu_tanh, silu};
pub(crate) use embedding::Embedding;
pub(crate) use linear::Linear;
pub(crate) use loader::{Loader, Quantization};
pub(crate) use norm::{RmsNorm, softmax};

/// What failed, in one line: candle appends a backtrace where the environment asks for one.
pub(crate) fn failure(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
