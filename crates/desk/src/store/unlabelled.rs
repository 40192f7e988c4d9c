//! How much a guard has left to judge, for the cards of queues.

use super::{Conn, StoreResult};

/// Visible items of a queue of which a guard has not judged every task.
pub async fn items(conn: &mut Conn, queue_id: &str, guard_id: &str) -> StoreResult<i64> {
    Ok(sqlx::query_scalar(
        "SELECT count(*) FROM visible_items AS i WHERE i.queue_id = ?1 AND EXISTS (SELECT 1 FROM tasks AS t \
         WHERE t.item_id = i.id AND NOT EXISTS (SELECT 1 FROM verdicts AS v WHERE v.item_id = t.item_id \
         AND v.task = t.task AND v.guard_id = ?2 AND v.supersedes IS NULL))",
    )
    .bind(queue_id)
    .bind(guard_id)
    .fetch_one(conn)
    .await?)
}

/// Whether a guard has judged anything in a queue.
pub async fn is_untouched(conn: &mut Conn, queue_id: &str, guard_id: &str) -> StoreResult<bool> {
    Ok(sqlx::query_scalar(
        "SELECT NOT EXISTS (SELECT 1 FROM runs WHERE queue_id = ?1 AND guard_id = ?2 AND judged > 0)",
    )
    .bind(queue_id)
    .bind(guard_id)
    .fetch_one(conn)
    .await?)
}
