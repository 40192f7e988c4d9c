//! Rotary position embedding: frequencies from config.json in either layout, tables for given positions.

use candle_core::{DType, Device, Result, Tensor};
use serde_json::Value;

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

impl RopeScaling {
    /// Base and scaling from `rope_parameters` (transformers 5) or `rope_theta` and `rope_scaling` (4).
    ///
    /// # Errors
    /// A sentence that names the key.
    pub fn from_json(root: &Value) -> std::result::Result<(f64, Self), String> {
        let (theta, scaling) = if root["rope_parameters"].is_object() {
            (&root["rope_parameters"]["rope_theta"], &root["rope_parameters"])
        } else {
            (&root["rope_theta"], &root["rope_scaling"])
        };
        let theta = theta.as_f64().filter(|t| *t > 1.0).ok_or("`rope_theta` must be a number above 1")?;
        let number = |key: &str| {
            scaling[key]
                .as_f64()
                .filter(|n| *n > 0.0)
                .ok_or_else(|| format!("`{key}` of the rope scaling must be a positive number"))
        };
        let kind = scaling["rope_type"].as_str().or(scaling["type"].as_str()).unwrap_or("default");
        let scaling = match kind {
            "default" => Self::Default,
            "linear" => Self::Linear { factor: number("factor")? },
            "llama3" => Self::Llama3 {
                factor: number("factor")?,
                low_freq_factor: number("low_freq_factor")?,
                high_freq_factor: number("high_freq_factor")?,
                original_context: number("original_max_position_embeddings")?,
            },
            other => return Err(format!("the rope type {other:?} is not supported")),
        };
        Ok((theta, scaling))
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

/// The frequencies of one decoder.
#[derive(Debug)]
pub(crate) struct Rope {
    frequencies: Vec<f32>,
}

impl Rope {
    /// For heads of `head_dim` numbers.
    pub fn new(theta: f64, scaling: RopeScaling, head_dim: usize) -> Self {
        // In single precision, as the reference computes them: the last digit is part of the parity.
        let frequency = |i: usize| 1.0 / (theta as f32).powf(i as f32 / head_dim as f32);
        let frequencies =
            (0..head_dim).step_by(2).map(|i| scaling.stretch(f64::from(frequency(i))) as f32).collect();
        Self { frequencies }
    }

    /// Cosines and sines for `positions` [B][T]: `[T, D/2]` where all rows have the same positions, else `[B, T, D/2]`.
    pub fn tables(&self, positions: &[Vec<u32>], dtype: DType, device: &Device) -> Result<(Tensor, Tensor)> {
        let same = positions.windows(2).all(|pair| pair[0] == pair[1]);
        let rows = if same { &positions[..1] } else { positions };
        let (t, half) = (rows[0].len(), self.frequencies.len());
        let mut cos = Vec::with_capacity(rows.len() * t * half);
        let mut sin = Vec::with_capacity(rows.len() * t * half);
        for position in rows.iter().flatten() {
            for frequency in &self.frequencies {
                let (s, c) = (*position as f32 * frequency).sin_cos();
                cos.push(c);
                sin.push(s);
            }
        }
        let table = |numbers: Vec<f32>| {
            let table = Tensor::from_vec(numbers, (rows.len(), t, half), device)?.to_dtype(dtype)?;
            if same { table.squeeze(0) } else { Ok(table) }
        };
        Ok((table(cos)?, table(sin)?))
    }
}
