//! The one way to an image for whoever shows it: by the item that it belongs to.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::sync::Semaphore;

use super::{ImageAt, Thumbnail, hash_image, picture};
use crate::{Error, Result, Thing, Workspace, store, store::media::MediaRow};

/// Thumbnails that are made at the same time, whoever asks: decoding takes as much memory as the pictures state.
static DECODING: Semaphore = Semaphore::const_new(2);
/// How long the decoder is waited for.
const DECODING_MAX: Duration = Duration::from_secs(5);

/// An image of an item, as far as it can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemImage {
    /// Lower-case hexadecimal SHA-256 of its bytes.
    pub sha256: String,
    /// What it was called when it was imported.
    pub file_name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Width and height in pixels as it is shown; `None` if it cannot be read.
    pub size: Option<(u32, u32)>,
    /// Whether it stays where it was imported from.
    pub linked: bool,
    /// Why it cannot be shown or judged, as a sentence.
    pub problem: Option<String>,
}

impl Workspace {
    /// Where an image of a visible item lies.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) if the item has no such image, does not exist, or is in quarantine;
    /// [`Code::Conflict`](crate::Code) for a linked file that has changed or gone.
    pub async fn image(&self, item_id: &str, sha256: &str) -> Result<PathBuf> {
        let row = store::media::visible_of(&mut *self.store().read().await?, item_id, sha256).await?;
        let row = row.ok_or_else(|| Error::not_found(Thing::Image, sha256))?;
        let path = row.at.path(self.media_dir());
        if row.at.linked.is_some() && !blocking(move || row.at.is_unchanged()).await? {
            return Err(Error::Conflict { thing: Thing::Image, id: sha256.to_owned(), reason: CHANGED });
        }
        Ok(path)
    }

    /// A small copy of an image of a visible item, made anew each time and kept nowhere.
    ///
    /// # Errors
    /// As [`image`](Self::image); [`Code::Invalid`](crate::Code) for a picture that cannot be decoded, or not within
    /// five seconds.
    pub async fn thumbnail(&self, item_id: &str, sha256: &str) -> Result<Thumbnail> {
        let path = self.image(item_id, sha256).await?;
        let made = decoded_within(DECODING_MAX, move || picture::thumbnail(&path)).await?;
        made.map_err(|error| Error::invalid("image", error.to_string()))
    }
}

/// Runs a decoder when it is its turn. One that takes longer than `limit` is no longer waited for, and keeps its turn until it
/// has ended: the sizes bound its work.
async fn decoded_within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let turn = DECODING.acquire().await.map_err(|_| Error::Cancelled)?;
    let decoding = blocking(move || {
        let _turn = turn;
        work()
    });
    let too_slow = |_| Error::invalid("image", format!("decoding it took more than {} s", limit.as_secs()));
    tokio::time::timeout(limit, decoding).await.map_err(too_slow)?
}

/// What is said of a linked file whose bytes are not those that were imported.
pub(crate) const CHANGED: &str = "was linked, and its file has changed or is gone since it was imported";

/// What can be said of images without showing them.
pub(crate) async fn look_at(rows: Vec<MediaRow>, media_dir: &Path) -> Result<Vec<ItemImage>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let media_dir = media_dir.to_owned();
    blocking(move || rows.into_iter().map(|row| look_at_one(row, &media_dir)).collect()).await
}

fn look_at_one(row: MediaRow, media_dir: &Path) -> ItemImage {
    let path = row.at.path(media_dir);
    let size = picture::size(&path);
    let problem = match &size {
        _ if !row.at.is_unchanged() => Some(format!("The image {CHANGED}.")),
        _ if !path.is_file() => Some("The image's file is gone from the workspace.".to_owned()),
        Err(error) => Some(format!("The image cannot be shown: {error}.")),
        Ok(_) => None,
    };
    ItemImage {
        linked: row.at.linked.is_some(),
        sha256: row.at.sha256,
        file_name: row.file_name,
        bytes: row.bytes,
        size: size.ok(),
        problem,
    }
}

impl ImageAt {
    /// Whether the bytes are still those that were imported. Copies in the workspace are ours; linked files are read.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.linked.as_ref().is_none_or(|path| hash_image(path, 1).is_ok_and(|hash| hash == self.sha256))
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Cancelled)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_decoder_that_hangs_is_not_waited_for_and_two_at_most_run_at_once() {
        let (release, hanging) = mpsc::channel::<()>();
        let slow = decoded_within(Duration::from_millis(20), move || hanging.recv().is_ok()).await;
        assert!(slow.unwrap_err().to_string().contains("took more than"));
        drop(release);

        let running = Arc::new(AtomicUsize::new(0));
        let decoders: Vec<_> = (0..6)
            .map(|_| {
                let running = running.clone();
                tokio::spawn(decoded_within(DECODING_MAX, move || {
                    let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                    std::thread::sleep(Duration::from_millis(10));
                    running.fetch_sub(1, Ordering::SeqCst);
                    now
                }))
            })
            .collect();
        for decoder in decoders {
            assert!(decoder.await.unwrap().unwrap() <= 2);
        }
    }
}
