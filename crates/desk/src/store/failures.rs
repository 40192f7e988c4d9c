//! Table `failures`: (item, task) pairs that a guard could not judge, and why.

use super::{Conn, StoreResult, WriteTx};

/// A row of `failures`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureRow<'a> {
    /// UUIDv7.
    pub id: &'a str,
    /// Which item.
    pub item_id: &'a str,
    /// prompt, response.
    pub task: &'a str,
    /// Which guard.
    pub guard_id: &'a str,
    /// In which run.
    pub run_id: &'a str,
    /// The error's code.
    pub code: &'a str,
    /// The error in words; no item text.
    pub reason: &'a str,
    /// RFC 3339.
    pub created_at: &'a str,
}

/// Keeps a failure; `false` if the run has one for that pair already, or the item is in quarantine.
pub async fn insert(tx: &mut WriteTx<'_>, failure: &FailureRow<'_>) -> StoreResult<bool> {
    let done = sqlx::query(
        "INSERT INTO failures (id, item_id, task, guard_id, run_id, code, reason, created_at) \
         SELECT ?1, i.id, ?3, ?4, ?5, ?6, ?7, ?8 FROM visible_items i WHERE i.id = ?2 ON CONFLICT DO NOTHING",
    )
    .bind(failure.id)
    .bind(failure.item_id)
    .bind(failure.task)
    .bind(failure.guard_id)
    .bind(failure.run_id)
    .bind(failure.code)
    .bind(failure.reason)
    .bind(failure.created_at)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The pairs that failed in a run, as (item, task, reason), in the order of their items.
pub async fn of_run(conn: &mut Conn, run_id: &str, limit: i64) -> StoreResult<Vec<(String, String, String)>> {
    Ok(sqlx::query_as(
        "SELECT f.item_id, f.task, f.reason FROM failures f JOIN visible_items i ON i.id = f.item_id \
         WHERE f.run_id = ?1 ORDER BY i.seq, f.task LIMIT ?2",
    )
    .bind(run_id)
    .bind(limit)
    .fetch_all(conn)
    .await?)
}

/// The newest failure of a pair, as (code, reason), if no verdict of the same guard came after it.
pub async fn newest(conn: &mut Conn, item_id: &str, task: &str) -> StoreResult<Option<(String, String)>> {
    Ok(sqlx::query_as(
        "SELECT f.code, f.reason FROM failures f JOIN visible_items i ON i.id = f.item_id \
         WHERE f.item_id = ?1 AND f.task = ?2 AND NOT EXISTS (SELECT 1 FROM verdicts v \
         WHERE v.item_id = f.item_id AND v.task = f.task AND v.guard_id = f.guard_id) ORDER BY f.id DESC LIMIT 1",
    )
    .bind(item_id)
    .bind(task)
    .fetch_optional(conn)
    .await?)
}
