//! Corrected data, handed out: training files for a guard, and decisions for the platform that the items came from.
//!
//! [`Workspace::export`](crate::Workspace::export) writes a folder, [`Workspace::preview_export`](crate::Workspace::preview_export) shows what
//! would be in it. Every export carries a dataset card and is an event of the chain.
//!
//! - `llama-factory`: `train.jsonl` and `validation.jsonl` (sharegpt messages) with `dataset_info.json`. The user's turns are
//!   those that the guard itself is asked with, rendered by its own checkpoint; the answer is what people decided. Rows with
//!   images are in `train_images.jsonl` and `validation_images.jsonl`, the images in `images/`, for a guard that reads them.
//! - `decisions`: `decisions.csv` and `decisions.jsonl`, one row for each decided, skipped or escalated task. Values are
//!   verbatim in both, since ids and notes must come back as they were: a spreadsheet program should import the CSV file as
//!   text, because a cell that begins with `=` would be a formula to it. The card says so.
//!
//! What is written is the same, byte for byte, whenever nothing has changed in the workspace; only the card names the date and
//! the head of the chain, which every export moves.
//!
//! Invariant: items in quarantine, decisions of scripts (unless asked for) and texts that a trainer would take for markup
//! are in no export, and no field is ever filled from a verdict.

mod answer;
mod card;
mod data_set;
mod decisions;
mod folder;
mod frame;
mod llama_factory;
mod pass;
mod split;
mod tally;
#[cfg(test)]
mod tests;
mod write;

use std::{fmt, path::PathBuf, str::FromStr};

pub use answer::{ControversialAs, LeftOut};
pub use folder::ExportedFile;
pub use frame::TrainerTemplate;
pub use split::Part;

/// Which files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Training files for LLaMA-Factory.
    LlamaFactory,
    /// Decisions for the platform that the items came from.
    Decisions,
}

impl ExportFormat {
    /// Every format, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::LlamaFactory, Self::Decisions];

    /// The name used in flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LlamaFactory => "llama-factory",
            Self::Decisions => "decisions",
        }
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A string that names no format.
#[derive(Debug, thiserror::Error)]
#[error("there is no format {0:?}; the formats are llama-factory and decisions")]
pub struct UnknownFormat(String);

impl FromStr for ExportFormat {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|f| f.as_str() == name).ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// What to export, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportOrder {
    /// Id or name.
    pub queue: String,
    /// Which files.
    pub format: ExportFormat,
    /// For training files: whose wording and answers, by id or name; the default guard if none is given.
    pub guard: Option<String>,
    /// For a guard that has no such label.
    pub controversial_as: ControversialAs,
    /// Share of the validation part, 0 to 0.5.
    pub validation: f64,
    /// Of the split.
    pub seed: u64,
    /// Whether decisions made by scripts are written too; the demo's own export does this.
    pub include_synthetic: bool,
}

impl ExportOrder {
    /// The usual settings: a tenth for validation, controversial left out, people's decisions only.
    pub fn new(queue: impl Into<String>, format: ExportFormat) -> Self {
        Self {
            queue: queue.into(),
            format,
            guard: None,
            controversial_as: ControversialAs::Exclude,
            validation: 0.1,
            seed: 1,
            include_synthetic: false,
        }
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportReport {
    /// Where.
    pub folder: PathBuf,
    /// In the order in which they were written.
    pub files: Vec<ExportedFile>,
    /// Rows of all data files (of decisions: of one of the two).
    pub rows: u64,
    /// Of those, rows to learn from; all of them for decisions.
    pub train: u64,
    /// Of those, rows to measure on.
    pub validation: u64,
    /// Why other pairs are not in it, and how many.
    pub left_out: Vec<(LeftOut, u64)>,
    /// The template that a trainer needs, for training files.
    pub template: Option<TrainerTemplate>,
    /// Head of the chain, the event of this export included.
    pub chain_head: String,
}

/// What would be written.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportPreview {
    /// Rows.
    pub rows: u64,
    /// Of those, rows to learn from.
    pub train: u64,
    /// Of those, rows to measure on.
    pub validation: u64,
    /// The first rows, as they would be written.
    pub sample: Vec<String>,
    /// Why other pairs would not be in it, and how many.
    pub left_out: Vec<(LeftOut, u64)>,
    /// The dataset card.
    pub card: String,
}
