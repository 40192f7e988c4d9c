//! Table `paces`: how fast guards were, and where.

use sqlx::Row;

use super::{Conn, StoreResult, WriteTx};

/// What a measurement is of.
#[derive(Clone, Copy, Debug)]
pub struct PaceKey<'a> {
    /// Which guard.
    pub weights_sha256: &'a str,
    /// cpu, cuda, metal.
    pub device: &'a str,
    /// Its name.
    pub device_name: &'a str,
    /// As it ran.
    pub precision: &'a str,
    /// Name and version.
    pub program: &'a str,
    /// Name of the machine, and its threads.
    pub machine: &'a str,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct PaceRow {
    /// bench, run.
    pub source: String,
    /// (item, task) pairs.
    pub items: i64,
    /// Pairs a second.
    pub items_per_second: f64,
    /// Tokens a second.
    pub tokens_per_second: f64,
    /// RFC 3339.
    pub measured_at: String,
}

/// Keeps a measurement.
pub async fn insert(tx: &mut WriteTx<'_>, key: &PaceKey<'_>, row: &PaceRow) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO paces (weights_sha256, device, device_name, precision, program, machine, source, items, \
         items_per_second, tokens_per_second, measured_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )
    .bind(key.weights_sha256)
    .bind(key.device)
    .bind(key.device_name)
    .bind(key.precision)
    .bind(key.program)
    .bind(key.machine)
    .bind(&row.source)
    .bind(row.items)
    .bind(row.items_per_second)
    .bind(row.tokens_per_second)
    .bind(&row.measured_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The newest measurement of exactly that.
pub async fn newest(conn: &mut Conn, key: &PaceKey<'_>) -> StoreResult<Option<PaceRow>> {
    let row = sqlx::query(
        "SELECT source, items, items_per_second, tokens_per_second, measured_at FROM paces \
         WHERE weights_sha256 = ?1 AND precision = ?2 AND device = ?3 AND device_name = ?4 AND program = ?5 \
         AND machine = ?6 ORDER BY seq DESC LIMIT 1",
    )
    .bind(key.weights_sha256)
    .bind(key.precision)
    .bind(key.device)
    .bind(key.device_name)
    .bind(key.program)
    .bind(key.machine)
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(PaceRow {
            source: row.try_get("source")?,
            items: row.try_get("items")?,
            items_per_second: row.try_get("items_per_second")?,
            tokens_per_second: row.try_get("tokens_per_second")?,
            measured_at: row.try_get("measured_at")?,
        })
    })
    .transpose()
}
