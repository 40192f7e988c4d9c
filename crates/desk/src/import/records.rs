//! Rows of a file, one at a time, in constant memory: lines of JSONL, records of CSV and TSV.
//!
//! A row that is too long is read over, reported, and the rows after it go on.

use std::{
    io::{self, BufRead},
    path::Path,
};

use csv_core::{ReadRecordResult, ReaderBuilder};

use super::{
    ColumnMapping, Field, ItemRow, RowError,
    bytes::{self, BytesRead},
};

/// Longer rows are reported instead of read.
pub const ROW_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// A table with a header, cells separated by commas or semicolons (RFC 4180).
    Csv,
    /// A table with a header, cells separated by tabulators.
    Tsv,
}

impl Format {
    /// The name for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "JSONL",
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
        }
    }
}

/// A row and where it begins.
pub(super) struct Row {
    /// Line of the file, from 1.
    pub line: u64,
    pub item: Result<ItemRow, RowError>,
}

/// The rows of one file.
pub(super) struct Rows {
    reader: Box<dyn BufRead + Send>,
    format: Format,
    mapping: ColumnMapping,
    header: Vec<String>,
    line: u64,
    buffer: Vec<u8>,
    /// How much of the buffer is the present record of a table.
    record_bytes: usize,
    table: Option<Table>,
    /// What is wrong with the header of a table; told as the only row.
    bad_header: Option<Row>,
    ended: bool,
}

/// Where a record of a table begins, and where its cells end in the buffer.
type Record = (u64, Result<Vec<usize>, RowError>);

struct Table {
    core: csv_core::Reader,
    ends: Vec<usize>,
}

impl Rows {
    /// Opens a file; reads the header of a table.
    pub fn open(path: &Path, mapping: &ColumnMapping, read: &BytesRead) -> io::Result<Self> {
        let mut reader = bytes::open(path, read)?;
        let format = format_of(path, reader.fill_buf()?);
        let mut rows = Self {
            reader,
            format,
            mapping: mapping.clone(),
            header: Vec::new(),
            line: 1,
            buffer: Vec::new(),
            record_bytes: 0,
            table: None,
            bad_header: None,
            ended: false,
        };
        if format != Format::Jsonl {
            let delimiter = delimiter_of(format, rows.reader.fill_buf()?);
            rows.table =
                Some(Table { core: ReaderBuilder::new().delimiter(delimiter).build(), ends: vec![0; 64] });
            match rows.next_record()? {
                Some((_, Ok(cells))) => {
                    let text = String::from_utf8_lossy(&rows.buffer[..rows.record_bytes]).into_owned();
                    rows.header = split(&text, &cells).into_iter().map(|c| c.trim().to_owned()).collect();
                }
                Some((line, Err(error))) => rows.bad_header = Some(Row { line, item: Err(error) }),
                None => {}
            }
        }
        Ok(rows)
    }

    /// The bytes of the row that was read last; of a line that is too long, its beginning.
    pub fn raw_row(&self) -> &[u8] {
        &self.buffer
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// Columns of a table; empty for JSONL.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The next row; `None` at the end of the file. Empty lines are no rows.
    pub fn next_row(&mut self) -> io::Result<Option<Row>> {
        if self.ended {
            return Ok(None);
        }
        if let Some(row) = self.bad_header.take() {
            // Without a header nothing after it can be understood.
            self.ended = true;
            return Ok(Some(row));
        }
        match self.format {
            Format::Jsonl => self.next_json_row(),
            Format::Csv | Format::Tsv => self.next_table_row(),
        }
    }

    /// Keys of the next `rows` lines of JSONL in the order in which they turn up, nested ones as dotted paths of two keys.
    pub fn keys(&mut self, rows: usize) -> io::Result<Vec<String>> {
        let mut keys: Vec<String> = Vec::new();
        for _ in 0..rows {
            if read_line(&mut *self.reader, &mut self.buffer)? == 0 {
                break;
            }
            let Ok(row) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&self.buffer)
            else {
                continue;
            };
            for (key, value) in row {
                let own = Field::ALL.into_iter().any(|f| f.own_columns().contains(&key.as_str()));
                match value {
                    serde_json::Value::Object(inner) if !own => {
                        keys.extend(inner.keys().map(|nested| format!("{key}.{nested}")));
                    }
                    _ => keys.push(key),
                }
            }
        }
        let mut seen = std::collections::HashSet::new();
        keys.retain(|key| seen.insert(key.clone()));
        Ok(keys)
    }

    fn next_json_row(&mut self) -> io::Result<Option<Row>> {
        loop {
            let line = self.line;
            let length = read_line(&mut *self.reader, &mut self.buffer)?;
            if length == 0 {
                return Ok(None);
            }
            self.line += 1;
            if length > ROW_BYTES_MAX {
                return Ok(Some(Row { line, item: Err(RowError::TooLong { limit_bytes: ROW_BYTES_MAX }) }));
            }
            let text = match std::str::from_utf8(&self.buffer) {
                Ok(text) => text.trim_matches(['\r', '\n', ' ', '\t']),
                Err(error) => return Ok(Some(Row { line, item: Err(not_utf8(error)) })),
            };
            if text.is_empty() {
                continue;
            }
            let item = ItemRow::parse_mapped(text, &self.mapping);
            // Every line of a pretty-printed array would fail by itself; one sentence says it better.
            if item.is_err() && text.starts_with('[') && line == 1 {
                self.ended = true;
                return Ok(Some(Row { line, item: Err(RowError::Array) }));
            }
            return Ok(Some(Row { line, item }));
        }
    }

    fn next_table_row(&mut self) -> io::Result<Option<Row>> {
        let Some((line, cells)) = self.next_record()? else { return Ok(None) };
        let item = cells.and_then(|cells| {
            let text = std::str::from_utf8(&self.buffer[..self.record_bytes]).map_err(not_utf8)?;
            let cells = split(text, &cells);
            if cells.len() != self.header.len() {
                return Err(RowError::Cells { expected: self.header.len(), found: cells.len() });
            }
            ItemRow::parse_record(&self.header, &cells, &self.mapping)
        });
        Ok(Some(Row { line, item }))
    }

    /// Reads a record into the buffer, unquoted; gives its line and the ends of its cells.
    fn next_record(&mut self) -> io::Result<Option<Record>> {
        let Some(table) = &mut self.table else { return Ok(None) };
        skip_line_ends(&mut *self.reader, &mut self.line)?;
        let line = self.line;
        let (mut written, mut ended_cells, mut too_long) = (0, 0, false);
        let (mut line_end_added, mut open_quote) = (false, false);
        if self.buffer.len() > BUFFER_KEPT_BYTES || self.buffer.is_empty() {
            // One giant row must not keep its memory for the rest of the file.
            self.buffer = vec![0; 64 * 1024];
        }
        table.core.set_line(line);
        loop {
            let input = self.reader.fill_buf()?;
            // The parser takes the end of the file for the end of an open quote. So a line end is read before it: inside of
            // a quote, and nowhere else, it is text.
            let adds_line_end = input.is_empty() && !line_end_added;
            let input = if adds_line_end { b"\n" } else { input };
            let (result, read, n, cells) =
                table.core.read_record(input, &mut self.buffer[written..], &mut table.ends[ended_cells..]);
            if adds_line_end {
                line_end_added = read > 0;
                open_quote = n > 0;
            } else {
                self.reader.consume(read);
            }
            written += n;
            ended_cells += cells;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if written >= ROW_BYTES_MAX => {
                    // The rest of the record is read over in the same memory.
                    too_long = true;
                    written = 0;
                }
                ReadRecordResult::OutputFull => {
                    self.buffer.resize((self.buffer.len() * 2).min(ROW_BYTES_MAX), 0);
                }
                ReadRecordResult::OutputEndsFull if table.ends.len() >= CELLS_MAX => {
                    too_long = true;
                    ended_cells = 0;
                }
                ReadRecordResult::OutputEndsFull => table.ends.resize(table.ends.len() * 2, 0),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
        }
        self.line = table.core.line();
        self.record_bytes = written;
        let cells = if open_quote {
            Err(RowError::OpenQuote)
        } else if too_long {
            Err(RowError::TooLong { limit_bytes: ROW_BYTES_MAX })
        } else {
            Ok(table.ends[..ended_cells].to_vec())
        };
        Ok(Some((line, cells)))
    }
}

const CELLS_MAX: usize = 4096;
/// A buffer that grew beyond this is given back after its row.
const BUFFER_KEPT_BYTES: usize = 1024 * 1024;

fn not_utf8(error: std::str::Utf8Error) -> RowError {
    RowError::NotUtf8 { column: error.valid_up_to() + 1 }
}

fn split<'a>(text: &'a str, ends: &[usize]) -> Vec<&'a str> {
    let mut begin = 0;
    ends.iter()
        .map(|end| {
            // A cell may end inside of a character only where the header was not UTF-8.
            let cell = text.get(begin..*end).unwrap_or_default();
            begin = *end;
            cell
        })
        .collect()
}

/// Reads a line with its end into `line`, but no more of it than a row may have; gives its whole length in bytes.
fn read_line(reader: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    line.clear();
    // One giant line must not keep its memory for the rest of the file.
    line.shrink_to(BUFFER_KEPT_BYTES);
    let mut length = 0;
    loop {
        let input = reader.fill_buf()?;
        if input.is_empty() {
            return Ok(length);
        }
        let end = input.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        let n = end.unwrap_or(input.len());
        length += n;
        if length <= ROW_BYTES_MAX {
            line.extend_from_slice(&input[..n]);
        }
        reader.consume(n);
        if end.is_some() {
            return Ok(length);
        }
    }
}

fn skip_line_ends(reader: &mut dyn BufRead, line: &mut u64) -> io::Result<()> {
    loop {
        let input = reader.fill_buf()?;
        let n = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        *line += input[..n].iter().filter(|byte| **byte == b'\n').count() as u64;
        let more = n == input.len() && n > 0;
        reader.consume(n);
        if !more {
            return Ok(());
        }
    }
}

fn format_of(path: &Path, head: &[u8]) -> Format {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    match extension.as_str() {
        "jsonl" | "ndjson" | "json" => Format::Jsonl,
        "csv" => Format::Csv,
        "tsv" | "tab" => Format::Tsv,
        _ => match head.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{' | b'[') | None => Format::Jsonl,
            Some(_) => Format::Csv,
        },
    }
}

/// Spreadsheets write semicolons where the comma is the decimal mark, as in Indonesian and Vietnamese.
fn delimiter_of(format: Format, head: &[u8]) -> u8 {
    if format == Format::Tsv {
        return b'\t';
    }
    let header = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |mark: u8| header.iter().filter(|byte| **byte == mark).count();
    [b',', b';', b'\t'].into_iter().max_by_key(|mark| (count(*mark), *mark == b',')).unwrap_or(b',')
}
