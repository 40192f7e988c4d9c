//! Architectures: what `architectures[0]` of config.json names. One file reads the config.json of one of them.

mod apertus;
mod gemma3;
mod llama;
mod plain;
mod qwen3;
mod qwen3_vl;
mod qwen3guard_stream;

use std::path::Path;

use saring_verdict::EngineError;
use serde_json::Value;

use super::{DecoderConfig, keys::Keys};

/// Every name that can be run, for error messages.
pub(crate) const SUPPORTED: &str = "Qwen3ForCausalLM, Qwen3VLForConditionalGeneration, \
    Gemma3ForConditionalGeneration, Gemma3ForCausalLM, LlamaForCausalLM, ApertusForCausalLM, Qwen3ForGuardModel";

/// How a checkpoint's decoder is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Architecture {
    /// Qwen3, text.
    Qwen3,
    /// Qwen3-VL, text and images.
    Qwen3Vl,
    /// Gemma 3, text and images, or text alone.
    Gemma3,
    /// Llama 3.1, text.
    Llama,
    /// Apertus, text.
    Apertus,
    /// Qwen3Guard-Stream: Qwen3 with heads for every token in place of the vocabulary's.
    Qwen3GuardStream,
}

impl Architecture {
    /// From `architectures[0]`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "Qwen3ForCausalLM" => Some(Self::Qwen3),
            "Qwen3VLForConditionalGeneration" => Some(Self::Qwen3Vl),
            "Gemma3ForConditionalGeneration" | "Gemma3ForCausalLM" => Some(Self::Gemma3),
            "LlamaForCausalLM" => Some(Self::Llama),
            "ApertusForCausalLM" => Some(Self::Apertus),
            "Qwen3ForGuardModel" => Some(Self::Qwen3GuardStream),
            _ => None,
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Qwen3 => "Qwen3",
            Self::Qwen3Vl => "Qwen3-VL",
            Self::Gemma3 => "Gemma 3",
            Self::Llama => "Llama",
            Self::Apertus => "Apertus",
            Self::Qwen3GuardStream => "Qwen3Guard-Stream",
        }
    }

    /// Reads config.json, which lies at `path`, and refuses what the decoder does not compute.
    ///
    /// # Errors
    /// `BadConfig` with the key.
    pub fn config(self, root: &Value, path: &Path) -> Result<DecoderConfig, EngineError> {
        let keys = Keys::new(root, path);
        match self {
            Self::Qwen3 => qwen3::config(&keys),
            Self::Qwen3Vl => qwen3_vl::config(&keys),
            Self::Gemma3 => gemma3::config(&keys),
            Self::Llama => llama::config(&keys),
            Self::Apertus => apertus::config(&keys),
            Self::Qwen3GuardStream => qwen3guard_stream::config(&keys),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_supported_name_is_known_and_no_other() {
        for name in SUPPORTED.split(", ") {
            assert!(Architecture::from_name(name).is_some(), "{name} is promised");
        }
        assert_eq!(Architecture::from_name("Qwen2ForCausalLM"), None);
    }
}
