//! Why a row is no item. Says what and where, never the text itself.

use serde_json::error::Category;

use super::Field;
use crate::media::ImageError;

/// Why a row could not be imported or scored; the rows after it go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The line is not JSON.
    #[error("is not valid JSON (byte {column})")]
    NotJson {
        /// Where it stops being JSON, counted in bytes from 1.
        column: usize,
    },
    /// The line ends inside of its JSON.
    #[error("ends in the middle of its JSON (byte {column})")]
    CutShort {
        /// Where it ends, counted in bytes from 1.
        column: usize,
    },
    /// JSON, but no object.
    #[error("is not a JSON object")]
    NotAnObject,
    /// A JSON array that holds all the rows.
    #[error("the file is one JSON array; write one object a line (JSONL) and import that")]
    Array,
    /// A field has a value that it cannot have.
    #[error("{field} {reason}")]
    Field {
        /// Which field.
        field: Field,
        /// What is wrong with its value.
        reason: &'static str,
    },
    /// No request, and neither messages nor images.
    #[error("has no prompt; an item needs a prompt, messages or images")]
    NoPrompt,
    /// No text and no image.
    #[error("has nothing to judge: no text and no image")]
    NothingToJudge,
    /// Longer than a row may be.
    #[error("is longer than {limit_bytes} bytes")]
    TooLong {
        /// How long a row may be.
        limit_bytes: usize,
    },
    /// Not the encoding that it should be.
    #[error("is not valid UTF-8 (byte {column})")]
    NotUtf8 {
        /// The first byte that is not, counted from 1.
        column: usize,
    },
    /// A record of a table with more or fewer cells than the header.
    #[error("has {found} cells where the header has {expected}")]
    Cells {
        /// Cells of the header.
        expected: usize,
        /// Cells of the record.
        found: usize,
    },
    /// A quotation mark that is never closed.
    #[error("has a quotation mark that is never closed")]
    OpenQuote,
    /// An image cannot be used.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The content is that of an item in quarantine.
    #[error("has the content of an item that is in quarantine")]
    Quarantined,
}

impl RowError {
    pub(super) const fn field(field: Field, reason: &'static str) -> Self {
        Self::Field { field, reason }
    }

    /// serde_json's own words may quote the text, so only the place is taken over.
    pub(super) fn from_json(error: &serde_json::Error) -> Self {
        match error.classify() {
            Category::Data => Self::NotAnObject,
            Category::Eof => Self::CutShort { column: error.column() },
            Category::Syntax | Category::Io => Self::NotJson { column: error.column() },
        }
    }
}
