//! Merging what reviewers gave back: every file is verified before anything is written, all files come in or none does.
//!
//! Rows are added and never changed, chains of laptops are kept beside this workspace's own, and where items stand is derived from
//! the set of rows. So it does not matter in which order files are merged, nor how often.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
};

use serde_json::Value;

use super::{
    copies,
    manifest::{DECISIONS, DecisionLine},
    problem::BundleProblem,
    verified::Verified,
};
use crate::{
    Result, Workspace, audit,
    review::{DecisionKind, refresh},
    store::{
        self, ChainHead, WriteTx,
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

/// Rows that are asked about together.
const PAGE: usize = 500;

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
}

async fn merge_one(
    tx: &mut WriteTx<'_>,
    mut file: Verified,
    touched: &mut BTreeSet<String>,
) -> Result<Merged> {
    let has_grown = merge_chain(tx, &file).await?;
    let lines = std::mem::take(&mut file.lines);
    let columns = store::merged::columns(tx).await?;
    let mut rows = Vec::with_capacity(lines.len());
    for (number, line) in (1..).zip(&lines) {
        let bad = || file.refuse(BundleProblem::Line { part: DECISIONS, line: number });
        rows.push(Row::of(line, &columns).ok_or_else(bad)?);
    }
    check(tx, &file, &rows).await?;
    let mut here = store::merged::here(tx, &lines).await?;
    let mut added = 0;
    for (row, line) in rows.iter().zip(lines) {
        if here.has_decision(&row.id) {
            continue;
        }
        store::merged::insert(tx, &file.manifest.workspace_id, &row.id, line, &mut here).await?;
        touched.insert(row.item_id.clone());
        added += 1;
    }
    vouch(tx, &file, &rows).await?;
    if has_grown || added > 0 {
        record(tx, &file.manifest.workspace_id).await?;
    }
    copies::take_along(tx, &rows, touched).await?;
    let queue = crate::queue::find_queue(tx, &file.bundle.queue_id).await?;
    Ok(Merged {
        path: file.path,
        reviewer: file.bundle.reviewer,
        added,
        known: rows.len() as u64 - added,
        queue: queue.name,
    })
}

/// Adds to the chain of a laptop what is new, if anything is. An older file than one that was merged has nothing new.
async fn merge_chain(tx: &mut WriteTx<'_>, file: &Verified) -> Result<bool> {
    let (workspace_id, length) = (&file.manifest.workspace_id, file.manifest.length);
    let forked = || file.refuse(BundleProblem::HistoryForked);
    let merged = store::laptops::head(tx, workspace_id).await?;
    let merged = merged.unwrap_or(ChainHead { length: 0, hash: String::new() });
    if merged.length >= length {
        let known = store::laptops::hash_at(tx, workspace_id, length).await?;
        let is_the_same = length == 0 || known.as_ref() == Some(&file.manifest.head);
        return if is_the_same { Ok(false) } else { Err(forked()) };
    }
    let fresh = file.after(&merged).ok_or_else(forked)?;
    let end = ChainHead { length, hash: file.manifest.head.clone() };
    store::laptops::set_head(tx, workspace_id, &end).await?;
    store::laptops::insert_events(tx, workspace_id, fresh).await?;
    Ok(true)
}

/// Vouches for all that is here of a laptop.
async fn record(tx: &mut WriteTx<'_>, workspace_id: &str) -> Result<()> {
    let Some(end) = store::laptops::head(tx, workspace_id).await? else { return Ok(()) };
    let hash = audit::merged_hash(tx, workspace_id, &end.hash).await?;
    Ok(events::append(tx, EventKind::Merge, &format!("{workspace_id}/{}", end.length), &hash).await?)
}

/// What a merge looks at in a row of decisions.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) item_id: String,
    pub(super) kind: DecisionKind,
    pub(super) supersedes: Option<String>,
    pub(super) undoes: Option<String>,
    reviewer: String,
}

impl Row {
    /// `None` if there are other columns in the line than a decision has here.
    fn of(line: &DecisionLine, columns: &[String]) -> Option<Self> {
        let text = |name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
        let is_known = |name: &String| columns.contains(name);
        line.keys().all(is_known).then_some(())?;
        Some(Self {
            id: text("id")?,
            item_id: text("item_id")?,
            kind: text("kind")?.parse().ok()?,
            supersedes: text("supersedes"),
            undoes: text("undoes"),
            reviewer: text("reviewer")?,
        })
    }
}

/// Every row is the bundle's reviewer's, and about an item of its queue.
async fn check(tx: &mut WriteTx<'_>, file: &Verified, rows: &[Row]) -> Result<()> {
    for rows in rows.chunks(PAGE) {
        let ids: Vec<&str> = rows.iter().map(|row| row.item_id.as_str()).collect();
        let queues = store::merged::queues_of(tx, &Value::from(ids).to_string()).await?;
        for row in rows {
            let decision_id = row.id.clone();
            if row.reviewer != file.bundle.reviewer {
                return Err(file.refuse(BundleProblem::ForeignReviewer { decision_id }));
            }
            if queues.get(&row.item_id) != Some(&file.bundle.queue_id) {
                return Err(file.refuse(BundleProblem::ForeignItem { decision_id }));
            }
        }
    }
    Ok(())
}

/// The rows as they lie here now are those that the laptop's chain vouches for.
async fn vouch(tx: &mut WriteTx<'_>, file: &Verified, rows: &[Row]) -> Result<()> {
    let edited = |id: &str| file.refuse(BundleProblem::DecisionEdited { decision_id: id.to_owned() });
    for rows in rows.chunks(PAGE) {
        let mut by_kind: HashMap<EventKind, Vec<&str>> = HashMap::new();
        for Row { id, .. } in rows {
            let (kind, _) = file.vouched(id).ok_or_else(|| edited(id))?;
            by_kind.entry(*kind).or_default().push(id);
        }
        for (kind, ids) in by_kind {
            let found = row_hash::of_merged(tx, kind, &ids).await?;
            for id in ids {
                if found.get(id) != file.vouched(id).map(|(_, expected)| expected) {
                    return Err(edited(id));
                }
            }
        }
    }
    Ok(())
}

/// Writes where an item stands, from all of its rows.
async fn derive(tx: &mut WriteTx<'_>, item_id: &str) -> Result<()> {
    let Some(queue_id) = store::merged::queue_of(tx, item_id).await? else { return Ok(()) };
    let plan = store::plans::in_force(tx, &queue_id).await?;
    let rows = store::decisions::of_item(tx, item_id).await?;
    let mut tasks = store::tasks::of_item(tx, item_id).await?;
    refresh(tx, plan.as_ref(), item_id, &mut tasks, &rows).await?;
    Ok(())
}
