//! Features by an image's content, in memory and on disk.
//!
//! In memory the least recently used go first. On disk a file lies at `<image sha256>/<key>.safetensors`, so that all that
//! was computed from an image can be removed with its folder; the key stands for everything else that the features depend
//! on. A file carries a digest over its key and its tensors: one that is damaged, or that lies under another's name, is taken
//! for absent and written anew. It is no signature: who can write into the workspace can write features. Writing never fails
//! a verdict; it is only slower next time.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, DirEntry},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use ::safetensors::View;
use candle_core::{Device, Tensor, safetensors};
use sha2::{Digest, Sha256};

use crate::checkpoint::hex;
use crate::decoder::ImageFeatures;

/// Changes when what is in the files, or what it means, changes.
const FORMAT: &str = "saring image features 2";
/// What the files may take together. The oldest are removed.
const DISK_BYTES_MAX: u64 = 2 << 30;
/// The files are counted again after so much has been written.
const SWEEP_BYTES: u64 = 64 << 20;

const EMBEDDINGS: &str = "embeddings";
const GRID: &str = "grid";
const DIGEST: &str = "digest";

/// An image by its SHA-256, and how many pixels it was allowed.
type Image = (String, Option<u64>);

#[derive(Debug)]
struct Kept {
    features: Arc<ImageFeatures>,
    bytes: u64,
    used: u64,
}

/// The features that one tower computed, by image.
#[derive(Debug)]
pub(crate) struct FeatureCache {
    folder: Option<PathBuf>,
    identity: String,
    bytes_max: u64,
    device: Device,
    kept: HashMap<Image, Kept>,
    bytes: u64,
    clock: u64,
    written: u64,
}

impl FeatureCache {
    /// `features_dir` is where files go, if anywhere; `identity` is all that features depend on beside the image and its
    /// pixels: the hashes of weights and processor, and the precision. At most `bytes_max` are kept in memory, on
    /// `device` like those that are read from files.
    pub fn new(features_dir: Option<PathBuf>, identity: String, bytes_max: u64, device: &Device) -> Self {
        let (kept, device) = (HashMap::new(), device.clone());
        let cache =
            Self { folder: features_dir, identity, bytes_max, device, kept, bytes: 0, clock: 0, written: 0 };
        cache.sweep(DISK_BYTES_MAX);
        cache
    }

    /// The features of the image with that SHA-256 (lower-case hexadecimal), computed at that pixel budget.
    pub fn get(&mut self, sha256: &str, pixels_max: Option<u64>) -> Option<Arc<ImageFeatures>> {
        let image = (sha256.to_owned(), pixels_max);
        self.clock += 1;
        if let Some(kept) = self.kept.get_mut(&image) {
            kept.used = self.clock;
            return Some(Arc::clone(&kept.features));
        }
        let features = self.read(&image)?;
        Some(self.keep(image, features))
    }

    /// Whether the features of an image seem to be kept; a file may still turn out to be damaged.
    pub fn holds(&self, sha256: &str, pixels_max: Option<u64>) -> bool {
        let image = (sha256.to_owned(), pixels_max);
        let on_disk =
            || self.place(&image).is_some_and(|(folder, key)| folder.join(file_name(&key)).exists());
        self.kept.contains_key(&image) || on_disk()
    }

    /// Keeps features of an image, in memory and as a file.
    pub fn put(
        &mut self,
        sha256: &str,
        pixels_max: Option<u64>,
        features: ImageFeatures,
    ) -> Arc<ImageFeatures> {
        let image = (sha256.to_owned(), pixels_max);
        match self.write(&image, &features) {
            Ok(bytes) => self.written += bytes,
            Err(reason) => tracing::warn!(image = sha256, reason, "image features are not kept on disk"),
        }
        if self.written >= SWEEP_BYTES {
            self.sweep(DISK_BYTES_MAX);
            self.written = 0;
        }
        self.clock += 1;
        self.keep(image, features)
    }

    fn keep(&mut self, image: Image, features: ImageFeatures) -> Arc<ImageFeatures> {
        let bytes = bytes(&features);
        let features = Arc::new(features);
        if let Some(old) = self.kept.remove(&image) {
            self.bytes -= old.bytes;
        }
        // What is larger than all that may be kept drives nothing out.
        if bytes > self.bytes_max {
            return features;
        }
        while self.bytes + bytes > self.bytes_max {
            let Some(oldest) = self.kept.iter().min_by_key(|(_, kept)| kept.used).map(|(i, _)| i.clone())
            else {
                break;
            };
            if let Some(removed) = self.kept.remove(&oldest) {
                self.bytes -= removed.bytes;
            }
        }
        self.bytes += bytes;
        self.kept.insert(image, Kept { features: Arc::clone(&features), bytes, used: self.clock });
        features
    }

    /// Where the file of an image lies, and its key. `None` without a folder, and for what is no SHA-256: it becomes a
    /// path.
    fn place(&self, (sha256, pixels_max): &Image) -> Option<(PathBuf, String)> {
        let is_digest =
            sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let folder = self.folder.as_ref().filter(|_| is_digest)?.join(sha256);
        let key = hex(&Sha256::digest(format!("{FORMAT}\n{}\n{sha256}\n{pixels_max:?}", self.identity)));
        Some((folder, key))
    }

    fn read(&self, image: &Image) -> Option<ImageFeatures> {
        let (folder, key) = self.place(image)?;
        let path = folder.join(file_name(&key));
        // A file larger than all files together may be is none of ours.
        if fs::metadata(&path).ok()?.len() > DISK_BYTES_MAX {
            return None;
        }
        let tensors: BTreeMap<_, _> =
            safetensors::load_buffer(&fs::read(&path).ok()?, &Device::Cpu).ok()?.into_iter().collect();
        let features = parse(&key, tensors).and_then(|features| to_device(&features, &self.device).ok());
        if features.is_none() {
            tracing::warn!(path = %path.display(), "damaged image features are computed again");
        }
        features
    }

    /// Writes under another name first, so that nobody ever reads half a file; returns the bytes written.
    fn write(&self, image: &Image, features: &ImageFeatures) -> Result<u64, String> {
        let Some((folder, key)) = self.place(image) else { return Ok(0) };
        let tensors = unparse(&key, features).map_err(|e| e.to_string())?;
        fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        let unfinished = folder.join(format!("{key}.{}.unfinished", std::process::id()));
        let written = safetensors::save(&tensors.into_iter().collect(), &unfinished)
            .map_err(|e| e.to_string())
            .and_then(|()| fs::rename(&unfinished, folder.join(file_name(&key))).map_err(|e| e.to_string()));
        if let Err(reason) = written {
            // It may not even exist.
            let _ = fs::remove_file(&unfinished);
            return Err(reason);
        }
        Ok(bytes(features))
    }

    /// Removes the files that were written first until the rest takes at most `bytes_max`.
    pub(super) fn sweep(&self, bytes_max: u64) {
        let Some(folder) = &self.folder else { return };
        match sweep(folder, bytes_max) {
            Ok(()) => {}
            Err(e) => {
                tracing::warn!(folder = %folder.display(), reason = %e, "image features are not counted")
            }
        }
    }
}

fn to_device(features: &ImageFeatures, device: &Device) -> candle_core::Result<ImageFeatures> {
    let deepstack = features.deepstack.iter().map(|layer| layer.to_device(device));
    Ok(ImageFeatures {
        embeddings: features.embeddings.to_device(device)?,
        deepstack: deepstack.collect::<candle_core::Result<_>>()?,
        grid: features.grid,
    })
}

fn file_name(key: &str) -> String {
    format!("{key}.safetensors")
}

fn bytes(features: &ImageFeatures) -> u64 {
    let all = std::iter::once(&features.embeddings).chain(&features.deepstack);
    all.map(|tensor| (tensor.elem_count() * tensor.dtype().size_in_bytes()) as u64).sum()
}

/// What stands in a file, by name.
fn unparse(key: &str, features: &ImageFeatures) -> candle_core::Result<BTreeMap<String, Tensor>> {
    let features = to_device(features, &Device::Cpu)?;
    let mut tensors = BTreeMap::from([(EMBEDDINGS.to_owned(), features.embeddings)]);
    for (i, layer) in features.deepstack.into_iter().enumerate() {
        tensors.insert(format!("deepstack.{i}"), layer);
    }
    if let Some(grid) = features.grid {
        let grid = grid.map(|side| side as i64);
        tensors.insert(GRID.into(), Tensor::new(&grid[..], &Device::Cpu)?);
    }
    let digest = digest(key, &tensors);
    tensors.insert(DIGEST.into(), Tensor::new(digest.as_slice(), &Device::Cpu)?);
    Ok(tensors)
}

/// What stands in a file of that key; `None` if it is damaged or another's.
fn parse(key: &str, mut tensors: BTreeMap<String, Tensor>) -> Option<ImageFeatures> {
    let written: Vec<u8> = tensors.remove(DIGEST)?.to_vec1().ok()?;
    if written != digest(key, &tensors) {
        return None;
    }
    let grid = match tensors.remove(GRID) {
        None => None,
        Some(grid) => {
            let sides: Vec<i64> = grid.to_vec1().ok()?;
            let sides: Vec<usize> = sides.into_iter().map(usize::try_from).collect::<Result<_, _>>().ok()?;
            Some(sides.try_into().ok()?)
        }
    };
    let embeddings = tensors.remove(EMBEDDINGS)?;
    let layers = tensors.len();
    let deepstack: Vec<Tensor> =
        (0..layers).map(|i| tensors.remove(&format!("deepstack.{i}"))).collect::<Option<_>>()?;
    if deepstack.iter().any(|layer| layer.dims() != embeddings.dims()) {
        return None;
    }
    Some(ImageFeatures { embeddings, deepstack, grid })
}

/// SHA-256 over the key and every tensor: name, number format, shape, numbers.
fn digest(key: &str, tensors: &BTreeMap<String, Tensor>) -> Vec<u8> {
    let mut hasher = Sha256::new();
    hasher.update(key);
    for (name, tensor) in tensors {
        hasher.update(format!("\n{name} {:?} {:?}\n", tensor.dtype(), tensor.dims()));
        hasher.update(View::data(tensor));
    }
    hasher.finalize().to_vec()
}

/// A file, when it was written and its bytes.
type Found = (SystemTime, PathBuf, u64);

fn sweep(folder: &Path, bytes_max: u64) -> io::Result<()> {
    let mut found: Vec<Found> = Vec::new();
    // Nothing may have been written yet.
    let Some(images) = there(fs::read_dir(folder))? else { return Ok(()) };
    for image in images {
        let image = image?;
        // Links are not followed: nothing outside is ever removed.
        if image.file_type()?.is_dir() {
            found.extend(there(files(&image))?.unwrap_or_default());
        }
    }
    found.sort();
    let mut total: u64 = found.iter().map(|(_, _, bytes)| bytes).sum();
    for (_, path, bytes) in found {
        if total <= bytes_max {
            break;
        }
        there(fs::remove_file(&path))?;
        total -= bytes;
        if let Some(image) = path.parent() {
            // Refused as long as another file lies in it.
            let _ = fs::remove_dir(image);
        }
    }
    Ok(())
}

/// What was found, or nothing where it is gone by now: a quarantine or another process may have removed it.
fn there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// The files of one image, unfinished ones of a process that died among them.
fn files(image: &DirEntry) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for file in fs::read_dir(image.path())? {
        let file = file?;
        let ours =
            matches!(file.path().extension().and_then(|e| e.to_str()), Some("safetensors" | "unfinished"));
        if ours && file.file_type()?.is_file() {
            let meta = file.metadata()?;
            found.push((meta.modified()?, file.path(), meta.len()));
        }
    }
    Ok(found)
}
