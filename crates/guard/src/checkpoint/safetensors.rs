//! safetensors files: one, or several with an index.

use std::{
    collections::BTreeSet,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use candle_core::DType;
use safetensors::{Dtype, tensor::Metadata};
use saring_verdict::EngineError;
use serde_json::Value;

use super::{
    io_error, read_json,
    weights::{Place, Source, Stored, Stretch},
};

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// The format's own limit for a header.
const HEADER_BYTES_MAX: u64 = 100_000_000;

/// The weight files of a folder ordered by name, and the tensors that an index promises.
///
/// # Errors
/// `MissingFile` for a missing shard, `BadConfig` for a broken index.
pub(super) fn files(folder: &Path) -> Result<(Vec<PathBuf>, BTreeSet<String>), EngineError> {
    let missing = |file: &str| EngineError::MissingFile { folder: folder.to_owned(), file: file.to_owned() };
    let index_path = folder.join(INDEX);
    if !index_path.exists() {
        let single = folder.join(SINGLE);
        return if single.exists() { Ok((vec![single], BTreeSet::new())) } else { Err(missing(SINGLE)) };
    }
    let bad = |reason: &str| EngineError::BadConfig { path: index_path.clone(), reason: reason.to_owned() };
    let index = read_json(&index_path)?;
    let Value::Object(map) = &index["weight_map"] else {
        return Err(bad("`weight_map` must be an object"));
    };
    let mut names = BTreeSet::new();
    for file in map.values() {
        let file = file.as_str().ok_or_else(|| bad("`weight_map` must map tensors to file names"))?;
        // A shard lies beside its index; anything else is not a checkpoint but a trick.
        if Path::new(file).components().count() != 1 || file.contains("..") {
            return Err(bad("`weight_map` names a file outside the folder"));
        }
        names.insert(file.to_owned());
    }
    if names.is_empty() {
        return Err(bad("`weight_map` is empty"));
    }
    let mut files = Vec::new();
    for name in names {
        let path = folder.join(&name);
        if !path.exists() {
            return Err(missing(&name));
        }
        files.push(path);
    }
    Ok((files, map.keys().cloned().collect()))
}

/// Where the tensors of file number `file` lie, by their names in it.
///
/// # Errors
/// `CorruptWeights` for a header that does not fit its file, `Io`.
pub(super) fn read_header(path: &Path, file: usize) -> Result<Vec<(String, Place)>, EngineError> {
    let corrupt = |reason: String| EngineError::CorruptWeights { path: path.to_owned(), reason };
    let mut reader = File::open(path).map_err(|e| io_error(path, &e))?;
    let file_bytes = reader.metadata().map_err(|e| io_error(path, &e))?.len();
    let mut length = [0; 8];
    reader.read_exact(&mut length).map_err(|_| corrupt("it is shorter than a header".into()))?;
    let header_bytes = u64::from_le_bytes(length);
    if header_bytes > HEADER_BYTES_MAX || header_bytes + 8 > file_bytes {
        return Err(corrupt(format!("its header claims {header_bytes} bytes of {file_bytes}")));
    }
    let mut header = Vec::new();
    reader.take(header_bytes).read_to_end(&mut header).map_err(|e| io_error(path, &e))?;
    let metadata: Metadata = serde_json::from_slice(&header).map_err(|e| corrupt(e.to_string()))?;
    let start = header_bytes + 8;
    let needed = start + metadata.data_len() as u64;
    if needed != file_bytes {
        return Err(corrupt(format!("its tensors need {needed} bytes; it has {file_bytes}")));
    }
    let mut places = Vec::new();
    for (name, info) in metadata.tensors() {
        let dtype = match info.dtype {
            Dtype::BF16 => DType::BF16,
            Dtype::F16 => DType::F16,
            Dtype::F32 => DType::F32,
            Dtype::F64 => DType::F64,
            Dtype::I64 => DType::I64,
            Dtype::U32 => DType::U32,
            Dtype::U8 => DType::U8,
            // Not a number format that any architecture asks for; left out, it is reported as missing if one does.
            _ => continue,
        };
        let (begin, end) = info.data_offsets;
        let stretch = Stretch { file, offset: start + begin as u64, bytes: (end - begin) as u64 };
        let place = Place {
            source: Source::Stretch(stretch),
            stored: Stored::Dense(dtype),
            shape: info.shape.clone(),
            change: None,
        };
        places.push((name, place));
    }
    Ok(places)
}
