//! Images of subjects: from a path to what a vision tower reads.
//!
//! An [`ImageReader`] knows how a checkpoint wants its images: how many tokens stand for one, and its pixel values. An
//! image that is not the one that its hash names is refused.

use std::{fs, path::Path};

use saring_verdict::{EngineError, ImageRef, JudgeError};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    checkpoint::{Checkpoint, hex},
    picture::{
        self, Picture, PictureError, gemma::GemmaProcessor, gemma::Pixels, qwen::Patches, qwen::QwenProcessor,
    },
    turn::ImageMarkup,
    vision::VisionConfig,
};

#[derive(Debug)]
enum Processor {
    Qwen3Vl {
        processor: QwenProcessor,
        /// Patches in one token.
        merged: usize,
    },
    Gemma3(GemmaProcessor),
}

/// What a vision tower is given.
#[derive(Clone, Debug)]
pub(crate) enum Prepared {
    /// For Qwen3-VL's.
    Patches(Patches),
    /// For SigLIP.
    Pixels(Pixels),
}

/// How a checkpoint's images are prepared.
#[derive(Debug)]
pub(crate) struct ImageReader {
    processor: Processor,
    /// See [`saring_verdict::GuardCard::processor_sha256`].
    pub processor_sha256: String,
}

impl ImageReader {
    /// Reads the processor's configuration of a checkpoint.
    ///
    /// # Errors
    /// `MissingFile` where there is none: image sizes are never guessed. `BadConfig`, `Io`.
    pub fn open(checkpoint: &Checkpoint, vision: &VisionConfig) -> Result<Self, EngineError> {
        let own = checkpoint.image_processor()?;
        let around = checkpoint.processor()?;
        let (root, path): (&Value, &Path) = match (&own, &around) {
            (Some((root, path)), _) | (None, Some((root, path))) => (root, path),
            (None, None) => {
                return Err(EngineError::MissingFile {
                    folder: checkpoint.folder.clone(),
                    file: "preprocessor_config.json".into(),
                });
            }
        };
        let around = around.as_ref().map_or(Value::Null, |(value, _)| value.clone());
        let processor_sha256 = hex(&Sha256::digest(format!("{root}\n{around}").as_bytes()));
        let processor = match vision {
            VisionConfig::Qwen3Vl(config) => Processor::Qwen3Vl {
                processor: QwenProcessor::from_json(root, path)?,
                merged: config.spatial_merge_size * config.spatial_merge_size,
            },
            VisionConfig::Gemma3(_) => Processor::Gemma3(GemmaProcessor::from_json(root, &around, path)?),
        };
        Ok(Self { processor, processor_sha256 })
    }

    /// How images are written into prompts.
    pub fn markup(&self) -> ImageMarkup {
        match self.processor {
            Processor::Qwen3Vl { .. } => ImageMarkup::QWEN3_VL,
            Processor::Gemma3(_) => ImageMarkup::GEMMA3,
        }
    }

    /// How many tokens stand for an image, by its header. `position` counts the images of the subject from 1.
    ///
    /// # Errors
    /// `Image`.
    pub fn tokens(
        &self,
        image: &ImageRef,
        position: u32,
        pixels_max: Option<u64>,
    ) -> Result<usize, JudgeError> {
        let bytes = read(image, position)?;
        let (width, height) = picture::probe(&bytes).map_err(|e| unusable(position, &e))?;
        match &self.processor {
            Processor::Qwen3Vl { processor, merged } => {
                let grid = processor.grid(width, height, pixels_max).map_err(|e| unusable(position, &e))?;
                Ok(grid.iter().product::<usize>() / merged)
            }
            Processor::Gemma3(processor) => Ok(processor.tokens_per_image()),
        }
    }

    /// The pixel values of an image.
    ///
    /// # Errors
    /// `Image`, also for a file that is not the one that was meant.
    pub fn prepare(
        &self,
        image: &ImageRef,
        position: u32,
        pixels_max: Option<u64>,
    ) -> Result<Prepared, JudgeError> {
        let bytes = read(image, position)?;
        if hex(&Sha256::digest(&bytes)) != image.sha256 {
            let reason = "the file is not the one that was imported any more".to_owned();
            return Err(JudgeError::Image { position, reason });
        }
        let picture = picture::decode(bytes).map_err(|e| unusable(position, &e))?;
        self.process(&picture, pixels_max).map_err(|e| unusable(position, &e))
    }

    /// The pixel values of a picture.
    ///
    /// # Errors
    /// One side is too long for the other.
    pub fn process(&self, picture: &Picture, pixels_max: Option<u64>) -> Result<Prepared, PictureError> {
        match &self.processor {
            Processor::Qwen3Vl { processor, .. } => {
                processor.process(picture, pixels_max).map(Prepared::Patches)
            }
            Processor::Gemma3(processor) => processor.process(picture).map(Prepared::Pixels),
        }
    }
}

fn read(image: &ImageRef, position: u32) -> Result<Vec<u8>, JudgeError> {
    let refuse = |reason: String| JudgeError::Image { position, reason };
    let bytes = fs::metadata(&image.path).map_err(|e| refuse(e.kind().to_string()))?.len();
    if bytes > picture::BYTES_MAX {
        let limit = picture::BYTES_MAX;
        return Err(refuse(format!("the file has {bytes} bytes; at most {limit} are read")));
    }
    fs::read(&image.path).map_err(|e| refuse(e.kind().to_string()))
}

fn unusable(position: u32, error: &PictureError) -> JudgeError {
    JudgeError::Image { position, reason: error.to_string() }
}
