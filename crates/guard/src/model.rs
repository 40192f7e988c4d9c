//! A checkpoint's tensors on a device: decoder, vision tower and heads, such as it has.

use candle_core::{DType, Device, Tensor};
use saring_verdict::{EngineError, Progress};

use crate::{
    checkpoint::{Checkpoint, TensorSpec, Weights},
    decoder::{Architecture, Decoder, DecoderConfig, ImageFeatures, SUPPORTED},
    images::Prepared,
    layers::{Computing, Loader},
    precision::Precision,
    stream_heads::{StreamConfig, StreamHeads},
    vision::{self, VisionConfig, VisionTower},
};

/// What shapes a model.
#[derive(Clone, Debug)]
pub(crate) struct ModelConfig {
    /// The decoder.
    pub text: DecoderConfig,
    /// The vision tower, if it reads images.
    pub vision: Option<VisionConfig>,
    /// The heads that answer in place of the vocabulary's, if it has them.
    pub heads: Option<StreamConfig>,
}

/// A model with its weights.
#[derive(Debug)]
pub(crate) struct Model {
    /// Reads tokens.
    pub decoder: Decoder,
    /// Reads images.
    pub vision: Option<VisionTower>,
    /// Answer at every token.
    pub heads: Option<StreamHeads>,
    dtype: DType,
    device: Device,
}

impl ModelConfig {
    /// Reads the configuration of a checkpoint. What heads answer is in part said by the shapes of their tensors alone.
    ///
    /// # Errors
    /// `UnknownArchitecture`, `BadConfig`; for heads what can be wrong with the headers of weights.
    pub fn read(checkpoint: &Checkpoint) -> Result<Self, EngineError> {
        let architecture = Architecture::from_name(&checkpoint.architecture).ok_or_else(|| {
            EngineError::UnknownArchitecture {
                found: checkpoint.architecture.clone(),
                supported: SUPPORTED.into(),
            }
        })?;
        let (root, path) = (&checkpoint.config, checkpoint.config_path());
        let heads = match architecture {
            Architecture::Qwen3GuardStream => {
                Some(StreamConfig::from_json(root, &path, &Weights::open(checkpoint)?)?)
            }
            _ => None,
        };
        let text = architecture.config(root, &path)?;
        Ok(Self { text, vision: VisionConfig::from_json(root, &path)?, heads })
    }

    /// The tensors that a checkpoint of this shape must hold.
    pub fn tensors(&self) -> Vec<TensorSpec> {
        let mut specs = Decoder::tensors(&self.text);
        specs.extend(self.vision.iter().flat_map(vision::tensors));
        specs.extend(self.heads.iter().flat_map(StreamHeads::tensors));
        specs
    }
}

impl Model {
    /// Reads the weights. That all of them are there has been checked with [`ModelConfig::tensors`].
    ///
    /// # Errors
    /// Those of the loader.
    pub fn load(
        config: &ModelConfig,
        weights: &Weights,
        precision: Precision,
        device: &Device,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, EngineError> {
        let (dtype, quantization) = (precision.dtype, precision.quantization);
        let mut loader = Loader::new(weights, dtype, device, Computing::best(device), quantization, progress);
        let decoder = Decoder::load(config.text.clone(), &mut loader)?;
        let vision =
            config.vision.as_ref().map(|vision| VisionTower::load(vision, &mut loader)).transpose()?;
        let heads = config.heads.clone().map(|heads| StreamHeads::load(heads, &mut loader)).transpose()?;
        let dtype = Computing::best(device).activations(dtype);
        Ok(Self { decoder, vision, heads, dtype, device: device.clone() })
    }

    /// What an image is to the decoder.
    ///
    /// # Errors
    /// Those of the device; an image that was prepared for another tower, or a model that reads none.
    pub fn see(&self, prepared: Prepared) -> candle_core::Result<ImageFeatures> {
        let on_device = |values: Vec<f32>, shape: &[usize]| {
            Tensor::from_vec(values, shape, &self.device)?.to_dtype(self.dtype)
        };
        let mut seen = match (&self.vision, prepared) {
            (Some(VisionTower::Qwen3Vl(tower)), Prepared::Patches(patches)) => {
                let rows: usize = patches.grid.iter().product();
                let numbers = patches.values.len() / rows;
                tower.forward(&on_device(patches.values, &[rows, numbers])?, &[patches.grid])?
            }
            (Some(VisionTower::Gemma3(tower)), Prepared::Pixels(pixels)) => {
                let [height, width] = pixels.size;
                tower.forward(&on_device(pixels.values, &[1, 3, height, width])?)?
            }
            _ => candle_core::bail!("the image was not prepared for this model"),
        };
        match seen.pop() {
            Some(features) => Ok(features),
            None => candle_core::bail!("the vision tower saw nothing"),
        }
    }
}
