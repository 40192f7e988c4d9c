//! What guards keep of images to be quicker the next time: it goes with an item that goes into quarantine.
//!
//! A guard that is thinking at that moment keeps something afterwards, so that whoever had it judge looks again behind it; and
//! since that one may be killed in between, so does whoever opens the workspace.

use std::{collections::HashSet, fs, io, path::PathBuf};

use super::ImageAt;
use crate::{
    Result, Workspace,
    store::{self, verdicts},
};

impl Workspace {
    /// Removes what guards made of these items' images. An image that another item has too is only made anew. Where the disk
    /// refuses, that is logged: a quarantine does not wait for it.
    ///
    /// # Errors
    /// What the database refuses.
    pub(crate) async fn forget_features(&self, item_ids: &[&str]) -> Result<()> {
        let ids = serde_json::json!(item_ids).to_string();
        let images = store::media::of_any_items(&mut *self.store().read().await?, &ids).await?;
        self.remove_features(images).await;
        Ok(())
    }

    /// Removes what guards made of the images of those of these items that are in quarantine by now, and says which those are.
    /// Called after every batch that a guard judged, whatever came of it.
    ///
    /// # Errors
    /// What the database refuses.
    pub(crate) async fn forget_hidden(&self, item_ids: &[&str]) -> Result<HashSet<String>> {
        let hidden = verdicts::hidden_among(&mut *self.store().read().await?, item_ids).await?;
        if !hidden.is_empty() {
            let ids: Vec<&str> = hidden.iter().map(String::as_str).collect();
            self.forget_features(&ids).await?;
        }
        Ok(hidden)
    }

    /// Removes what guards made of the images of all items in quarantine.
    ///
    /// # Errors
    /// What the database refuses.
    pub(crate) async fn forget_all_hidden(&self) -> Result<()> {
        if self.features_dir().is_dir() {
            let images = store::media::in_quarantine(&mut *self.store().read().await?).await?;
            self.remove_features(images).await;
        }
        Ok(())
    }

    async fn remove_features(&self, images: Vec<ImageAt>) {
        let folder = self.features_dir();
        let removing = move || images.iter().for_each(|image| remove(&folder, image));
        // The rows say what is in quarantine, whatever becomes of this.
        let _ = tokio::task::spawn_blocking(removing).await;
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
