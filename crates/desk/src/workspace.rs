//! A workspace: a folder that holds everything, and the face of this crate.
//!
//! [`Workspace`] opens the folder and carries the [`Store`] and the [`Clock`]. What can be done with it is written where it
//! belongs: its methods are spread over the modules `import`, `queue`, `review`, `audit` and so on.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{Clock, Error, Result, store::Store};

/// A folder with the database `saring.db`, the images under `media/` and the head of the chain in `saring.head`.
///
/// Cheap to clone; several may be open on one folder, in one process or in several.
#[derive(Clone, Debug)]
pub struct Workspace {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    media_dir: PathBuf,
    store: Store,
    clock: Clock,
}

impl Workspace {
    /// Opens the workspace in `dir`; makes the folder and an empty database where there are none.
    ///
    /// # Errors
    /// [`Code::NewerVersion`](crate::Code) for a database of a newer version, [`Code::Damaged`](crate::Code) for a file that
    /// is none, and what the disk refuses.
    pub async fn open(dir: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(dir, Clock::system()).await
    }

    /// Like [`open`](Self::open), with the time coming from `clock`.
    ///
    /// # Errors
    /// See [`open`](Self::open).
    pub async fn open_with(dir: impl AsRef<Path>, clock: Clock) -> Result<Self> {
        let dir = dir.as_ref();
        tokio::fs::create_dir_all(dir).await.map_err(Error::io(dir))?;
        // Images are handed to a guard's process by path, and that process has a working directory of its own.
        let dir = tokio::fs::canonicalize(dir).await.map_err(Error::io(dir))?;
        let media_dir = dir.join("media");
        tokio::fs::create_dir_all(&media_dir).await.map_err(Error::io(&media_dir))?;
        let store = Store::open(&dir, clock.clone()).await?;
        let workspace = Self { inner: Arc::new(Inner { dir, media_dir, store, clock }) };
        workspace.adopt_older_queues().await?;
        workspace.finish_reading_change().await?;
        workspace.finish_derivations().await?;
        workspace.forget_all_hidden().await?;
        Ok(workspace)
    }

    /// Lets go of every connection; waits until what is being written is written.
    pub async fn close(&self) {
        self.inner.store.close().await;
    }

    /// The folder, absolute.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Where imported images lie, absolute.
    pub fn media_dir(&self) -> &Path {
        &self.inner.media_dir
    }

    /// Where a guard keeps what it made of images, absolute; it can be removed at any time. One folder for each image, named by its
    /// SHA-256.
    pub fn features_dir(&self) -> PathBuf {
        self.inner.dir.join("cache").join("features")
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Where time and ids come from.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }
}
