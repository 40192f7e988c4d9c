//! The rows of a file for whoever wants no queue: `saring score`.
//!
//! [`RowReader`] reads what an import reads, in the same way, and nothing is stored.

use std::{io, path::Path};

use serde::Deserialize;

use super::{
    ColumnMapping, ItemRow, RowError,
    bytes::BytesRead,
    preview::check_file,
    records::{Format, Rows},
};
use crate::{Error, Result};

/// A row, and where it stands.
#[derive(Clone, Debug)]
pub struct ReadRow {
    /// Line of the file, from 1.
    pub line: u64,
    /// Its id, where it can be found even though the row is no item.
    pub id: Option<String>,
    /// The item, or why it is none.
    pub item: std::result::Result<ItemRow, RowError>,
}

/// Reads a file row by row, in constant memory.
pub struct RowReader {
    rows: Rows,
    read: BytesRead,
    bytes_total: u64,
}

impl RowReader {
    /// Opens a file whose fields stand under their own names.
    ///
    /// # Errors
    /// A file that cannot be read, or is none.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes_total = check_file(path)?;
        let read = BytesRead::default();
        let rows = Rows::open(path, &ColumnMapping::new(), &read).map_err(Error::io(path))?;
        Ok(Self { rows, read, bytes_total })
    }

    /// Size of the file.
    pub fn bytes_total(&self) -> u64 {
        self.bytes_total
    }

    /// How many of its bytes have been read.
    pub fn bytes_read(&self) -> u64 {
        self.read.get()
    }

    /// The next row; `None` at the end of the file.
    ///
    /// # Errors
    /// Those of the disk. A row that is no item is none.
    pub fn next_row(&mut self) -> io::Result<Option<ReadRow>> {
        let Some(row) = self.rows.next_row()? else { return Ok(None) };
        let id = match &row.item {
            Ok(item) => item.id.clone(),
            Err(_) if self.rows.format() == Format::Jsonl => id_alone(self.rows.raw_row()),
            Err(_) => None,
        };
        Ok(Some(ReadRow { line: row.line, id, item: row.item }))
    }
}

/// The id of a JSON object that is otherwise no item.
fn id_alone(row: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct IdAlone {
        id: serde_json::Value,
    }
    match serde_json::from_slice::<IdAlone>(row).ok()?.id {
        serde_json::Value::String(id) => Some(id),
        serde_json::Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_no_item_keeps_its_id_where_it_has_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("in.jsonl");
        std::fs::write(&file, "\u{feff}{\"id\": 7}\r\n{\"id\": \"b\", \"prompt\": \"x\"}\nnot json\n")
            .unwrap();
        let mut reader = RowReader::open(&file).unwrap();
        let mut next = || reader.next_row().unwrap();
        let first = next().unwrap();
        assert_eq!((first.line, first.id.as_deref()), (1, Some("7")));
        assert!(first.item.is_err(), "it has no prompt");
        assert_eq!(next().unwrap().id.as_deref(), Some("b"));
        let third = next().unwrap();
        assert_eq!((third.line, third.id), (3, None));
        assert!(next().is_none(), "the end of the file");
    }
}
