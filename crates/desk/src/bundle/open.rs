//! Opening a bundle: its queue, its plan and its items come into this workspace, under the ids that they have where it was made.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    adopt::{adopt_plan, queue_of},
    container::{Container, Part, blocking},
    manifest::{BUNDLE, BundleManifest, FORMAT, ITEMS, ItemLine},
    problem::BundleProblem,
};
use crate::{
    Error, Result, Workspace,
    import::{Batch, Elsewhere, ItemRow, KeptImage, Prepared, write_batch},
    media::{Keeping, StoreImageError},
    queue::{Queue, find_queue},
    store::{
        self, WriteTx,
        bundles::BundleRow,
        events::{self, EventKind},
        imports::ImportRow,
    },
};

/// What came of opening a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedBundle {
    /// UUIDv7.
    pub id: String,
    /// For whom it was made.
    pub reviewer: String,
    /// The queue's name here.
    pub queue: String,
    /// Items that came in.
    pub added: u64,
    /// Items that were here already.
    pub known: u64,
    /// Items that were not taken: their content is in quarantine here.
    pub refused: u64,
    /// SHA-256 of its manifest, to be compared with what the lead says.
    pub fingerprint: String,
}

impl Workspace {
    /// Opens a bundle here. Opening it again adds nothing.
    ///
    /// # Errors
    /// [`Error::Bundle`](crate::Error) for a file that is no bundle, was changed, or was made here; nothing is written then.
    pub async fn open_bundle(&self, path: &Path) -> Result<OpenedBundle> {
        let spool = self.dir().join(format!(".bundle-{}", self.clock().new_id()));
        tokio::fs::create_dir(&spool).await.map_err(Error::io(&spool))?;
        let opened = self.open_in(path, &spool).await;
        let _gone = tokio::fs::remove_dir_all(&spool).await;
        opened
    }

    async fn open_in(&self, path: &Path, spool: &Path) -> Result<OpenedBundle> {
        let (bundle, dir, media_dir) = (path.to_owned(), spool.to_owned(), self.media_dir().to_owned());
        let own = self.store().workspace_id().to_owned();
        // All of it is verified before the first item is written. Images take longest: nobody has to wait for them.
        let opened = blocking(path, move || {
            let (mut container, manifest) = verified(&bundle, &own)?;
            let images = keep_images(&mut container, &manifest.parts, &dir, &media_dir)?;
            Ok((container, manifest, images))
        });
        let (container, manifest, images) = opened.await?;
        let fingerprint = container.fingerprint();
        let mut tx = self.store().write().await?;
        if let Some(known) = store::bundles::get(&mut tx, &manifest.bundle_id).await? {
            return opened_before(&mut tx, known, fingerprint).await;
        }
        let earlier = store::bundles::of_queue(&mut tx, &manifest.queue.id, "opened").await?;
        let is_newest = earlier.iter().all(|earlier| earlier.id < manifest.bundle_id);
        let queue = queue_of(&mut tx, &manifest, is_newest).await?;
        let bundle = bundle_row(&manifest, &queue);
        store::bundles::insert(&mut tx, &bundle).await?;
        events::record(&mut tx, EventKind::Bundle, &bundle.id).await?;
        let (send, batches) = mpsc::channel(1);
        let reader = tokio::task::spawn_blocking(move || read_items(container, &images, &send));
        let came = take_in(&mut tx, path, &bundle, batches).await?;
        let lost = |error: tokio::task::JoinError| Error::Io { path: path.to_owned(), source: error.into() };
        reader.await.map_err(lost)??;
        if came.items != manifest.items {
            let problem = BundleProblem::PartChanged { name: ITEMS.to_owned() };
            return Err(Error::Bundle { path: path.to_owned(), problem });
        }
        adopt_plan(&mut tx, &queue.id, manifest.plan, is_newest, came.ranks).await?;
        tx.commit().await?;
        // The bundle is opened, whatever comes of what follows from its plan.
        if let Err(error) = self.finish_derivations().await {
            tracing::warn!(
                bundle = bundle.id,
                "where items stand is derived when the workspace is opened again: {error}"
            );
        }
        Ok(OpenedBundle {
            id: bundle.id,
            reviewer: bundle.reviewer,
            queue: queue.name,
            added: count(came.import.rows_added),
            known: count(came.import.rows_known),
            refused: count(came.import.rows_failed),
            fingerprint,
        })
    }
}

fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// What came of a bundle that was opened here before: nothing more.
async fn opened_before(tx: &mut WriteTx<'_>, bundle: BundleRow, fingerprint: String) -> Result<OpenedBundle> {
    let queue = find_queue(tx, &bundle.queue_id).await?;
    let known = count(store::bundles::count_items(tx, &bundle.id).await?);
    Ok(OpenedBundle {
        id: bundle.id,
        reviewer: bundle.reviewer,
        queue: queue.name,
        added: 0,
        known,
        refused: count(bundle.items).saturating_sub(known),
        fingerprint,
    })
}

fn bundle_row(manifest: &BundleManifest, queue: &Queue) -> BundleRow {
    BundleRow {
        id: manifest.bundle_id.clone(),
        queue_id: queue.id.clone(),
        reviewer: manifest.reviewer.clone(),
        role: "opened".to_owned(),
        lead: manifest.lead.clone(),
        key: manifest.key.clone(),
        items: i64::try_from(manifest.items).unwrap_or(i64::MAX),
        created_at: manifest.created_at.clone(),
    }
}

/// Items on their way in, each with its place in the draw of what stays blind.
type Incoming = (Batch, Vec<(Option<i64>, String)>);

/// What came in.
struct CameIn {
    import: ImportRow,
    /// Items of the bundle, taken or not.
    items: u64,
    /// Of those that are here now, the ones that stay blind: (place, id).
    ranks: Vec<(i64, String)>,
}

/// Writes what is read of a bundle, until the reader ends.
async fn take_in(
    tx: &mut WriteTx<'_>,
    path: &Path,
    bundle: &BundleRow,
    mut batches: mpsc::Receiver<Incoming>,
) -> Result<CameIn> {
    let import = ImportRow {
        id: tx.clock().new_id(),
        queue_id: bundle.queue_id.clone(),
        file_name: path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
        mapping: "{}".to_owned(),
        started_at: tx.clock().now_text(),
        ..ImportRow::default()
    };
    store::imports::insert(tx, &import).await?;
    let mut came = CameIn { import, items: 0, ranks: Vec::new() };
    while let Some((batch, lines)) = batches.recv().await {
        came.items += lines.len() as u64;
        write_batch(tx, &mut came.import, batch).await?;
        let ids: Vec<&str> = lines.iter().map(|(_, id)| id.as_str()).collect();
        // What was refused is not here, and nothing can point at it.
        let here = store::items::here_already(tx, &Value::from(ids).to_string()).await?;
        let here = here.into_iter().filter_map(|at| lines.get(usize::try_from(at).ok()?));
        let here: Vec<&(Option<i64>, String)> = here.collect();
        let ids: Vec<&str> = here.iter().map(|(_, id)| id.as_str()).collect();
        store::bundles::insert_items(tx, &bundle.id, &ids).await?;
        came.ranks.extend(here.iter().filter_map(|(rank, id)| Some(((*rank)?, id.clone()))));
    }
    came.import.ended_at = Some(tx.clock().now_text());
    store::imports::update(tx, &came.import).await?;
    Ok(came)
}

/// Verifies a bundle; blocks.
fn verified(path: &Path, own_workspace: &str) -> Result<(Container, BundleManifest)> {
    let mut container = Container::open(path)?;
    let manifest: BundleManifest = container.manifest(BUNDLE, FORMAT)?;
    if manifest.lead == own_workspace {
        return Err(container.refuse(BundleProblem::OwnBundle));
    }
    container.verify(manifest.key.as_bytes(), &manifest.parts)?;
    manifest.queue.policy.check_itself()?;
    Ok((container, manifest))
}

/// Brings the images of a bundle into the workspace, by their hashes; blocks.
fn keep_images(
    container: &mut Container,
    parts: &[Part],
    spool: &Path,
    media_dir: &Path,
) -> Result<HashMap<String, KeptImage>> {
    let mut images = HashMap::new();
    for part in parts.iter().filter(|part| part.name != ITEMS) {
        let file = take_out(container, part, spool)?;
        let kept = match KeptImage::keep(&file, 1, media_dir, Keeping::Copy) {
            Ok(kept) => kept,
            Err(StoreImageError::Disk { path, source }) => return Err(Error::Io { path, source }),
            Err(StoreImageError::Image(_)) => {
                return Err(container.refuse(BundleProblem::PartChanged { name: part.name.clone() }));
            }
        };
        fs::remove_file(&file).map_err(Error::io(&file))?;
        images.insert(part.sha256.clone(), kept);
    }
    Ok(images)
}

/// Makes the items of a bundle ready and sends them on; blocks. Ends with an error when nobody listens any more.
fn read_items(
    mut container: Container,
    images: &HashMap<String, KeptImage>,
    batches: &mpsc::Sender<Incoming>,
) -> Result<()> {
    let path = container.path().to_owned();
    let send = |(batch, lines): Incoming| {
        let unheard = |_| Error::io(&path)(io::ErrorKind::BrokenPipe.into());
        batches.blocking_send((batch, lines)).map_err(unheard)
    };
    let (mut batch, mut lines) = Incoming::default();
    container.lines(ITEMS, |line: ItemLine| {
        let ItemLine { id, line, content_hash, blind_rank, language_detected, zawgyi, row } = line;
        let changed = || {
            let problem = BundleProblem::ItemChanged { item_id: id.clone() };
            Error::Bundle { path: path.clone(), problem }
        };
        let row = ItemRow::parse(row.get()).map_err(|_| changed())?;
        let of_row = row.images.iter().map(|sha256| images.get(sha256).cloned());
        let of_row = of_row.collect::<Option<Vec<KeptImage>>>().ok_or_else(changed)?;
        let elsewhere = Elsewhere { id: id.clone(), language_detected, zawgyi };
        let row = Prepared::of_bundle(elsewhere, line, row, of_row);
        let is_place = |rank: i64| u32::try_from(rank).is_ok();
        if row.content_hash() != content_hash || !blind_rank.is_none_or(is_place) {
            return Err(changed());
        }
        lines.push((blind_rank, id));
        batch.push(row);
        if batch.is_full() {
            send((std::mem::take(&mut batch), std::mem::take(&mut lines)))?;
        }
        Ok(())
    })?;
    if lines.is_empty() { Ok(()) } else { send((batch, lines)) }
}

/// Writes an image of a bundle into a folder, under its hash; gives its path.
fn take_out(container: &mut Container, part: &Part, folder: &Path) -> Result<PathBuf> {
    let name = part.name.strip_prefix("media/").filter(|name| *name == part.sha256);
    let Some(name) = name else {
        return Err(container.refuse(BundleProblem::Parts { name: part.name.clone() }));
    };
    let path = folder.join(name);
    let mut file = File::create_new(&path).map_err(Error::io(&path))?;
    let copied = io::copy(&mut container.part(&part.name)?, &mut file);
    if copied.is_err() {
        let _gone = fs::remove_file(&path);
        return Err(container.refuse(BundleProblem::PartChanged { name: part.name.clone() }));
    }
    Ok(path)
}
