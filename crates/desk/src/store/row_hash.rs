//! Hashes of rows as they are stored, for the chain of events.
//!
//! A row's hash covers the columns named here, in this order, each with its type: what is derived (states, caches) is left
//! out, since it changes. The lists are part of the format of the chain: a column that a later migration adds gets a new list
//! and a new kind of event, or is left out.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use sqlx::{Row, TypeInfo, ValueRef, sqlite::SqliteRow};

use super::{Conn, StoreResult, events::EventKind};
use crate::audit::chain::RowHasher;

/// The statement that reads the hashed columns of rows by a JSON list of their ids, for kinds whose event is about one row. The
/// first column is the id.
const fn select(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::QueueCreated => Some(
            "SELECT r.id, r.name, r.scheme, r.created_at FROM json_each(?1) AS j CROSS JOIN queues AS r ON r.id = j.value",
        ),
        EventKind::GuardAdded => Some(
            "SELECT r.id, r.name, r.path, r.family, r.settings, r.card, r.is_toy, r.added_at \
             FROM json_each(?1) AS j CROSS JOIN guards AS r ON r.id = j.value",
        ),
        // Such a verdict has no details. One that was given some has no time here, which every verdict has: its hash fits nothing.
        EventKind::Verdict => Some(
            "SELECT r.id, r.item_id, r.task, r.guard_id, r.run_id, r.provenance_id, r.probabilities, r.label_mass, \
             r.categories, r.refusal, r.tokens_prompt, r.tokens_cached, r.tokens_computed, r.truncated, r.supersedes, \
             CASE WHEN r.details IS NULL THEN r.created_at END FROM json_each(?1) AS j CROSS JOIN verdicts AS r ON r.id = j.value",
        ),
        EventKind::DetailedVerdict => Some(
            "SELECT r.id, r.item_id, r.task, r.guard_id, r.run_id, r.provenance_id, r.probabilities, r.label_mass, \
             r.categories, r.refusal, r.tokens_prompt, r.tokens_cached, r.tokens_computed, r.truncated, r.supersedes, \
             r.created_at, r.details FROM json_each(?1) AS j CROSS JOIN verdicts AS r ON r.id = j.value",
        ),
        EventKind::Failure => Some(
            "SELECT r.id, r.item_id, r.task, r.guard_id, r.run_id, r.code, r.reason, r.created_at \
             FROM json_each(?1) AS j CROSS JOIN failures AS r ON r.id = j.value",
        ),
        // Such a decision records no policy. One that was given one is neither made by a script nor by a person: its hash fits nothing.
        EventKind::Decision => Some(
            "SELECT r.id, r.item_id, r.task, r.kind, r.label, r.categories, r.refusal, r.note, r.reason, r.reviewer, \
             r.decided_at, r.duration_ms, r.draw_id, r.verdict_visible, r.verdict_id, r.supersedes, r.undoes, \
             CASE WHEN r.policy_id IS NULL THEN r.synthetic END \
             FROM json_each(?1) AS j CROSS JOIN decisions AS r ON r.id = j.value",
        ),
        EventKind::PolicyDecision => Some(
            "SELECT r.id, r.item_id, r.task, r.kind, r.label, r.categories, r.refusal, r.note, r.reason, r.reviewer, \
             r.decided_at, r.duration_ms, r.draw_id, r.verdict_visible, r.verdict_id, r.supersedes, r.undoes, r.synthetic, \
             r.policy_id FROM json_each(?1) AS j CROSS JOIN decisions AS r ON r.id = j.value",
        ),
        EventKind::Policy => Some(
            "SELECT r.id, r.name, r.version, r.body, r.kept_by, r.kept_at \
             FROM json_each(?1) AS j CROSS JOIN policies AS r ON r.id = j.value",
        ),
        // With its number: which choice is in force follows from it.
        EventKind::QueuePolicy => Some(
            "SELECT r.id, r.seq, r.queue_id, r.policy_id, r.chosen_by, r.chosen_at \
             FROM json_each(?1) AS j CROSS JOIN queue_policies AS r ON r.id = j.value",
        ),
        EventKind::BulkDecided => Some(
            "SELECT r.id, r.reviewer, r.decided_at, (SELECT group_concat(decision_id, ' ') FROM (SELECT decision_id \
             FROM bulk_decisions WHERE bulk_id = r.id ORDER BY decision_id)) AS decisions \
             FROM json_each(?1) AS j CROSS JOIN bulks AS r ON r.id = j.value",
        ),
        EventKind::LanguageCorrected => Some(
            "SELECT r.id, r.seq, r.item_id, r.language, r.reviewer, r.corrected_at \
             FROM json_each(?1) AS j CROSS JOIN language_corrections AS r ON r.id = j.value",
        ),
        EventKind::Draw => Some(
            "SELECT r.id, r.queue_id, r.seed, r.population, r.drawn_from, r.size, r.created_at, (SELECT group_concat(item_id, ' ') \
             FROM (SELECT item_id FROM draw_items WHERE draw_id = r.id ORDER BY rank)) AS items \
             FROM json_each(?1) AS j CROSS JOIN draws AS r ON r.id = j.value",
        ),
        EventKind::ReviewPlan => Some(
            "SELECT r.id, r.seq, r.queue_id, r.seed, r.second_share, r.gold_share, r.feedback, r.blind_share, r.blind_draw_id, \
             r.own_adjudication, r.created_at FROM json_each(?1) AS j CROSS JOIN review_plans AS r ON r.id = j.value",
        ),
        EventKind::Bundle => Some(
            "SELECT r.id, r.queue_id, r.reviewer, r.role, r.lead, r.key, r.items, r.created_at \
             FROM json_each(?1) AS j CROSS JOIN bundles AS r ON r.id = j.value",
        ),
        EventKind::ItemsImported
        | EventKind::GuardRemoved
        | EventKind::ReadingChanged
        | EventKind::Merge
        | EventKind::Export => None,
    }
}

/// Whether an event of this kind is about one row, which [`of_rows`] hashes.
pub const fn is_about_a_row(kind: EventKind) -> bool {
    select(kind).is_some()
}

/// Whether an event of this kind is about a decision.
pub fn is_about_a_decision(kind: EventKind) -> bool {
    select(kind).is_some_and(|select| select.contains(DECISIONS))
}

const DECISIONS: &str = " CROSS JOIN decisions AS r ";

/// Columns of a merged decision that may be null here where they point at what is on the laptop only.
const REFERENCES: [&str; 5] = ["draw_id", "verdict_id", "supersedes", "undoes", "policy_id"];

/// The hashes of merged decisions as they were on the laptop that they came from.
pub async fn of_merged(
    conn: &mut Conn,
    kind: EventKind,
    row_ids: &[&str],
) -> StoreResult<HashMap<String, String>> {
    let Some(select) = select(kind).filter(|select| select.contains(DECISIONS)) else {
        return Ok(HashMap::new());
    };
    let mut sql = select.to_owned();
    for name in REFERENCES {
        let there = format!(
            "coalesce(r.{name}, (SELECT value FROM merged_references AS m WHERE m.decision_id = r.id AND m.name = '{name}'))"
        );
        sql = sql.replace(&format!("r.{name}"), &there);
    }
    let list = serde_json::Value::from(row_ids.to_vec()).to_string();
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(list).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, of_columns(row)?))).collect()
}

/// The hash of the row that an event of `kind` about `row_id` speaks of. `None` if there is no such row, or if events of this
/// kind do not speak of a single row.
pub async fn of_row(conn: &mut Conn, kind: EventKind, row_id: &str) -> StoreResult<Option<String>> {
    Ok(of_rows(conn, kind, &[row_id]).await?.remove(row_id))
}

/// The hashes of rows by their ids; those that are not there are left out.
pub async fn of_rows(
    conn: &mut Conn,
    kind: EventKind,
    row_ids: &[&str],
) -> StoreResult<HashMap<String, String>> {
    let Some(select) = select(kind) else { return Ok(HashMap::new()) };
    let list = serde_json::Value::from(row_ids.to_vec()).to_string();
    let rows = sqlx::query(select).bind(list).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, of_columns(row)?))).collect()
}

/// The hash over items `first` to `last` by number, with their gold labels and images: what an import vouches for.
pub async fn of_items(conn: &mut Conn, first: i64, last: i64) -> StoreResult<String> {
    let mut hasher = RowHasher::new();
    for sql in [
        "SELECT seq, id, queue_id, import_id, line, external_id, prompt, response, messages, \
         CASE WHEN language_from IS 'corrected' THEN imported_language ELSE language END, group_key, source, labels, \
         labels_role, content_hash, duplicate_of, created_at FROM items WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
        "SELECT i.seq, t.task, t.gold_label, t.gold_categories, t.gold_refusal FROM items AS i \
         CROSS JOIN tasks AS t ON t.item_id = i.id WHERE i.seq BETWEEN ?1 AND ?2 ORDER BY i.seq, t.task",
        "SELECT i.seq, m.position, m.sha256 FROM items AS i \
         CROSS JOIN item_media AS m ON m.item_id = i.id WHERE i.seq BETWEEN ?1 AND ?2 ORDER BY i.seq, m.position",
    ] {
        let mut rows = sqlx::query(sql).bind(first).bind(last).fetch(&mut *conn);
        while let Some(row) = rows.try_next().await? {
            feed_columns(&mut hasher, &row)?;
        }
    }
    Ok(hasher.finish())
}

/// The hash over all columns of a result row, in order.
fn of_columns(row: &SqliteRow) -> StoreResult<String> {
    let mut hasher = RowHasher::new();
    feed_columns(&mut hasher, row)?;
    Ok(hasher.finish())
}

/// Feeds all columns of a result row to `hasher`, in order.
fn feed_columns(hasher: &mut RowHasher, row: &SqliteRow) -> StoreResult<()> {
    for index in 0..row.len() {
        let value = row.try_get_raw(index)?;
        if value.is_null() {
            hasher.null();
            continue;
        }
        match value.type_info().name() {
            "INTEGER" => hasher.integer(row.try_get(index)?),
            "REAL" => hasher.real(row.try_get(index)?),
            _ => hasher.text(row.try_get(index)?),
        }
    }
    Ok(())
}
