//! The one way to an image for whoever shows it: by the item that it belongs to.

use std::path::PathBuf;

use super::path_of;
use crate::{Error, Result, Thing, Workspace, store};

impl Workspace {
    /// Where an image of a visible item lies.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) if the item has no such image, does not exist, or is in quarantine.
    pub async fn image(&self, item_id: &str, sha256: &str) -> Result<PathBuf> {
        let mut read = self.store().read().await?;
        if store::media::is_visible_of(&mut read, item_id, sha256).await? {
            Ok(path_of(self.media_dir(), sha256))
        } else {
            Err(Error::not_found(Thing::Image, sha256))
        }
    }
}
