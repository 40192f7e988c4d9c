//! Weights: where each tensor of a checkpoint lies, checked before anything is loaded.
//!
//! An architecture lists what it needs as [`TensorSpec`]s; only when every one of them is there with the right shape are
//! bytes read, straight from the file to the device, one tensor at a time, so that the memory that is needed stays close
//! to the size of the files.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    slice,
};

use candle_core::{
    DType, Device, Tensor,
    quantized::{GgmlDType, QStorage, QTensor},
};
use saring_verdict::EngineError;

use super::{Checkpoint, io_error, names::canonical, safetensors};
use crate::layers::failure;

/// A tensor that an architecture needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TensorSpec {
    /// Its name, as [`canonical`] has it.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
}

/// How numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// One after the other.
    Dense(DType),
    /// In blocks that share scales.
    Packed(GgmlDType),
}

/// Bytes of a file, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    /// Index of the file.
    pub file: usize,
    /// The first byte in that file.
    pub offset: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// Where a tensor's numbers come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// From a file.
    Stretch(Stretch),
    /// From several places of a file, side by side along one dimension, which they do not have themselves.
    Stacked(Vec<Stretch>, usize),
    /// From what was read already, in single precision.
    Given(Vec<f32>),
}

impl Source {
    /// The bytes that are read for it.
    pub fn stretches(&self) -> &[Stretch] {
        match self {
            Self::Stretch(stretch) => slice::from_ref(stretch),
            Self::Stacked(stretches, _) => stretches,
            Self::Given(_) => &[],
        }
    }

    /// How many bytes are read for it.
    pub fn bytes(&self) -> u64 {
        self.stretches().iter().map(|stretch| stretch.bytes).sum()
    }
}

/// What was changed when a checkpoint was converted, and is undone when a tensor is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// One was added to every number.
    OneAdded,
    /// The rows of the two halves of every head stand in turn.
    Interleaved {
        /// How many heads there are.
        heads: usize,
    },
}

/// Where a tensor lies.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Where its numbers come from.
    pub source: Source,
    /// How its numbers are stored.
    pub stored: Stored,
    /// Its shape, the slowest dimension first.
    pub shape: Vec<usize>,
    /// What is to be undone.
    pub change: Option<Change>,
}

/// Every tensor of a checkpoint and where its bytes lie.
#[derive(Debug)]
pub(crate) struct Weights {
    files: Vec<PathBuf>,
    handles: Vec<File>,
    bytes: u64,
    places: BTreeMap<String, Place>,
}

impl Weights {
    /// Opens the weight files of a checkpoint and reads their headers.
    ///
    /// # Errors
    /// `MissingFile` for a missing shard, `CorruptWeights` for a header that does not fit its file, `MissingTensor`
    /// for a tensor that the index promises and its shard does not hold, `Io`, `BadConfig` for a broken index.
    pub fn open(checkpoint: &Checkpoint) -> Result<Self, EngineError> {
        if let Some(gguf) = &checkpoint.gguf {
            return Self::from_places(gguf.files(), gguf.places());
        }
        let (files, promised) = safetensors::files(&checkpoint.folder)?;
        let mut found = Vec::new();
        for (file, path) in files.iter().enumerate() {
            found.extend(safetensors::read_header(path, file)?);
        }
        let names: BTreeSet<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        if let Some(name) = promised.iter().find(|name| !names.contains(name.as_str())) {
            return Err(EngineError::MissingTensor { name: name.clone() });
        }
        Self::from_places(files, found)
    }

    /// From files and the tensors in them.
    ///
    /// # Errors
    /// `CorruptWeights` for a tensor that is there twice, `Io`.
    pub(super) fn from_places(files: Vec<PathBuf>, found: Vec<(String, Place)>) -> Result<Self, EngineError> {
        let (mut handles, mut bytes) = (Vec::new(), 0);
        for path in &files {
            let handle = File::open(path).map_err(|e| io_error(path, &e))?;
            bytes += handle.metadata().map_err(|e| io_error(path, &e))?.len();
            handles.push(handle);
        }
        let mut places = BTreeMap::new();
        for (name, place) in found {
            let file = place.source.stretches().first().map_or(0, |stretch| stretch.file);
            if places.insert(canonical(&name), place).is_some() {
                let reason = format!("tensor {name} is there twice");
                return Err(EngineError::CorruptWeights { path: files[file].clone(), reason });
            }
        }
        Ok(Self { files, handles, bytes, places })
    }

    /// The weight files, ordered by name.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Bytes of all weight files together.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes on a device that computes in `dtype`, where `packing` says in which format a tensor of a name and shape is
    /// quantised while it is loaded, if at all.
    pub fn bytes_packed(&self, dtype: DType, packing: impl Fn(&str, &[usize]) -> Option<GgmlDType>) -> u64 {
        let bytes = |(name, place): (&String, &Place)| match (place.stored, packing(name, &place.shape)) {
            (Stored::Packed(_), _) => place.source.bytes(),
            (Stored::Dense(_), None) => place.numbers() * dtype.size_in_bytes() as u64,
            (Stored::Dense(_), Some(format)) => {
                place.numbers().div_ceil(format.block_size() as u64) * format.type_size() as u64
            }
        };
        self.places.iter().map(bytes).sum()
    }

    /// How many numbers the weight files hold.
    pub fn parameters(&self) -> u64 {
        self.places.values().map(Place::numbers).sum()
    }

    /// How most numbers are stored; where some are quantised, how most of those are, since they decide what is lost.
    pub fn stored(&self) -> Stored {
        let mut counts: Vec<(Stored, u64)> = Vec::new();
        for place in self.places.values() {
            match counts.iter_mut().find(|(stored, _)| *stored == place.stored) {
                Some((_, count)) => *count += place.numbers(),
                None => counts.push((place.stored, place.numbers())),
            }
        }
        let most = counts.into_iter().max_by_key(|(s, count)| (matches!(s, Stored::Packed(_)), *count));
        most.map_or(Stored::Dense(DType::F32), |(s, _)| s)
    }

    /// Whether there is a tensor of that name.
    pub fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The shape of a tensor.
    ///
    /// # Errors
    /// `MissingTensor`.
    pub fn shape(&self, name: &str) -> Result<&[usize], EngineError> {
        Ok(&self.place(name)?.shape)
    }

    /// Bytes that a tensor takes in its file; 0 if there is none of that name.
    pub fn stored_bytes(&self, name: &str) -> u64 {
        self.places.get(name).map_or(0, |place| place.source.bytes())
    }

    /// Checks that every needed tensor is there, in its shape, before a byte is read, and that there is nothing that
    /// `architecture` has no place for.
    ///
    /// # Errors
    /// `MissingTensor`, `TensorShape`, `UnexpectedTensors`, and `CorruptWeights` for a number format that is not read.
    pub fn require(&self, architecture: &str, specs: &[TensorSpec]) -> Result<(), EngineError> {
        for spec in specs {
            let place = self.place(&spec.name)?;
            if place.shape != spec.shape {
                return Err(EngineError::TensorShape {
                    name: spec.name.clone(),
                    expected: spec.shape.clone(),
                    found: place.shape.clone(),
                });
            }
            let readable = match place.stored {
                Stored::Dense(dtype) => matches!(dtype, DType::BF16 | DType::F16 | DType::F32),
                Stored::Packed(_) => true,
            };
            if !readable {
                let reason = format!(
                    "tensor {} is stored as {:?}; bf16, f16 and f32 are read",
                    spec.name, place.stored
                );
                return Err(EngineError::CorruptWeights { path: self.file(place).to_owned(), reason });
            }
        }
        let known: BTreeSet<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
        // A tied head is often written out a second time, and old files carry tables that are computed anyway.
        let harmless = |name: &str| name == "lm_head.weight" || name.ends_with("rotary_emb.inv_freq");
        let mut unexpected = self.places.keys().filter(|n| !known.contains(n.as_str()) && !harmless(n));
        match unexpected.next() {
            Some(name) => Err(EngineError::UnexpectedTensors {
                architecture: architecture.to_owned(),
                count: 1 + unexpected.count(),
                name: name.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Reads a tensor to `device` as `dtype`, unpacked if it is stored quantised.
    ///
    /// # Errors
    /// `MissingTensor`, `CorruptWeights` for a file that ends early, and `Inference` when the device refuses.
    pub fn load(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor, EngineError> {
        self.load_dense(name, device)?.to_dtype(dtype).map_err(|e| failed(name, &e))
    }

    /// Reads a tensor into memory in the precision that it is stored in; single precision if it is stored quantised.
    ///
    /// # Errors
    /// See [`Weights::load`].
    pub fn load_stored(&self, name: &str) -> Result<Tensor, EngineError> {
        self.load_dense(name, &Device::Cpu)
    }

    fn load_dense(&self, name: &str, device: &Device) -> Result<Tensor, EngineError> {
        let place = self.place(name)?;
        let bytes = self.read(place)?;
        let tensor = match (&place.source, place.stored) {
            (Source::Stacked(stretches, along), Stored::Dense(stored)) => {
                stacked(&bytes, stretches.len(), *along, stored, &place.shape, device)
            }
            (_, Stored::Dense(stored)) => Tensor::from_raw_buffer(&bytes, stored, &place.shape, device),
            (_, Stored::Packed(format)) => {
                packed(&bytes, format, place, device).and_then(|tensor| tensor.dequantize(device))
            }
        };
        let tensor = match place.change {
            // In single precision, where the difference to one keeps its digits.
            Some(Change::OneAdded) => tensor.and_then(|t| t.to_dtype(DType::F32)? - 1.0),
            _ => tensor,
        };
        tensor.map_err(|e| failed(name, &e))
    }

    /// Reads a tensor that is stored quantised to `device` as it is; `None` if it is not.
    ///
    /// # Errors
    /// See [`Weights::load`].
    pub fn load_packed(&self, name: &str, device: &Device) -> Result<Option<QTensor>, EngineError> {
        let place = self.place(name)?;
        match place.stored {
            Stored::Dense(_) => Ok(None),
            Stored::Packed(format) => {
                let tensor = packed(&self.read(place)?, format, place, device);
                tensor.map(Some).map_err(|e| failed(name, &e))
            }
        }
    }

    /// The bytes of a tensor as they would lie in its checkpoint.
    fn read(&self, place: &Place) -> Result<Vec<u8>, EngineError> {
        let mut bytes = vec![0; place.source.bytes() as usize];
        let mut rest = bytes.as_mut_slice();
        for stretch in place.source.stretches() {
            let mut file = &self.handles[stretch.file];
            let (part, behind) = rest.split_at_mut(stretch.bytes as usize);
            file.seek(SeekFrom::Start(stretch.offset)).and_then(|_| file.read_exact(part)).map_err(|e| {
                EngineError::CorruptWeights { path: self.file(place).to_owned(), reason: e.to_string() }
            })?;
            rest = behind;
        }
        Ok(match (&place.source, place.change) {
            (Source::Given(numbers), _) => numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
            (_, Some(Change::Interleaved { heads })) => in_halves(&bytes, heads, place.shape[0]),
            _ => bytes,
        })
    }

    /// The file that a tensor lies in, for error messages.
    fn file(&self, place: &Place) -> &Path {
        &self.files[place.source.stretches().first().map_or(0, |stretch| stretch.file)]
    }

    fn place(&self, name: &str) -> Result<&Place, EngineError> {
        self.places.get(name).ok_or_else(|| EngineError::MissingTensor { name: name.to_owned() })
    }
}

/// Rows that stand in turn, each head's first half first again. Rows are moved as they are stored.
fn in_halves(bytes: &[u8], heads: usize, rows: usize) -> Vec<u8> {
    // Whether heads and rows fit was checked with the shapes.
    let half = (rows / heads.max(1) / 2).max(1);
    let row_bytes = bytes.len() / rows;
    let mut ordered = Vec::with_capacity(bytes.len());
    for head in bytes.chunks_exact(2 * half * row_bytes) {
        for side in 0..2 {
            for row in 0..half {
                let start = (2 * row + side) * row_bytes;
                ordered.extend_from_slice(&head[start..start + row_bytes]);
            }
        }
    }
    ordered
}

/// Parts that lie one after the other, side by side along one dimension of `shape`.
fn stacked(
    bytes: &[u8],
    parts: usize,
    along: usize,
    stored: DType,
    shape: &[usize],
    device: &Device,
) -> candle_core::Result<Tensor> {
    let mut each = shape.to_vec();
    each.remove(along);
    let parts = bytes
        .chunks_exact(bytes.len() / parts)
        .map(|part| Tensor::from_raw_buffer(part, stored, &each, device))
        .collect::<candle_core::Result<Vec<_>>>()?;
    Tensor::stack(&parts, along)
}

fn packed(bytes: &[u8], format: GgmlDType, place: &Place, device: &Device) -> candle_core::Result<QTensor> {
    QTensor::new(QStorage::from_data(Cow::Borrowed(bytes), device, format)?, place.shape.as_slice())
}

fn failed(name: &str, error: &candle_core::Error) -> EngineError {
    EngineError::Inference { reason: format!("loading tensor {name}: {}", failure(error)) }
}

impl Place {
    fn numbers(&self) -> u64 {
        self.shape.iter().product::<usize>() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_stand_in_turn_are_put_back_head_by_head() {
        // Two heads of four rows of two bytes; what was row 1 of the second half is the last of its head.
        let written = [0, 0, 2, 2, 1, 1, 3, 3, 10, 10, 12, 12, 11, 11, 13, 13];
        let found = in_halves(&written, 2, 8);
        assert_eq!(found, [0, 0, 1, 1, 2, 2, 3, 3, 10, 10, 11, 11, 12, 12, 13, 13]);
    }

    #[test]
    fn parts_come_to_stand_side_by_side() {
        let bytes: Vec<u8> = (0..12).flat_map(|n| (n as f32).to_le_bytes()).collect();
        let found = stacked(&bytes, 2, 1, DType::F32, &[2, 2, 3], &Device::Cpu).unwrap();
        let expected = [[[0f32, 1.0, 2.0], [6.0, 7.0, 8.0]], [[3.0, 4.0, 5.0], [9.0, 10.0, 11.0]]];
        assert_eq!(found.to_vec3::<f32>().unwrap(), expected);
    }
}
