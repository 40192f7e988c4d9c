//! The one way to an image for whoever shows it: by the item that it belongs to.

use std::{fs::File, io::Read, path::Path, time::Duration};

use tokio::sync::Semaphore;

use sha2::{Digest, Sha256};

use super::{ImageAt, Thumbnail, hash_image, picture};
use crate::{Error, Result, Thing, Workspace, audit::chain::hex, store, store::media::MediaRow};

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
    /// The bytes of an image of a visible item; of a linked file those that were held against its hash.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) if the item has no such image, does not exist, or is in quarantine;
    /// [`Code::Conflict`](crate::Code) for a file that has gone, or was linked and has changed.
    pub async fn image(&self, item_id: &str, sha256: &str) -> Result<Vec<u8>> {
        let row = self.image_row(item_id, sha256).await?;
        let media_dir = self.media_dir().to_owned();
        blocking(move || read(&row, &media_dir)).await?
    }

    async fn image_row(&self, item_id: &str, sha256: &str) -> Result<MediaRow> {
        let row = store::media::visible_of(&mut *self.store().read().await?, item_id, sha256).await?;
        row.ok_or_else(|| Error::not_found(Thing::Image, sha256))
    }

    /// A small copy of an image of a visible item, made anew each time and kept nowhere.
    ///
    /// # Errors
    /// As [`image`](Self::image); [`Code::Invalid`](crate::Code) for a picture that cannot be decoded, or not within
    /// five seconds.
    pub async fn thumbnail(&self, item_id: &str, sha256: &str) -> Result<Thumbnail> {
        let row = self.image_row(item_id, sha256).await?;
        let media_dir = self.media_dir().to_owned();
        let make = move || {
            let made = picture::thumbnail(&read(&row, &media_dir)?);
            made.map_err(|error| Error::invalid("image", error.to_string()))
        };
        decoded_within(DECODING_MAX, make).await?
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

/// The bytes of an image, all from one reading: what is shown is what was checked.
fn read(row: &MediaRow, media_dir: &Path) -> Result<Vec<u8>> {
    let unavailable = |reason| Error::Conflict { thing: Thing::Image, id: row.at.sha256.clone(), reason };
    let is_linked = row.at.linked.is_some();
    let path = row.at.path(media_dir);
    // One byte more tells a file that has grown, however large it is now.
    let bytes = File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(row.bytes.saturating_add(1)).read_to_end(&mut bytes).map(|_| bytes)
    });
    match bytes {
        // The copies in the workspace are ours; `verify` looks at them.
        Ok(bytes) if !is_linked || hex(&Sha256::digest(&bytes)) == row.at.sha256 => Ok(bytes),
        Err(_) if !is_linked => Err(unavailable(GONE)),
        _ => Err(unavailable(CHANGED)),
    }
}

const GONE: &str = "is gone from the workspace";

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
        _ if !looks_unchanged(&row) => Some(format!("The image {CHANGED}.")),
        _ if !path.is_file() => Some(format!("The image {GONE}.")),
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

/// Whether a linked file is there with the size that it had. An item is looked at again and again, so the bytes are read and held
/// against the hash only where they are used.
fn looks_unchanged(row: &MediaRow) -> bool {
    let size = |path| std::fs::metadata(path).map(|file| file.len());
    row.at.linked.as_ref().is_none_or(|path| size(path).is_ok_and(|bytes| bytes == row.bytes))
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
