//! Splitting a queue into bundles, one for each reviewer.
//!
//! Each undecided item goes to one reviewer, in turns whose order is drawn; the items that the plan gives a second review go to a
//! second one too, or to one if somebody has decided them. Gold items go to everybody at the plan's rate, in between. What is with
//! a reviewer already stays there. What is in quarantine goes nowhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    container::{self, blocking},
    manifest::{BUNDLE, BundleManifest, BundlePlan, BundleQueue, FORMAT},
    take::{ReviewerShare, Shares},
};
use crate::{
    Error, Result, Thing, Workspace,
    queue::find_queue,
    review::{PlanChange, Share, check_reviewer},
    store::{
        self, WriteTx,
        bundles::BundleRow,
        events::{self, EventKind},
    },
};

/// How a queue is split.
#[derive(Clone, Debug)]
pub struct SplitOrder {
    /// Id or name.
    pub queue: String,
    /// Pseudonyms; a bundle for each.
    pub reviewers: Vec<String>,
    /// Items that two reviewers get: the plan's second reviews, which this changes. As the plan says if `None`.
    pub overlap: Option<Share>,
    /// Give out again what is in bundles that were made before, as if they were lost.
    pub again: bool,
    /// The folder for the files.
    pub out: PathBuf,
    /// Of the plan, if the queue has none.
    pub seed: i64,
}

/// A bundle that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeBundle {
    /// UUIDv7.
    pub id: String,
    /// For whom.
    pub reviewer: String,
    /// The file.
    pub path: PathBuf,
    /// Items in it.
    pub items: u64,
    /// SHA-256 of its manifest, to be told to the reviewer on another way than the file takes.
    pub fingerprint: String,
}

/// Items that are written together.
const PAGE: usize = 500;

impl Workspace {
    /// Splits what is undecided of a queue into bundles.
    ///
    /// # Errors
    /// [`Code::Invalid`](crate::Code) for no reviewers, a name twice, names whose files would be the same, an overlap without anybody
    /// to overlap with, or nothing to split;
    /// [`Code::Conflict`](crate::Code) for a file that exists already or an item that was put into quarantine meanwhile.
    pub async fn split(&self, order: &SplitOrder) -> Result<Vec<MadeBundle>> {
        let reviewers = check(order)?;
        if let Some(overlap) = order.overlap
            && self.plan(&order.queue).await?.map_or(Share::NONE, |plan| plan.second_share) != overlap
        {
            let change = PlanChange { second_share: Some(overlap), ..PlanChange::default() };
            self.set_plan(&order.queue, &change, order.seed).await?;
        }
        tokio::fs::create_dir_all(&order.out).await.map_err(Error::io(&order.out))?;
        let spool = order.out.join(format!(".split-{}", self.clock().new_id()));
        tokio::fs::create_dir(&spool).await.map_err(Error::io(&spool))?;
        let made = match self.prepare_bundles(order, &reviewers, &spool).await {
            Ok(prepared) => self.hand_out(prepared).await,
            Err(error) => Err(error),
        };
        let _gone = tokio::fs::remove_dir_all(&spool).await;
        made
    }

    /// Writes the bundles into a folder. Nobody knows of them yet.
    pub(super) async fn prepare_bundles(
        &self,
        order: &SplitOrder,
        reviewers: &[String],
        spool: &Path,
    ) -> Result<Vec<PreparedBundle>> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, &order.queue).await?;
        let plan = store::plans::in_force(&mut read, &queue.id).await?;
        let draw = match plan.as_ref().and_then(|plan| plan.blind_draw_id.as_deref()) {
            Some(id) => store::draws::get(&mut read, id).await?,
            None => None,
        };
        let mut shares = Shares::open(spool, reviewers)?;
        shares.fill(&mut read, &queue.id, plan.as_ref(), order.again).await?;
        let images = shares.images(&mut read, self.media_dir()).await?;
        drop(read);
        let queue = BundleQueue {
            id: queue.id,
            name: queue.name,
            policy: queue.policy.terms,
            mode: queue.mode,
            created_at: queue.created_at,
        };
        let plan = plan.as_ref().map(|plan| BundlePlan::of(plan, draw.as_ref()));
        let common = Common { queue, plan, images };
        let mut prepared = Vec::new();
        for share in shares.0.into_iter().filter(|share| !share.items.is_empty()) {
            let path = file_of(&order.out, &order.queue, &share.reviewer);
            prepared.push(self.prepare_one(share, &common, path).await?);
        }
        if prepared.is_empty() {
            let reason = "nothing in it is left to hand out: it is decided, or with reviewers already";
            return Err(Error::invalid("queue", reason));
        }
        Ok(prepared)
    }

    /// Writes the bundle of a reviewer beside the list of its items; it will be moved to `path`.
    async fn prepare_one(
        &self,
        mut share: ReviewerShare,
        common: &Common,
        path: PathBuf,
    ) -> Result<PreparedBundle> {
        let items = share.items.len() as u64;
        let row = BundleRow {
            id: self.clock().new_id(),
            queue_id: common.queue.id.clone(),
            reviewer: share.reviewer.clone(),
            role: "made".to_owned(),
            lead: self.store().workspace_id().to_owned(),
            key: new_key()?,
            items: i64::try_from(items).unwrap_or(i64::MAX),
            created_at: self.clock().now_text(),
        };
        let mut manifest = BundleManifest {
            kind: BUNDLE.to_owned(),
            format: FORMAT,
            bundle_id: row.id.clone(),
            lead: row.lead.clone(),
            reviewer: row.reviewer.clone(),
            key: row.key.clone(),
            queue: common.queue.clone(),
            plan: common.plan.clone(),
            items,
            created_at: row.created_at.clone(),
            parts: Vec::new(),
        };
        let (item_ids, images) = (std::mem::take(&mut share.items), common.images.clone());
        let written = share.path.with_extension("saring");
        let file = written.clone();
        let write = move || {
            let sources = share.sources(&images)?;
            manifest.parts = sources.iter().map(|source| source.part.clone()).collect();
            container::write(&file, &manifest, manifest.key.as_bytes(), &sources)
        };
        let fingerprint = blocking(&path, write).await?;
        let made =
            MadeBundle { id: row.id.clone(), reviewer: row.reviewer.clone(), path, items, fingerprint };
        Ok(PreparedBundle { queue: common.queue.name.clone(), row, made, item_ids, written })
    }

    /// Keeps who has which items and puts the files where they belong, if nothing in them went into quarantine since they were
    /// written.
    pub(super) async fn hand_out(&self, prepared: Vec<PreparedBundle>) -> Result<Vec<MadeBundle>> {
        let mut tx = self.store().write().await?;
        for bundle in &prepared {
            store::bundles::insert(&mut tx, &bundle.row).await?;
            events::record(&mut tx, EventKind::Bundle, &bundle.row.id).await?;
            keep_items(&mut tx, bundle).await?;
        }
        // A file whose key is not on disk could never be merged.
        tx.commit().await?;
        let mut made = Vec::new();
        for PreparedBundle { made: bundle, written, .. } in prepared {
            tokio::fs::rename(written, &bundle.path).await.map_err(Error::io(&bundle.path))?;
            made.push(bundle);
        }
        Ok(made)
    }
}

/// A bundle that is written and not handed out yet.
pub(super) struct PreparedBundle {
    /// Its name.
    queue: String,
    row: BundleRow,
    made: MadeBundle,
    item_ids: Vec<String>,
    /// Where its file lies.
    written: PathBuf,
}

async fn keep_items(tx: &mut WriteTx<'_>, bundle: &PreparedBundle) -> Result<()> {
    for ids in bundle.item_ids.chunks(PAGE) {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        if !store::verdicts::hidden_among(tx, &ids).await?.is_empty() {
            let reason = "had an item put into quarantine meanwhile; split it again";
            return Err(Error::Conflict { thing: Thing::Queue, id: bundle.queue.clone(), reason });
        }
        store::bundles::insert_items(tx, &bundle.row.id, &ids).await?;
    }
    Ok(())
}

/// What the bundles of a split have in common.
struct Common {
    queue: BundleQueue,
    plan: Option<BundlePlan>,
    /// Where images lie, by their hashes.
    images: BTreeMap<String, PathBuf>,
}

fn check(order: &SplitOrder) -> Result<Vec<String>> {
    let mut reviewers = Vec::new();
    let mut files = BTreeSet::new();
    for reviewer in &order.reviewers {
        let reviewer = check_reviewer(reviewer)?;
        if reviewers.contains(&reviewer) {
            return Err(Error::invalid("reviewers", format!("{reviewer:?} is named twice")));
        }
        let path = file_of(&order.out, &order.queue, &reviewer);
        if path.exists() {
            return Err(Error::invalid("out", format!("{} is there already", path.display())));
        }
        // Some file systems do not tell capitals from small letters.
        if !files.insert(path.to_string_lossy().to_lowercase()) {
            let reason = format!("{reviewer:?} and another name give the same file name, {}", path.display());
            return Err(Error::invalid("reviewers", reason));
        }
        reviewers.push(reviewer);
    }
    match (reviewers.len(), order.overlap.unwrap_or(Share::NONE) > Share::NONE) {
        (0, _) => Err(Error::invalid("reviewers", "a bundle is made for somebody; name at least one")),
        (1, true) => Err(Error::invalid("overlap", "items that two reviewers get need two reviewers")),
        _ => Ok(reviewers),
    }
}

/// The file of a reviewer's bundle. Names may hold what a file name cannot.
fn file_of(folder: &Path, queue: &str, reviewer: &str) -> PathBuf {
    let safe = |text: &str| -> String {
        text.chars().map(|c| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '_' }).collect()
    };
    folder.join(format!("{}-{}.saring", safe(queue), safe(reviewer)))
}

/// 32 bytes that nobody can guess, in hexadecimal.
fn new_key() -> Result<String> {
    let mut key = [0; 32];
    getrandom::fill(&mut key)
        .map_err(|error| Error::invalid("key", format!("this machine gives no random numbers: {error}")))?;
    Ok(crate::audit::chain::hex(&key))
}
