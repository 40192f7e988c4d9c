//! What each reviewer decided first about each pair that they looked at: for agreement between people, and for their pace.

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
    /// Somebody else's decision about the pair may have been in view: the decision replaces it, or two others had settled the pair
    /// before, or an adjudication had.
    pub informed: bool,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// Of the verdict that existed then, in the mode that was asked for: JSON object, native label -> p.
    pub probabilities: Option<String>,
}

// On a laptop nobody sees what is decided elsewhere; a gold item that is mixed in is never open to others.
const INFORMED: &str = "(EXISTS (SELECT 1 FROM decisions s WHERE s.id = d.supersedes AND s.reviewer <> d.reviewer) OR ( \
     NOT EXISTS (SELECT 1 FROM merged_decisions m WHERE m.decision_id = d.id) AND NOT (?2 AND t.gold_label IS NOT NULL) AND ( \
     (SELECT count(DISTINCT o.reviewer) FROM decisions o WHERE o.item_id = d.item_id AND o.task = d.task AND o.kind = 'label' \
     AND o.reviewer <> d.reviewer AND o.seq < d.seq) >= 2 OR EXISTS (SELECT 1 FROM decisions o WHERE o.item_id = d.item_id \
     AND o.task = d.task AND o.kind = 'adjudicate' AND o.seq < d.seq))))";

/// People's first decisions in a queue, by pair. Left out are those of scripts, what was decided unseen together with other items,
/// which is the only label that has a reason, and adjudications, which settle what others decided. `gold_apart`: everybody decides gold items for themselves.
pub async fn first_decisions(
    conn: &mut Conn,
    queue_id: &str,
    mode: Mode,
    gold_apart: bool,
) -> StoreResult<Vec<FirstDecisionRow>> {
    let said = probabilities_in(mode, "v");
    let sql = format!(
        "SELECT d.item_id, d.task, d.reviewer, d.label, d.verdict_visible, d.duration_ms, {said} AS probabilities, \
         {INFORMED} AS informed FROM \
         (SELECT i.seq AS item_seq, min(l.seq) AS seq FROM visible_items i CROSS JOIN decisions l ON l.item_id = i.id \
         WHERE i.queue_id = ?1 AND l.kind = 'label' AND l.synthetic = 0 AND l.reason IS NULL \
         AND NOT EXISTS (SELECT 1 FROM decisions u WHERE u.undoes = l.id) GROUP BY i.seq, l.task, l.reviewer) f \
         CROSS JOIN decisions d ON d.seq = f.seq CROSS JOIN tasks t ON t.item_id = d.item_id AND t.task = d.task \
         LEFT JOIN verdicts v ON v.id = d.verdict_id \
         ORDER BY f.item_seq, d.task, d.seq"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(queue_id).bind(gold_apart).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(FirstDecisionRow {
                item_id: row.try_get("item_id")?,
                task: row.try_get("task")?,
                reviewer: row.try_get("reviewer")?,
                label: row.try_get("label")?,
                anchored: row.try_get("verdict_visible")?,
                informed: row.try_get("informed")?,
                duration_ms: row.try_get("duration_ms")?,
                probabilities: row.try_get("probabilities")?,
            })
        })
        .collect()
}
