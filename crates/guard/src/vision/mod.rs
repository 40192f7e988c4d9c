//! Vision towers: from pixel values to what stands for an image among a decoder's tokens.
//!
//! A [`VisionConfig`] says whether a checkpoint reads images and how; a [`VisionTower`] computes
//! [`ImageFeatures`](crate::decoder::ImageFeatures) from
//! what [`picture`](crate::picture) prepares; a [`FeatureCache`] keeps them by the image's content, since an image costs
//! more than the text around it. Towers are made of the same [`block`]s; positions are made in [`positions`] only.

mod attention;
mod block;
mod cache;
#[cfg(test)]
mod cache_tests;
mod config;
mod gemma3;
#[cfg(test)]
mod golden_tests;
mod memory;
mod packed;
mod positions;
mod qwen3_vl;

use saring_verdict::EngineError;

pub(crate) use cache::FeatureCache;
pub(crate) use config::{Gemma3VisionConfig, Qwen3VlVisionConfig, VisionConfig};
pub(crate) use gemma3::Gemma3Tower;
pub(crate) use memory::working_bytes;
pub(crate) use qwen3_vl::Qwen3VlTower;

use crate::{checkpoint::TensorSpec, layers::Loader};

/// The vision tower of a checkpoint.
#[derive(Debug)]
pub(crate) enum VisionTower {
    /// Reads [`Patches`](crate::picture::qwen::Patches).
    Qwen3Vl(Qwen3VlTower),
    /// Reads [`Pixels`](crate::picture::gemma::Pixels).
    Gemma3(Gemma3Tower),
}

impl VisionTower {
    /// Copies the tower to the loader's device. The tensors have been checked.
    ///
    /// # Errors
    /// Those of the loader.
    pub fn load(config: &VisionConfig, loader: &mut Loader<'_>) -> Result<Self, EngineError> {
        match config {
            VisionConfig::Qwen3Vl(config) => Qwen3VlTower::load(config.clone(), loader).map(Self::Qwen3Vl),
            VisionConfig::Gemma3(config) => Gemma3Tower::load(config.clone(), loader).map(Self::Gemma3),
        }
    }
}

/// The tensors that a checkpoint with such a tower must hold beside its decoder's.
pub(crate) fn tensors(config: &VisionConfig) -> Vec<TensorSpec> {
    match config {
        VisionConfig::Qwen3Vl(config) => Qwen3VlTower::tensors(config),
        VisionConfig::Gemma3(config) => Gemma3Tower::tensors(config),
    }
}
