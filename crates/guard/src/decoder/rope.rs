//! Rotary position embedding: frequencies from config.json in either layout, tables for given positions.

use candle_core::{DType, Device, Result, Tensor};
use serde_json::Value;

use super::positions::Position;

/// How frequencies are stretched for longer contexts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum RopeScaling {
    /// Not at all.
    Default,
    /// All by one factor.
    Linear {
        /// The factor.
        factor: f64,
    },
    /// Low frequencies by a factor, high ones not, with a ramp between (Llama 3.1).
    Llama3 {
        /// For the low frequencies.
        factor: f64,
        /// Where the ramp begins.
        low_freq_factor: f64,
        /// Where it ends.
        high_freq_factor: f64,
        /// The context it was trained with.
        original_context: f64,
    },
}

/// How heads are rotated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RopeConfig {
    /// The base of the frequencies.
    pub theta: f64,
    /// How they are stretched.
    pub scaling: RopeScaling,
    /// `mrope_section`: how many frequencies follow a position's time, height and width. They alternate as far as
    /// height and width reach. `None` where positions have one coordinate.
    pub sections: Option<[usize; 3]>,
}

impl RopeConfig {
    /// Base and scaling from `rope_parameters` (transformers 5) or `rope_theta` and `rope_scaling` (4). Where layers are of
    /// several kinds, `kind` is the one that is meant: version 5 has one object for each, version 4 wrote
    /// `rope_local_base_freq` for `sliding_attention` and stretched none of its frequencies.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub fn from_json(
        text: &Value,
        kind: Option<&str>,
        default_theta: Option<f64>,
    ) -> std::result::Result<Self, String> {
        let (theta_key, theta, scaling) = if text["rope_parameters"].is_object() {
            let all = &text["rope_parameters"];
            let own = kind.map_or(all, |kind| &all[kind]);
            ("rope_theta", &own["rope_theta"], own)
        } else if kind == Some("sliding_attention") {
            ("rope_local_base_freq", &text["rope_local_base_freq"], &Value::Null)
        } else {
            ("rope_theta", &text["rope_theta"], &text["rope_scaling"])
        };
        let theta = if theta.is_null() { default_theta } else { theta.as_f64() };
        let theta =
            theta.filter(|t| *t > 1.0).ok_or_else(|| format!("`{theta_key}` must be a number above 1"))?;
        if !matches!(scaling["partial_rotary_factor"].as_f64(), None | Some(1.0)) {
            return Err("`partial_rotary_factor` is not supported".into());
        }
        Ok(Self { theta, scaling: RopeScaling::from_json(scaling)?, sections: None })
    }

    /// The same with `mrope_section`, or what transformers takes where it is absent.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub fn with_sections(self, text: &Value, default: [usize; 3]) -> std::result::Result<Self, String> {
        let own = if text["rope_parameters"].is_object() { "rope_parameters" } else { "rope_scaling" };
        let own = &text[own];
        if own["mrope_interleaved"] == false {
            return Err("`mrope_interleaved`: false is not supported".into());
        }
        let sections = match &own["mrope_section"] {
            Value::Null => Some(default),
            sections => serde_json::from_value(sections.clone()).ok(),
        };
        let sections = sections.ok_or("`mrope_section` must be a list of three numbers")?;
        Ok(Self { sections: Some(sections), ..self })
    }
}

impl RopeScaling {
    fn from_json(scaling: &Value) -> std::result::Result<Self, String> {
        let number = |key: &str| {
            scaling[key]
                .as_f64()
                .filter(|n| *n > 0.0)
                .ok_or_else(|| format!("`{key}` of the rope scaling must be a positive number"))
        };
        match scaling["rope_type"].as_str().or(scaling["type"].as_str()).unwrap_or("default") {
            "default" => Ok(Self::Default),
            "linear" => Ok(Self::Linear { factor: number("factor")? }),
            "llama3" => Ok(Self::Llama3 {
                factor: number("factor")?,
                low_freq_factor: number("low_freq_factor")?,
                high_freq_factor: number("high_freq_factor")?,
                original_context: number("original_max_position_embeddings")?,
            }),
            other => Err(format!("the rope type {other:?} is not supported")),
        }
    }

    fn stretch(self, frequency: f64) -> f64 {
        match self {
            Self::Default => frequency,
            Self::Linear { factor } => frequency / factor,
            Self::Llama3 { factor, low_freq_factor, high_freq_factor, original_context } => {
                let wavelength = 2.0 * std::f64::consts::PI / frequency;
                if wavelength > original_context / low_freq_factor {
                    frequency / factor
                } else if wavelength < original_context / high_freq_factor {
                    frequency
                } else {
                    let ramp = (original_context / wavelength - low_freq_factor)
                        / (high_freq_factor - low_freq_factor);
                    (1.0 - ramp) * frequency / factor + ramp * frequency
                }
            }
        }
    }
}

/// The frequencies of one kind of attention.
#[derive(Debug)]
pub(super) struct Rope {
    /// Each with the coordinate of a position that it follows.
    frequencies: Vec<(f32, usize)>,
}

impl Rope {
    /// For heads of `head_dim` numbers.
    pub fn new(config: &RopeConfig, head_dim: usize) -> Self {
        // In single precision, as the reference computes them: the last digit is part of the parity.
        let frequency = |i: usize| 1.0 / (config.theta as f32).powf(i as f32 / head_dim as f32);
        let frequencies = (0..head_dim)
            .step_by(2)
            .map(|i| config.scaling.stretch(f64::from(frequency(i))) as f32)
            .enumerate()
            .map(|(place, frequency)| (frequency, coordinate(place, config.sections)))
            .collect();
        Self { frequencies }
    }

    /// Cosines and sines for `positions`: `[T, D/2]` each.
    pub fn tables(&self, positions: &[Position], dtype: DType, device: &Device) -> Result<(Tensor, Tensor)> {
        let shape = (positions.len(), self.frequencies.len());
        let mut cos = Vec::with_capacity(shape.0 * shape.1);
        let mut sin = Vec::with_capacity(shape.0 * shape.1);
        for position in positions {
            for (frequency, coordinate) in &self.frequencies {
                let (s, c) = (position[*coordinate] as f32 * frequency).sin_cos();
                cos.push(c);
                sin.push(s);
            }
        }
        let table = |numbers: Vec<f32>| Tensor::from_vec(numbers, shape, device)?.to_dtype(dtype);
        Ok((table(cos)?, table(sin)?))
    }
}

/// Which coordinate the frequency at `place` follows: time, but height at places 1, 4, 7, ... and width at 2, 5, 8, ... as
/// far as their sections reach.
fn coordinate(place: usize, sections: Option<[usize; 3]>) -> usize {
    let Some(sections) = sections else { return 0 };
    match place % 3 {
        axis @ (1 | 2) if place < 3 * sections[axis] => axis,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_alternate_between_the_coordinates_as_far_as_sections_reach() {
        let found: Vec<usize> = (0..10).map(|place| coordinate(place, Some([4, 3, 3]))).collect();
        assert_eq!(found, [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
        let found: Vec<usize> = (0..8).map(|place| coordinate(place, Some([5, 2, 1]))).collect();
        assert_eq!(found, [0, 1, 2, 0, 1, 0, 0, 0]);
        assert_eq!(coordinate(1, None), 0, "text alone has one coordinate");
    }
}
