//! What would come of a file, before anything is written.

use std::path::{Path, PathBuf};

use super::{ColumnMapping, Format, ItemRow, RowError, bytes::BytesRead, records::Rows};
use crate::{Error, Result};

/// What a file looks like.
#[derive(Clone, Debug)]
pub struct ImportPreview {
    /// The file.
    pub path: PathBuf,
    /// How it is written.
    pub format: Format,
    /// Its columns; for JSONL, the keys of the first rows.
    pub columns: Vec<String>,
    /// What was given, and a guess for each field that was not.
    pub mapping: ColumnMapping,
    /// The first ten rows under that mapping.
    pub rows: Vec<PreviewRow>,
    /// Columns that no field takes under that mapping.
    pub unused: Vec<String>,
}

/// One of the first rows.
#[derive(Clone, Debug)]
pub struct PreviewRow {
    /// Line of the file, from 1.
    pub line: u64,
    /// The item, or why it is none.
    pub item: std::result::Result<ItemRow, RowError>,
}

const PREVIEW_ROWS: usize = 10;

/// Reads the first rows of a file. `mapping` is what a person has chosen so far; what is missing from it is guessed. Blocks.
///
/// # Errors
/// [`Code::Invalid`](crate::Code) for a folder or an empty file, and what the disk refuses.
pub fn preview(path: &Path, mapping: &ColumnMapping) -> Result<ImportPreview> {
    check_file(path)?;
    let open =
        |mapping: &ColumnMapping| Rows::open(path, mapping, &BytesRead::default()).map_err(Error::io(path));
    let mut first = open(mapping)?;
    let format = first.format();
    let columns = if format == Format::Jsonl {
        first.keys(PREVIEW_ROWS).map_err(Error::io(path))?
    } else {
        first.header().to_vec()
    };
    let mapping = mapping.guess(&columns);
    let rows = first_rows(&mut open(&mapping)?, path)?;
    let mut unused: Vec<String> = Vec::new();
    for column in rows.iter().filter_map(|r| r.item.as_ref().ok()).flat_map(|item| &item.unknown) {
        if !unused.contains(column) {
            unused.push(column.clone());
        }
    }
    Ok(ImportPreview { path: path.to_owned(), format, columns, mapping, rows, unused })
}

fn first_rows(rows: &mut Rows, path: &Path) -> Result<Vec<PreviewRow>> {
    let mut first = Vec::new();
    while first.len() < PREVIEW_ROWS
        && let Some(row) = rows.next_row().map_err(Error::io(path))?
    {
        first.push(PreviewRow { line: row.line, item: row.item });
    }
    Ok(first)
}

/// A file that can be read and is not empty.
pub(super) fn check_file(path: &Path) -> Result<u64> {
    let metadata = std::fs::metadata(path).map_err(Error::io(path))?;
    if metadata.is_dir() {
        return Err(Error::invalid("path", format!("{} is a folder; give the file in it", path.display())));
    }
    if metadata.len() == 0 {
        return Err(Error::invalid("path", format!("{} is empty", path.display())));
    }
    Ok(metadata.len())
}
