//! The folder of an export: written beside its place, made durable, and put there at once or not at all.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{
    Error, Result, Thing,
    audit::chain::hex,
    media::{CHANGED, ImageAt},
};

/// The folder of images in an export.
pub(super) const IMAGES: &str = "images";

/// A file of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedFile {
    /// Its name in the folder.
    pub name: String,
    /// Lower-case hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

/// A folder that is being written. Dropped before [`Self::place`], it leaves nothing.
#[derive(Debug)]
pub(super) struct ExportFolder {
    target: PathBuf,
    beside: PathBuf,
    placed: bool,
}

impl ExportFolder {
    /// Begins a folder that is to lie at `target`, which does not exist or is empty.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is something at `target`, and what the disk refuses.
    pub(super) fn create(target: &Path) -> Result<Self> {
        check_free(target)?;
        let target = std::path::absolute(target).map_err(Error::io(target))?;
        let parent =
            target.parent().ok_or_else(|| Error::invalid("out", "give a folder, not the root of a disk"))?;
        fs::create_dir_all(parent).map_err(Error::io(parent))?;
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let beside = parent.join(format!(".{name}.saring-{}", std::process::id()));
        if beside.exists() {
            // Left by a process of the same id that was killed.
            fs::remove_dir_all(&beside).map_err(Error::io(&beside))?;
        }
        fs::create_dir(&beside).map_err(Error::io(&beside))?;
        Ok(Self { target, beside, placed: false })
    }

    /// Begins a file.
    pub(super) fn file(&self, name: &str) -> Result<ExportFile> {
        let path = self.beside.join(name);
        let file = File::create_new(&path).map_err(Error::io(&path))?;
        Ok(ExportFile {
            name: name.to_owned(),
            path,
            out: BufWriter::new(file),
            hasher: Sha256::new(),
            bytes: 0,
        })
    }

    /// Writes a whole file.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<ExportedFile> {
        let mut file = self.file(name)?;
        file.write(text.as_bytes())?;
        file.finish()
    }

    /// Copies an image to `images/`, under its hash.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the file has not that hash any more, and what the disk refuses.
    pub(super) fn copy_image(&self, name: &str, image: &ImageAt, media_dir: &Path) -> Result<ExportedFile> {
        let path = image.path(media_dir);
        let folder = self.beside.join(IMAGES);
        fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        let mut copy = self.file(name)?;
        // A linked file's path may be item text.
        let refused = |error: io::Error| match image.linked {
            Some(_) => changed(image),
            None => Error::io(&path)(error),
        };
        let mut from = File::open(&path).map_err(refused)?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match from.read(&mut buffer).map_err(refused)? {
                0 => break,
                n => copy.write(&buffer[..n])?,
            }
        }
        let copied = copy.finish()?;
        if copied.sha256 != image.sha256 {
            return Err(changed(image));
        }
        Ok(copied)
    }

    /// Puts the folder into its place.
    pub(super) fn place(&mut self) -> Result<PathBuf> {
        let images = self.beside.join(IMAGES);
        if images.exists() {
            sync_folder(&images)?;
        }
        sync_folder(&self.beside)?;
        check_free(&self.target)?;
        if self.target.exists() {
            // Empty. Not every system renames onto an empty folder.
            fs::remove_dir(&self.target).map_err(Error::io(&self.target))?;
        }
        fs::rename(&self.beside, &self.target).map_err(Error::io(&self.target))?;
        self.placed = true;
        if let Some(parent) = self.target.parent() {
            sync_folder(parent)?;
        }
        Ok(self.target.clone())
    }

    /// Takes the folder away again, because what was to be recorded about it could not be.
    pub(super) fn take_back(&mut self) -> Result<()> {
        self.placed = false;
        fs::rename(&self.target, &self.beside).map_err(Error::io(&self.target))
    }
}

impl Drop for ExportFolder {
    fn drop(&mut self) {
        if !self.placed
            && let Err(error) = fs::remove_dir_all(&self.beside)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!("a half-written export remains at {}: {error}", self.beside.display());
        }
    }
}

/// A file that is being written and hashed.
#[derive(Debug)]
pub(super) struct ExportFile {
    name: String,
    path: PathBuf,
    out: BufWriter<File>,
    hasher: Sha256,
    bytes: u64,
}

impl ExportFile {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes).map_err(Error::io(&self.path))
    }

    /// Makes the file durable.
    pub(super) fn finish(mut self) -> Result<ExportedFile> {
        self.out.flush().map_err(Error::io(&self.path))?;
        self.out.get_ref().sync_all().map_err(Error::io(&self.path))?;
        Ok(ExportedFile { name: self.name, sha256: hex(&self.hasher.finalize()), bytes: self.bytes })
    }
}

fn changed(image: &ImageAt) -> Error {
    Error::Conflict { thing: Thing::Image, id: image.sha256.clone(), reason: CHANGED }
}

fn check_free(target: &Path) -> Result<()> {
    match fs::read_dir(target) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Error::invalid(
                "out",
                format!("{} is not empty; nothing is overwritten", target.display()),
            )),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(Error::invalid("out", format!("{} is a file; give a folder", target.display())))
        }
        Err(error) => Err(Error::io(target)(error)),
    }
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> Result<()> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(Error::io(path))
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> Result<()> {
    // A folder cannot be opened as a file there; renames are journalled by the file system.
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a/b");
        let folder = ExportFolder::create(&target).unwrap();
        folder.write("x", "text").unwrap();
        assert!(!target.exists(), "nothing is seen before it is whole");
        drop(folder);
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 0, "and nothing remains");
        let mut folder = ExportFolder::create(&target).unwrap();
        let file = folder.write("x", "abc").unwrap();
        assert_eq!(file.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        folder.place().unwrap();
        assert_eq!(fs::read_to_string(target.join("x")).unwrap(), "abc");
        drop(folder);
        assert!(target.exists());
    }

    #[test]
    fn nothing_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let full = dir.path().join("full");
        fs::create_dir(&full).unwrap();
        fs::write(full.join("mine"), "").unwrap();
        assert!(ExportFolder::create(&full).unwrap_err().to_string().contains("not empty"));
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(ExportFolder::create(&file).unwrap_err().to_string().contains("is a file"));
        let empty = dir.path().join("empty");
        fs::create_dir(&empty).unwrap();
        ExportFolder::create(&empty).unwrap().place().unwrap();
    }
}
