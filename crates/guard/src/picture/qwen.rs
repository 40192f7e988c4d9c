//! The image processor of Qwen3-VL: `transformers`' `Qwen2VLImageProcessor`.
//!
//! The picture is resized to a multiple of patch and merge size with a number of pixels between two bounds, its aspect
//! ratio nearly kept, and cut into patches. Patches that are merged later lie next to each other.

use std::path::Path;

use saring_verdict::EngineError;
use serde_json::Value;

use super::{
    Picture, PictureError,
    resize::{Filter, resize},
    settings::{Normalization, Settings},
};

/// The reference refuses pictures that are longer.
const ASPECT_RATIO_MAX: u32 = 200;
/// Far above every checkpoint's, and still within memory.
const PIXELS_MAX: usize = 1 << 26;

/// What a vision tower of Qwen's reads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Patches {
    /// `[t * h * w, channels * temporal_patch_size * patch_size * patch_size]`, in the order of the reference's
    /// `pixel_values`: merge blocks by rows, inside of each its patches by rows; a still picture is repeated in time.
    pub values: Vec<f32>,
    /// `[t, h, w]` in patches before merging.
    pub grid: [usize; 3],
}

/// Settings of the processor; the names are preprocessor_config.json's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct QwenProcessor {
    patch_size: usize,
    temporal_patch_size: usize,
    merge_size: usize,
    /// `size.shortest_edge` or `min_pixels`: a number of pixels, whatever it is called.
    pixels_min: u64,
    /// `size.longest_edge` or `max_pixels`.
    pixels_max: u64,
    filter: Filter,
    normalization: Normalization,
}

impl QwenProcessor {
    /// Reads preprocessor_config.json, or processor_config.json with an `image_processor` inside. What is absent has the
    /// reference's default.
    ///
    /// # Errors
    /// `BadConfig` with the key that is wrong or not supported.
    pub fn from_json(root: &Value, path: &Path) -> Result<Self, EngineError> {
        let settings = Settings::new(root, path, "Qwen2VLImageProcessor")?;
        // `min_pixels` and `max_pixels` win over `size`, as in the reference.
        let bound = |old: &str, new: &str, default: usize| match (settings.get(old), settings.get("size")) {
            (Some(value), _) => settings.whole(value, old, PIXELS_MAX),
            (None, Some(size)) => settings.whole(&size[new], &format!("size.{new}"), PIXELS_MAX),
            (None, None) => Ok(default),
        };
        let pixels_min = bound("min_pixels", "shortest_edge", 56 * 56)?;
        let pixels_max = bound("max_pixels", "longest_edge", 28 * 28 * 1280)?;
        if pixels_min > pixels_max {
            return Err(settings.bad(format!("`size` asks for {pixels_min} to {pixels_max} pixels")));
        }
        // The mean and deviation of CLIP, the class's default.
        let clip_mean = [0.481_454_66, 0.457_827_5, 0.408_210_73];
        let clip_std = [0.268_629_54, 0.261_302_58, 0.275_777_11];
        Ok(Self {
            patch_size: settings.count("patch_size", 14, 256)?,
            temporal_patch_size: settings.count("temporal_patch_size", 2, 16)?,
            merge_size: settings.count("merge_size", 2, 16)?,
            pixels_min: pixels_min as u64,
            pixels_max: pixels_max as u64,
            filter: settings.filter(Filter::Bicubic)?,
            normalization: settings.normalization(clip_mean, clip_std)?,
        })
    }

    /// `[t, h, w]` in patches of a picture of that size; the tower gives `t * h * w / merge_size²` embeddings.
    ///
    /// `pixels_max` lowers the checkpoint's budget of pixels and never raises it.
    ///
    /// # Errors
    /// One side is more than 200 times the other.
    pub fn grid(&self, width: u32, height: u32, pixels_max: Option<u64>) -> Result<[usize; 3], PictureError> {
        let (height, width) = self.target(width, height, pixels_max)?;
        Ok([1, height / self.patch_size, width / self.patch_size])
    }

    /// The patches of a picture.
    ///
    /// # Errors
    /// One side is more than 200 times the other.
    pub fn process(&self, picture: &Picture, pixels_max: Option<u64>) -> Result<Patches, PictureError> {
        let (height, width) = self.target(picture.width, picture.height, pixels_max)?;
        let from = (picture.width as usize, picture.height as usize);
        let pixels = resize(&picture.rgb, from, (width, height), self.filter);
        let grid = [1, height / self.patch_size, width / self.patch_size];
        Ok(Patches { values: self.patchify(&pixels, width, grid), grid })
    }

    /// Height and width to resize to: the reference's `smart_resize`.
    fn target(
        &self,
        width: u32,
        height: u32,
        pixels_max: Option<u64>,
    ) -> Result<(usize, usize), PictureError> {
        let (width, height) = (f64::from(width), f64::from(height));
        let ratio = width.max(height) / width.min(height);
        if ratio > f64::from(ASPECT_RATIO_MAX) {
            return Err(PictureError::AspectRatio { found: ratio, limit: ASPECT_RATIO_MAX });
        }
        let pixels_max = self.pixels_max.min(pixels_max.unwrap_or(u64::MAX));
        let (most, least) = (pixels_max as f64, self.pixels_min.min(pixels_max) as f64);
        let factor = (self.patch_size * self.merge_size) as f64;
        // Python rounds halves to even.
        let rounded = |side: f64| (side / factor).round_ties_even() * factor;
        let area = rounded(width) * rounded(height);
        let side = |side: f64| {
            if area > most {
                let beta = (height * width / most).sqrt();
                ((side / beta / factor).floor() * factor).max(factor)
            } else if area < least {
                let beta = (least / (height * width)).sqrt();
                (side * beta / factor).ceil() * factor
            } else {
                rounded(side)
            }
        };
        Ok((side(height) as usize, side(width) as usize))
    }

    /// `[height, width, 3]` of 8 bits to patches of normalized values.
    fn patchify(&self, pixels: &[u8], width: usize, [_, rows, columns]: [usize; 3]) -> Vec<f32> {
        let (patch, merge, frames) = (self.patch_size, self.merge_size, self.temporal_patch_size);
        let plane = patch * patch;
        let mut values = vec![0.0; rows * columns * 3 * frames * plane];
        let mut patches = values.chunks_exact_mut(3 * frames * plane);
        let blocks = (0..rows / merge).flat_map(|row| (0..columns / merge).map(move |column| (row, column)));
        for (block_row, block_column) in blocks {
            for (i, target) in patches.by_ref().take(merge * merge).enumerate() {
                let top = (block_row * merge + i / merge) * patch;
                let left = (block_column * merge + i % merge) * patch;
                for (channel, target) in target.chunks_exact_mut(frames * plane).enumerate() {
                    let table = self.normalization.channel(channel);
                    for (y, line) in target[..plane].chunks_exact_mut(patch).enumerate() {
                        let begin = ((top + y) * width + left) * 3;
                        let source = pixels[begin..begin + 3 * patch].chunks_exact(3);
                        for (value, pixel) in line.iter_mut().zip(source) {
                            *value = table[usize::from(pixel[channel])];
                        }
                    }
                    let (first, later) = target.split_at_mut(plane);
                    later.chunks_exact_mut(plane).for_each(|frame| frame.copy_from_slice(first));
                }
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(settings: &Value) -> Result<QwenProcessor, String> {
        let path = Path::new("preprocessor_config.json");
        QwenProcessor::from_json(settings, path).map_err(|error| error.to_string())
    }

    #[test]
    fn the_layouts_of_all_versions_say_the_same() {
        let layouts = [
            json!({"min_pixels": 4096, "max_pixels": 8192, "image_processor_type": "Qwen2VLImageProcessor"}),
            json!({"size": {"shortest_edge": 4096, "longest_edge": 8192}, "resample": 3, "min_pixels": null}),
            json!({"image_processor": {"size": {"shortest_edge": 4096, "longest_edge": 8192}}, "x": 1}),
            json!({"size": {"shortest_edge": 1, "longest_edge": 2}, "min_pixels": 4096, "max_pixels": 8192}),
        ];
        let first = read(&layouts[0]).unwrap();
        assert_eq!((first.pixels_min, first.pixels_max), (4096, 8192));
        for layout in &layouts[1..] {
            assert_eq!(read(layout).as_ref(), Ok(&first), "{layout}");
        }
    }

    #[test]
    fn settings_that_would_give_other_values_are_refused_by_name() {
        let refused = [
            (json!([]), "object"),
            (json!({"image_processor_type": "CLIPImageProcessor"}), "image_processor_type"),
            (json!({"do_resize": false}), "do_resize"),
            (json!({"do_rescale": false}), "do_rescale"),
            (json!({"do_normalize": false}), "do_normalize"),
            (json!({"resample": 1}), "resample"),
            (json!({"rescale_factor": 0}), "rescale_factor"),
            (json!({"image_mean": [0.5]}), "image_mean"),
            (json!({"image_std": [0.5, 0.0, 0.5]}), "image_std"),
            (json!({"patch_size": 0}), "patch_size"),
            (json!({"merge_size": "2"}), "merge_size"),
            (json!({"size": {"height": 3}}), "size.shortest_edge"),
            (json!({"max_pixels": 1u64 << 40}), "max_pixels"),
            (json!({"min_pixels": 9000, "max_pixels": 8000}), "8000"),
        ];
        for (settings, word) in refused {
            let error = read(&settings).expect_err(word);
            assert!(error.contains(word) && error.contains("preprocessor_config.json"), "{error}");
        }
    }

    #[test]
    fn a_budget_lowers_the_number_of_patches_and_never_raises_it() {
        let processor = read(&json!({"patch_size": 16, "min_pixels": 65536, "max_pixels": 262_144})).unwrap();
        let patches = |budget| processor.grid(1000, 800, budget).unwrap().iter().product::<usize>() * 256;
        let whole = patches(None);
        assert!(whole <= 262_144, "{whole}");
        assert_eq!(patches(Some(u64::MAX)), whole, "more than the checkpoint's is not more");
        assert!(patches(Some(100_000)) <= 100_000);
        assert!(patches(Some(10_000)) <= 10_000, "below the checkpoint's least too");
        assert_eq!(processor.grid(1000, 800, Some(0)), Ok([1, 2, 2]), "one merged patch is the least");
    }

    #[test]
    fn a_picture_that_is_too_long_is_refused() {
        let processor = read(&json!({})).unwrap();
        assert!(processor.grid(2000, 10, None).is_ok(), "200 times is allowed");
        let refused = PictureError::AspectRatio { found: 200.1, limit: 200 };
        assert_eq!(processor.grid(10, 2001, None), Err(refused.clone()));
        let picture = Picture { width: 2001, height: 10, rgb: vec![0; 3 * 20_010] };
        assert_eq!(processor.process(&picture, None), Err(refused));
    }
}
