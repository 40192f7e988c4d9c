//! Table `chain`: where the chain of events ends.

use sqlx::Row;

use super::{Conn, StoreError, StoreResult, head::ChainHead};

/// Where the chain ends.
pub async fn get(conn: &mut Conn) -> StoreResult<ChainHead> {
    let row = sqlx::query("SELECT length, head FROM chain WHERE id = 1").fetch_optional(conn).await?;
    let row = row.ok_or_else(|| StoreError::damaged("it does not say where its chain of events ends"))?;
    Ok(ChainHead { length: row.try_get("length")?, hash: row.try_get("head")? })
}

pub(super) async fn insert(conn: &mut Conn, head: &ChainHead) -> StoreResult<()> {
    sqlx::query("INSERT INTO chain (id, length, head) VALUES (1, ?1, ?2)")
        .bind(head.length)
        .bind(&head.hash)
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn set(conn: &mut Conn, head: &ChainHead) -> StoreResult<()> {
    sqlx::query("UPDATE chain SET length = ?1, head = ?2 WHERE id = 1")
        .bind(head.length)
        .bind(&head.hash)
        .execute(conn)
        .await?;
    Ok(())
}
