//! Table `policies`: versions of policies. Append-only.

use std::collections::HashMap;

use sqlx::{Row, sqlite::SqliteRow};

use super::{Conn, StoreError, StoreResult, WriteTx};
use crate::policy::{Policy, PolicyVersion};

/// A version as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRow {
    /// What it says.
    pub version: PolicyVersion,
    /// A pseudonym; `None` for what the program brought along.
    pub kept_by: Option<String>,
    /// RFC 3339.
    pub kept_at: String,
}

/// A new version; `false` if it is kept already.
pub async fn insert(tx: &mut WriteTx<'_>, row: &PolicyRow) -> StoreResult<bool> {
    let PolicyVersion { id, terms } = &row.version;
    let done = sqlx::query(
        "INSERT INTO policies (id, name, version, body, kept_by, kept_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT DO NOTHING",
    )
    .bind(id)
    .bind(&terms.name)
    .bind(terms.version)
    .bind(terms.body())
    .bind(&row.kept_by)
    .bind(&row.kept_at)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Every version of every policy, by name, newest first.
pub async fn all(conn: &mut Conn) -> StoreResult<Vec<PolicyRow>> {
    let rows = sqlx::query("SELECT * FROM policies ORDER BY name, version DESC, id").fetch_all(conn).await?;
    rows.iter().map(from_row).collect()
}

/// Every version of one policy, newest first.
pub async fn named(conn: &mut Conn, name: &str) -> StoreResult<Vec<PolicyRow>> {
    let rows = sqlx::query("SELECT * FROM policies WHERE name = ?1 ORDER BY version DESC, id")
        .bind(name)
        .fetch_all(conn)
        .await?;
    rows.iter().map(from_row).collect()
}

/// The versions with these ids, a JSON list, by their ids.
pub async fn by_id(conn: &mut Conn, ids: &str) -> StoreResult<HashMap<String, PolicyVersion>> {
    let rows = sqlx::query("SELECT p.* FROM json_each(?1) AS j CROSS JOIN policies AS p ON p.id = j.value")
        .bind(ids)
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| from_row(row).map(|r| (r.version.id.clone(), r.version))).collect()
}

/// What a row says, by the columns `id` and `body`.
pub(super) fn version(row: &SqliteRow, id: &str, body: &str) -> StoreResult<PolicyVersion> {
    let id: String = row.try_get(id)?;
    let terms: Policy = serde_json::from_str(row.try_get(body)?)
        .map_err(|_| StoreError::damaged(format!("the policy {id} cannot be understood")))?;
    Ok(PolicyVersion { id, terms })
}

fn from_row(row: &SqliteRow) -> StoreResult<PolicyRow> {
    Ok(PolicyRow {
        version: version(row, "id", "body")?,
        kept_by: row.try_get("kept_by")?,
        kept_at: row.try_get("kept_at")?,
    })
}
