//! Table `queues`, and the counts that are kept for each.

use saring_verdict::Task;
use sqlx::{Row, sqlite::SqliteRow};

use super::{Conn, StoreError, StoreResult, WriteTx, policies};
use crate::queue::{LanguageCount, Mode, Ordering, Queue, StateCounts};

/// Queues, each with the policy in force.
const WITH_POLICY: &str = "SELECT q.*, p.id AS policy_id, p.body FROM queues AS q JOIN queue_policies AS c ON c.seq = \
     (SELECT max(seq) FROM queue_policies WHERE queue_id = q.id) JOIN policies AS p ON p.id = c.policy_id";

/// A new queue. Its column `scheme` holds the policy that it begins with; which one is in force later stands in `queue_policies`.
pub async fn insert(tx: &mut WriteTx<'_>, queue: &Queue) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO queues (id, name, scheme, ordering, draw_id, mode, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(&queue.id)
    .bind(&queue.name)
    .bind(&queue.policy.id)
    .bind(queue.ordering.as_str())
    .bind(&queue.draw_id)
    .bind(queue.mode.as_str())
    .bind(&queue.created_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The queue with this id or, where there is none, this name.
pub async fn find(conn: &mut Conn, id_or_name: &str) -> StoreResult<Option<Queue>> {
    let sql = format!("{WITH_POLICY} WHERE q.id = ?1 OR q.name = ?1 ORDER BY q.id = ?1 DESC LIMIT 1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id_or_name).fetch_optional(conn).await?;
    row.as_ref().map(from_row).transpose()
}

/// Every queue, newest first.
pub async fn all(conn: &mut Conn) -> StoreResult<Vec<Queue>> {
    let sql = format!("{WITH_POLICY} ORDER BY q.created_at DESC, q.id DESC");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(conn).await?;
    rows.iter().map(from_row).collect()
}

/// Sets how items are brought up, and which draw does it.
pub async fn set_ordering(
    tx: &mut WriteTx<'_>,
    queue_id: &str,
    ordering: Ordering,
    draw_id: Option<&str>,
) -> StoreResult<()> {
    sqlx::query("UPDATE queues SET ordering = ?2, draw_id = ?3 WHERE id = ?1")
        .bind(queue_id)
        .bind(ordering.as_str())
        .bind(draw_id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Sets whether verdicts are in view before a decision.
pub async fn set_mode(tx: &mut WriteTx<'_>, queue_id: &str, mode: Mode) -> StoreResult<()> {
    sqlx::query("UPDATE queues SET mode = ?2 WHERE id = ?1")
        .bind(queue_id)
        .bind(mode.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// How many items of a queue are in which state. Kept by triggers, not counted.
pub async fn counts(conn: &mut Conn, queue_id: &str) -> StoreResult<StateCounts> {
    let rows = sqlx::query("SELECT state, n FROM queue_counts WHERE queue_id = ?1")
        .bind(queue_id)
        .fetch_all(conn)
        .await?;
    let mut counts = StateCounts::default();
    for row in rows {
        let n = u64::try_from(row.try_get::<i64, _>("n")?).unwrap_or(0);
        match row.try_get::<&str, _>("state")? {
            "pending" => counts.pending = n,
            "decided" => counts.decided = n,
            "skipped" => counts.skipped = n,
            "escalated" => counts.escalated = n,
            "flagged" => counts.flagged = n,
            "quarantined" => counts.quarantined = n,
            other => return Err(StoreError::damaged(format!("it counts a state {other:?}"))),
        }
    }
    Ok(counts)
}

/// How many items of a queue are in which language, most first. Kept by triggers, not counted.
pub async fn languages(conn: &mut Conn, queue_id: &str) -> StoreResult<Vec<LanguageCount>> {
    let rows = sqlx::query(
        "SELECT language, n FROM queue_languages WHERE queue_id = ?1 AND n > 0 ORDER BY n DESC, language",
    )
    .bind(queue_id)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let items = u64::try_from(row.try_get::<i64, _>("n")?).unwrap_or(0);
            Ok(LanguageCount { language: row.try_get("language")?, items })
        })
        .collect()
}

fn from_row(row: &SqliteRow) -> StoreResult<Queue> {
    Ok(Queue {
        id: row.try_get("id")?,
        policy: policies::version(row, "policy_id", "body")?,
        name: row.try_get("name")?,
        ordering: parse(row.try_get("ordering")?, "ordering")?,
        draw_id: row.try_get("draw_id")?,
        mode: parse(row.try_get("mode")?, "mode")?,
        created_at: row.try_get("created_at")?,
    })
}

/// A word of ours that the database holds.
pub(super) fn parse<T: std::str::FromStr>(word: &str, column: &str) -> StoreResult<T> {
    word.parse().map_err(|_| StoreError::damaged(format!("column {column} holds {word:?}")))
}

/// A task as the database holds it.
pub(super) fn parse_task(word: &str) -> StoreResult<Task> {
    parse(word, "task")
}
