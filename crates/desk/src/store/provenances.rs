//! Table `provenances`: where verdicts come from, one row for each distinct combination.

use super::{Conn, StoreResult, WriteTx};

/// Keeps `body` (JSON of [`saring_verdict::Provenance`]) under its SHA-256 `id`, unless it is there already.
pub async fn insert(tx: &mut WriteTx<'_>, id: &str, body: &str) -> StoreResult<()> {
    sqlx::query("INSERT INTO provenances (id, body) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
        .bind(id)
        .bind(body)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The body of that id.
pub async fn get(conn: &mut Conn, id: &str) -> StoreResult<Option<String>> {
    Ok(sqlx::query_scalar("SELECT body FROM provenances WHERE id = ?1").bind(id).fetch_optional(conn).await?)
}

/// Of a queue: how many verdicts each guard gave from each provenance, as (guard name, is toy, provenance body, verdicts).
pub async fn of_queue(conn: &mut Conn, queue_id: &str) -> StoreResult<Vec<(String, bool, String, i64)>> {
    Ok(sqlx::query_as(
        "SELECT g.name, g.is_toy, p.body, count(*) FROM visible_items i \
         JOIN verdicts v ON v.item_id = i.id JOIN guards g ON g.id = v.guard_id \
         JOIN provenances p ON p.id = v.provenance_id \
         WHERE i.queue_id = ?1 GROUP BY g.id, p.id ORDER BY g.name, p.id",
    )
    .bind(queue_id)
    .fetch_all(conn)
    .await?)
}
