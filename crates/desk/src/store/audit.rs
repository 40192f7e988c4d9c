//! What the audit reads: the chain page by page, rows that no event speaks of, states and languages that do not follow
//! from what people did.

use serde::{Deserialize, Serialize};
use sqlx::{Row, sqlite::SqliteRow};

use super::{Conn, StoreResult, events::EventKind};

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRow {
    /// Its number, from 1.
    pub seq: i64,
    /// RFC 3339.
    pub at: String,
    /// What happened, as it is written.
    pub kind: String,
    /// The row that it speaks of.
    pub row_id: String,
    /// That row's hash.
    pub row_hash: String,
    /// The predecessor's hash.
    pub prev_hash: String,
    /// Its own.
    pub hash: String,
}

/// Events after a number, in order.
pub async fn events(conn: &mut Conn, after_seq: i64, limit: u32) -> StoreResult<Vec<EventRow>> {
    let rows = sqlx::query("SELECT * FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2")
        .bind(after_seq)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(event).collect()
}

pub(super) fn event(row: &SqliteRow) -> StoreResult<EventRow> {
    Ok(EventRow {
        seq: row.try_get("seq")?,
        at: row.try_get("at")?,
        kind: row.try_get("kind")?,
        row_id: row.try_get("row_id")?,
        row_hash: row.try_get("row_hash")?,
        prev_hash: row.try_get("prev_hash")?,
        hash: row.try_get("hash")?,
    })
}

/// Ids of rows of a kind that no event speaks of.
pub async fn without_event(conn: &mut Conn, kind: EventKind, limit: u32) -> StoreResult<Vec<String>> {
    let sql = match kind {
        EventKind::QueueCreated => {
            "SELECT id FROM queues AS r WHERE NOT EXISTS (SELECT 1 FROM events AS e WHERE e.row_id = r.id AND e.kind = ?1) LIMIT ?2"
        }
        EventKind::GuardAdded => {
            "SELECT id FROM guards AS r WHERE NOT EXISTS (SELECT 1 FROM events AS e WHERE e.row_id = r.id AND e.kind = ?1) LIMIT ?2"
        }
        // An event of the other kind is about the row too, and its hash says that the row was edited.
        EventKind::Verdict => {
            "SELECT id FROM verdicts AS r WHERE details IS NULL AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.row_id = r.id AND e.kind IN (?1, 'detailed_verdict')) LIMIT ?2"
        }
        EventKind::DetailedVerdict => {
            "SELECT id FROM verdicts AS r WHERE details IS NOT NULL AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.row_id = r.id AND e.kind IN (?1, 'verdict')) LIMIT ?2"
        }
        EventKind::Failure => {
            "SELECT id FROM failures AS r WHERE NOT EXISTS (SELECT 1 FROM events AS e WHERE e.row_id = r.id AND e.kind = ?1) LIMIT ?2"
        }
        EventKind::Decision => {
            "SELECT id FROM decisions AS r WHERE policy_id IS NULL AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.row_id = r.id AND e.kind IN (?1, 'policy_decision')) AND NOT EXISTS (SELECT 1 FROM merged_decisions AS m WHERE m.decision_id = r.id) LIMIT ?2"
        }
        EventKind::PolicyDecision => {
            "SELECT id FROM decisions AS r WHERE policy_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.row_id = r.id AND e.kind IN (?1, 'decision')) AND NOT EXISTS (SELECT 1 FROM merged_decisions AS m WHERE m.decision_id = r.id) LIMIT ?2"
        }
        EventKind::Policy => {
            "SELECT id FROM policies AS r WHERE NOT EXISTS (SELECT 1 FROM events AS e WHERE e.row_id = r.id AND e.kind = ?1) LIMIT ?2"
        }
        EventKind::QueuePolicy => {
            "SELECT id FROM queue_policies AS r WHERE NOT EXISTS (SELECT 1 FROM events AS e WHERE e.row_id = r.id AND e.kind = ?1) LIMIT ?2"
        }
        EventKind::BulkDecided => {
            "SELECT id FROM bulks AS r WHERE NOT EXISTS (SELECT 1 FROM events AS e WHERE e.row_id = r.id AND e.kind = ?1) LIMIT ?2"
        }
        EventKind::LanguageCorrected => {
            "SELECT id FROM language_corrections AS r WHERE NOT EXISTS (SELECT 1 FROM events AS e WHERE e.row_id = r.id AND e.kind = ?1) LIMIT ?2"
        }
        EventKind::Draw => {
            "SELECT id FROM draws AS r WHERE NOT EXISTS (SELECT 1 FROM events AS e WHERE e.row_id = r.id AND e.kind = ?1) LIMIT ?2"
        }
        EventKind::ReviewPlan => {
            "SELECT id FROM review_plans AS r WHERE NOT EXISTS (SELECT 1 FROM events AS e WHERE e.row_id = r.id AND e.kind = ?1) LIMIT ?2"
        }
        EventKind::Bundle => {
            "SELECT id FROM bundles AS r WHERE NOT EXISTS (SELECT 1 FROM events AS e WHERE e.row_id = r.id AND e.kind = ?1) LIMIT ?2"
        }
        EventKind::ItemsImported
        | EventKind::GuardRemoved
        | EventKind::ReadingChanged
        | EventKind::Merge
        | EventKind::Export => {
            return Ok(Vec::new());
        }
    };
    Ok(sqlx::query_scalar(sql).bind(kind.as_str()).bind(limit).fetch_all(conn).await?)
}

/// Ids of items numbered above `after` and below `before`.
pub async fn items_between(conn: &mut Conn, after: i64, before: i64, limit: u32) -> StoreResult<Vec<String>> {
    Ok(sqlx::query_scalar("SELECT id FROM items WHERE seq > ?1 AND seq < ?2 ORDER BY seq LIMIT ?3")
        .bind(after)
        .bind(before)
        .bind(limit)
        .fetch_all(conn)
        .await?)
}

/// Where verdicts come from, as (id, body), after an id.
pub async fn provenances(conn: &mut Conn, after_id: &str, limit: u32) -> StoreResult<Vec<(String, String)>> {
    Ok(sqlx::query_as("SELECT id, body FROM provenances WHERE id > ?1 ORDER BY id LIMIT ?2")
        .bind(after_id)
        .bind(limit)
        .fetch_all(conn)
        .await?)
}

/// Ids of all guards, with when they were removed.
pub async fn guards(conn: &mut Conn) -> StoreResult<Vec<(String, Option<String>)>> {
    Ok(sqlx::query_as("SELECT id, removed_at FROM guards ORDER BY id").fetch_all(conn).await?)
}

/// Numbers and ids of items that somebody did something with, or that stand elsewhere than at the beginning, after a number.
pub async fn touched_items(conn: &mut Conn, after_seq: i64, limit: u32) -> StoreResult<Vec<(i64, String)>> {
    Ok(sqlx::query_as(
        "SELECT seq, id FROM items AS i WHERE seq > ?1 AND (state <> 'pending' OR flagged = 1 OR quarantined = 1 \
         OR EXISTS (SELECT 1 FROM decisions AS d WHERE d.item_id = i.id) \
         OR EXISTS (SELECT 1 FROM tasks AS t WHERE t.item_id = i.id AND (t.state <> 'pending' OR t.decision_id IS NOT NULL))) \
         ORDER BY seq LIMIT ?2",
    )
    .bind(after_seq)
    .bind(limit)
    .fetch_all(conn)
    .await?)
}

/// Ids of items whose language is not what the last correction of it says, or is called corrected without one.
pub async fn uncorrected_languages(conn: &mut Conn, limit: u32) -> StoreResult<Vec<String>> {
    Ok(sqlx::query_scalar(
        "SELECT i.id FROM items AS i WHERE i.language_from IS 'corrected' AND (NOT EXISTS \
         (SELECT 1 FROM language_corrections AS c WHERE c.item_id = i.id) OR i.language IS NOT \
         (SELECT c.language FROM language_corrections AS c WHERE c.item_id = i.id ORDER BY c.seq DESC LIMIT 1)) \
         UNION SELECT i.id FROM language_corrections AS c JOIN items AS i ON i.id = c.item_id \
         WHERE i.language_from IS NOT 'corrected' LIMIT ?1",
    )
    .bind(limit)
    .fetch_all(conn)
    .await?)
}
