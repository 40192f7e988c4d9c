//! Table `calibrations`: temperatures that were fitted, beside the verdicts and never over them.

use sqlx::Row;

use super::{Conn, StoreResult, WriteTx};

/// A row of `calibrations`.
#[derive(Clone, Debug, PartialEq)]
pub struct CalibrationRow {
    /// UUIDv7.
    pub id: String,
    /// prompt, response.
    pub task: String,
    /// gold, estimate.
    pub against: String,
    /// JSON: how labels were read.
    pub reading: String,
    /// Judgements that it was fitted on.
    pub n: i64,
    /// What logits are divided by.
    pub temperature: f64,
    /// Mean negative log likelihood in nats, before and after.
    pub likelihood: (f64, f64),
    /// Expected calibration error, before and after.
    pub error: (f64, Option<f64>),
    /// RFC 3339.
    pub fitted_at: String,
}

/// Keeps a fit.
pub async fn insert(
    tx: &mut WriteTx<'_>,
    queue_id: &str,
    guard_id: &str,
    row: &CalibrationRow,
) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO calibrations (id, queue_id, guard_id, task, against, reading, n, temperature, likelihood_before, \
         likelihood_after, error_before, error_after, fitted_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )
    .bind(&row.id)
    .bind(queue_id)
    .bind(guard_id)
    .bind(&row.task)
    .bind(&row.against)
    .bind(&row.reading)
    .bind(row.n)
    .bind(row.temperature)
    .bind(row.likelihood.0)
    .bind(row.likelihood.1)
    .bind(row.error.0)
    .bind(row.error.1)
    .bind(&row.fitted_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The newest fit of a guard in a queue for each task.
pub async fn newest(conn: &mut Conn, queue_id: &str, guard_id: &str) -> StoreResult<Vec<CalibrationRow>> {
    let rows = sqlx::query(
        "SELECT id, task, against, reading, n, temperature, likelihood_before, likelihood_after, error_before, error_after, \
         fitted_at, max(seq) FROM calibrations WHERE queue_id = ?1 AND guard_id = ?2 GROUP BY task ORDER BY task",
    )
    .bind(queue_id)
    .bind(guard_id)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(CalibrationRow {
                id: row.try_get("id")?,
                task: row.try_get("task")?,
                against: row.try_get("against")?,
                reading: row.try_get("reading")?,
                n: row.try_get("n")?,
                temperature: row.try_get("temperature")?,
                likelihood: (row.try_get("likelihood_before")?, row.try_get("likelihood_after")?),
                error: (row.try_get("error_before")?, row.try_get("error_after")?),
                fitted_at: row.try_get("fitted_at")?,
            })
        })
        .collect()
}
