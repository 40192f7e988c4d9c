//! Where the chain of events ends, and the file beside the database that says so too.
//!
//! The database can be edited as a whole; a cut-off tail with the `chain` row adjusted is found by the file `saring.head`,
//! which is rewritten after commits. It may lag behind (a process can be killed between the two), but what it says must lie on
//! the chain.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{StoreError, StoreResult};
use crate::audit::chain;

/// How many events there are, and the hash of the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// Number of events.
    pub length: i64,
    /// Hash of the last event; of the workspace's id while there is none. Lower-case hexadecimal.
    pub hash: String,
}

impl ChainHead {
    /// Before the first event.
    pub fn genesis(workspace_id: &str) -> Self {
        Self { length: 0, hash: chain::genesis(workspace_id) }
    }
}

/// The file `saring.head`: one line, `LENGTH HASH`.
#[derive(Debug)]
pub struct HeadFile {
    path: PathBuf,
}

impl HeadFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the file at once: a reader sees the old line or the new one.
    pub(super) fn write(&self, head: &ChainHead) -> StoreResult<()> {
        // Of this process alone: two processes that write at the same moment must not share a half-written file.
        let next = self.path.with_extension(format!("head.{}", std::process::id()));
        fs::write(&next, format!("{} {}\n", head.length, head.hash))
            .and_then(|()| fs::rename(&next, &self.path))
            .map_err(|source| StoreError::Io { path: self.path.clone(), source })
    }

    /// What the file says; `None` if there is no such file or it cannot be understood.
    pub fn read(&self) -> StoreResult<Option<ChainHead>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Io { path: self.path.clone(), source }),
        };
        let parsed = text.trim().split_once(' ').and_then(|(length, hash)| {
            Some(ChainHead { length: length.parse().ok()?, hash: hash.to_owned() })
        });
        Ok(parsed)
    }
}
