//! Precisions: what a checkpoint is computed in, what that is called, and what its weights then weigh.

use candle_core::{DType, quantized::GgmlDType};
use saring_verdict::PrecisionChoice;

use crate::{
    checkpoint::{Stored, Weights},
    layers::Quantization,
};

/// In what a guard is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Precision {
    /// What is computed in.
    pub dtype: DType,
    /// How weights are quantised while they are loaded.
    pub quantization: Option<Quantization>,
    /// How they are stored.
    stored: Stored,
}

impl Precision {
    /// Every precision that a checkpoint can be run in, its own first.
    pub fn all(stored: Stored) -> Vec<Self> {
        use PrecisionChoice::{Auto, Bf16, F32, Int4, Int8};
        let mut all: Vec<Self> = Vec::new();
        for choice in [Auto, F32, Bf16, Int8, Int4] {
            let precision = Self::choose(choice, stored);
            if !all.iter().any(|known| known.name() == precision.name()) {
                all.push(precision);
            }
        }
        all
    }

    /// What a choice means for a checkpoint that is stored so. `Auto` takes it as it is: a quantised one is multiplied in
    /// single precision without being unpacked, like `Int8` and `Int4`, which leave alone what is quantised already.
    pub fn choose(choice: PrecisionChoice, stored: Stored) -> Self {
        let own = match stored {
            Stored::Dense(dtype @ (DType::BF16 | DType::F16)) => dtype,
            Stored::Dense(_) | Stored::Packed(_) => DType::F32,
        };
        let plain = |dtype| Self { dtype, quantization: None, stored };
        let quantised = |q| match stored {
            Stored::Dense(_) => Self { dtype: DType::F32, quantization: Some(q), stored },
            Stored::Packed(_) => plain(own),
        };
        match choice {
            PrecisionChoice::Auto => plain(own),
            PrecisionChoice::F32 => plain(DType::F32),
            PrecisionChoice::Bf16 => plain(DType::BF16),
            PrecisionChoice::Int8 => quantised(Quantization::Int8),
            PrecisionChoice::Int4 => quantised(Quantization::Int4),
        }
    }

    /// Its name, as verdicts record it.
    pub fn name(self) -> String {
        match (self.quantization, self.stored) {
            (Some(Quantization::Int8), _) => "int8".into(),
            (Some(Quantization::Int4), _) => "int4".into(),
            (None, Stored::Packed(format)) => packed_name(format),
            (None, Stored::Dense(_)) => match self.dtype {
                DType::BF16 => "bf16".into(),
                DType::F16 => "f16".into(),
                _ => "f32".into(),
            },
        }
    }

    /// Bytes of the weights on a device. Matrices that are quantised while they are loaded count at their block's size,
    /// embedding and head at eight bits.
    pub fn weight_bytes(self, weights: &Weights) -> u64 {
        weights.bytes_packed(self.dtype, |name, shape| {
            let is_table = name == "model.embed_tokens.weight" || name == "lm_head.weight";
            let quantization = self.quantization.map(|own| if is_table { Quantization::Int8 } else { own });
            match shape {
                [_, inputs] => quantization?.format(*inputs),
                _ => None,
            }
        })
    }
}

/// llama.cpp's name of a number format in lower case, e.g. "q4_k".
fn packed_name(format: GgmlDType) -> String {
    let name = format!("{format:?}").to_lowercase();
    match name.strip_suffix('k') {
        Some(start) if !name.contains('_') => format!("{start}_k"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_offered_in_its_own_precision_first() {
        let names = |stored| Precision::all(stored).into_iter().map(Precision::name).collect::<Vec<_>>();
        assert_eq!(names(Stored::Dense(DType::BF16)), ["bf16", "f32", "int8", "int4"]);
        assert_eq!(names(Stored::Packed(GgmlDType::Q4K)), ["q4_k"], "unpacking it would gain nothing");
        assert_eq!(names(Stored::Packed(GgmlDType::Q8_0)), ["q8_0"]);
    }
}
