//! What a guard is, where it lies and how it is to be run.

use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Family, Taxonomy};

/// Where a checkpoint lies, and how it is to be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardSource {
    /// A folder as the model hub ships it, or a GGUF file (a projector file for images lies beside it).
    pub path: PathBuf,
    /// Overrides what config.json and the chat template say.
    #[serde(default)]
    pub family: Option<Family>,
}

/// Whose wording of SEA-Guard's prompt task is used: the two differ by one space after `Human user:`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptWording {
    /// The model card's: with the space.
    #[default]
    Card,
    /// The authors' scoring code's: without it.
    AuthorsCode,
}

/// What changes a guard's input. Recorded with every verdict; scoring and export share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardSettings {
    /// SEA-Guard only.
    #[serde(default)]
    pub prompt_wording: PromptWording,
    /// Most pixels of an image that are looked at, below the checkpoint's own limit: faster, and coarser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels_max: Option<u64>,
}

/// A kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// The processor.
    Cpu,
    /// An NVIDIA card.
    Cuda,
    /// An Apple GPU.
    Metal,
}

impl DeviceKind {
    /// The name used in databases, files and flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        }
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which device to run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceChoice {
    /// CUDA, then Metal, then CPU.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA card, or an error.
    Cuda,
    /// An Apple GPU, or an error.
    Metal,
}

/// Which precision to run in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrecisionChoice {
    /// The checkpoint's own, never int8.
    #[default]
    Auto,
    /// 32-bit floats.
    F32,
    /// 16-bit brain floats.
    Bf16,
    /// 8-bit integers: quantised on loading, only when asked for.
    Int8,
    /// 4-bit integers: quantised on loading, only when asked for.
    Int4,
}

/// A string that names no choice.
#[derive(Debug, thiserror::Error)]
#[error("{found:?} is none of {choices}")]
pub struct UnknownChoice {
    found: String,
    choices: &'static str,
}

impl FromStr for DeviceChoice {
    type Err = UnknownChoice;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda),
            "metal" => Ok(Self::Metal),
            other => Err(UnknownChoice { found: other.to_owned(), choices: "auto, cpu, cuda, metal" }),
        }
    }
}

impl FromStr for PrecisionChoice {
    type Err = UnknownChoice;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "auto" => Ok(Self::Auto),
            "f32" => Ok(Self::F32),
            "bf16" => Ok(Self::Bf16),
            "int8" => Ok(Self::Int8),
            "int4" => Ok(Self::Int4),
            other => Err(UnknownChoice { found: other.to_owned(), choices: "auto, f32, bf16, int8, int4" }),
        }
    }
}

/// A device that this program can use, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// Its kind.
    pub kind: DeviceKind,
    /// Its name, as its driver or the processor gives it.
    pub name: String,
    /// All of its memory in bytes, where known.
    pub memory_bytes: Option<u64>,
    /// Its free memory in bytes, where known.
    pub memory_free_bytes: Option<u64>,
}

/// Memory that a guard takes in one precision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryNeed {
    /// "f32", "bf16", "f16", "int8", "int4", or a GGUF's own, e.g. "q4_k".
    pub precision: String,
    /// Weights, caches and room to work.
    pub bytes: u64,
}

/// What a checkpoint is, read from its files without loading it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuardCard {
    /// `architectures[0]` of config.json.
    pub architecture: String,
    /// How it is asked and answers.
    pub family: Family,
    /// Why it was taken for that family, one sentence for the window and the log.
    pub family_reason: String,
    /// Its labels and categories.
    pub taxonomy: Taxonomy,
    /// SHA-256 over the weight files' bytes in the order of their names.
    pub weights_sha256: String,
    /// SHA-256 of the chat template's text.
    pub template_sha256: String,
    /// Bytes of all weight files together.
    pub weights_bytes: u64,
    /// How many parameters the weight files hold.
    pub parameters: u64,
    /// The precision of most weights: "bf16", "f16", "f32", or a GGUF's quantised type, e.g. "q4_k".
    pub precision: String,
    /// Longest input in tokens.
    pub context_tokens: u32,
    /// Bytes needed on the device to run it in its own precision: weights, caches and room to work.
    pub memory_needed_bytes: u64,
    /// The same for every precision that it can be run in, its own first.
    #[serde(default)]
    pub memory: Vec<MemoryNeed>,
    /// Whether it reads images.
    #[serde(default)]
    pub images: bool,
    /// SHA-256 of the file that says how images are prepared, where it reads images.
    #[serde(default)]
    pub processor_sha256: Option<String>,
    /// Languages that it was made for, BCP 47; empty where that is not known.
    #[serde(default)]
    pub languages: Vec<String>,
    /// The licence the folder states, if it does.
    pub license: Option<String>,
    /// Things a user should know, one sentence each.
    pub warnings: Vec<String>,
}

/// What to load and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadRequest {
    /// Which checkpoint.
    pub source: GuardSource,
    /// Where to run it.
    #[serde(default)]
    pub device: DeviceChoice,
    /// In which precision.
    #[serde(default)]
    pub precision: PrecisionChoice,
    /// How to ask it.
    #[serde(default)]
    pub settings: GuardSettings,
    /// Where features of images may be kept for the next time; nowhere if not given. One folder for each image, named by
    /// its SHA-256, so that removing an image's folder forgets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features_dir: Option<PathBuf>,
}

/// Where verdicts come from: the same for every verdict of one loaded guard.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Provenance {
    /// See [`GuardCard::weights_sha256`].
    pub weights_sha256: String,
    /// See [`GuardCard::template_sha256`].
    pub template_sha256: String,
    /// See [`GuardCard::processor_sha256`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor_sha256: Option<String>,
    /// How it was asked.
    pub family: Family,
    /// "f32", "bf16", "f16", "int8", "int4", or a GGUF's own, e.g. "q4_k".
    pub precision: String,
    /// Kind of the device, "cpu", "cuda" or "metal".
    pub device: String,
    /// Name of the device.
    pub device_name: String,
    /// The settings, as JSON.
    pub settings: String,
    /// Name and version of the program that ran it.
    pub program: String,
}
