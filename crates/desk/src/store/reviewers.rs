//! What each reviewer decided first about each pair: for agreement between people, and for their pace.

use saring_verdict::Mode;
use sqlx::Row;

use super::{Conn, StoreResult, verdict_details::probabilities_in};

/// A reviewer's first label decision about a pair that was not undone.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstDecisionRow {
    /// The item.
    pub item_id: String,
    /// prompt, response.
    pub task: String,
    /// A pseudonym.
    pub reviewer: String,
    /// safe, controversial, unsafe.
    pub label: String,
    /// A verdict was in view.
    pub anchored: bool,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// Of the verdict that existed then, in the mode that was asked for: JSON object, native label -> p.
    pub probabilities: Option<String>,
}

/// People's first decisions in a queue, by pair; those of scripts are left out.
pub async fn first_decisions(
    conn: &mut Conn,
    queue_id: &str,
    mode: Mode,
) -> StoreResult<Vec<FirstDecisionRow>> {
    let said = probabilities_in(mode, "v");
    let sql = format!(
        "SELECT d.item_id, d.task, d.reviewer, d.label, d.verdict_visible, d.duration_ms, {said} AS probabilities FROM \
         (SELECT i.seq AS item_seq, min(l.seq) AS seq FROM visible_items i CROSS JOIN decisions l ON l.item_id = i.id \
         WHERE i.queue_id = ?1 AND l.kind = 'label' AND l.synthetic = 0 \
         AND NOT EXISTS (SELECT 1 FROM decisions u WHERE u.undoes = l.id) GROUP BY i.seq, l.task, l.reviewer) f \
         CROSS JOIN decisions d ON d.seq = f.seq LEFT JOIN verdicts v ON v.id = d.verdict_id \
         ORDER BY f.item_seq, d.task, d.seq"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(queue_id).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(FirstDecisionRow {
                item_id: row.try_get("item_id")?,
                task: row.try_get("task")?,
                reviewer: row.try_get("reviewer")?,
                label: row.try_get("label")?,
                anchored: row.try_get("verdict_visible")?,
                duration_ms: row.try_get("duration_ms")?,
                probabilities: row.try_get("probabilities")?,
            })
        })
        .collect()
}
