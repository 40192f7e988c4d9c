//! Table `runs`: one row for each time that a queue was given to a guard.

use sqlx::{Row, sqlite::SqliteRow};

use super::{Conn, StoreResult, WriteTx};

/// A row of `runs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// UUIDv7.
    pub id: String,
    /// Which queue.
    pub queue_id: String,
    /// Which guard.
    pub guard_id: String,
    /// As asked for: auto, cpu, cuda, metal.
    pub device: String,
    /// As asked for: auto, f32, bf16, int8, int4.
    pub precision: String,
    /// Most pixels of an image, as asked for.
    pub pixels_max: Option<i64>,
    /// Items with images that were left out: the guard reads text only.
    pub left_out: i64,
    /// running, paused, done, cancelled, failed.
    pub state: String,
    /// (item, task) pairs without a verdict when it began.
    pub total: i64,
    /// Verdicts written.
    pub judged: i64,
    /// Of those, the ones whose question had been answered before.
    pub repeated: i64,
    /// Pairs that got an error.
    pub failed: i64,
    /// Why it failed, or what happened on the way.
    pub note: Option<String>,
    /// RFC 3339.
    pub started_at: String,
    /// RFC 3339.
    pub ended_at: Option<String>,
}

const COLUMNS: &str = "id, queue_id, guard_id, device, precision, pixels_max, left_out, state, total, judged, repeated, failed, note, started_at, ended_at";

fn row(row: &SqliteRow) -> StoreResult<RunRow> {
    Ok(RunRow {
        id: row.try_get("id")?,
        queue_id: row.try_get("queue_id")?,
        guard_id: row.try_get("guard_id")?,
        device: row.try_get("device")?,
        precision: row.try_get("precision")?,
        pixels_max: row.try_get("pixels_max")?,
        left_out: row.try_get("left_out")?,
        state: row.try_get("state")?,
        total: row.try_get("total")?,
        judged: row.try_get("judged")?,
        repeated: row.try_get("repeated")?,
        failed: row.try_get("failed")?,
        note: row.try_get("note")?,
        started_at: row.try_get("started_at")?,
        ended_at: row.try_get("ended_at")?,
    })
}

/// Begins a run.
pub async fn insert(tx: &mut WriteTx<'_>, run: &RunRow) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO runs (id, queue_id, guard_id, device, precision, pixels_max, left_out, state, total, started_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )
    .bind(&run.id)
    .bind(&run.queue_id)
    .bind(&run.guard_id)
    .bind(&run.device)
    .bind(&run.precision)
    .bind(run.pixels_max)
    .bind(run.left_out)
    .bind(&run.state)
    .bind(run.total)
    .bind(&run.started_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The run of that id.
pub async fn get(conn: &mut Conn, id: &str) -> StoreResult<Option<RunRow>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM runs WHERE id = ?1"));
    sqlx::query(sql).bind(id).fetch_optional(conn).await?.as_ref().map(row).transpose()
}

/// The newest runs of a workspace, newest first.
pub async fn list(conn: &mut Conn, limit: i64) -> StoreResult<Vec<RunRow>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM runs ORDER BY id DESC LIMIT ?1"));
    sqlx::query(sql).bind(limit).fetch_all(conn).await?.iter().map(row).collect()
}

/// Runs that have not ended, as far as the database knows.
pub async fn unended(conn: &mut Conn) -> StoreResult<Vec<RunRow>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM runs WHERE ended_at IS NULL ORDER BY id"));
    sqlx::query(sql).fetch_all(conn).await?.iter().map(row).collect()
}

/// Adds what a batch came to: verdicts, errors, and how many of the verdicts were repeated.
pub async fn add_counts(
    tx: &mut WriteTx<'_>,
    id: &str,
    [judged, failed, repeated]: [i64; 3],
) -> StoreResult<()> {
    let sql =
        "UPDATE runs SET judged = judged + ?2, failed = failed + ?3, repeated = repeated + ?4 WHERE id = ?1";
    sqlx::query(sql).bind(id).bind(judged).bind(failed).bind(repeated).execute(&mut **tx).await?;
    Ok(())
}

/// Changes the state of a run that has not ended; `ended_at` is `None` while it goes on. Gives whether there was one: what
/// has ended stays as it ended.
pub async fn set_state(
    tx: &mut WriteTx<'_>,
    id: &str,
    state: &str,
    note: Option<&str>,
    ended_at: Option<&str>,
) -> StoreResult<bool> {
    let sql = "UPDATE runs SET state = ?2, note = ?3, ended_at = ?4 WHERE id = ?1 AND ended_at IS NULL";
    let done = sqlx::query(sql).bind(id).bind(state).bind(note).bind(ended_at).execute(&mut **tx).await?;
    Ok(done.rows_affected() > 0)
}
