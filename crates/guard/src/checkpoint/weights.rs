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
    path::PathBuf,
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
    #[allow(dead_code, reason = "GGUF files bring it")]
    Packed(GgmlDType),
}

/// Where a tensor lies.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Index of its file.
    pub file: usize,
    /// Its first byte in that file.
    pub offset: u64,
    /// How many bytes it takes.
    pub bytes: u64,
    /// How its numbers are stored.
    pub stored: Stored,
    /// Its shape, the slowest dimension first.
    pub shape: Vec<usize>,
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
            let file = place.file;
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

    /// How many numbers the weight files hold.
    pub fn parameters(&self) -> u64 {
        self.places.values().map(Place::numbers).sum()
    }

    /// How most numbers are stored.
    pub fn stored(&self) -> Stored {
        let mut counts: Vec<(Stored, u64)> = Vec::new();
        for place in self.places.values() {
            match counts.iter_mut().find(|(stored, _)| *stored == place.stored) {
                Some((_, count)) => *count += place.numbers(),
                None => counts.push((place.stored, place.numbers())),
            }
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map_or(Stored::Dense(DType::F32), |(s, _)| s)
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
        self.places.get(name).map_or(0, |place| place.bytes)
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
                return Err(EngineError::CorruptWeights { path: self.files[place.file].clone(), reason });
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
        let place = self.place(name)?;
        let tensor = match place.stored {
            Stored::Dense(stored) => {
                Tensor::from_raw_buffer(&self.read(place)?, stored, &place.shape, device)
            }
            Stored::Packed(format) => {
                packed(&self.read(place)?, format, place, device).and_then(|tensor| tensor.dequantize(device))
            }
        };
        tensor.and_then(|t| t.to_dtype(dtype)).map_err(|e| failed(name, &e))
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

    fn read(&self, place: &Place) -> Result<Vec<u8>, EngineError> {
        let mut file = &self.handles[place.file];
        let mut bytes = vec![0; place.bytes as usize];
        file.seek(SeekFrom::Start(place.offset)).and_then(|_| file.read_exact(&mut bytes)).map_err(|e| {
            EngineError::CorruptWeights { path: self.files[place.file].clone(), reason: e.to_string() }
        })?;
        Ok(bytes)
    }

    fn place(&self, name: &str) -> Result<&Place, EngineError> {
        self.places.get(name).ok_or_else(|| EngineError::MissingTensor { name: name.to_owned() })
    }
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
