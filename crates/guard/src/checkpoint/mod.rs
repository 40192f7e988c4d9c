//! A checkpoint folder as the model hub ships it.
//!
//! [`Checkpoint`] finds and reads the small files; [`Weights`] maps the large ones. What the tensors mean is the
//! [decoder](crate::decoder)'s business, what the words mean the [family](crate::family)'s.

mod digest;
mod names;
mod safetensors;
mod weights;

use std::{
    fs,
    path::{Path, PathBuf},
};

use saring_verdict::EngineError;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub(crate) use digest::{DigestCache, Stamp, hex};
pub(crate) use weights::{Stored, TensorSpec, Weights};

/// Longest JSON or template file that is read, in bytes; the tokenizers of the known guards are below 40 MB.
const SMALL_FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The files that decide what a guard is fed.
const FEEDING: [&str; 5] =
    ["config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "chat_template.json"];

/// A folder with a config.json that could be read.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    /// The folder.
    pub folder: PathBuf,
    /// Its config.json.
    pub config: Value,
    /// `architectures[0]` of config.json.
    pub architecture: String,
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
    /// Reads config.json.
    ///
    /// # Errors
    /// `NotACheckpoint` for anything but a folder, `MissingFile` and `BadConfig` for its config.json.
    pub fn open(folder: &Path) -> Result<Self, EngineError> {
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
        Ok(Self { folder: folder.to_owned(), config, architecture })
    }

    /// The identities of the files that decide what a guard is fed. They change when one of them is rewritten.
    pub fn stamps(folder: &Path) -> Vec<Stamp> {
        FEEDING.iter().filter_map(|file| digest::stamp(&folder.join(file)).ok()).collect()
    }

    /// Where config.json lies, for error messages.
    pub fn config_path(&self) -> PathBuf {
        self.folder.join("config.json")
    }

    /// The text of tokenizer.json.
    ///
    /// # Errors
    /// `MissingFile`, `Io`, `BadConfig`.
    pub fn tokenizer(&self) -> Result<Value, EngineError> {
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
        self.optional_json("tokenizer_config.json")
    }

    /// The chat template: `chat_template.jinja`, `chat_template.json`, `tokenizer_config.json`, in this order.
    ///
    /// # Errors
    /// `NoChatTemplate` where none of them has one; `Io`, `BadConfig`.
    pub fn chat_template(&self) -> Result<TemplateText, EngineError> {
        let path = self.folder.join("chat_template.jinja");
        let source = if path.exists() {
            Some(read_text(&path)?)
        } else {
            match named_template(&self.optional_json("chat_template.json")?["chat_template"]) {
                Some(source) => Some(source),
                None => named_template(&self.tokenizer_config()?["chat_template"]),
            }
        };
        let source = source
            .filter(|s| !s.trim().is_empty())
            .ok_or_else(|| EngineError::NoChatTemplate { folder: self.folder.clone() })?;
        let sha256 = hex(&Sha256::digest(source.as_bytes()));
        Ok(TemplateText { source, sha256 })
    }

    /// The licence that the folder's model card states in its front matter.
    pub fn license(&self) -> Option<String> {
        let card = fs::read_to_string(self.folder.join("README.md")).ok()?;
        let front = card.strip_prefix("---")?.split("\n---").next()?;
        let value = front.lines().find_map(|line| line.strip_prefix("license:"))?;
        let value = value.trim().trim_matches(['"', '\'']);
        (!value.is_empty()).then(|| value.to_owned())
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
