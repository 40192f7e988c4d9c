//! Table `guards`: the checkpoints that were added. A row is never deleted, since verdicts refer to it.

use sqlx::{Row, sqlite::SqliteRow};

use super::{Conn, StoreResult, WriteTx};

/// A row of `guards`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardRow {
    /// UUIDv7.
    pub id: String,
    /// What people call it; unique, removed ones included.
    pub name: String,
    /// The checkpoint's folder, absolute.
    pub path: String,
    /// Override of the family.
    pub family: Option<String>,
    /// JSON of [`saring_verdict::GuardSettings`].
    pub settings: String,
    /// JSON of [`saring_verdict::GuardCard`].
    pub card: String,
    /// The demo guard.
    pub is_toy: bool,
    /// RFC 3339.
    pub added_at: String,
    /// RFC 3339; `None` while it is in use.
    pub removed_at: Option<String>,
}

const COLUMNS: &str = "id, name, path, family, settings, card, is_toy, added_at, removed_at";

fn row(row: &SqliteRow) -> StoreResult<GuardRow> {
    Ok(GuardRow {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        path: row.try_get("path")?,
        family: row.try_get("family")?,
        settings: row.try_get("settings")?,
        card: row.try_get("card")?,
        is_toy: row.try_get("is_toy")?,
        added_at: row.try_get("added_at")?,
        removed_at: row.try_get("removed_at")?,
    })
}

/// The guard of that id, removed or not.
pub async fn get(conn: &mut Conn, id: &str) -> StoreResult<Option<GuardRow>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM guards WHERE id = ?1"));
    sqlx::query(sql).bind(id).fetch_optional(conn).await?.as_ref().map(row).transpose()
}

/// The guard of that name, removed or not.
pub async fn by_name(conn: &mut Conn, name: &str) -> StoreResult<Option<GuardRow>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM guards WHERE name = ?1"));
    sqlx::query(sql).bind(name).fetch_optional(conn).await?.as_ref().map(row).transpose()
}

/// All guards that are in use, oldest first.
pub async fn list(conn: &mut Conn) -> StoreResult<Vec<GuardRow>> {
    let sql =
        sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM guards WHERE removed_at IS NULL ORDER BY id"));
    sqlx::query(sql).fetch_all(conn).await?.iter().map(row).collect()
}

/// Names of the guards that were removed.
pub async fn removed_names(conn: &mut Conn) -> StoreResult<Vec<String>> {
    Ok(sqlx::query_scalar("SELECT name FROM guards WHERE removed_at IS NOT NULL").fetch_all(conn).await?)
}

/// Adds a guard.
///
/// # Errors
/// [`StoreError::Constraint`](super::StoreError) if the name is taken.
pub async fn insert(tx: &mut WriteTx<'_>, guard: &GuardRow) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO guards (id, name, path, family, settings, card, is_toy, added_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .bind(&guard.id)
    .bind(&guard.name)
    .bind(&guard.path)
    .bind(&guard.family)
    .bind(&guard.settings)
    .bind(&guard.card)
    .bind(guard.is_toy)
    .bind(&guard.added_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Marks a guard as removed, or (with `None`) as in use again.
pub async fn set_removed(tx: &mut WriteTx<'_>, id: &str, at: Option<&str>) -> StoreResult<()> {
    sqlx::query("UPDATE guards SET removed_at = ?2 WHERE id = ?1")
        .bind(id)
        .bind(at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
