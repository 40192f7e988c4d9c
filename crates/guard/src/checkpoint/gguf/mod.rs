//! A GGUF file, read as the checkpoint that it was converted from.
//!
//! [`header`] reads keys and tensors and believes nothing, [`config`] and [`vocabulary`] make of the keys what
//! config.json and tokenizer.json would say, [`names`] gives the tensors their own names back and marks what converters
//! changed, [`projector`] adds the vision tower from its file. What llama.cpp takes a key to mean is what it means here.

mod bpe;
mod config;
#[cfg(test)]
mod golden_tests;
mod header;
#[cfg(test)]
mod hostile_tests;
mod metadata;
mod names;
mod projector;
mod rope;
mod sentencepiece;
mod tensors;
mod vocabulary;

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use candle_core::{DType, Device};
use saring_verdict::EngineError;
use serde_json::{Value, json};

use self::{header::Header, metadata::Entry, projector::Projector, vocabulary::Vocabulary};
use super::weights::{Place, Source, Stored, Weights};

/// What Apertus' activations are called in a file, and in the checkpoint, with the shape that they have there.
const XIELU: [(&str, &str, &[usize]); 4] = [
    ("xielu.alpha_p", "alpha_p", &[1]),
    ("xielu.alpha_n", "alpha_n", &[1]),
    ("xielu.beta", "beta", &[]),
    ("xielu.eps", "eps", &[]),
];

/// The architectures that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Architecture {
    Qwen3,
    Qwen3Vl,
    Gemma3,
    Llama,
    Apertus,
}

impl Architecture {
    const ALL: [Self; 5] = [Self::Qwen3, Self::Qwen3Vl, Self::Gemma3, Self::Llama, Self::Apertus];

    /// `general.architecture`.
    fn name(self) -> &'static str {
        match self {
            Self::Qwen3 => "qwen3",
            Self::Qwen3Vl => "qwen3vl",
            Self::Gemma3 => "gemma3",
            Self::Llama => "llama",
            Self::Apertus => "apertus",
        }
    }

    /// `architectures[0]` of config.json.
    fn class(self) -> &'static str {
        match self {
            Self::Qwen3 => "Qwen3ForCausalLM",
            Self::Qwen3Vl => "Qwen3VLForConditionalGeneration",
            Self::Gemma3 => "Gemma3ForConditionalGeneration",
            Self::Llama => "LlamaForCausalLM",
            Self::Apertus => "ApertusForCausalLM",
        }
    }

    fn reads_images(self) -> bool {
        matches!(self, Self::Qwen3Vl | Self::Gemma3)
    }
}

/// A GGUF file and the projector file beside it.
#[derive(Debug)]
pub(super) struct Gguf {
    path: PathBuf,
    header: Header,
    architecture: Architecture,
    /// What config.json would say.
    pub config: Value,
    places: Vec<(String, Place)>,
    projector: Option<Projector>,
}

/// Whether a file begins as a GGUF file does.
pub(super) fn is_gguf(path: &Path) -> bool {
    let mut magic = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == *b"GGUF"
}

impl Gguf {
    /// Reads the headers of the file and of the projector beside it.
    ///
    /// # Errors
    /// `CorruptWeights`, `UnknownArchitecture`, `PrecisionUnavailable` for a type of numbers that is not read,
    /// `BadConfig` with the key, `Io`.
    pub fn open(path: &Path) -> Result<Self, EngineError> {
        let header = Header::read(path)?;
        let bad = |reason: String| EngineError::BadConfig { path: path.to_owned(), reason };
        let architecture = architecture(&header, path)?;
        if header.metadata.optional_number("split.count").ok().flatten().is_some_and(|parts| parts > 1.0) {
            return Err(bad(
                "it is one part of a split model; merge the parts with llama-gguf-split --merge".into(),
            ));
        }
        let vocabulary = Vocabulary::read(&header.metadata).map_err(bad)?;
        let mut config = config::read(architecture, &header, &vocabulary).map_err(bad)?;
        let hidden_size = config["hidden_size"].as_u64().or(config["text_config"]["hidden_size"].as_u64());
        let beside = if architecture.reads_images() { projector::beside(path)? } else { None };
        // Files are numbered in the order of their names.
        let second = beside.as_deref().is_some_and(|beside| beside < path);
        let projector = beside
            .map(|beside| {
                let hidden_size = hidden_size.unwrap_or_default() as usize;
                Projector::open(beside, architecture, hidden_size, usize::from(!second))
            })
            .transpose()?;
        if let Some(projector) = &projector {
            config::check_image_token(&config).map_err(bad)?;
            config["vision_config"] = projector.vision_config.clone();
            if let Some(tokens) = projector.mm_tokens_per_image {
                config["mm_tokens_per_image"] = tokens.into();
            }
        }
        let written = tensors::places(&header, path, usize::from(second))?;
        let mut gguf =
            Self { path: path.to_owned(), header, architecture, config, places: Vec::new(), projector };
        gguf.take_rope_factors(&written)?;
        gguf.places = gguf.decoder_places(written).map_err(bad)?;
        Ok(gguf)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files, ordered by name.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = [Some(&self.path), self.projector.as_ref().map(|p| &p.path)]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        files.sort();
        files
    }

    /// The files whose change is noticed, for a path that may be no GGUF file at all.
    pub fn feeding(path: &Path) -> Vec<PathBuf> {
        let beside = projector::beside(path).ok().flatten();
        [Some(path.to_owned()), beside].into_iter().flatten().collect()
    }

    /// Every tensor by the name that it had before it was converted.
    pub fn places(&self) -> Vec<(String, Place)> {
        let projector = self.projector.iter().flat_map(|projector| &projector.places);
        self.places.iter().chain(projector).cloned().collect()
    }

    /// What tokenizer.json would say.
    ///
    /// # Errors
    /// `BadTokenizer`.
    pub fn tokenizer(&self) -> Result<Value, EngineError> {
        let bad = |reason| EngineError::BadTokenizer { reason };
        Vocabulary::read(&self.header.metadata).and_then(|vocabulary| vocabulary.tokenizer()).map_err(bad)
    }

    /// What tokenizer_config.json would say.
    ///
    /// # Errors
    /// `BadTokenizer`.
    pub fn tokenizer_config(&self) -> Result<Value, EngineError> {
        let vocabulary =
            Vocabulary::read(&self.header.metadata).map_err(|reason| EngineError::BadTokenizer { reason })?;
        let mut config = vocabulary.tokenizer_config();
        if let Some(template) = self.header.metadata.text("tokenizer.chat_template") {
            config["chat_template"] = template.into();
        } else {
            let named = self.header.metadata.beginning("tokenizer.chat_template.");
            let named: Vec<Value> = named
                .filter_map(|(name, entry)| match entry {
                    Entry::Text(template) => Some(json!({"name": name, "template": template})),
                    _ => None,
                })
                .collect();
            config["chat_template"] = named.into();
        }
        Ok(config)
    }

    /// The projector file and what preprocessor_config.json would say; `None` without one.
    pub fn preprocessor(&self) -> Option<(&Path, &Value)> {
        self.projector.as_ref().map(|projector| (projector.path.as_path(), &projector.preprocessor))
    }

    /// Whether its model reads images and the file that it does so with is missing.
    pub fn lacks_projector(&self) -> bool {
        self.architecture.reads_images() && self.projector.is_none()
    }

    /// The licence that the file states.
    pub fn license(&self) -> Option<&str> {
        self.header.metadata.text("general.license").filter(|license| !license.is_empty())
    }

    /// Makes of the factors of the frequencies the scaling that they come from.
    fn take_rope_factors(&mut self, written: &[(String, Place)]) -> Result<(), EngineError> {
        let Some((name, place)) = written.iter().find(|(name, _)| name == rope::FACTORS) else {
            return Ok(());
        };
        let bad = |reason: String| EngineError::BadConfig { path: self.path.clone(), reason };
        let half = self.config["head_dim"].as_u64().unwrap_or_default() as usize / 2;
        if place.stored != Stored::Dense(DType::F32) || place.shape != [half] {
            return Err(bad(format!("{name} must hold {half} numbers in single precision")));
        }
        let weights = Weights::from_places(self.files(), vec![(name.clone(), place.clone())])?;
        let factors = weights.load(name, DType::F32, &Device::Cpu)?;
        let factors: Vec<f32> =
            factors.to_vec1().map_err(|e| EngineError::Inference { reason: e.to_string() })?;
        let theta = self.config["rope_theta"].as_f64().unwrap_or_default();
        let scaling = rope::from_factors(theta, &factors).map_err(bad)?;
        self.config["rope_scaling"] = scaling;
        Ok(())
    }

    fn decoder_places(&self, written: Vec<(String, Place)>) -> Result<Vec<(String, Place)>, String> {
        let architecture = self.architecture;
        let text =
            if self.config["text_config"].is_object() { &self.config["text_config"] } else { &self.config };
        let number = |key: &str| text[key].as_u64().unwrap_or_default() as usize;
        let mut places = Vec::new();
        for (name, mut place) in written {
            if name == rope::FACTORS {
                continue;
            }
            let name = names::decoder(architecture, &name);
            let (heads, key_heads) = (number("num_attention_heads"), number("num_key_value_heads"));
            names::undo(architecture, heads, key_heads, &name, &mut place);
            places.push((name, place));
        }
        if architecture == Architecture::Apertus {
            let layers = number("num_hidden_layers");
            for (key, name, shape) in XIELU {
                for (layer, number) in self.header.metadata.by_layer(key, layers)?.into_iter().enumerate() {
                    let place = Place {
                        source: Source::Given(vec![number as f32]),
                        stored: Stored::Dense(DType::F32),
                        shape: shape.to_vec(),
                        change: None,
                    };
                    places.push((format!("model.layers.{layer}.mlp.act_fn.{name}"), place));
                }
            }
        }
        Ok(places)
    }
}

fn architecture(header: &Header, path: &Path) -> Result<Architecture, EngineError> {
    let found = header.metadata.text("general.architecture").unwrap_or_default();
    if found == "clip" {
        return Err(EngineError::BadConfig {
            path: path.to_owned(),
            reason: "it is the projector file of a model; give the file of the model itself".into(),
        });
    }
    Architecture::ALL.into_iter().find(|known| known.name() == found).ok_or_else(|| {
        EngineError::UnknownArchitecture {
            found: found.to_owned(),
            supported: Architecture::ALL.map(Architecture::name).join(", "),
        }
    })
}
