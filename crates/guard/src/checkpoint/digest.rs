//! SHA-256 over weight files: what a verdict's provenance stands on.
//!
//! [`DigestCache`] remembers a digest for as long as the files keep their sizes and times, so that describing and then
//! loading a guard reads its bytes once.

use std::{
    collections::HashMap,
    fmt::Write as _,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    time::SystemTime,
};

use saring_verdict::{EngineError, Progress};
use sha2::{Digest, Sha256};

use super::io_error;

/// How much is read at once; also how often progress is reported.
const BLOCK_BYTES: usize = 4 * 1024 * 1024;

/// A file's identity for as long as it is not rewritten.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stamp {
    path: PathBuf,
    bytes: u64,
    modified: Option<SystemTime>,
}

/// Digests of weight files that were read before.
#[derive(Debug, Default)]
pub(crate) struct DigestCache {
    known: HashMap<Vec<Stamp>, String>,
}

impl DigestCache {
    /// SHA-256 over the bytes of `files`, one after the other, in lower-case hexadecimal. `progress` counts bytes.
    ///
    /// # Errors
    /// `Io` with the file that could not be read.
    pub fn sha256(
        &mut self,
        files: &[PathBuf],
        progress: &mut dyn FnMut(Progress),
    ) -> Result<String, EngineError> {
        let stamps = files.iter().map(|f| stamp(f)).collect::<Result<Vec<_>, _>>()?;
        let total = stamps.iter().map(|s| s.bytes).sum();
        if let Some(known) = self.known.get(&stamps) {
            progress(Progress { done: total, total });
            return Ok(known.clone());
        }
        let mut hasher = Sha256::new();
        let mut done = 0;
        let mut block = vec![0; BLOCK_BYTES];
        for path in files {
            let mut file = File::open(path).map_err(|e| io_error(path, &e))?;
            loop {
                let n = file.read(&mut block).map_err(|e| io_error(path, &e))?;
                if n == 0 {
                    break;
                }
                hasher.update(&block[..n]);
                done += n as u64;
                progress(Progress { done, total });
            }
        }
        let digest = hex(&hasher.finalize());
        self.known.insert(stamps, digest.clone());
        Ok(digest)
    }
}

/// The identity of a file as it is now.
///
/// # Errors
/// `Io`.
pub(super) fn stamp(path: &Path) -> Result<Stamp, EngineError> {
    let meta = fs::metadata(path).map_err(|e| io_error(path, &e))?;
    Ok(Stamp { path: path.to_owned(), bytes: meta.len(), modified: meta.modified().ok() })
}

/// Bytes as lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
