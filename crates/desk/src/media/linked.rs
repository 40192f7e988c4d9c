//! Linked images: whether their files are still what was imported.

use super::ImageAt;
use crate::{Error, Result};

/// The first of these images whose file is no longer what was imported, by its place from 0. Linked files are read; copies in the
/// workspace are ours.
pub(crate) async fn first_changed(images: &[ImageAt]) -> Result<Option<usize>> {
    if images.iter().all(|image| image.linked.is_none()) {
        return Ok(None);
    }
    let images = images.to_vec();
    let look = move || images.iter().position(|image| !image.is_unchanged());
    tokio::task::spawn_blocking(look).await.map_err(|_| Error::Cancelled)
}
