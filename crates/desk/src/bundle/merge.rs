//! Merging what reviewers gave back: every file is verified before anything is written, all files come in or none does.
//!
//! Rows are added and never changed, chains of laptops are kept beside this workspace's own, and where items stand is derived from
//! the set of rows. So it does not matter in which order files are merged, nor how often.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    container::Container,
    manifest::{DECISIONS, DecisionLine, EVENTS, FORMAT, RETURN, ReturnManifest},
    problem::BundleProblem,
};
use crate::{
    Error, Result, Workspace,
    audit::chain,
    review::{DecisionKind, refresh},
    store::{
        self, ChainHead, WriteTx,
        audit::EventRow,
        bundles::BundleRow,
        decisions::DecisionRow,
        events::{self, EventKind},
        row_hash,
    },
};

/// What came of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The file.
    pub path: PathBuf,
    /// Whose work it is.
    pub reviewer: String,
    /// Decisions that came in.
    pub added: u64,
    /// Decisions that were here already.
    pub known: u64,
    /// The name of its queue here.
    pub queue: String,
}

impl Workspace {
    /// Merges what reviewers gave back, all files or none. Merging a file again changes nothing.
    ///
    /// # Errors
    /// [`Error::Bundle`](crate::Error) with the file and what is wrong with it; nothing of any file was written then.
    pub async fn merge(&self, paths: &[PathBuf]) -> Result<Vec<Merged>> {
        let mut verified = Vec::new();
        for path in paths {
            verified.push(self.verify_return(path).await?);
        }
        let mut tx = self.store().write().await?;
        let mut merged = Vec::new();
        let mut touched = BTreeSet::new();
        for file in verified {
            merged.push(merge_one(&mut tx, file, &mut touched).await?);
        }
        for item_id in touched {
            derive(&mut tx, &item_id).await?;
        }
        tx.commit().await?;
        self.forget_all_hidden().await?;
        Ok(merged)
    }

    /// Everything about a file that can be known without writing: whose it is, and that it holds together.
    async fn verify_return(&self, path: &Path) -> Result<Verified> {
        let mut container = Container::open(path)?;
        let manifest: ReturnManifest = container.manifest(RETURN, FORMAT)?;
        let mut read = self.store().read().await?;
        let bundle = store::bundles::get(&mut read, &manifest.bundle_id).await?;
        let bundle = bundle.filter(|bundle| bundle.role == "made").ok_or_else(|| {
            container.refuse(BundleProblem::Foreign { bundle_id: manifest.bundle_id.clone() })
        })?;
        drop(read);
        let verify = move || {
            container.verify(bundle.key.as_bytes(), &manifest.parts)?;
            let vouched = verify_chain(&mut container, &manifest)?;
            Ok(Verified { container, manifest, bundle, vouched })
        };
        let verified = tokio::task::spawn_blocking(verify).await;
        verified.map_err(|error| Error::Io { path: path.to_owned(), source: error.into() })?
    }
}

/// A file whose signature, parts and chain hold.
struct Verified {
    container: Container,
    manifest: ReturnManifest,
    bundle: BundleRow,
    /// Decision -> the kind of its event and the hash of its row.
    vouched: HashMap<String, (EventKind, String)>,
}

/// Goes through the chain of a laptop from its beginning.
fn verify_chain(
    container: &mut Container,
    manifest: &ReturnManifest,
) -> Result<HashMap<String, (EventKind, String)>> {
    let path = container.path().to_owned();
    let refuse = |problem| Error::Bundle { path: path.clone(), problem };
    let mut head = ChainHead::genesis(&manifest.workspace_id);
    let mut vouched = HashMap::new();
    container.lines(EVENTS, |event: EventRow| {
        let EventRow { seq, at, kind, row_id, row_hash, prev_hash, hash } = event;
        let follows = seq == head.length + 1 && prev_hash == head.hash;
        if !follows || chain::link(&prev_hash, seq, &at, &kind, &row_id, &row_hash) != hash {
            return Err(refuse(BundleProblem::HistoryEdited { seq }));
        }
        head = ChainHead { length: seq, hash };
        if let Ok(kind) = kind.parse::<EventKind>()
            && row_hash::is_about_a_decision(kind)
        {
            vouched.insert(row_id, (kind, row_hash));
        }
        Ok(())
    })?;
    if (head.length, &head.hash) != (manifest.length, &manifest.head) {
        let (expected, found) = (manifest.length, head.length);
        return Err(refuse(BundleProblem::HistoryCut { expected, found }));
    }
    Ok(vouched)
}

async fn merge_one(
    tx: &mut WriteTx<'_>,
    mut file: Verified,
    touched: &mut BTreeSet<String>,
) -> Result<Merged> {
    merge_chain(tx, &mut file).await?;
    let columns = store::merged::columns(tx).await?;
    let mut lines: Vec<DecisionLine> = Vec::new();
    file.container.lines(DECISIONS, |line| {
        lines.push(line);
        Ok(())
    })?;
    if lines.len() as u64 != file.manifest.decisions {
        let (expected, found) = (file.manifest.decisions, lines.len() as u64);
        return Err(file.container.refuse(BundleProblem::DecisionsMissing { expected, found }));
    }
    let (mut added, mut known) = (0, 0);
    let mut quarantines = Vec::new();
    for (number, line) in (1..).zip(lines) {
        let bad = BundleProblem::Line { part: DECISIONS, line: number };
        let Some(row) = Row::of(&line, &columns) else { return Err(file.container.refuse(bad)) };
        check(tx, &file, &row).await?;
        if row.concerns_quarantine {
            quarantines.push(row.clone());
        }
        if store::merged::is_here(tx, &row.id).await? {
            known += 1;
        } else {
            store::merged::insert(tx, &file.manifest.workspace_id, &row.id, line).await?;
            touched.insert(row.item_id.clone());
            added += 1;
        }
        vouch(tx, &file, &row.id).await?;
    }
    for row in quarantines {
        take_copies_along(tx, &row, touched).await?;
    }
    let queue = crate::queue::find_queue(tx, &file.bundle.queue_id).await?;
    let path = file.container.path().to_owned();
    Ok(Merged { path, reviewer: file.bundle.reviewer, added, known, queue: queue.name })
}

/// Adds to the chain of a laptop what is new. An older file than one that was merged has nothing new.
async fn merge_chain(tx: &mut WriteTx<'_>, file: &mut Verified) -> Result<()> {
    let ReturnManifest { workspace_id, length, head, .. } = file.manifest.clone();
    let merged = store::laptops::head(tx, &workspace_id)
        .await?
        .unwrap_or(ChainHead { length: 0, hash: String::new() });
    if merged.length >= length {
        let known = store::laptops::hash_at(tx, &workspace_id, length).await?;
        return if length == 0 || known.as_ref() == Some(&head) {
            Ok(())
        } else {
            Err(file.container.refuse(BundleProblem::HistoryForked))
        };
    }
    let mut fresh: Vec<EventRow> = Vec::new();
    let mut is_the_same = merged.length == 0;
    file.container.lines(EVENTS, |event: EventRow| {
        is_the_same |= event.seq == merged.length && event.hash == merged.hash;
        if event.seq > merged.length {
            fresh.push(event);
        }
        Ok(())
    })?;
    if !is_the_same {
        return Err(file.container.refuse(BundleProblem::HistoryForked));
    }
    let end = ChainHead { length, hash: head.clone() };
    store::laptops::set_head(tx, &workspace_id, &end).await?;
    for event in &fresh {
        store::laptops::insert_event(tx, &workspace_id, event).await?;
    }
    events::append(tx, EventKind::Merge, &format!("{workspace_id}/{length}"), &head).await?;
    Ok(())
}

/// What a merge looks at in a row of decisions.
#[derive(Clone)]
struct Row {
    id: String,
    item_id: String,
    reviewer: String,
    undoes: Option<String>,
    /// It puts an item into quarantine, or takes something back: maybe that.
    concerns_quarantine: bool,
}

impl Row {
    /// `None` if there are other columns in the line than a decision has here.
    fn of(line: &DecisionLine, columns: &[String]) -> Option<Self> {
        let text = |name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
        let is_known = |name: &String| columns.contains(name);
        let kind: DecisionKind = text("kind")?.parse().ok()?;
        line.keys().all(is_known).then_some(())?;
        Some(Self {
            id: text("id")?,
            item_id: text("item_id")?,
            reviewer: text("reviewer")?,
            undoes: text("undoes"),
            concerns_quarantine: matches!(kind, DecisionKind::Quarantine | DecisionKind::Undo),
        })
    }
}

async fn check(tx: &mut WriteTx<'_>, file: &Verified, row: &Row) -> Result<()> {
    let decision_id = row.id.clone();
    if row.reviewer != file.bundle.reviewer {
        return Err(file.container.refuse(BundleProblem::ForeignReviewer { decision_id }));
    }
    let queue = store::merged::queue_of(tx, &row.item_id).await?;
    if queue.as_ref() != Some(&file.bundle.queue_id) {
        return Err(file.container.refuse(BundleProblem::ForeignItem { decision_id }));
    }
    Ok(())
}

/// The row as it lies here now is the one that the laptop's chain vouches for.
async fn vouch(tx: &mut WriteTx<'_>, file: &Verified, decision_id: &str) -> Result<()> {
    let edited = || {
        let decision_id = decision_id.to_owned();
        file.container.refuse(BundleProblem::DecisionEdited { decision_id })
    };
    let (kind, expected) = file.vouched.get(decision_id).ok_or_else(edited)?;
    let found = row_hash::of_merged(tx, *kind, &[decision_id]).await?.remove(decision_id);
    if found.as_ref() == Some(expected) { Ok(()) } else { Err(edited()) }
}

/// A quarantine on a laptop is one of everything here with the same content; its undo takes all of that back. What is made for
/// this is named and dated after the laptop's row, so that it is the same whatever was merged before.
async fn take_copies_along(tx: &mut WriteTx<'_>, row: &Row, touched: &mut BTreeSet<String>) -> Result<()> {
    let rows = store::decisions::of_item(tx, &row.item_id).await?;
    let Some(cause) = rows.iter().find(|found| found.id == row.id) else { return Ok(()) };
    if let Some(undone) = &row.undoes {
        for (quarantine, item_id) in store::merged::went_along(tx, undone).await? {
            let own = DecisionRow {
                id: derived_id(&cause.id, &quarantine),
                item_id,
                supersedes: Some(quarantine.clone()),
                undoes: Some(quarantine.clone()),
                reason: None,
                ..cause.clone()
            };
            // What was taken back on the laptop itself is in the file.
            let is_ours = quarantine == derived_id(undone, &own.item_id);
            add_derived(tx, own, is_ours, touched).await?;
        }
        return Ok(());
    }
    let along = store::merged::went_along(tx, &cause.id).await?;
    for (item_id, _) in store::merged::same_content(tx, &cause.item_id).await? {
        let own = DecisionRow {
            id: derived_id(&cause.id, &item_id),
            reason: Some(format!("the same content as {}", cause.item_id)),
            supersedes: Some(cause.id.clone()),
            item_id,
            ..cause.clone()
        };
        let is_new = !along.iter().any(|(_, item)| *item == own.item_id);
        add_derived(tx, own, is_new, touched).await?;
    }
    Ok(())
}

async fn add_derived(
    tx: &mut WriteTx<'_>,
    row: DecisionRow,
    wanted: bool,
    touched: &mut BTreeSet<String>,
) -> Result<()> {
    if !wanted || store::merged::is_here(tx, &row.id).await? {
        return Ok(());
    }
    store::decisions::insert(tx, &row).await?;
    let kind = if row.policy_id.is_some() { EventKind::PolicyDecision } else { EventKind::Decision };
    events::record(tx, kind, &row.id).await?;
    touched.insert(row.item_id);
    Ok(())
}

/// An id that follows from two others, in the form of a UUID.
fn derived_id(cause: &str, about: &str) -> String {
    let digest = Sha256::digest(format!("{cause} {about}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// Writes where an item stands, from all of its rows.
async fn derive(tx: &mut WriteTx<'_>, item_id: &str) -> Result<()> {
    let Some(queue_id) = store::merged::queue_of(tx, item_id).await? else { return Ok(()) };
    let plan = store::plans::in_force(tx, &queue_id).await?;
    let rows = store::decisions::of_item(tx, item_id).await?;
    refresh(tx, plan.as_ref(), item_id, &rows).await?;
    Ok(())
}
