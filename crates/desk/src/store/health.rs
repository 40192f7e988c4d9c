//! What SQLite says about itself: settings of a connection, and whether the file is whole.

use super::{Conn, StoreResult};

/// 2 for FULL: a commit returns when it is on disk.
pub async fn synchronous(conn: &mut Conn) -> StoreResult<i64> {
    Ok(sqlx::query_scalar("PRAGMA synchronous").fetch_one(conn).await?)
}

/// "wal" for a workspace.
pub async fn journal_mode(conn: &mut Conn) -> StoreResult<String> {
    Ok(sqlx::query_scalar("PRAGMA journal_mode").fetch_one(conn).await?)
}

/// 1 where foreign keys are held.
pub async fn foreign_keys(conn: &mut Conn) -> StoreResult<i64> {
    Ok(sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(conn).await?)
}

/// Reads the whole file; "ok", or what is wrong with it, at most ten sentences.
pub async fn quick_check(conn: &mut Conn) -> StoreResult<Vec<String>> {
    Ok(sqlx::query_scalar("PRAGMA quick_check(10)").fetch_all(conn).await?)
}

/// SQLite's version.
pub async fn version(conn: &mut Conn) -> StoreResult<String> {
    Ok(sqlx::query_scalar("SELECT sqlite_version()").fetch_one(conn).await?)
}
