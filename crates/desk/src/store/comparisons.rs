//! What two guards said about the same pairs of a queue.

use saring_verdict::Mode;
use sqlx::Row;

use super::{
    Conn, StoreResult,
    lists::{ListRow, list_columns},
    verdict_details::probabilities_in,
};

/// A pair that both guards have judged.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedRow {
    /// The item's order of import.
    pub seq: i64,
    /// The item.
    pub item_id: String,
    /// prompt, response.
    pub task: String,
    /// Whether somebody has decided it.
    pub decided: bool,
    /// Of the one guard, in the mode that was asked for: JSON object, native label -> p.
    pub a: String,
    /// Of the other one.
    pub b: String,
}

/// The next pairs of a queue after (`seq`, `task`) that both guards have judged, in order of import.
pub async fn judged_by_both(
    conn: &mut Conn,
    queue_id: &str,
    guards: (&str, &str),
    mode: Mode,
    after: (i64, &str),
    limit: i64,
) -> StoreResult<Vec<ComparedRow>> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(both(mode)))
        .bind(queue_id)
        .bind(guards.0)
        .bind(guards.1)
        .bind(after.0)
        .bind(after.1)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(ComparedRow {
                seq: row.try_get("seq")?,
                item_id: row.try_get("id")?,
                task: row.try_get("task")?,
                decided: row.try_get("decided")?,
                a: row.try_get("a")?,
                b: row.try_get("b")?,
            })
        })
        .collect()
}

fn both(mode: Mode) -> String {
    let [a, b] = ["a", "b"].map(|verdict| probabilities_in(mode, verdict));
    // CROSS JOIN keeps the order of the tables: items by sequence, so that nothing is sorted.
    format!(
        "SELECT i.seq, i.id, t.task, t.state = 'decided' AS decided, {a} AS a, {b} AS b \
         FROM visible_items i CROSS JOIN tasks t ON t.item_id = i.id \
         CROSS JOIN verdicts a ON a.item_id = i.id AND a.task = t.task AND a.guard_id = ?2 AND a.supersedes IS NULL \
         CROSS JOIN verdicts b ON b.item_id = i.id AND b.task = t.task AND b.guard_id = ?3 AND b.supersedes IS NULL \
         WHERE i.queue_id = ?1 AND i.seq >= ?4 AND (i.seq > ?4 OR t.task > ?5) ORDER BY i.seq, t.task LIMIT ?6"
    )
}

/// Visible items as lists show them, in no order. `ids` is a JSON list.
pub async fn rows_of(conn: &mut Conn, ids: &str) -> StoreResult<Vec<ListRow>> {
    let rows = sqlx::query(ROWS).bind(ids).fetch_all(conn).await?;
    rows.iter().map(super::lists::from_row).collect()
}

const ROWS: &str = concat!(
    "SELECT ",
    list_columns!(),
    ", NULL AS rank FROM json_each(?1) AS j CROSS JOIN visible_items AS i ON i.id = j.value"
);

#[cfg(test)]
mod tests {
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn pairs_are_read_in_order_without_sorting() {
        let fixture = Fixture::new().await;
        for mode in [saring_verdict::Mode::Strict, saring_verdict::Mode::Loose] {
            let plan = fixture.workspace.store().plan(&super::both(mode)).await;
            assert!(plan.contains("items_by_queue"), "a page begins where the last one ended:\n{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "nothing is sorted:\n{plan}");
        }
    }
}
