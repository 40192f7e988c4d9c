//! Table `saved_filters`: filters of queues under a name.

use sqlx::{Row, sqlite::SqliteRow};

use super::{Conn, StoreResult, WriteTx};

/// A saved filter as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedFilterRow {
    /// UUIDv7.
    pub id: String,
    /// Its queue.
    pub queue_id: String,
    /// Unique in the queue.
    pub name: String,
    /// JSON: what it finds, in which order.
    pub terms: String,
    /// RFC 3339.
    pub created_at: String,
}

/// Adds one.
pub async fn insert(tx: &mut WriteTx<'_>, saved: &SavedFilterRow) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO saved_filters (id, queue_id, name, terms, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .bind(&saved.id)
    .bind(&saved.queue_id)
    .bind(&saved.name)
    .bind(&saved.terms)
    .bind(&saved.created_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Those of a queue, by name.
pub async fn of_queue(conn: &mut Conn, queue_id: &str) -> StoreResult<Vec<SavedFilterRow>> {
    let rows = sqlx::query("SELECT * FROM saved_filters WHERE queue_id = ?1 ORDER BY name")
        .bind(queue_id)
        .fetch_all(conn)
        .await?;
    rows.iter().map(from_row).collect()
}

/// The one of a queue with this id or, where there is none, this name.
pub async fn find(conn: &mut Conn, queue_id: &str, id_or_name: &str) -> StoreResult<Option<SavedFilterRow>> {
    let row = sqlx::query(
        "SELECT * FROM saved_filters WHERE queue_id = ?1 AND (id = ?2 OR name = ?2) ORDER BY id = ?2 DESC LIMIT 1",
    )
    .bind(queue_id)
    .bind(id_or_name)
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(from_row).transpose()
}

/// Gives one another name.
pub async fn rename(tx: &mut WriteTx<'_>, id: &str, name: &str) -> StoreResult<()> {
    sqlx::query("UPDATE saved_filters SET name = ?2 WHERE id = ?1")
        .bind(id)
        .bind(name)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Takes one away.
pub async fn remove(tx: &mut WriteTx<'_>, id: &str) -> StoreResult<()> {
    sqlx::query("DELETE FROM saved_filters WHERE id = ?1").bind(id).execute(&mut **tx).await?;
    Ok(())
}

fn from_row(row: &SqliteRow) -> StoreResult<SavedFilterRow> {
    Ok(SavedFilterRow {
        id: row.try_get("id")?,
        queue_id: row.try_get("queue_id")?,
        name: row.try_get("name")?,
        terms: row.try_get("terms")?,
        created_at: row.try_get("created_at")?,
    })
}
