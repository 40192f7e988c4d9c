//! What preprocessor_config.json says for every processor: resizing filter, mean, deviation, scale.

use std::path::Path;

use saring_verdict::EngineError;
use serde_json::Value;

use super::resize::Filter;

/// The keys of an image processor, which lie in preprocessor_config.json or under `image_processor` in
/// processor_config.json.
pub(super) struct Settings<'a> {
    path: &'a Path,
    root: &'a Value,
}

impl<'a> Settings<'a> {
    /// Looks whose settings they are and refuses what no processor here does.
    ///
    /// `do_convert_rgb` is not looked at: where it is off the reference fails on everything but RGB, and RGB stays.
    pub fn new(root: &'a Value, path: &'a Path, class: &str) -> Result<Self, EngineError> {
        let root = root.get("image_processor").filter(|nested| nested.is_object()).unwrap_or(root);
        let settings = Self { path, root };
        if !root.is_object() {
            return Err(settings.bad("it must be an object"));
        }
        // The ending stood for the variant that is now the only one.
        let found = root["image_processor_type"].as_str().unwrap_or(class);
        if found.strip_suffix("Fast").unwrap_or(found) != class {
            return Err(settings.bad(format!("`image_processor_type` is {found}; expected {class}")));
        }
        for step in ["do_resize", "do_rescale", "do_normalize"] {
            if root[step] == false {
                return Err(settings.bad(format!("`{step}`: false is not supported")));
            }
        }
        Ok(settings)
    }

    pub fn bad(&self, reason: impl Into<String>) -> EngineError {
        EngineError::BadConfig { path: self.path.to_owned(), reason: reason.into() }
    }

    /// A key that may be absent or null.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.root.get(key).filter(|value| !value.is_null())
    }

    /// A whole number from 1 to `max`, or `default` where the key is absent.
    pub fn count(&self, key: &str, default: usize, max: usize) -> Result<usize, EngineError> {
        self.get(key).map_or(Ok(default), |value| self.whole(value, key, max))
    }

    /// `value`, which stands under `key`, as a whole number from 1 to `max`.
    pub fn whole(&self, value: &Value, key: &str, max: usize) -> Result<usize, EngineError> {
        let number = value.as_u64().and_then(|n| usize::try_from(n).ok());
        number
            .filter(|n| (1..=max).contains(n))
            .ok_or_else(|| self.bad(format!("`{key}` must be a number from 1 to {max}")))
    }

    /// `resample`, Pillow's number of a filter.
    pub fn filter(&self, default: Filter) -> Result<Filter, EngineError> {
        match self.get("resample").map(Value::as_u64) {
            None => Ok(default),
            Some(Some(2)) => Ok(Filter::Bilinear),
            Some(Some(3)) => Ok(Filter::Bicubic),
            Some(_) => Err(self.bad("`resample` must be 2 (bilinear) or 3 (bicubic)")),
        }
    }

    /// What each 8-bit value becomes, for each channel.
    pub fn normalization(&self, mean: [f64; 3], std: [f64; 3]) -> Result<Normalization, EngineError> {
        let factor = self.get("rescale_factor").map_or(Some(1.0 / 255.0), Value::as_f64);
        let factor = factor
            .filter(|f| *f > 0.0 && *f <= 1.0)
            .ok_or_else(|| self.bad("`rescale_factor` must be a number above 0 and at most 1"))?;
        let mean = self.channels("image_mean", mean)?;
        let std = self.channels("image_std", std)?;
        if std.iter().any(|s| *s <= 0.0) {
            return Err(self.bad("`image_std` must be above 0"));
        }
        Ok(Normalization::new(mean, std, factor))
    }

    fn channels(&self, key: &str, default: [f64; 3]) -> Result<[f32; 3], EngineError> {
        let Some(value) = self.get(key) else { return Ok(default.map(|number| number as f32)) };
        let numbers = value.as_array().map(|values| values.iter().map(Value::as_f64).collect::<Vec<_>>());
        match numbers.as_deref() {
            Some([Some(r), Some(g), Some(b)]) => Ok([*r as f32, *g as f32, *b as f32]),
            _ => Err(self.bad(format!("`{key}` must be three numbers"))),
        }
    }
}

/// Rescaling and normalization of 8-bit values, as a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Normalization {
    channels: [[f32; 256]; 3],
}

impl Normalization {
    /// `(value - mean / factor) / (std / factor)` in single precision, fused as the reference fuses it.
    fn new(mean: [f32; 3], std: [f32; 3], factor: f64) -> Self {
        let inverse = (1.0 / factor) as f32;
        let channels = std::array::from_fn(|c| {
            let (mean, std) = (mean[c] * inverse, std[c] * inverse);
            std::array::from_fn(|value| (value as f32 - mean) / std)
        });
        Self { channels }
    }

    /// The table of a channel: 0 red, 1 green, 2 blue.
    pub fn channel(&self, channel: usize) -> &[f32; 256] {
        &self.channels[channel]
    }
}
