//! Decoders: what a checkpoint's tensors compute. They know tokens and positions, no words and no labels.
//!
//! [`Qwen3`] is the one architecture so far. A row is a sequence of token ids; rows of one batch may differ in length.
//! Keys and values live in a [`Cache`]; what every row begins with can be computed once as a [`SharedPrefix`].
//! Positions and masks are made in [`attention`] only.

mod attention;
mod cache;
mod config;
#[cfg(test)]
mod golden_tests;
mod qwen3;
mod rope;

pub(crate) use cache::{Cache, SharedPrefix};
pub(crate) use config::Qwen3Config;
pub(crate) use qwen3::Qwen3;

/// `architectures[0]` of every checkpoint that can be run, for error messages.
pub(crate) const SUPPORTED: &str = "Qwen3ForCausalLM";
