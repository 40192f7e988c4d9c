//! Table `settings`: one value a key.

use super::{Conn, StoreResult, WriteTx};

pub(super) const WORKSPACE_ID: &str = "workspace_id";
pub(super) const CREATED_AT: &str = "created_at";
/// How verdicts are read, JSON of [`saring_verdict::Reading`].
pub const READING: &str = "reading";
/// "pending" while what is sorted by the reading has not all been sorted anew.
pub const READING_REWRITE: &str = "reading_rewrite";
/// Id of the guard that a label run takes unless told otherwise.
pub const DEFAULT_GUARD: &str = "default_guard";
/// What the window keeps for itself, JSON.
pub const WINDOW: &str = "window";

/// The value of `key`.
pub async fn get(conn: &mut Conn, key: &str) -> StoreResult<Option<String>> {
    Ok(sqlx::query_scalar("SELECT value FROM settings WHERE key = ?1").bind(key).fetch_optional(conn).await?)
}

/// Sets `key`, whatever it was.
pub async fn set(tx: &mut WriteTx<'_>, key: &str, value: &str) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
    )
    .bind(key)
    .bind(value)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn insert(conn: &mut Conn, key: &str, value: &str) -> StoreResult<()> {
    sqlx::query("INSERT INTO settings (key, value) VALUES (?1, ?2)")
        .bind(key)
        .bind(value)
        .execute(conn)
        .await?;
    Ok(())
}
