//! The image processor of Gemma 3: `transformers`' `Gemma3ImageProcessor`.
//!
//! Every picture is stretched to one size, whatever its shape. "Pan and scan" (crops beside the whole picture) is off in
//! the published checkpoints and is refused.

use std::path::Path;

use saring_verdict::EngineError;
use serde_json::Value;

use super::{
    Picture, PictureError,
    resize::{Filter, resize},
    settings::{Normalization, Settings},
};

const SIDE_MAX: usize = 4096;
const TOKENS_PER_IMAGE: usize = 256;

/// What the SigLIP tower reads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pixels {
    /// `[3, height, width]`: the planes of red, green and blue.
    pub values: Vec<f32>,
    /// `[height, width]`.
    pub size: [usize; 2],
}

/// Settings of the processor; the names are preprocessor_config.json's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GemmaProcessor {
    height: usize,
    width: usize,
    tokens_per_image: usize,
    filter: Filter,
    normalization: Normalization,
}

impl GemmaProcessor {
    /// Reads preprocessor_config.json and, for `image_seq_length`, processor_config.json (null where there is none); in
    /// the layout with `image_processor` inside both are the same file. What is absent has the reference's default.
    ///
    /// # Errors
    /// `BadConfig` with the key that is wrong or not supported.
    pub fn from_json(root: &Value, processor: &Value, path: &Path) -> Result<Self, EngineError> {
        let settings = Settings::new(root, path, "Gemma3ImageProcessor")?;
        if settings.get("do_pan_and_scan").is_some_and(|value| *value != false) {
            return Err(settings.bad("`do_pan_and_scan`: true is not supported; set it to false"));
        }
        let side = |key: &str| match settings.get("size") {
            Some(size) => settings.whole(&size[key], &format!("size.{key}"), SIDE_MAX),
            None => Ok(224),
        };
        let tokens = processor.get("image_seq_length").filter(|value| !value.is_null());
        let tokens = tokens.or_else(|| settings.get("image_seq_length"));
        Ok(Self {
            height: side("height")?,
            width: side("width")?,
            tokens_per_image: tokens
                .map_or(Ok(TOKENS_PER_IMAGE), |value| settings.whole(value, "image_seq_length", 1 << 16))?,
            filter: settings.filter(Filter::Bilinear)?,
            normalization: settings.normalization([0.5; 3], [0.5; 3])?,
        })
    }

    /// How many tokens stand for a picture.
    pub fn tokens_per_image(&self) -> usize {
        self.tokens_per_image
    }

    /// The pixel values of a picture.
    ///
    /// # Errors
    /// None that a [`Picture`] can cause; as with the other processor, so that both are called alike.
    pub fn process(&self, picture: &Picture) -> Result<Pixels, PictureError> {
        let from = (picture.width as usize, picture.height as usize);
        let pixels = resize(&picture.rgb, from, (self.width, self.height), self.filter);
        let mut values = Vec::with_capacity(pixels.len());
        for channel in 0..3 {
            let table = self.normalization.channel(channel);
            values.extend(pixels.chunks_exact(3).map(|pixel| table[usize::from(pixel[channel])]));
        }
        Ok(Pixels { values, size: [self.height, self.width] })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(settings: &Value, processor: &Value) -> Result<GemmaProcessor, String> {
        let path = Path::new("preprocessor_config.json");
        GemmaProcessor::from_json(settings, processor, path).map_err(|error| error.to_string())
    }

    #[test]
    fn the_number_of_tokens_is_the_processors_then_the_image_processors_then_256() {
        let tokens = |settings, processor| read(&settings, &processor).unwrap().tokens_per_image();
        let counted = json!({"image_seq_length": 64});
        assert_eq!(tokens(json!({}), Value::Null), 256);
        assert_eq!(tokens(counted.clone(), Value::Null), 64);
        assert_eq!(tokens(counted, json!({"image_seq_length": 16})), 16);
        let both = json!({"image_seq_length": 49, "image_processor": {"size": {"height": 98, "width": 98}}});
        assert_eq!(tokens(both.clone(), both), 49, "one file holds both");
    }

    #[test]
    fn settings_that_would_give_other_values_are_refused_by_name() {
        let refused = [
            (json!({"do_pan_and_scan": true}), "do_pan_and_scan"),
            (json!({"image_processor_type": "Qwen2VLImageProcessor"}), "image_processor_type"),
            (json!({"size": {"shortest_edge": 896}}), "size.height"),
            (json!({"size": {"height": 896, "width": 1e9}}), "size.width"),
            (json!({"image_seq_length": 0}), "image_seq_length"),
            (json!({"do_normalize": false}), "do_normalize"),
        ];
        for (settings, word) in refused {
            let error = read(&settings, &Value::Null).expect_err(word);
            assert!(error.contains(word) && error.contains("preprocessor_config.json"), "{error}");
        }
    }
}
