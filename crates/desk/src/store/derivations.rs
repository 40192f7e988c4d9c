//! Table `derivations`: queues of which it is derived again where their items stand, and how far that is.

use super::{Conn, StoreResult, WriteTx};

/// Notes that a queue is done up to an item's number; 0 to begin anew.
pub async fn set(tx: &mut WriteTx<'_>, queue_id: &str, after_seq: i64) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO derivations (queue_id, after_seq) VALUES (?1, ?2) ON CONFLICT (queue_id) DO UPDATE SET after_seq = ?2",
    )
    .bind(queue_id)
    .bind(after_seq)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A queue that is not done with, and the number of the item up to which it is, if there is one.
pub async fn due(conn: &mut Conn) -> StoreResult<Option<(String, i64)>> {
    Ok(sqlx::query_as("SELECT queue_id, after_seq FROM derivations ORDER BY queue_id LIMIT 1")
        .fetch_optional(conn)
        .await?)
}

/// Notes that a queue is done with.
pub async fn remove(tx: &mut WriteTx<'_>, queue_id: &str) -> StoreResult<()> {
    sqlx::query("DELETE FROM derivations WHERE queue_id = ?1").bind(queue_id).execute(&mut **tx).await?;
    Ok(())
}
