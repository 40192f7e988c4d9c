//! Table `decisions`: what people did. Append-only.

use saring_verdict::{Severity, Task};
use sqlx::{Row, sqlite::SqliteRow};

use super::{
    Conn, StoreResult, WriteTx,
    queues::{parse, parse_task},
    tasks::json_texts,
};
use crate::review::DecisionKind;

/// A decision, a gesture or an undo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    /// UUIDv7.
    pub id: String,
    /// Which item.
    pub item_id: String,
    /// Which task; `None` for what concerns the whole item.
    pub task: Option<Task>,
    /// What was done.
    pub kind: DecisionKind,
    /// For labels.
    pub label: Option<Severity>,
    /// For labels, in the scheme's spelling.
    pub categories: Vec<String>,
    /// For labels of responses.
    pub refusal: Option<bool>,
    /// Free text beside a label or a reason.
    pub note: Option<String>,
    /// Why something was skipped, escalated, flagged or put into quarantine: a code of the policy, or free text.
    pub reason: Option<String>,
    /// A pseudonym.
    pub reviewer: String,
    /// RFC 3339.
    pub decided_at: String,
    /// How long the item was in view.
    pub duration_ms: Option<i64>,
    /// Which draw brought the item up.
    pub draw_id: Option<String>,
    /// Whether a verdict was in view before.
    pub verdict_visible: bool,
    /// The verdict that there was, seen or not.
    pub verdict_id: Option<String>,
    /// What was in force before; for a copy that a quarantine took along, that quarantine.
    pub supersedes: Option<String>,
    /// For undo: what is undone.
    pub undoes: Option<String>,
    /// Made by a script.
    pub synthetic: bool,
    /// The version of the queue's policy of then; `None` for what was done before there were policies.
    pub policy_id: Option<String>,
    /// Whether a later row undoes this one. Not a column.
    pub undone: bool,
}

/// Adds a row.
pub async fn insert(tx: &mut WriteTx<'_>, decision: &DecisionRow) -> StoreResult<()> {
    let is_label = decision.kind.has_label();
    sqlx::query(
        "INSERT INTO decisions (id, item_id, task, kind, label, categories, refusal, note, reason, reviewer, decided_at, \
         duration_ms, draw_id, verdict_visible, verdict_id, supersedes, undoes, synthetic, policy_id) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    )
    .bind(&decision.id)
    .bind(&decision.item_id)
    .bind(decision.task.map(Task::as_str))
    .bind(decision.kind.as_str())
    .bind(decision.label.map(Severity::as_str))
    .bind(is_label.then(|| serde_json::Value::from(decision.categories.clone()).to_string()))
    .bind(decision.refusal)
    .bind(&decision.note)
    .bind(&decision.reason)
    .bind(&decision.reviewer)
    .bind(&decision.decided_at)
    .bind(decision.duration_ms)
    .bind(&decision.draw_id)
    .bind(decision.verdict_visible)
    .bind(&decision.verdict_id)
    .bind(&decision.supersedes)
    .bind(&decision.undoes)
    .bind(decision.synthetic)
    .bind(&decision.policy_id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Everything that was done with an item, oldest first.
pub async fn of_item(conn: &mut Conn, item_id: &str) -> StoreResult<Vec<DecisionRow>> {
    let rows = sqlx::query(
        "SELECT d.*, EXISTS (SELECT 1 FROM decisions AS u WHERE u.undoes = d.id) AS undone, \
         (SELECT m.value FROM merged_references AS m WHERE m.decision_id = d.id AND m.name = 'supersedes') AS superseded \
         FROM decisions AS d WHERE d.item_id = ?1 ORDER BY d.seq",
    )
    .bind(item_id)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let mut decision = from_row(row)?;
            // What came from a laptop says it beside its row: that may be here, or come later.
            if decision.supersedes.is_none() {
                decision.supersedes = row.try_get("superseded")?;
            }
            Ok(decision)
        })
        .collect()
}

/// The last thing that a reviewer did here and has not undone. What came from a laptop, or was put into quarantine because of that,
/// is taken back there. What concerns an item in quarantine is passed over, unless it is the quarantine itself.
pub async fn last_of_reviewer(conn: &mut Conn, reviewer: &str) -> StoreResult<Option<DecisionRow>> {
    let row = sqlx::query(
        "SELECT d.*, 0 AS undone FROM decisions AS d CROSS JOIN items AS i ON i.id = d.item_id \
         WHERE d.reviewer = ?1 AND d.kind <> 'undo' AND (i.quarantined = 0 OR d.kind = 'quarantine') \
         AND NOT EXISTS (SELECT 1 FROM merged_decisions AS m WHERE m.decision_id = d.id) \
         AND NOT (d.kind = 'quarantine' AND EXISTS \
         (SELECT 1 FROM merged_decisions AS m WHERE m.decision_id = d.supersedes)) \
         AND NOT EXISTS (SELECT 1 FROM decisions AS u WHERE u.undoes = d.id) ORDER BY d.seq DESC LIMIT 1",
    )
    .bind(reviewer)
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(from_row).transpose()
}

/// A quarantine and those of the copies that it took along, but for what was undone: itself first.
pub async fn with_copies(conn: &mut Conn, quarantine: &DecisionRow) -> StoreResult<Vec<DecisionRow>> {
    let first = quarantine.supersedes.as_ref().unwrap_or(&quarantine.id);
    // Rows of one reviewer by number are what the index has.
    let rows = sqlx::query(
        "SELECT d.*, 0 AS undone FROM decisions AS d WHERE d.reviewer = ?2 \
         AND d.seq >= (SELECT seq FROM decisions WHERE id = ?1) AND d.kind = 'quarantine' \
         AND (d.id = ?1 OR d.supersedes = ?1) \
         AND NOT EXISTS (SELECT 1 FROM decisions AS u WHERE u.undoes = d.id) ORDER BY d.seq",
    )
    .bind(first)
    .bind(&quarantine.reviewer)
    .fetch_all(conn)
    .await?;
    rows.iter().map(from_row).collect()
}

pub(super) fn from_row(row: &SqliteRow) -> StoreResult<DecisionRow> {
    let task: Option<&str> = row.try_get("task")?;
    let label: Option<&str> = row.try_get("label")?;
    Ok(DecisionRow {
        id: row.try_get("id")?,
        item_id: row.try_get("item_id")?,
        task: task.map(parse_task).transpose()?,
        kind: parse(row.try_get("kind")?, "kind")?,
        label: label.map(|l| parse(l, "label")).transpose()?,
        categories: json_texts(row.try_get("categories")?, "categories")?,
        refusal: row.try_get("refusal")?,
        note: row.try_get("note")?,
        reason: row.try_get("reason")?,
        reviewer: row.try_get("reviewer")?,
        decided_at: row.try_get("decided_at")?,
        duration_ms: row.try_get("duration_ms")?,
        draw_id: row.try_get("draw_id")?,
        verdict_visible: row.try_get("verdict_visible")?,
        verdict_id: row.try_get("verdict_id")?,
        supersedes: row.try_get("supersedes")?,
        undoes: row.try_get("undoes")?,
        synthetic: row.try_get("synthetic")?,
        policy_id: row.try_get("policy_id")?,
        undone: row.try_get("undone")?,
    })
}
