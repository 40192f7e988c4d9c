//! The lock of a run: held by a living process, let go of by the system when it ends.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    path::Path,
};

use crate::{Error, Result};

/// Held for as long as it lives.
#[derive(Debug)]
pub(super) struct RunLock {
    _file: File,
}

impl RunLock {
    /// Takes the lock for labelling a queue with a guard; `None` if a living run holds it.
    pub(super) fn take(workspace_dir: &Path, queue_id: &str, guard_id: &str) -> Result<Option<Self>> {
        let folder = workspace_dir.join("runs");
        fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        let path = folder.join(format!("{queue_id}.{guard_id}.lock"));
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(Error::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(Error::io(&path)(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_once_and_is_free_when_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let held = RunLock::take(dir.path(), "q", "g").unwrap();
        assert!(held.is_some());
        assert!(RunLock::take(dir.path(), "q", "g").unwrap().is_none(), "one run at a time");
        assert!(RunLock::take(dir.path(), "q", "other").unwrap().is_some(), "another guard is another run");
        drop(held);
        assert!(RunLock::take(dir.path(), "q", "g").unwrap().is_some());
    }
}
