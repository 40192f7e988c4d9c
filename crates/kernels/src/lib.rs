//! The CPU kernels that guard models run on: packed weights times the tokens of a batch, and what stands between them.
//!
//! A [`Matrix`] is a linear layer's weight, packed once at loading as f32, f16, bf16 or int8 with a scale for each group
//! of 32, and multiplied with all tokens of a batch at once. The instruction set is chosen at run time, see [`Isa`].
//! Work is spread over rayon's global pool.

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
#[cfg(test)]
mod tests;
mod tile;

pub use attention::{Queries, attend};
pub use exponential::Gate;
pub use isa::Isa;
pub use matrix::{Matrix, Rows, ShapeError};
pub use multiply::multiply_gated;
pub use norm::{rms_norm, rope};
pub use segment::Segment;
