//! What an export reads: pairs with the decision in force, in order of import. There is no table of exports; an export
//! is an event.

use saring_verdict::Mode;
use sqlx::Row;

use super::{
    Conn, StoreResult,
    verdict_details::probabilities_in,
    verdicts::{CONTENT_COLUMNS, ContentRow, content},
};

/// A pair of a queue and the decision in force about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportRow {
    /// Order of import.
    pub seq: i64,
    /// The item's.
    pub item_id: String,
    /// The id that came with the row.
    pub external_id: Option<String>,
    /// Verbatim JSON.
    pub source: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// Never separated by a split.
    pub group_key: Option<String>,
    /// SHA-256 of turns and images.
    pub content_hash: String,
    /// prompt, response.
    pub task: String,
    /// What a pair waits for that is decided and not settled: second, adjudication.
    pub awaiting: Option<String>,
    /// The item is flagged.
    pub flagged: bool,
    /// What a guard reads of the item.
    pub content: ContentRow,
    /// The decision in force.
    pub decision: Option<DecidedRow>,
}

/// The decision in force about a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedRow {
    /// UUIDv7.
    pub id: String,
    /// label, skip, escalate.
    pub kind: String,
    /// safe, controversial, unsafe.
    pub label: Option<String>,
    /// JSON list.
    pub categories: Option<String>,
    /// Whether the response is a refusal.
    pub refusal: Option<bool>,
    /// The reviewer's.
    pub note: Option<String>,
    /// The reviewer's.
    pub reason: Option<String>,
    /// A pseudonym.
    pub reviewer: String,
    /// RFC 3339.
    pub decided_at: String,
    /// A verdict was in view.
    pub anchored: bool,
    /// The draw that brought the item up.
    pub draw_id: Option<String>,
    /// Made by a script.
    pub synthetic: bool,
    /// The version of the policy of then; `None` for what was decided before there were policies.
    pub policy_id: Option<String>,
}

/// The next pairs of a queue after (`seq`, `task`), decided or not.
pub async fn list(
    conn: &mut Conn,
    queue_id: &str,
    after: (i64, &str),
    limit: i64,
) -> StoreResult<Vec<ExportRow>> {
    let sql = format!(
        "SELECT i.seq, i.id AS item_id, i.external_id, i.source, i.language, i.group_key, i.content_hash, i.flagged, t.task, t.awaiting, \
         {CONTENT_COLUMNS}, d.id AS decision_id, d.kind, d.label, d.categories, d.refusal, d.note, d.reason, d.reviewer, \
         d.decided_at, d.verdict_visible, d.draw_id, d.synthetic, d.policy_id \
         FROM visible_items i CROSS JOIN tasks t ON t.item_id = i.id LEFT JOIN decisions d ON d.id = t.decision_id \
         WHERE i.queue_id = ?1 AND i.seq >= ?2 AND (i.seq > ?2 OR t.task > ?3) ORDER BY i.seq, t.task LIMIT ?4"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(queue_id)
        .bind(after.0)
        .bind(after.1)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            let decision_id: Option<String> = row.try_get("decision_id")?;
            let decision = match decision_id {
                None => None,
                Some(id) => Some(DecidedRow {
                    id,
                    kind: row.try_get("kind")?,
                    label: row.try_get("label")?,
                    categories: row.try_get("categories")?,
                    refusal: row.try_get("refusal")?,
                    note: row.try_get("note")?,
                    reason: row.try_get("reason")?,
                    reviewer: row.try_get("reviewer")?,
                    decided_at: row.try_get("decided_at")?,
                    anchored: row.try_get("verdict_visible")?,
                    draw_id: row.try_get("draw_id")?,
                    synthetic: row.try_get("synthetic")?,
                    policy_id: row.try_get("policy_id")?,
                }),
            };
            Ok(ExportRow {
                seq: row.try_get("seq")?,
                item_id: row.try_get("item_id")?,
                external_id: row.try_get("external_id")?,
                source: row.try_get("source")?,
                language: row.try_get("language")?,
                group_key: row.try_get("group_key")?,
                content_hash: row.try_get("content_hash")?,
                task: row.try_get("task")?,
                awaiting: row.try_get("awaiting")?,
                flagged: row.try_get("flagged")?,
                content: content(row)?,
                decision,
            })
        })
        .collect()
}

/// What a split must keep together: rows that share any of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TiesRow {
    /// Order of import.
    pub seq: i64,
    /// SHA-256 of turns and images.
    pub content_hash: String,
    /// As it came with the row.
    pub group_key: Option<String>,
    /// The request, where the row is no conversation.
    pub prompt: Option<String>,
    /// SHA-256 of its images, separated by commas.
    pub images: Option<String>,
}

/// The ties of the next items of a queue after `after_seq`.
pub async fn ties(conn: &mut Conn, queue_id: &str, after_seq: i64, limit: i64) -> StoreResult<Vec<TiesRow>> {
    let rows = sqlx::query(
        "SELECT seq, content_hash, group_key, prompt, \
         (SELECT group_concat(sha256) FROM item_media WHERE item_id = visible_items.id) AS images FROM visible_items \
         WHERE queue_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
    )
    .bind(queue_id)
    .bind(after_seq)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(TiesRow {
                seq: row.try_get("seq")?,
                content_hash: row.try_get("content_hash")?,
                group_key: row.try_get("group_key")?,
                prompt: row.try_get("prompt")?,
                images: row.try_get("images")?,
            })
        })
        .collect()
}

/// Sequence numbers of the items of a queue that are in quarantine; the last look before an export is handed out.
pub async fn quarantined(conn: &mut Conn, queue_id: &str) -> StoreResult<Vec<i64>> {
    Ok(sqlx::query_scalar("SELECT seq FROM items WHERE queue_id = ?1 AND quarantined = 1")
        .bind(queue_id)
        .fetch_all(conn)
        .await?)
}

/// Pairs of a queue by task and state: (task, state, pairs).
pub async fn task_counts(conn: &mut Conn, queue_id: &str) -> StoreResult<Vec<(String, String, i64)>> {
    Ok(sqlx::query_as(
        "SELECT t.task, t.state, count(*) FROM visible_items i CROSS JOIN tasks t ON t.item_id = i.id \
         WHERE i.queue_id = ?1 GROUP BY t.task, t.state ORDER BY t.task, t.state",
    )
    .bind(queue_id)
    .fetch_all(conn)
    .await?)
}

/// Of the first label decisions of every pair that were not undone (scripts and people apart), those that had a verdict
/// beside them: (synthetic, anchored, task, decided label, the verdict's probabilities in `mode`). A decision that was changed after
/// the verdict was seen agrees with it more often.
pub async fn decided_beside_verdicts(
    conn: &mut Conn,
    queue_id: &str,
    mode: Mode,
) -> StoreResult<Vec<(bool, bool, String, String, String)>> {
    let said = probabilities_in(mode, "v");
    let sql = format!(
        "SELECT d.synthetic, d.verdict_visible, d.task, d.label, {said} FROM \
         (SELECT i.seq AS item_seq, l.seq AS seq, min(l.decided_at || l.id) FROM visible_items i CROSS JOIN decisions l ON l.item_id = i.id \
         WHERE i.queue_id = ?1 AND l.kind = 'label' \
         AND NOT EXISTS (SELECT 1 FROM decisions u WHERE u.undoes = l.id) GROUP BY i.seq, l.task, l.synthetic) f \
         CROSS JOIN decisions d ON d.seq = f.seq JOIN verdicts v ON v.id = d.verdict_id ORDER BY f.item_seq, d.task"
    );
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(queue_id).fetch_all(conn).await?)
}
