//! From the tensors of a GGUF header to the places that weights are read from, checked against the file.

use std::path::Path;

use candle_core::{DType, quantized::GgmlDType};
use saring_verdict::EngineError;

use super::header::{Header, TensorInfo};
use crate::checkpoint::weights::{Place, Source, Stored, Stretch};

/// ggml's names of the types that are known and not read, by their numbers.
const NOT_READ: [(u32, &str); 20] = [
    (9, "Q8_1"),
    (15, "Q8_K"),
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (20, "IQ4_NL"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (23, "IQ4_XS"),
    (24, "I8"),
    (25, "I16"),
    (26, "I32"),
    (27, "I64"),
    (28, "F64"),
    (29, "IQ1_M"),
    (34, "TQ1_0"),
    (35, "TQ2_0"),
    (39, "MXFP4"),
    (40, "NVFP4"),
];

/// How a type's numbers are stored, by ggml's number of it.
fn stored(kind: u32) -> Option<Stored> {
    Some(match kind {
        0 => Stored::Dense(DType::F32),
        1 => Stored::Dense(DType::F16),
        2 => Stored::Packed(GgmlDType::Q4_0),
        3 => Stored::Packed(GgmlDType::Q4_1),
        6 => Stored::Packed(GgmlDType::Q5_0),
        7 => Stored::Packed(GgmlDType::Q5_1),
        8 => Stored::Packed(GgmlDType::Q8_0),
        10 => Stored::Packed(GgmlDType::Q2K),
        11 => Stored::Packed(GgmlDType::Q3K),
        12 => Stored::Packed(GgmlDType::Q4K),
        13 => Stored::Packed(GgmlDType::Q5K),
        14 => Stored::Packed(GgmlDType::Q6K),
        30 => Stored::Dense(DType::BF16),
        _ => return None,
    })
}

/// Where every tensor of a file lies; `file` is the file's number among those of the checkpoint.
///
/// # Errors
/// `PrecisionUnavailable` for a type that is not read, `CorruptWeights` for a tensor that does not fit into the file or
/// overlaps another.
pub(super) fn places(header: &Header, path: &Path, file: usize) -> Result<Vec<(String, Place)>, EngineError> {
    let corrupt = |reason: String| EngineError::CorruptWeights { path: path.to_owned(), reason };
    let mut places = Vec::new();
    for tensor in &header.tensors {
        let stored = stored(tensor.kind).ok_or_else(|| not_read(tensor))?;
        let bytes = bytes(tensor, stored).map_err(corrupt)?;
        let source = Source::Stretch(Stretch { file, offset: tensor.offset, bytes });
        places
            .push((tensor.name.clone(), Place { source, stored, shape: tensor.shape.clone(), change: None }));
    }
    let mut stretches: Vec<(u64, u64, &str)> = places
        .iter()
        .zip(&header.tensors)
        .map(|((name, p), t)| (t.offset, p.source.bytes(), name.as_str()))
        .collect();
    stretches.sort_unstable();
    let mut free_from = (0, "the header");
    for (offset, bytes, name) in stretches {
        if offset < free_from.0 {
            return Err(corrupt(format!("tensors {} and {name} overlap", free_from.1)));
        }
        let end = offset.saturating_add(bytes);
        if end > header.file_bytes {
            let has = header.file_bytes;
            return Err(corrupt(format!("tensor {name} ends at byte {end}; the file has {has}")));
        }
        free_from = (end, name);
    }
    Ok(places)
}

fn bytes(tensor: &TensorInfo, stored: Stored) -> Result<u64, String> {
    let (block, block_bytes) = match stored {
        Stored::Dense(dtype) => (1, dtype.size_in_bytes()),
        Stored::Packed(format) => (format.block_size(), format.type_size()),
    };
    if tensor.shape.last().is_some_and(|row| row % block != 0) {
        return Err(format!("the rows of tensor {} are no multiple of {block} numbers", tensor.name));
    }
    let numbers: usize = tensor.shape.iter().product();
    Ok((numbers / block) as u64 * block_bytes as u64)
}

fn not_read(tensor: &TensorInfo) -> EngineError {
    let precision = NOT_READ
        .iter()
        .find(|(kind, _)| *kind == tensor.kind)
        .map_or_else(|| format!("number {}", tensor.kind), |(_, name)| (*name).to_owned());
    let reason = format!(
        "tensor {} is stored so; F32, F16, BF16, Q4_0 to Q8_0 and Q2_K to Q6_K are read: take another file of the same \
         model, for example Q4_K_M",
        tensor.name
    );
    EngineError::PrecisionUnavailable { precision, reason }
}
