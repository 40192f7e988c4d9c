//! A checkpoint: a folder as the model hub ships it, or a GGUF file.
//!
//! [`Checkpoint`] finds and reads the small files; [`Weights`] maps the large ones. What the tensors mean is the
//! [decoder](crate::decoder)'s business, what the words mean the [family](crate::family)'s.

mod digest;
mod gguf;
mod names;
mod safetensors;
mod weights;

use std::{
    fs,
    path::{Path, PathBuf},
};

use self::gguf::Gguf;
use saring_verdict::EngineError;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub(crate) use digest::{DigestCache, Stamp, hex};
pub(crate) use weights::{Stored, TensorSpec, Weights};

/// Longest JSON or template file that is read, in bytes; the tokenizers of the known guards are below 40 MB.
const SMALL_FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Where a template lies that has a file of its own.
const TEMPLATE: &str = "chat_template.jinja";

/// The files that decide what a guard is fed.
const FEEDING: [&str; 7] = [
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    TEMPLATE,
    "chat_template.json",
    "preprocessor_config.json",
    "processor_config.json",
];

/// A folder with a config.json that could be read, or a GGUF file.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    /// The folder, also that of a GGUF file.
    pub folder: PathBuf,
    /// Its config.json, or what would stand there.
    pub config: Value,
    /// `architectures[0]` of config.json.
    pub architecture: String,
    /// The file that stands for all others.
    gguf: Option<Gguf>,
}

/// A chat template and where it was found.
#[derive(Debug)]
pub(crate) struct TemplateText {
    /// The Jinja source.
    pub source: String,
    /// Lower-case hexadecimal SHA-256 of `source`.
    pub sha256: String,
}

impl Checkpoint {
    /// Reads config.json, or the header of a GGUF file.
    ///
    /// # Errors
    /// `NotACheckpoint` for anything else, `BadConfig` for what config.json says, and what is wrong with a GGUF file.
    pub fn open(path: &Path) -> Result<Self, EngineError> {
        if path.is_file() && gguf::is_gguf(path) {
            return Self::from_gguf(path);
        }
        let folder = path;
        if !folder.is_dir() {
            return Err(EngineError::NotACheckpoint { path: folder.to_owned() });
        }
        let path = folder.join("config.json");
        if !path.exists() {
            return Err(EngineError::NotACheckpoint { path: folder.to_owned() });
        }
        let config = read_json(&path)?;
        let architecture = config["architectures"][0]
            .as_str()
            .ok_or_else(|| EngineError::BadConfig {
                path: path.clone(),
                reason: "`architectures` must be a list with one name".into(),
            })?
            .to_owned();
        Ok(Self { folder: folder.to_owned(), config, architecture, gguf: None })
    }

    fn from_gguf(path: &Path) -> Result<Self, EngineError> {
        let gguf = Gguf::open(path)?;
        let config = gguf.config.clone();
        let architecture = config["architectures"][0].as_str().unwrap_or_default().to_owned();
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { folder, config, architecture, gguf: Some(gguf) })
    }

    /// The identities of the files that decide what a guard is fed. They change when one of them is rewritten.
    pub fn stamps(path: &Path) -> Vec<Stamp> {
        if path.is_file() {
            let mut files = Gguf::feeding(path);
            files.push(path.with_file_name(TEMPLATE));
            return files.iter().filter_map(|file| digest::stamp(file).ok()).collect();
        }
        let folder = path;
        FEEDING.iter().filter_map(|file| digest::stamp(&folder.join(file)).ok()).collect()
    }

    /// Where config.json lies, or the file that stands for it, for error messages.
    pub fn config_path(&self) -> PathBuf {
        if self.gguf.is_some() { self.place() } else { self.folder.join("config.json") }
    }

    /// The text of tokenizer.json.
    ///
    /// # Errors
    /// `MissingFile`, `Io`, `BadConfig`.
    pub fn tokenizer(&self) -> Result<Value, EngineError> {
        if let Some(gguf) = &self.gguf {
            return gguf.tokenizer();
        }
        let path = self.folder.join("tokenizer.json");
        if !path.exists() {
            return Err(EngineError::MissingFile {
                folder: self.folder.clone(),
                file: "tokenizer.json".into(),
            });
        }
        read_json(&path)
    }

    /// tokenizer_config.json, or `Null` where there is none.
    ///
    /// # Errors
    /// `Io`, `BadConfig`.
    pub fn tokenizer_config(&self) -> Result<Value, EngineError> {
        if let Some(gguf) = &self.gguf {
            return gguf.tokenizer_config();
        }
        self.optional_json("tokenizer_config.json")
    }

    /// The chat template: `chat_template.jinja`, `chat_template.json`, `tokenizer_config.json`, in this order. A GGUF file
    /// has its own; only where it lost it, `chat_template.jinja` beside it is taken.
    ///
    /// # Errors
    /// `NoChatTemplate` where none of them has one; `Io`, `BadConfig`.
    pub fn chat_template(&self) -> Result<TemplateText, EngineError> {
        let path = self.folder.join(TEMPLATE);
        let source = if let Some(gguf) = &self.gguf {
            match named_template(&gguf.tokenizer_config()?["chat_template"]) {
                None if path.exists() => Some(read_text(&path)?),
                own => own,
            }
        } else if path.exists() {
            Some(read_text(&path)?)
        } else {
            match named_template(&self.optional_json("chat_template.json")?["chat_template"]) {
                Some(source) => Some(source),
                None => named_template(&self.tokenizer_config()?["chat_template"]),
            }
        };
        let source = source
            .filter(|s| !s.trim().is_empty())
            .ok_or_else(|| EngineError::NoChatTemplate { folder: self.place() })?;
        let sha256 = hex(&Sha256::digest(source.as_bytes()));
        Ok(TemplateText { source, sha256 })
    }

    /// preprocessor_config.json and where it lies, if there is one: how images are prepared.
    ///
    /// # Errors
    /// `Io`, `BadConfig`.
    pub fn image_processor(&self) -> Result<Option<(Value, PathBuf)>, EngineError> {
        if let Some(gguf) = &self.gguf {
            return Ok(gguf.preprocessor().map(|(path, config)| (config.clone(), path.to_owned())));
        }
        self.located_json("preprocessor_config.json")
    }

    /// processor_config.json and where it lies, if there is one. Newer versions of transformers write the image
    /// processor's settings into it.
    ///
    /// # Errors
    /// `Io`, `BadConfig`.
    pub fn processor(&self) -> Result<Option<(Value, PathBuf)>, EngineError> {
        self.located_json("processor_config.json")
    }

    /// Ids of the tokens that end an answer: generation_config.json's, else config.json's `eos_token_id`.
    ///
    /// # Errors
    /// `Io`, `BadConfig`.
    pub fn end_tokens(&self) -> Result<Vec<u32>, EngineError> {
        let generation = self.optional_json("generation_config.json")?;
        let text = &self.config["text_config"];
        let known = [&generation["eos_token_id"], &self.config["eos_token_id"], &text["eos_token_id"]];
        let ids = known.into_iter().find(|value| !value.is_null());
        let id = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
        Ok(match ids {
            Some(Value::Array(ids)) => ids.iter().filter_map(id).collect(),
            Some(value) => id(value).into_iter().collect(),
            None => Vec::new(),
        })
    }

    /// Whether it is a GGUF file whose model reads images, but the projector file for them is not beside it.
    pub fn lacks_projector(&self) -> bool {
        self.gguf.as_ref().is_some_and(Gguf::lacks_projector)
    }

    /// The licence that a GGUF file states, or the folder's model card in its front matter.
    pub fn license(&self) -> Option<String> {
        if let Some(gguf) = &self.gguf {
            return gguf.license().map(str::to_owned);
        }
        self.front_matter("license").into_iter().next()
    }

    /// The languages that the folder's model card states in its front matter.
    pub fn languages(&self) -> Vec<String> {
        self.front_matter("language")
    }

    /// The values of a key of the model card's front matter: one behind the key, or a list below it.
    fn front_matter(&self, key: &str) -> Vec<String> {
        let card = fs::read_to_string(self.folder.join("README.md")).unwrap_or_default();
        let front = card.strip_prefix("---").and_then(|card| card.split("\n---").next()).unwrap_or_default();
        let mut lines = front.lines();
        let Some(rest) = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(':')) else {
            return Vec::new();
        };
        let below = lines.map_while(|line| line.trim_start().strip_prefix("- "));
        let beside = rest.trim().trim_matches(['[', ']']).split(',');
        let values = beside.chain(below).map(|value| value.trim().trim_matches(['"', '\'']));
        values.filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    fn located_json(&self, file: &str) -> Result<Option<(Value, PathBuf)>, EngineError> {
        let path = self.folder.join(file);
        if path.exists() { Ok(Some((read_json(&path)?, path))) } else { Ok(None) }
    }

    /// What the checkpoint is to its user: the folder, or the GGUF file.
    fn place(&self) -> PathBuf {
        self.gguf.as_ref().map_or_else(|| self.folder.clone(), |gguf| gguf.path().to_owned())
    }

    fn optional_json(&self, file: &str) -> Result<Value, EngineError> {
        let path = self.folder.join(file);
        if path.exists() { read_json(&path) } else { Ok(Value::Null) }
    }
}

/// A template is a string, or a list of named ones of which `default` is meant.
fn named_template(value: &Value) -> Option<String> {
    match value {
        Value::String(source) => Some(source.clone()),
        Value::Array(named) => named
            .iter()
            .find(|t| t["name"] == "default")
            .and_then(|t| t["template"].as_str())
            .map(str::to_owned),
        _ => None,
    }
}

/// An operating system's refusal, as the engine reports it.
pub(crate) fn io_error(path: &Path, error: &std::io::Error) -> EngineError {
    EngineError::Io { path: path.to_owned(), reason: error.to_string() }
}

fn read_text(path: &Path) -> Result<String, EngineError> {
    let bytes = fs::metadata(path).map_err(|e| io_error(path, &e))?.len();
    if bytes > SMALL_FILE_BYTES_MAX {
        return Err(EngineError::BadConfig {
            path: path.to_owned(),
            reason: format!("the file has {bytes} bytes; at most {SMALL_FILE_BYTES_MAX} are read"),
        });
    }
    fs::read_to_string(path).map_err(|e| io_error(path, &e))
}

fn read_json(path: &Path) -> Result<Value, EngineError> {
    let text = read_text(path)?;
    serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|e| EngineError::BadConfig { path: path.to_owned(), reason: e.to_string() })
}
