//! Splitting a queue into bundles, one for each reviewer.
//!
//! Each undecided item goes to one reviewer, in turns whose order is drawn; the items that the plan gives a second review go to a
//! second one too. Gold items go to everybody at the plan's rate, in between. What is in quarantine goes nowhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};

use super::{
    container::{self, Source},
    manifest::{BUNDLE, BundleManifest, BundlePlan, BundleQueue, FORMAT, ITEMS, ItemLine},
};
use crate::{
    Error, Result, Workspace,
    queue::find_queue,
    review::{PlanChange, ReviewPlan, Share, check_reviewer},
    store::{
        self, Conn, WriteTx,
        bundles::{BundleRow, TakenRow},
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

/// Items that are read together.
const PAGE: u32 = 500;

impl Workspace {
    /// Splits what is undecided of a queue into bundles.
    ///
    /// # Errors
    /// [`Code::Invalid`](crate::Code) for no reviewers, a name twice, an overlap without anybody to overlap with, or nothing to split;
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
        let made = self.split_by(order, &reviewers, &spool).await;
        let _gone = tokio::fs::remove_dir_all(&spool).await;
        made
    }

    async fn split_by(
        &self,
        order: &SplitOrder,
        reviewers: &[String],
        spool: &Path,
    ) -> Result<Vec<MadeBundle>> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, &order.queue).await?;
        let plan = store::plans::in_force(&mut read, &queue.id).await?;
        let draw = match plan.as_ref().and_then(|plan| plan.blind_draw_id.as_deref()) {
            Some(id) => store::draws::get(&mut read, id).await?,
            None => None,
        };
        let hidden = store::queues::counts(&mut read, &queue.id).await?.quarantined;
        let mut shares = Shares::open(spool, reviewers)?;
        shares.fill(&mut read, &queue.id, plan.as_ref()).await?;
        let images = shares.images(&mut read, self.media_dir()).await?;
        drop(read);
        let queue_part = BundleQueue {
            id: queue.id.clone(),
            name: queue.name.clone(),
            policy: queue.policy.terms.clone(),
            mode: queue.mode,
            created_at: queue.created_at.clone(),
        };
        let plan = plan.as_ref().map(|plan| BundlePlan::of(plan, draw.as_ref()));
        let common = Common { queue: queue_part, plan, images };
        let mut tx = self.store().write().await?;
        if store::queues::counts(&mut tx, &queue.id).await?.quarantined != hidden {
            let reason = "had an item put into quarantine meanwhile; split it again";
            return Err(Error::Conflict { thing: crate::Thing::Queue, id: queue.name, reason });
        }
        let mut made = Vec::new();
        for share in shares.0.into_iter().filter(|share| share.items > 0) {
            let path = file_of(&order.out, &order.queue, &share.reviewer);
            let written = share.path.with_extension("saring");
            made.push((written, self.make(&mut tx, share, &common, path).await?));
        }
        if made.is_empty() {
            return Err(Error::invalid("queue", "nothing in it is undecided: there is nothing to split"));
        }
        // A file whose key is not on disk could never be merged.
        tx.commit().await?;
        for (written, bundle) in &made {
            tokio::fs::rename(written, &bundle.path).await.map_err(Error::io(&bundle.path))?;
        }
        Ok(made.into_iter().map(|(_, bundle)| bundle).collect())
    }

    /// Writes the bundle of a reviewer beside the list of its items; it will be moved to `path`.
    async fn make(
        &self,
        tx: &mut WriteTx<'_>,
        share: ReviewerShare,
        common: &Common,
        path: PathBuf,
    ) -> Result<MadeBundle> {
        let bundle = BundleRow {
            id: tx.clock().new_id(),
            queue_id: common.queue.id.clone(),
            reviewer: share.reviewer.clone(),
            role: "made".to_owned(),
            lead: self.store().workspace_id().to_owned(),
            key: new_key()?,
            items: i64::try_from(share.items).unwrap_or(i64::MAX),
            created_at: tx.clock().now_text(),
        };
        store::bundles::insert(tx, &bundle).await?;
        events::record(tx, EventKind::Bundle, &bundle.id).await?;
        let mut manifest = BundleManifest {
            kind: BUNDLE.to_owned(),
            format: FORMAT,
            bundle_id: bundle.id.clone(),
            lead: bundle.lead,
            reviewer: bundle.reviewer.clone(),
            key: bundle.key,
            queue: common.queue.clone(),
            plan: common.plan.clone(),
            items: share.items,
            created_at: bundle.created_at,
            parts: Vec::new(),
        };
        let (items, images) = (share.items, common.images.clone());
        let write = move || {
            let written = share.path.with_extension("saring");
            let sources = share.sources(&images)?;
            manifest.parts = sources.iter().map(|source| source.part.clone()).collect();
            container::write(&written, &manifest, manifest.key.as_bytes(), &sources)
        };
        let written = tokio::task::spawn_blocking(write).await;
        let fingerprint =
            written.map_err(|error| Error::Io { path: path.clone(), source: error.into() })??;
        Ok(MadeBundle { id: bundle.id, reviewer: bundle.reviewer, path, items, fingerprint })
    }
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
    for reviewer in &order.reviewers {
        let reviewer = check_reviewer(reviewer)?;
        if reviewers.contains(&reviewer) {
            return Err(Error::invalid("reviewers", format!("{reviewer:?} is named twice")));
        }
        let path = file_of(&order.out, &order.queue, &reviewer);
        if path.exists() {
            return Err(Error::invalid("out", format!("{} is there already", path.display())));
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

/// What one reviewer gets.
struct ReviewerShare {
    reviewer: String,
    path: PathBuf,
    lines: BufWriter<File>,
    images: BTreeSet<String>,
    items: u64,
    /// Gold items that this reviewer has not got yet, next one last.
    gold: Vec<TakenRow>,
}

impl ReviewerShare {
    fn add(&mut self, row: &TakenRow, with_gold_labels: bool) -> Result<()> {
        let line = line_of(row, with_gold_labels)?;
        serde_json::to_writer(&mut self.lines, &line)
            .map_err(|error| Error::Io { path: self.path.clone(), source: error.into() })?;
        self.lines.write_all(b"\n").map_err(Error::io(&self.path))?;
        self.images.extend(images(row).map(str::to_owned));
        self.items += 1;
        Ok(())
    }

    /// The parts of the bundle: the items, then their images.
    fn sources(mut self, files: &BTreeMap<String, PathBuf>) -> Result<Vec<Source>> {
        self.lines.flush().map_err(Error::io(&self.path))?;
        let mut sources = vec![Source::of(ITEMS, self.path)?];
        for sha256 in self.images {
            let file = files.get(&sha256).cloned().unwrap_or_default();
            let source = Source::of(format!("media/{sha256}"), file)?;
            if source.part.sha256 != sha256 {
                return Err(Error::invalid(
                    "image",
                    format!("the file of {sha256} was changed; import it again"),
                ));
            }
            sources.push(source);
        }
        Ok(sources)
    }
}

struct Shares(Vec<ReviewerShare>);

impl Shares {
    fn open(spool: &Path, reviewers: &[String]) -> Result<Self> {
        let open = |(number, reviewer): (usize, &String)| {
            let path = spool.join(number.to_string());
            let file = File::create_new(&path).map_err(Error::io(&path))?;
            Ok(ReviewerShare {
                reviewer: reviewer.clone(),
                path,
                lines: BufWriter::new(file),
                images: BTreeSet::new(),
                items: 0,
                gold: Vec::new(),
            })
        };
        Ok(Self(reviewers.iter().enumerate().map(open).collect::<Result<_>>()?))
    }

    /// Where the images of all reviewers lie, by their hashes.
    async fn images(&self, conn: &mut Conn, media_dir: &Path) -> Result<BTreeMap<String, PathBuf>> {
        let mut files = BTreeMap::new();
        for sha256 in self.0.iter().flat_map(|share| &share.images) {
            if !files.contains_key(sha256)
                && let Some(image) = store::media::by_hash(conn, sha256).await?
            {
                files.insert(sha256.clone(), image.at.path(media_dir));
            }
        }
        Ok(files)
    }

    async fn fill(&mut self, conn: &mut Conn, queue_id: &str, plan: Option<&ReviewPlan>) -> Result<()> {
        let mixed = plan.filter(|plan| plan.gold_share > Share::NONE);
        let labels = plan.is_none_or(|plan| plan.feedback == crate::review::Feedback::Immediate);
        let draw_id = plan.and_then(|plan| plan.blind_draw_id.as_deref());
        if let Some(plan) = mixed {
            let gold = store::bundles::to_take(conn, queue_id, Some(true), draw_id, 0, u32::MAX).await?;
            for share in &mut self.0 {
                share.gold.clone_from(&gold);
                share.gold.sort_by_cached_key(|row| plan.place(&share.reviewer, &row.id));
            }
        }
        let only = mixed.map(|_| false);
        let (mut after, mut turn) = (0, 0_u64);
        loop {
            let page = store::bundles::to_take(conn, queue_id, only, draw_id, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.seq;
            for row in &page {
                for reviewer in takers(plan, self.0.len() as u64, turn, row) {
                    let share = &mut self.0[usize::try_from(reviewer).unwrap_or(0)];
                    share.add(row, labels)?;
                    let due = mixed.is_some_and(|plan| plan.mixes_gold_behind(&share.reviewer, &row.id));
                    if let Some(gold) = share.gold.pop_if(|_| due) {
                        share.add(&gold, labels)?;
                    }
                }
                turn += 1;
            }
        }
    }
}

/// Who gets an item: whoever's turn it is and, for a second review, somebody else.
fn takers(plan: Option<&ReviewPlan>, reviewers: u64, turn: u64, row: &TakenRow) -> Vec<u64> {
    let seed = plan.map_or(0, |plan| plan.seed);
    // Every round gives each reviewer one item, beginning with somebody who is drawn.
    let round = (turn / reviewers).to_string();
    let first = (turn + Share::number("round", seed, &round)) % reviewers;
    let twice = reviewers > 1 && plan.is_some_and(|plan| plan.rule(&row.id, false).second);
    let other =
        || (first + 1 + Share::number("second reviewer", seed, &row.id) % (reviewers - 1)) % reviewers;
    std::iter::once(first).chain(twice.then(other)).collect()
}

fn images(row: &TakenRow) -> impl Iterator<Item = &str> {
    row.images.as_deref().into_iter().flat_map(|images| images.split(','))
}

/// An item as a bundle has it. A gold label stays at home where reviewers get no feedback.
fn line_of(row: &TakenRow, with_gold_labels: bool) -> Result<ItemLine> {
    let damaged = || store::StoreError::Failed { reason: format!("item {} cannot be written", row.id) };
    let parsed = |text: &String| serde_json::from_str::<Value>(text).map_err(|_| damaged());
    let mut object = Map::new();
    let mut put = |name: &str, text: &Option<String>| {
        if let Some(text) = text {
            object.insert(name.to_owned(), json!(text));
        }
    };
    put("id", &row.external_id);
    put("prompt", &row.prompt);
    put("response", &row.response);
    put("language", &row.language);
    put("group", &row.group_key);
    let keeps_labels = with_gold_labels || row.labels_role.as_deref() != Some("gold");
    if keeps_labels {
        put("labels_role", &row.labels_role);
    }
    for (name, text) in [("messages", &row.messages), ("source", &row.source), ("labels", &row.labels)] {
        if let Some(text) = text.as_ref().filter(|_| name != "labels" || keeps_labels) {
            object.insert(name.to_owned(), parsed(text)?);
        }
    }
    let images: Vec<&str> = images(row).collect();
    if !images.is_empty() {
        object.insert("images".to_owned(), json!(images));
    }
    let row_json = serde_json::value::to_raw_value(&object).map_err(|_| damaged())?;
    Ok(ItemLine {
        id: row.id.clone(),
        line: row.line,
        content_hash: row.content_hash.clone(),
        blind_rank: row.rank,
        row: row_json,
    })
}
