//! Decoders: what a checkpoint's tensors compute. They know tokens, images and positions, no words and no labels.
//!
//! An [`Architecture`] reads config.json into a [`DecoderConfig`], which says as data how architectures differ; one
//! [`Decoder`] computes them all. A [`Row`] is a sequence of token ids, some of which stand for images; rows of one batch
//! may differ in length. Keys and values live in a [`Cache`]; what every row begins with can be computed once as a
//! [`SharedPrefix`]. Rows of several caches are read in one pass, their tokens one behind the other. Who sees whom is decided
//! in [`attention`] only, where tokens stand in [`positions`] only.

mod architecture;
mod attention;
mod cache;
mod call;
mod config;
mod feed_forward;
#[cfg(test)]
mod golden_tests;
mod images;
mod keys;
mod layer;
mod positions;
mod prefill;
mod rope;
mod row;
mod stack;
mod tensors;

pub(crate) use architecture::{Architecture, SUPPORTED};
pub(crate) use cache::{Cache, SharedPrefix};
pub(crate) use config::DecoderConfig;
pub(crate) use prefill::Group;
pub(crate) use row::{ImageFeatures, ImageSpan, Row};
pub(crate) use stack::Decoder;
