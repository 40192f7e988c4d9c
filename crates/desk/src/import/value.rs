//! One value of a row, before it is known whether it is what its field needs: a piece of JSON or the cell of a table.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::{Field, RowError};

/// A value as the file has it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// From JSONL.
    Json(&'a RawValue),
    /// From CSV or TSV. Empty where there is nothing.
    Cell(&'a str),
}

impl<'a> Value<'a> {
    /// `None` for JSON's null.
    fn present(self) -> Option<Self> {
        match self {
            Self::Json(raw) if raw.get() == "null" => None,
            other => Some(other),
        }
    }

    /// Whether it is JSON's null or an empty cell. An empty text in JSON is a text.
    pub fn is_nothing(self) -> bool {
        match self {
            Self::Json(raw) => raw.get() == "null",
            Self::Cell(cell) => cell.is_empty(),
        }
    }

    /// The text of a field that must be a text.
    pub fn text(self, field: Field) -> Result<Option<String>, RowError> {
        match self.present() {
            None => Ok(None),
            Some(Self::Cell(cell)) => Ok(Some(cell.to_owned())),
            Some(Self::Json(raw)) => {
                serde_json::from_str(raw.get()).map(Some).map_err(|_| RowError::field(field, "is not a text"))
            }
        }
    }

    /// A short text or a number: what names something. Trimmed; `None` where nothing is left.
    pub fn name(self, field: Field) -> Result<Option<String>, RowError> {
        let text = match self.present() {
            Some(Self::Json(raw)) if raw.get().starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                Some(raw.get().to_owned())
            }
            _ => self.text(field)?,
        };
        let text = text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        match text {
            Some(text) if text.contains('\0') => Err(RowError::field(field, "holds a NUL character")),
            Some(text) if text.len() > NAME_BYTES_MAX => {
                Err(RowError::field(field, "is longer than 1000 bytes"))
            }
            text => Ok(text),
        }
    }

    /// A list of texts: in JSON a list or one text, in a cell JSON or texts separated by semicolons.
    pub fn texts(self, field: Field) -> Result<Vec<String>, RowError> {
        let not_texts = || RowError::field(field, "is not a list of texts");
        match self.present() {
            None => Ok(Vec::new()),
            Some(Self::Json(raw)) if raw.get().starts_with('"') => {
                Ok(self.text(field)?.filter(|t| !t.is_empty()).into_iter().collect())
            }
            Some(Self::Json(raw)) => serde_json::from_str(raw.get()).map_err(|_| not_texts()),
            Some(Self::Cell(cell)) if cell.trim_start().starts_with('[') => {
                serde_json::from_str(cell).map_err(|_| not_texts())
            }
            Some(Self::Cell(cell)) => {
                Ok(cell.split(';').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect())
            }
        }
    }

    /// A yes or no.
    pub fn yes_or_no(self, field: Field) -> Result<Option<bool>, RowError> {
        let Some(value) = self.present() else { return Ok(None) };
        let word = match value {
            Self::Json(raw) if matches!(raw.get(), "true" | "false") => raw.get().to_owned(),
            _ => value.name(field)?.unwrap_or_default().to_lowercase(),
        };
        match word.as_str() {
            "" => Ok(None),
            "true" | "yes" | "1" => Ok(Some(true)),
            "false" | "no" | "0" => Ok(Some(false)),
            _ => Err(RowError::field(field, "is neither yes nor no")),
        }
    }

    /// The piece of JSON as it stands in the file; for a cell that is no JSON, the cell as a JSON text.
    pub fn verbatim(self) -> Option<String> {
        match self.present()? {
            Self::Json(raw) => Some(raw.get().to_owned()),
            Self::Cell(cell) if cell.trim().is_empty() => None,
            Self::Cell(cell) if serde_json::from_str::<&RawValue>(cell).is_ok() => Some(cell.to_owned()),
            Self::Cell(cell) => Some(serde_json::Value::from(cell).to_string()),
        }
    }

    /// The value as structured JSON; in a cell, as the JSON that the cell holds.
    pub fn structured<T: DeserializeOwned>(
        self,
        field: Field,
        expected: &'static str,
    ) -> Result<Option<T>, RowError> {
        let json = match self.present() {
            None => return Ok(None),
            Some(Self::Cell(cell)) if cell.trim().is_empty() => return Ok(None),
            Some(Self::Cell(cell)) => cell,
            Some(Self::Json(raw)) => raw.get(),
        };
        serde_json::from_str(json).map(Some).map_err(|_| RowError::field(field, expected))
    }
}

/// Ids, groups and language tags are names, not texts.
const NAME_BYTES_MAX: usize = 1000;
