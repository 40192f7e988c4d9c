//! Weight files: safetensors, one or several, mapped into memory and checked before anything is loaded.
//!
//! [`Weights`] knows where each tensor lies. An architecture lists what it needs as [`TensorSpec`]s; only when every
//! one of them is there with the right shape are bytes copied to a device.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    ops::Range,
    path::{Path, PathBuf},
};

use candle_core::{DType, Device, Tensor};
use memmap2::Mmap;
use safetensors::{Dtype, SafeTensors};
use saring_verdict::EngineError;
use serde_json::Value;

use super::{Checkpoint, io_error, read_json};
use crate::decoder::failure;

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// A tensor that an architecture needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TensorSpec {
    /// Its name in the checkpoint.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
}

#[derive(Debug)]
struct Place {
    file: usize,
    bytes: Range<usize>,
    dtype: DType,
    shape: Vec<usize>,
}

/// Every tensor of a checkpoint and where its bytes lie.
#[derive(Debug)]
pub(crate) struct Weights {
    files: Vec<PathBuf>,
    maps: Vec<Mmap>,
    places: BTreeMap<String, Place>,
}

impl Weights {
    /// Maps the weight files of a checkpoint and reads their headers.
    ///
    /// # Errors
    /// `MissingFile` for a missing shard, `CorruptWeights` for a header that does not fit its file, `MissingTensor`
    /// for a tensor that the index promises and its shard does not hold, `Io`, `BadConfig` for a broken index.
    pub fn open(checkpoint: &Checkpoint) -> Result<Self, EngineError> {
        let (files, promised) = weight_files(&checkpoint.folder)?;
        let mut weights = Self { files, maps: Vec::new(), places: BTreeMap::new() };
        for (index, path) in weights.files.iter().enumerate() {
            let map = map_file(path)?;
            read_header(path, index, &map, &mut weights.places)?;
            weights.maps.push(map);
        }
        match promised.into_iter().find(|name| !weights.places.contains_key(name)) {
            Some(name) => Err(EngineError::MissingTensor { name }),
            None => Ok(weights),
        }
    }

    /// The weight files, ordered by name.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Bytes of all weight files together.
    pub fn bytes(&self) -> u64 {
        self.maps.iter().map(|m| m.len() as u64).sum()
    }

    /// How many numbers the weight files hold.
    pub fn parameters(&self) -> u64 {
        self.places.values().map(|p| p.shape.iter().product::<usize>() as u64).sum()
    }

    /// The precision that most numbers are stored in.
    pub fn precision(&self) -> DType {
        let mut counts = [(DType::BF16, 0), (DType::F16, 0), (DType::F32, 0)];
        for place in self.places.values() {
            if let Some((_, count)) = counts.iter_mut().find(|(dtype, _)| *dtype == place.dtype) {
                *count += place.shape.iter().product::<usize>();
            }
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map_or(DType::F32, |(dtype, _)| dtype)
    }

    /// Checks that every needed tensor is there, in its shape, before a byte is copied.
    ///
    /// # Errors
    /// `MissingTensor`, `TensorShape`, and `CorruptWeights` for a number format that is not read.
    pub fn require(&self, specs: &[TensorSpec]) -> Result<(), EngineError> {
        for spec in specs {
            let place = self.place(&spec.name)?;
            if place.shape != spec.shape {
                return Err(EngineError::TensorShape {
                    name: spec.name.clone(),
                    expected: spec.shape.clone(),
                    found: place.shape.clone(),
                });
            }
            if !matches!(place.dtype, DType::BF16 | DType::F16 | DType::F32) {
                return Err(EngineError::CorruptWeights {
                    path: self.files[place.file].clone(),
                    reason: format!(
                        "tensor {} is stored as {:?}; bf16, f16 and f32 are read",
                        spec.name, place.dtype
                    ),
                });
            }
        }
        Ok(())
    }

    /// Copies a tensor to `device` as `dtype`. Returns it with the bytes read from the file.
    ///
    /// # Errors
    /// `MissingTensor`, and `Inference` when the device refuses.
    pub fn load(&self, name: &str, dtype: DType, device: &Device) -> Result<(Tensor, u64), EngineError> {
        let place = self.place(name)?;
        let bytes = &self.maps[place.file][place.bytes.clone()];
        let tensor = Tensor::from_raw_buffer(bytes, place.dtype, &place.shape, device)
            .and_then(|t| t.to_dtype(dtype))
            .map_err(|e| EngineError::Inference {
                reason: format!("loading tensor {name}: {}", failure(&e)),
            })?;
        Ok((tensor, bytes.len() as u64))
    }

    fn place(&self, name: &str) -> Result<&Place, EngineError> {
        self.places.get(name).ok_or_else(|| EngineError::MissingTensor { name: name.to_owned() })
    }
}

/// The weight files ordered by name, and the tensors that an index promises.
fn weight_files(folder: &Path) -> Result<(Vec<PathBuf>, BTreeSet<String>), EngineError> {
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

#[allow(
    unsafe_code,
    reason = "mapping a file is the only way to read a checkpoint larger than memory; a file that is cut short while it \
              is mapped ends this process, which is why guards run in a process of their own"
)]
fn map_file(path: &Path) -> Result<Mmap, EngineError> {
    let file = File::open(path).map_err(|e| io_error(path, &e))?;
    // SAFETY: the map is read-only and private to this struct; see the reason above for a file changed by others.
    unsafe { Mmap::map(&file) }.map_err(|e| io_error(path, &e))
}

fn read_header(
    path: &Path,
    file: usize,
    map: &Mmap,
    places: &mut BTreeMap<String, Place>,
) -> Result<(), EngineError> {
    let corrupt = |reason: String| EngineError::CorruptWeights { path: path.to_owned(), reason };
    // `deserialize` also checks that the tensors fill the file exactly.
    SafeTensors::deserialize(map).map_err(|e| corrupt(e.to_string()))?;
    let (header, metadata) = SafeTensors::read_metadata(map).map_err(|e| corrupt(e.to_string()))?;
    let data = header + 8;
    for (name, info) in metadata.tensors() {
        let dtype = match info.dtype {
            Dtype::BF16 => DType::BF16,
            Dtype::F16 => DType::F16,
            Dtype::F32 => DType::F32,
            Dtype::F64 => DType::F64,
            Dtype::I64 => DType::I64,
            Dtype::U32 => DType::U32,
            Dtype::U8 => DType::U8,
            // Not a number format that any decoder asks for; left out, it is reported as missing if one does.
            _ => continue,
        };
        let (start, end) = info.data_offsets;
        let place = Place { file, bytes: data + start..data + end, dtype, shape: info.shape.clone() };
        if places.insert(name.clone(), place).is_some() {
            return Err(corrupt(format!("tensor {name} is in several files")));
        }
    }
    Ok(())
}
