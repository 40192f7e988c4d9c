//! From files to items: JSONL and CSV of any size, bad rows reported.
//!
//! [`row`] says what an item is in a file, for import and for scoring alike. [`Workspace::import`](crate::Workspace::import)
//! streams files into a queue, a thousand rows a transaction; [`preview`] shows what would come of a file.

mod batch;
mod bytes;
mod labels;
mod mapping;
mod preview;
mod reader;
mod records;
pub mod row;
mod row_error;
mod run;
mod value;

pub(crate) use batch::{Batch, Elsewhere, KeptImage, Prepared, write as write_batch};
pub use labels::{LabelsRole, RowLabels, TaskLabel, gold_severity};
pub use mapping::{ColumnMapping, Field, MappingError};
pub use preview::{ImportPreview, PreviewRow, preview};
pub use reader::{ReadRow, RowReader};
pub use records::{Format, ROW_BYTES_MAX};
pub use row::{ItemRow, TaskSelection};
pub use row_error::RowError;
pub use run::{FileRowError, ImportProgress, ImportReport, ImportRequest};

#[cfg(test)]
mod tests;
