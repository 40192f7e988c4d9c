//! Hashes of rows as they are stored, for the chain of events.
//!
//! A row's hash covers the columns named here, in this order, each with its type: what is derived (states, caches) is left
//! out, since it changes. The lists are part of the format of the chain: a column that a later migration adds gets a new list
//! and a new kind of event, or is left out.

use futures_util::TryStreamExt;
use sqlx::{Row, TypeInfo, ValueRef, sqlite::SqliteRow};

use super::{Conn, StoreResult, events::EventKind};
use crate::audit::chain::RowHasher;

/// The statement that reads the hashed columns of a row, for kinds whose event is about one row.
const fn select(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::QueueCreated => Some("SELECT id, name, scheme, created_at FROM queues WHERE id = ?1"),
        EventKind::GuardAdded => {
            Some("SELECT id, name, path, family, settings, card, is_toy, added_at FROM guards WHERE id = ?1")
        }
        EventKind::Verdict => Some(
            "SELECT id, item_id, task, guard_id, run_id, provenance_id, probabilities, label_mass, categories, refusal, \
             tokens_prompt, tokens_cached, tokens_computed, truncated, supersedes, created_at FROM verdicts WHERE id = ?1",
        ),
        EventKind::Failure => Some(
            "SELECT id, item_id, task, guard_id, run_id, code, reason, created_at FROM failures WHERE id = ?1",
        ),
        EventKind::Decision => Some(
            "SELECT id, item_id, task, kind, label, categories, refusal, note, reason, reviewer, decided_at, duration_ms, \
             draw_id, verdict_visible, verdict_id, supersedes, undoes, synthetic FROM decisions WHERE id = ?1",
        ),
        EventKind::Draw => {
            Some("SELECT id, queue_id, seed, population, size, created_at FROM draws WHERE id = ?1")
        }
        EventKind::ItemsImported
        | EventKind::GuardRemoved
        | EventKind::ReadingChanged
        | EventKind::Export => None,
    }
}

/// The hash of the row that an event of `kind` about `row_id` speaks of. `None` if there is no such row, or if events of this
/// kind do not speak of a single row.
pub async fn of_row(conn: &mut Conn, kind: EventKind, row_id: &str) -> StoreResult<Option<String>> {
    let Some(select) = select(kind) else { return Ok(None) };
    let row = sqlx::query(select).bind(row_id).fetch_optional(conn).await?;
    row.map(|row| of_columns(&row)).transpose()
}

/// The hash over items `first` to `last` by number, with their gold labels and images: what an import vouches for.
pub async fn of_items(conn: &mut Conn, first: i64, last: i64) -> StoreResult<String> {
    let mut hasher = RowHasher::new();
    for sql in [
        "SELECT seq, id, queue_id, import_id, line, external_id, prompt, response, messages, language, group_key, source, \
         labels, labels_role, content_hash, duplicate_of, created_at FROM items WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
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
pub(super) fn of_columns(row: &SqliteRow) -> StoreResult<String> {
    let mut hasher = RowHasher::new();
    feed_columns(&mut hasher, row)?;
    Ok(hasher.finish())
}

/// Feeds all columns of a result row to `hasher`, in order.
pub(super) fn feed_columns(hasher: &mut RowHasher, row: &SqliteRow) -> StoreResult<()> {
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
