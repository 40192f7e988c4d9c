//! The header of a GGUF file: metadata and where the tensors lie.
//!
//! Nothing that the file claims is believed before it was compared with how long the file is: a length is only ever
//! reserved for what can still follow. Versions 2 and 3, little-endian; see `docs/gguf.md` of ggml.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use saring_verdict::EngineError;

use super::metadata::{Entry, Metadata};
use crate::checkpoint::io_error;

/// Longest header that is read, in bytes; those of the known guards are below 20 MB.
const HEADER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Most elements of a list; the largest known vocabulary has 262,208.
const ELEMENTS_MAX: u64 = 1 << 22;

/// Most tensors and most keys.
const ENTRIES_MAX: u64 = 1 << 16;

/// Most dimensions of a tensor, as in ggml.
const DIMENSIONS_MAX: u32 = 4;

/// A tensor as the header describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TensorInfo {
    /// Its name in the file.
    pub name: String,
    /// Its shape, the slowest dimension first.
    pub shape: Vec<usize>,
    /// ggml's number of its type.
    pub kind: u32,
    /// Its first byte, counted from the beginning of the file.
    pub offset: u64,
}

/// What stands before the numbers.
#[derive(Debug)]
pub(super) struct Header {
    /// Keys and values.
    pub metadata: Metadata,
    /// In the order of the file.
    pub tensors: Vec<TensorInfo>,
    /// Bytes of the whole file.
    pub file_bytes: u64,
}

impl Header {
    /// Reads the header of a file.
    ///
    /// # Errors
    /// `CorruptWeights` with what does not fit, `Io`.
    pub fn read(path: &Path) -> Result<Self, EngineError> {
        let file = File::open(path).map_err(|e| io_error(path, &e))?;
        let bytes = file.metadata().map_err(|e| io_error(path, &e))?.len();
        Self::parse(BufReader::new(file), bytes)
            .map_err(|reason| EngineError::CorruptWeights { path: path.to_owned(), reason })
    }

    /// Reads a header from the beginning of `file_bytes` bytes.
    ///
    /// # Errors
    /// What does not fit.
    pub fn parse(reader: impl Read, file_bytes: u64) -> Result<Self, String> {
        let mut bytes = Bytes { reader, position: 0, end: file_bytes.min(HEADER_BYTES_MAX), file_bytes };
        if bytes.array::<4>()? != *b"GGUF" {
            return Err("it does not begin as a GGUF file does".into());
        }
        match bytes.u32()? {
            2 | 3 => {}
            1 => return Err("it has version 1 of the format; convert the model again".into()),
            version if version.swap_bytes() <= 3 => {
                return Err("its numbers are big-endian; convert the model again for this machine".into());
            }
            version => return Err(format!("it has version {version} of the format; 2 and 3 are read")),
        }
        let tensors = bytes.count("tensors", ENTRIES_MAX, 24)?;
        let keys = bytes.count("keys", ENTRIES_MAX, 13)?;
        let mut metadata = BTreeMap::new();
        for _ in 0..keys {
            let key = bytes.text()?;
            let kind = bytes.u32()?;
            let entry = bytes.entry(kind).map_err(|reason| format!("`{key}`: {reason}"))?;
            if metadata.insert(key.clone(), entry).is_some() {
                return Err(format!("`{key}` is there twice"));
            }
        }
        let metadata = Metadata::new(metadata);
        let tensors = (0..tensors).map(|_| bytes.tensor()).collect::<Result<Vec<_>, _>>()?;
        let alignment = match metadata.get("general.alignment") {
            None => 32,
            Some(_) => metadata.count("general.alignment", 1 << 16)? as u64,
        };
        if !alignment.is_power_of_two() {
            return Err(format!("`general.alignment` is {alignment}; it must be a power of two"));
        }
        let start = bytes.position.next_multiple_of(alignment);
        let tensors = tensors
            .into_iter()
            .map(|tensor| {
                let offset = start.checked_add(tensor.offset).filter(|_| tensor.offset % alignment == 0);
                let offset =
                    offset.ok_or_else(|| format!("tensor {} begins at an odd place", tensor.name))?;
                Ok(TensorInfo { offset, ..tensor })
            })
            .collect::<Result<Vec<_>, String>>()?;
        Ok(Self { metadata, tensors, file_bytes })
    }
}

/// Reads numbers and counts how far it got.
struct Bytes<R> {
    reader: R,
    position: u64,
    /// Where the header must have ended.
    end: u64,
    file_bytes: u64,
}

impl<R: Read> Bytes<R> {
    fn left(&self) -> u64 {
        self.end - self.position
    }

    fn short(&self) -> String {
        if self.end < self.file_bytes {
            format!("its header is longer than {HEADER_BYTES_MAX} bytes")
        } else {
            format!("its header goes on where the file ends, at byte {}", self.file_bytes)
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        if self.left() < N as u64 {
            return Err(self.short());
        }
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(|e| e.to_string())?;
        self.position += N as u64;
        Ok(bytes)
    }

    fn u32(&mut self) -> Result<u32, String> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, String> {
        self.array().map(u64::from_le_bytes)
    }

    /// A number of things of at least `bytes_each` bytes, all of which must still fit into the header.
    fn count(&mut self, things: &str, max: u64, bytes_each: u64) -> Result<u64, String> {
        let count = self.u64()?;
        let fits = count.checked_mul(bytes_each).is_some_and(|bytes| bytes <= self.left());
        if count > max || !fits {
            return Err(format!("it claims {count} {things} in a file of {} bytes", self.file_bytes));
        }
        Ok(count)
    }

    fn text(&mut self) -> Result<String, String> {
        let length = self.count("bytes of text", u64::MAX, 1)?;
        let mut text = vec![0; length as usize];
        self.reader.read_exact(&mut text).map_err(|e| e.to_string())?;
        self.position += length;
        // Descriptions are not always UTF-8; what must be is compared with other names later.
        Ok(String::from_utf8(text).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
    }

    fn number(&mut self, kind: u32) -> Result<f64, String> {
        Ok(match kind {
            0 | 7 => f64::from(self.array::<1>()?[0]),
            1 => f64::from(i8::from_le_bytes(self.array()?)),
            2 => f64::from(u16::from_le_bytes(self.array()?)),
            3 => f64::from(i16::from_le_bytes(self.array()?)),
            4 => f64::from(self.u32()?),
            5 => f64::from(i32::from_le_bytes(self.array()?)),
            6 => f64::from(f32::from_le_bytes(self.array()?)),
            10 => self.u64()? as f64,
            11 => i64::from_le_bytes(self.array()?) as f64,
            12 => f64::from_le_bytes(self.array()?),
            other => return Err(format!("a value of the unknown type {other}")),
        })
    }

    fn entry(&mut self, kind: u32) -> Result<Entry, String> {
        match kind {
            7 => Ok(Entry::Flag(self.array::<1>()?[0] != 0)),
            8 => self.text().map(Entry::Text),
            9 => self.list(),
            // In the fewest digits that mean it: 1e-6 and not what single precision makes of it.
            6 => Ok(Entry::Number(shortest(f32::from_le_bytes(self.array()?)))),
            _ => self.number(kind).map(Entry::Number),
        }
    }

    fn list(&mut self) -> Result<Entry, String> {
        let kind = self.u32()?;
        if kind == 8 {
            let count = self.count("texts", ELEMENTS_MAX, 8)?;
            return (0..count).map(|_| self.text()).collect::<Result<_, _>>().map(Entry::Texts);
        }
        let bytes = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            10..=12 => 8,
            other => return Err(format!("a list of the unknown type {other}")),
        };
        let count = self.count("numbers", ELEMENTS_MAX, bytes)?;
        (0..count).map(|_| self.number(kind)).collect::<Result<_, _>>().map(Entry::Numbers)
    }

    fn tensor(&mut self) -> Result<TensorInfo, String> {
        let name = self.text()?;
        let dimensions = self.u32()?;
        if dimensions > DIMENSIONS_MAX {
            return Err(format!(
                "tensor {name} has {dimensions} dimensions; at most {DIMENSIONS_MAX} are read"
            ));
        }
        let mut shape = Vec::new();
        let mut numbers = 1u64;
        for _ in 0..dimensions {
            let size = self.u64()?;
            // No tensor has more numbers than its file has bits.
            numbers = numbers
                .checked_mul(size)
                .filter(|n| (1..=self.file_bytes.saturating_mul(8)).contains(n))
                .ok_or_else(|| format!("tensor {name} claims more numbers than the file can hold"))?;
            shape.push(size as usize);
        }
        shape.reverse();
        Ok(TensorInfo { name, shape, kind: self.u32()?, offset: self.u64()? })
    }
}

/// The number with the fewest digits among those that single precision cannot tell from `number`.
fn shortest(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}
