//! How much a guard has left to judge, for the cards of queues.

use super::{Conn, StoreResult, verdicts::Judge};

/// Visible items of a queue that a guard can judge and of which it has not judged every task.
pub async fn items(conn: &mut Conn, queue_id: &str, judge: Judge<'_>) -> StoreResult<i64> {
    Ok(sqlx::query_scalar(
        "SELECT count(*) FROM visible_items AS i WHERE i.queue_id = ?1 AND EXISTS (SELECT 1 FROM tasks AS t \
         WHERE t.item_id = i.id AND NOT EXISTS (SELECT 1 FROM verdicts AS v WHERE v.item_id = t.item_id \
         AND v.task = t.task AND v.guard_id = ?2 AND v.supersedes IS NULL)) \
         AND (?3 OR NOT EXISTS (SELECT 1 FROM item_media AS m WHERE m.item_id = i.id))",
    )
    .bind(queue_id)
    .bind(judge.guard_id)
    .bind(judge.images)
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
