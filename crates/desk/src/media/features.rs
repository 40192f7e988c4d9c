//! What guards keep of images to be quicker the next time: it goes with an item that goes into quarantine.

use std::{fs, io, path::PathBuf};

use super::ImageAt;
use crate::{Result, Workspace, store};

impl Workspace {
    /// Removes what guards made of these items' images. An image that another item has too is only made anew. Where the disk
    /// refuses, that is logged: a quarantine does not wait for it.
    ///
    /// # Errors
    /// What the database refuses.
    pub(crate) async fn forget_features(&self, item_ids: &[&str]) -> Result<()> {
        let ids = serde_json::json!(item_ids).to_string();
        let images = store::media::of_any_items(&mut *self.store().read().await?, &ids).await?;
        let folder = self.features_dir();
        let removing = move || images.iter().for_each(|image| remove(&folder, image));
        // The rows say what is in quarantine, whatever becomes of this.
        let _ = tokio::task::spawn_blocking(removing).await;
        Ok(())
    }
}

fn remove(folder: &std::path::Path, image: &ImageAt) {
    // A hash from a database that was tampered with must not lead out of the folder.
    if image.sha256.len() != 64 || !image.sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
        return;
    }
    let path: PathBuf = folder.join(&image.sha256);
    match fs::remove_dir_all(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::error!("features of a quarantined image remain at {}: {error}", path.display());
        }
        _ => {}
    }
}
