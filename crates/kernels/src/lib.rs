//! The CPU kernels that guard models run on: packed weights times the tokens of a batch, and what stands between them.
//!
//! A [`Matrix`] is a linear layer's weight, packed once at loading as f32, f16, bf16 or int8 with a scale for each group
//! of 32, and multiplied with all tokens of a batch at once; [`multiply_gated`] is the first half of a feed-forward block, an
//! [`Epilogue`] adds biases and applies activations before a product leaves the caches.
//! A [`Segment`] holds keys and values, and [`attend`] reads the one that all rows share once for several rows. The
//! instruction set is chosen at run time, see [`Isa`]; work is spread over rayon's global pool.
//!
//! # How exact
//! - f32, f16 and other storages: f32 throughout, sums in blocks of 384 inputs.
//! - bf16: the same with AVX2 and in plain Rust. AVX-512 with bf16 dot products rounds activations to bf16 (relative error
//!   2^-9 each, to nearest even) and takes subnormal numbers as zero; products and sums are f32.
//! - int8: activations are rounded to 8 bits with an f32 scale for each token and group of 32, so that an outlier channel
//!   costs its own group only. Integer sums of a group are exact on every instruction set.
//! - The exponential of softmax and gates: relative error below 2.5e-7. Activations: within 3e-7 and 2e-7 of their size.
//!
//! # Instruction sets
//! The tiles are written once over a dozen operations ([`Isa`] has an implementation for each). Tests compare every
//! set that the processor has with f64 and with plain Rust. What AVX-512 and AVX-VNNI do differently (two panels a tile,
//! bytes with unsigned weights, pairs of bf16) is tested in plain Rust too; their instructions only where they exist.
//!
//! # Why own kernels
//! Measured on one core of a Zen 3 server at 3.2 GHz, AVX2, while others used the machine too, so in processor time: the
//! best of repeated runs, GFLOP/s, 1024 inputs to 3072 outputs. Fused multiply-adds alone reach 102 there; the
//! multiply and add of exact 16-bit pairs, on which int8 rests without VNNI, 167.
//!
//! | tokens | f32 | bf16 | int8 | `gemm` 0.19 f32 | `rten-gemm` 0.27 f32, packed | `rten-gemm` u8 x i8, packed |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | 1 | 24 | 20 | 27 | 26 | 22 | 31 |
//! | 8 | 80 | 66 | 87 | 15 | 71 | 123 |
//! | 96 | 83 | 86 | 112 | 67 | 82 | 177 |
//! | 512 | 90 | 90 | 115 | 89 | 81 | 174 |
//!
//! `gemm`, which candle uses, packs weights again in every call, which a batch of 512 tokens hides and a short one does
//! not, and has no int8. `rten-gemm` is as fast in f32 and faster in int8 here, but its u8 x i8 product knows zero points
//! of rows and columns and no scales, so none for a group, and without VNNI it may saturate unless the numbers are kept
//! to a smaller range; its weights with group scales have 4 bits and are multiplied row by row; it has no bf16. Neither
//! gates, nor reads a prefix once for all rows.

mod activations;
mod attention;
mod exponential;
mod isa;
mod line;
mod matrix;
mod multiply;
mod norm;
mod numbers;
mod segment;
mod strided;
mod task;
#[cfg(test)]
mod tests;
mod tile;

pub use attention::{Queries, attend};
pub use exponential::Activation;
pub use isa::Isa;
pub use matrix::{Matrix, Rows, ShapeError};
pub use multiply::{Epilogue, Then, multiply_gated};
pub use norm::{Affine, layer_norm, rms_norm, rope};
pub use segment::Segment;
pub use strided::Strided;
