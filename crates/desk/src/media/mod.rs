//! Images: found beside the imported file, checked, and copied into the workspace under the hash of their bytes or linked.
//!
//! [`resolve`] says which file a row means and refuses everything outside of the imported file's folder. [`keep_image`]
//! copies it to `media/ab/SHA256`, where the same image is once, whoever refers to it, or leaves it where it is and keeps its path.

mod features;
mod linked;
pub mod picture;
mod shown;

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Component, Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use saring_verdict::ImageRef;
use sha2::{Digest, Sha256};

pub use picture::{PictureError, Thumbnail};
pub use shown::ItemImage;

pub(crate) use linked::first_changed;
pub(crate) use shown::{CHANGED, look_at};

use crate::audit::chain::hex;

/// Larger files are refused: they would have to be held in memory to be judged and shown.
pub const IMAGE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Why an image of a row cannot be used. Names no path: it may be item text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// An address instead of a path.
    #[error("image {position} is an address; only files beside the imported file are read")]
    Address {
        /// Which image of the row, from 1.
        position: usize,
    },
    /// Outside of the folder, through a link that leads out of it, or named by an absolute path.
    #[error(
        "image {position} must be named by a relative path and lie in the imported file's folder or below it"
    )]
    Outside {
        /// Which image of the row, from 1.
        position: usize,
    },
    /// No such file.
    #[error("image {position} is missing")]
    Missing {
        /// Which image of the row, from 1.
        position: usize,
    },
    /// A folder, a device or the like.
    #[error("image {position} is not a file")]
    NotAFile {
        /// Which image of the row, from 1.
        position: usize,
    },
    /// No image by its first bytes.
    #[error("image {position} is not a PNG, JPEG, WebP, GIF or BMP image")]
    NotAnImage {
        /// Which image of the row, from 1.
        position: usize,
    },
    /// Larger than an image may be.
    #[error("image {position} is larger than {IMAGE_BYTES_MAX} bytes")]
    TooLarge {
        /// Which image of the row, from 1.
        position: usize,
    },
    /// Its header is damaged, or states more pixels than an image may have.
    #[error("image {position} cannot be used: {reason}")]
    Picture {
        /// Which image of the row, from 1.
        position: usize,
        /// What is wrong with it.
        reason: PictureError,
    },
    /// Its path cannot be kept.
    #[error("image {position} has a path that is not valid Unicode; rename it, or let images be copied")]
    NotUnicode {
        /// Which image of the row, from 1.
        position: usize,
    },
    /// The operating system refused to read it.
    #[error("image {position} cannot be read: {reason}")]
    Unreadable {
        /// Which image of the row, from 1.
        position: usize,
        /// The kind of refusal.
        reason: io::ErrorKind,
    },
}

/// An image that was brought into the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredImage {
    /// Which, and where it lies.
    pub at: ImageAt,
    /// What it was called where it came from.
    pub file_name: String,
    /// Its size.
    pub bytes: u64,
}

/// The file that `written` means, for a row of a file in `folder`. `position` counts the images of the row from 1.
///
/// # Errors
/// Addresses, files outside of `folder` (by `..`, from the root, or through a link), and what is no file.
pub fn resolve(folder: &Path, written: &str, position: usize) -> Result<PathBuf, ImageError> {
    if written.contains("://") || is_data_url(written) {
        return Err(ImageError::Address { position });
    }
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput => {
            ImageError::Missing { position }
        }
        reason => ImageError::Unreadable { position, reason },
    };
    // Before the disk is asked: what lies outside must not be told apart by whether it exists.
    let mut depth = 0_i32;
    for component in Path::new(written).components() {
        depth += match component {
            Component::Normal(_) => 1,
            Component::CurDir => 0,
            Component::ParentDir => -1,
            Component::RootDir | Component::Prefix(_) => return Err(ImageError::Outside { position }),
        };
        if depth < 0 {
            return Err(ImageError::Outside { position });
        }
    }
    let folder = fs::canonicalize(folder).map_err(unreadable)?;
    let path = fs::canonicalize(folder.join(written)).map_err(unreadable)?;
    if !path.starts_with(&folder) {
        return Err(ImageError::Outside { position });
    }
    let metadata = fs::metadata(&path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(ImageError::NotAFile { position });
    }
    if metadata.len() > IMAGE_BYTES_MAX {
        return Err(ImageError::TooLarge { position });
    }
    Ok(path)
}

fn is_data_url(written: &str) -> bool {
    written.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

/// Lower-case hexadecimal SHA-256 of the bytes of an image file that can be used, as far as its header says.
///
/// # Errors
/// See [`ImageError`].
pub fn check_image(path: &Path, position: usize) -> Result<String, ImageError> {
    let sha256 = hash_image(path, position)?;
    picture::size(path).map_err(|reason| ImageError::Picture { position, reason })?;
    Ok(sha256)
}

fn hash_image(path: &Path, position: usize) -> Result<String, ImageError> {
    let unreadable = |error: io::Error| ImageError::Unreadable { position, reason: error.kind() };
    let mut file = File::open(path).map_err(unreadable)?;
    let mut hasher = Sha256::new();
    feed_image(&mut file, &mut hasher).map_err(unreadable)?.ok_or(ImageError::NotAnImage { position })?;
    Ok(hex(&hasher.finalize()))
}

/// Which image, and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageAt {
    /// Lower-case hexadecimal SHA-256 of its bytes.
    pub sha256: String,
    /// The file that was linked; `None` if it was copied into the workspace.
    pub linked: Option<PathBuf>,
}

impl ImageAt {
    /// Its file.
    pub fn path(&self, media_dir: &Path) -> PathBuf {
        self.linked.clone().unwrap_or_else(|| path_of(media_dir, &self.sha256))
    }

    /// As a guard is told of it.
    pub(crate) fn to_ref(&self, media_dir: &Path) -> ImageRef {
        ImageRef { path: self.path(media_dir), sha256: self.sha256.clone() }
    }
}

/// Where an image of a workspace lies.
pub fn path_of(media_dir: &Path, sha256: &str) -> PathBuf {
    media_dir.join(sha256.get(..2).unwrap_or_default()).join(sha256)
}

/// Why an image could not be brought into the workspace: because of the image, or because of the workspace's disk.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreImageError {
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error("{}: {source}", path.display())]
    Disk {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// What becomes of images at an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keeping {
    /// They are copied into the workspace.
    #[default]
    Copy,
    /// They stay where they are; the workspace knows their paths and hashes.
    Link,
}

/// Brings an image into the workspace, after a look at its header; a copy is durable when it returns.
pub(crate) fn keep_image(
    media_dir: &Path,
    path: &Path,
    position: usize,
    keeping: Keeping,
) -> Result<StoredImage, StoreImageError> {
    let sha256 = check_image(path, position)?;
    let file_name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let bytes = fs::metadata(path)
        .map(|m| m.len())
        .map_err(|error| ImageError::Unreadable { position, reason: error.kind() })?;
    let linked = match keeping {
        Keeping::Copy => None,
        Keeping::Link if path.to_str().is_none() => return Err(ImageError::NotUnicode { position }.into()),
        Keeping::Link => Some(path.to_owned()),
    };
    let image = StoredImage { at: ImageAt { sha256, linked }, file_name, bytes };
    if keeping == Keeping::Copy {
        copy_image(media_dir, path, position, &image.at.sha256)?;
    }
    Ok(image)
}

fn copy_image(media_dir: &Path, path: &Path, position: usize, sha256: &str) -> Result<(), StoreImageError> {
    static COPIES: AtomicU64 = AtomicU64::new(0);
    let target = path_of(media_dir, sha256);
    if target.exists() {
        return Ok(());
    }
    let disk = |source| StoreImageError::Disk { path: target.clone(), source };
    let folder = target.parent().unwrap_or(media_dir);
    fs::create_dir_all(folder).map_err(disk)?;
    let copy = COPIES.fetch_add(1, Ordering::Relaxed);
    let next = folder.join(format!(".copy-{}-{copy}", std::process::id()));
    let copied = copy_durably(path, &next);
    let hash = match copied {
        Ok(hash) => hash,
        Err(source) => {
            let _gone = fs::remove_file(&next);
            return Err(disk(source));
        }
    };
    if hash != sha256 {
        let _gone = fs::remove_file(&next);
        // Somebody is writing to it; the bytes that were checked are not these.
        return Err(ImageError::Unreadable { position, reason: io::ErrorKind::Interrupted }.into());
    }
    fs::rename(&next, &target).map_err(disk)
}

fn copy_durably(from: &Path, to: &Path) -> io::Result<String> {
    struct Both<'a>(&'a mut File, Sha256);
    impl Write for Both<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let n = self.0.write(bytes)?;
            self.1.update(&bytes[..n]);
            Ok(n)
        }
        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }
    let mut target = File::create(to)?;
    let mut both = Both(&mut target, Sha256::new());
    io::copy(&mut File::open(from)?, &mut both)?;
    let hash = hex(&both.1.finalize());
    target.sync_all()?;
    Ok(hash)
}

/// Feeds a file to `sink`; `None` if its first bytes are of no image.
fn feed_image(file: &mut File, sink: &mut Sha256) -> io::Result<Option<()>> {
    let mut buffer = vec![0; 64 * 1024];
    let mut first = true;
    loop {
        let n = file.read(&mut buffer)?;
        if first && !is_image(&buffer[..n]) {
            return Ok(None);
        }
        first = false;
        if n == 0 {
            return Ok(Some(()));
        }
        sink.update(&buffer[..n]);
    }
}

fn is_image(bytes: &[u8]) -> bool {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    starts(b"\x89PNG\r\n\x1a\n")
        || starts(b"\xff\xd8\xff")
        || starts(b"GIF87a")
        || starts(b"GIF89a")
        || starts(b"BM")
        || (starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"))
}
