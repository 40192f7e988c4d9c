//! Opening a bundle: its queue, its plan and its items come into this workspace, under the ids that they have where it was made.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use tokio::sync::mpsc;

use super::{
    container::{Container, Part},
    manifest::{BUNDLE, BundleManifest, FORMAT, ITEMS, ItemLine},
    problem::BundleProblem,
};
use crate::{
    Error, Result, Workspace,
    import::{Batch, ItemRow, Prepared, write_batch},
    policy,
    queue::{Ordering, Queue},
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

/// Items that are written together.
const BATCH: usize = 500;

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
        let (bundle, media_dir, dir) = (path.to_owned(), self.media_dir().to_owned(), spool.to_owned());
        let own = self.store().workspace_id().to_owned();
        let lost = |error: tokio::task::JoinError| Error::Io { path: path.to_owned(), source: error.into() };
        // All of it is verified before the first item is written.
        let (container, manifest) =
            tokio::task::spawn_blocking(move || verified(&bundle, &own, &dir)).await.map_err(lost)??;
        let fingerprint = container.fingerprint();
        let (send, mut batches) = mpsc::channel(1);
        let dir = spool.to_owned();
        let reader = tokio::task::spawn_blocking(move || read_items(container, &dir, &media_dir, &send));
        let mut tx = self.store().write().await?;
        let queue = queue_of(&mut tx, &manifest).await?;
        let mut import = ImportRow {
            id: tx.clock().new_id(),
            queue_id: queue.id.clone(),
            file_name: path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
            mapping: "{}".to_owned(),
            started_at: tx.clock().now_text(),
            ..ImportRow::default()
        };
        store::imports::insert(&mut tx, &import).await?;
        let (mut ranks, mut items) = (Vec::new(), 0);
        while let Some(rows) = batches.recv().await {
            let mut batch = Batch::default();
            for (rank, row) in rows {
                items += 1;
                ranks.extend(rank.map(|rank| (rank, row.item_id().to_owned())));
                batch.push(row);
            }
            write_batch(&mut tx, &mut import, batch).await?;
        }
        reader.await.map_err(lost)??;
        if items != manifest.items {
            let problem = BundleProblem::PartChanged { name: ITEMS.to_owned() };
            return Err(Error::Bundle { path: path.to_owned(), problem });
        }
        import.ended_at = Some(tx.clock().now_text());
        store::imports::update(&mut tx, &import).await?;
        let reviewer = manifest.reviewer.clone();
        let id = manifest.bundle_id.clone();
        keep_bundle(&mut tx, manifest, &queue, ranks).await?;
        tx.commit().await?;
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        Ok(OpenedBundle {
            id,
            reviewer,
            queue: queue.name,
            added: count(import.rows_added),
            known: count(import.rows_known),
            refused: count(import.rows_failed),
            fingerprint,
        })
    }
}

/// The queue of a bundle: the one that is here, or a new one of the same id, under another name if that is taken.
async fn queue_of(tx: &mut WriteTx<'_>, manifest: &BundleManifest) -> Result<Queue> {
    let policy = manifest.queue.policy.clone().into_version();
    if let Some(queue) = store::queues::find(tx, &manifest.queue.id).await? {
        if queue.policy.id != policy.id {
            policy::choose(tx, &queue.id, &policy, None).await?;
        }
        return Ok(queue);
    }
    let mut name = manifest.queue.name.clone();
    for number in 2.. {
        if store::queues::find(tx, &name).await?.is_none() {
            break;
        }
        name = format!("{} {number}", manifest.queue.name);
    }
    let queue = Queue {
        id: manifest.queue.id.clone(),
        name,
        policy,
        ordering: Ordering::Imported,
        draw_id: None,
        mode: manifest.queue.mode,
        created_at: manifest.queue.created_at.clone(),
    };
    store::queues::insert(tx, &queue).await?;
    events::record(tx, EventKind::QueueCreated, &queue.id).await?;
    policy::choose(tx, &queue.id, &queue.policy, None).await?;
    Ok(queue)
}

/// Keeps the plan and the bundle itself, unless they are here.
async fn keep_bundle(
    tx: &mut WriteTx<'_>,
    manifest: BundleManifest,
    queue: &Queue,
    ranks: Vec<(i64, String)>,
) -> Result<()> {
    if store::bundles::get(tx, &manifest.bundle_id).await?.is_some() {
        return Ok(());
    }
    if let Some((plan, draw)) = manifest.plan.map(|plan| plan.on(&queue.id)) {
        if let Some(draw) = draw
            && store::draws::get(tx, &draw.id).await?.is_none()
        {
            store::draws::insert(tx, &draw).await?;
            store::draws::insert_ranked(tx, &draw.id, &ranks).await?;
            events::record(tx, EventKind::Draw, &draw.id).await?;
        }
        if store::plans::in_force(tx, &queue.id).await?.is_none_or(|known| known.id != plan.id) {
            store::plans::insert(tx, &plan).await?;
            events::record(tx, EventKind::ReviewPlan, &plan.id).await?;
        }
    }
    let bundle = BundleRow {
        id: manifest.bundle_id,
        queue_id: queue.id.clone(),
        reviewer: manifest.reviewer,
        role: "opened".to_owned(),
        lead: manifest.lead,
        key: manifest.key,
        items: i64::try_from(manifest.items).unwrap_or(i64::MAX),
        created_at: manifest.created_at,
    };
    store::bundles::insert(tx, &bundle).await?;
    events::record(tx, EventKind::Bundle, &bundle.id).await?;
    Ok(())
}

/// Verifies a bundle and takes its images out into a folder; blocks.
fn verified(path: &Path, own_workspace: &str, spool: &Path) -> Result<(Container, BundleManifest)> {
    let mut container = Container::open(path)?;
    let manifest: BundleManifest = container.manifest(BUNDLE, FORMAT)?;
    if manifest.lead == own_workspace {
        return Err(container.refuse(BundleProblem::OwnBundle));
    }
    container.verify(manifest.key.as_bytes(), &manifest.parts)?;
    manifest.queue.policy.check_itself()?;
    for part in manifest.parts.iter().filter(|part| part.name != ITEMS) {
        take_out(&mut container, part, spool)?;
    }
    Ok((container, manifest))
}

/// Makes the items of a bundle ready and sends them on; blocks. Ends early when nobody listens any more.
fn read_items(
    mut container: Container,
    spool: &Path,
    media_dir: &Path,
    batches: &mpsc::Sender<Vec<(Option<i64>, Prepared)>>,
) -> Result<()> {
    let path = container.path().to_owned();
    let mut batch = Vec::new();
    container.lines(ITEMS, |line: ItemLine| {
        let ItemLine { id, line, content_hash, blind_rank, row } = line;
        let changed = || {
            let problem = BundleProblem::ItemChanged { item_id: id.clone() };
            Error::Bundle { path: path.clone(), problem }
        };
        let row = ItemRow::parse(row.get()).map_err(|_| changed())?;
        let row = Prepared::with_id(&id, line, row, spool, media_dir).map_err(|_| changed())?;
        if row.content_hash() != content_hash {
            return Err(changed());
        }
        batch.push((blind_rank, row));
        if batch.len() == BATCH {
            let _listener_gone = batches.blocking_send(std::mem::take(&mut batch));
        }
        Ok(())
    })?;
    if !batch.is_empty() {
        let _listener_gone = batches.blocking_send(batch);
    }
    Ok(())
}

/// Writes an image of a bundle into a folder, under its hash.
fn take_out(container: &mut Container, part: &Part, folder: &Path) -> Result<()> {
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
    Ok(())
}
