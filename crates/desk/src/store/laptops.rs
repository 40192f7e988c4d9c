//! Tables `laptops` and `laptop_events`: the chains of workspaces whose decisions were merged into this one.

use std::collections::HashMap;

use sqlx::{QueryBuilder, Row};

use super::{Conn, StoreResult, WriteTx, audit::EventRow, head::ChainHead};

/// Every laptop and where its chain ends, by id.
pub async fn all(conn: &mut Conn) -> StoreResult<Vec<(String, ChainHead)>> {
    let rows = sqlx::query("SELECT * FROM laptops ORDER BY workspace_id").fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            let head = ChainHead { length: row.try_get("length")?, hash: row.try_get("head")? };
            Ok((row.try_get("workspace_id")?, head))
        })
        .collect()
}

/// Where the chain of a laptop ends.
pub async fn head(conn: &mut Conn, workspace_id: &str) -> StoreResult<Option<ChainHead>> {
    let row = sqlx::query("SELECT length, head FROM laptops WHERE workspace_id = ?1")
        .bind(workspace_id)
        .fetch_optional(conn)
        .await?;
    row.map(|row| Ok(ChainHead { length: row.try_get("length")?, hash: row.try_get("head")? })).transpose()
}

/// Sets where the chain of a laptop ends.
pub async fn set_head(tx: &mut WriteTx<'_>, workspace_id: &str, head: &ChainHead) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO laptops (workspace_id, length, head) VALUES (?1, ?2, ?3) \
         ON CONFLICT DO UPDATE SET length = excluded.length, head = excluded.head",
    )
    .bind(workspace_id)
    .bind(head.length)
    .bind(&head.hash)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Adds events to the chain of a laptop.
pub async fn insert_events(tx: &mut WriteTx<'_>, workspace_id: &str, events: &[EventRow]) -> StoreResult<()> {
    for chunk in events.chunks(100) {
        let mut query = QueryBuilder::new(
            "INSERT INTO laptop_events (workspace_id, seq, at, kind, row_id, row_hash, prev_hash, hash) ",
        );
        query.push_values(chunk, |mut row, event| {
            row.push_bind(workspace_id)
                .push_bind(event.seq)
                .push_bind(&event.at)
                .push_bind(&event.kind)
                .push_bind(&event.row_id)
                .push_bind(&event.row_hash)
                .push_bind(&event.prev_hash)
                .push_bind(&event.hash);
        });
        query.build().execute(&mut **tx).await?;
    }
    Ok(())
}

/// Events of the chain of a laptop after a number, in order.
pub async fn events(
    conn: &mut Conn,
    workspace_id: &str,
    after_seq: i64,
    limit: u32,
) -> StoreResult<Vec<EventRow>> {
    let rows =
        sqlx::query("SELECT * FROM laptop_events WHERE workspace_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3")
            .bind(workspace_id)
            .bind(after_seq)
            .bind(limit)
            .fetch_all(conn)
            .await?;
    rows.iter().map(super::audit::event).collect()
}

/// The hash of one event of the chain of a laptop.
pub async fn hash_at(conn: &mut Conn, workspace_id: &str, seq: i64) -> StoreResult<Option<String>> {
    Ok(sqlx::query_scalar("SELECT hash FROM laptop_events WHERE workspace_id = ?1 AND seq = ?2")
        .bind(workspace_id)
        .bind(seq)
        .fetch_optional(conn)
        .await?)
}

/// The decisions that came from a laptop and that its chain vouches for: (decision, kind of the event, hash of the row).
pub async fn vouched(
    conn: &mut Conn,
    workspace_id: &str,
    after_id: &str,
    limit: u32,
) -> StoreResult<Vec<(String, String, String)>> {
    Ok(sqlx::query_as(
        "SELECT m.decision_id, coalesce(e.kind, ''), coalesce(e.row_hash, '') FROM merged_decisions AS m \
         LEFT JOIN laptop_events AS e ON e.row_id = m.decision_id AND e.workspace_id = m.workspace_id \
         WHERE m.workspace_id = ?1 AND m.decision_id > ?2 ORDER BY m.decision_id LIMIT ?3",
    )
    .bind(workspace_id)
    .bind(after_id)
    .bind(limit)
    .fetch_all(conn)
    .await?)
}

/// Ids of the decisions that came from a laptop, in order, after one.
pub async fn merged_ids(
    conn: &mut Conn,
    workspace_id: &str,
    after_id: &str,
    limit: u32,
) -> StoreResult<Vec<String>> {
    Ok(sqlx::query_scalar(
        "SELECT decision_id FROM merged_decisions WHERE workspace_id = ?1 AND decision_id > ?2 \
         ORDER BY decision_id LIMIT ?3",
    )
    .bind(workspace_id)
    .bind(after_id)
    .bind(limit)
    .fetch_all(conn)
    .await?)
}

/// What this workspace's own chain says last of each laptop, by the laptop: how long its chain is, and the hash of what was merged
/// of it.
pub async fn last_merged(conn: &mut Conn) -> StoreResult<HashMap<String, (i64, String)>> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT row_id, row_hash FROM events WHERE kind = 'merge' ORDER BY seq")
            .fetch_all(conn)
            .await?;
    let mut last = HashMap::new();
    for (row_id, hash) in rows {
        if let Some((workspace_id, length)) = row_id.split_once('/')
            && let Ok(length) = length.parse()
        {
            last.insert(workspace_id.to_owned(), (length, hash));
        }
    }
    Ok(last)
}
