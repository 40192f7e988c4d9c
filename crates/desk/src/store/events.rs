//! Table `events`: the chain. Every event hashes the row that it speaks of and its predecessor.
//!
//! [`record`] is how almost every event is made: it reads the row as it was just stored and hashes that, so that what the event
//! vouches for is what lies on the disk. [`append`] is for what is no single row: a batch of an import, an export.

use std::{fmt, str::FromStr};

use super::{StoreError, StoreResult, WriteTx, head::ChainHead, row_hash};
use crate::audit::chain;

/// What happened. The name is what the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Items were imported in one transaction; the row id is `IMPORT/FIRST_SEQ/LAST_SEQ`.
    ItemsImported,
    /// A queue was made.
    QueueCreated,
    /// A guard was added to the registry.
    GuardAdded,
    /// A guard was taken out of the registry; the row id is the guard's.
    GuardRemoved,
    /// A guard judged an (item, task).
    Verdict,
    /// The same, and the verdict has details: notes or risk along the response.
    DetailedVerdict,
    /// A guard could not judge an (item, task).
    Failure,
    /// A person decided, skipped, flagged, quarantined, undid, before there were policies.
    Decision,
    /// The same, under a version of a policy, which is recorded.
    PolicyDecision,
    /// A version of a policy was kept.
    Policy,
    /// A queue went over to a version of a policy.
    QueuePolicy,
    /// A person applied one decision to many items; there is an event for each of them before it.
    BulkDecided,
    /// A reviewer said which language an item is in.
    LanguageCorrected,
    /// A uniform draw was recorded.
    Draw,
    /// The plan of a queue's review was set.
    ReviewPlan,
    /// A bundle was made for a reviewer, or opened.
    Bundle,
    /// Something of a laptop was merged; the row id is `WORKSPACE/LENGTH`, the row hash covers the head of its chain and the ids of all
    /// decisions that ever came from it.
    Merge,
    /// The way in which verdicts are read was changed; the row hash is of the new value.
    ReadingChanged,
    /// Corrected data was written out; the row hash is of its files.
    Export,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 19] = [
        Self::ItemsImported,
        Self::QueueCreated,
        Self::GuardAdded,
        Self::GuardRemoved,
        Self::Verdict,
        Self::DetailedVerdict,
        Self::Failure,
        Self::Decision,
        Self::PolicyDecision,
        Self::Policy,
        Self::QueuePolicy,
        Self::BulkDecided,
        Self::LanguageCorrected,
        Self::Draw,
        Self::ReviewPlan,
        Self::Bundle,
        Self::Merge,
        Self::ReadingChanged,
        Self::Export,
    ];

    /// The name used in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ItemsImported => "items_imported",
            Self::QueueCreated => "queue_created",
            Self::GuardAdded => "guard_added",
            Self::GuardRemoved => "guard_removed",
            Self::Verdict => "verdict",
            Self::DetailedVerdict => "detailed_verdict",
            Self::Failure => "failure",
            Self::Decision => "decision",
            Self::PolicyDecision => "policy_decision",
            Self::Policy => "policy",
            Self::QueuePolicy => "queue_policy",
            Self::BulkDecided => "bulk_decided",
            Self::LanguageCorrected => "language_corrected",
            Self::Draw => "draw",
            Self::ReviewPlan => "review_plan",
            Self::Bundle => "bundle",
            Self::Merge => "merge",
            Self::ReadingChanged => "reading_changed",
            Self::Export => "export",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A string that names no kind of event.
#[derive(Debug, thiserror::Error)]
#[error("there is no event {0:?}")]
pub struct UnknownEventKind(String);

impl FromStr for EventKind {
    type Err = UnknownEventKind;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|k| k.as_str() == name).ok_or_else(|| UnknownEventKind(name.to_owned()))
    }
}

/// Appends an event about the row `row_id` that was just inserted in this transaction.
///
/// # Errors
/// [`StoreError::Failed`] if there is no such row, or none that `kind` hashes by itself.
pub async fn record(tx: &mut WriteTx<'_>, kind: EventKind, row_id: &str) -> StoreResult<()> {
    let hash = row_hash::of_row(tx, kind, row_id).await?.ok_or_else(|| StoreError::Failed {
        reason: format!("there is no row {row_id} for the event {kind}"),
    })?;
    append(tx, kind, row_id, &hash).await
}

/// Appends an event about `row_id`, whose hash is `row_hash` (lower-case hexadecimal SHA-256). The end of the chain is kept in the
/// transaction, so that appending thousands costs one insert each.
pub async fn append(tx: &mut WriteTx<'_>, kind: EventKind, row_id: &str, row_hash: &str) -> StoreResult<()> {
    let prev_hash = tx.head().hash.clone();
    let seq = tx.head().length + 1;
    let at = tx.clock().now_text();
    let hash = chain::link(&prev_hash, seq, &at, kind.as_str(), row_id, row_hash);
    sqlx::query(
        "INSERT INTO events (seq, at, kind, row_id, row_hash, prev_hash, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(seq)
    .bind(&at)
    .bind(kind.as_str())
    .bind(row_id)
    .bind(row_hash)
    .bind(&prev_hash)
    .bind(&hash)
    .execute(&mut **tx)
    .await?;
    tx.set_head(ChainHead { length: seq, hash });
    Ok(())
}
