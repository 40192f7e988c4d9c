//! The verdicts about one item, with what a reviewer is told about the guards that gave them.

use std::collections::HashMap;

use saring_verdict::{LabelProbability, Task, TokenCount, Verdict};
use sqlx::{Row, sqlite::SqliteRow};

use super::{Conn, StoreError, StoreResult, queues::parse_task, tasks::json_texts, verdict_details};
use crate::audit::chain::hex;

/// A verdict about an item.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemVerdict {
    /// UUIDv7.
    pub id: String,
    /// Which task.
    pub task: Task,
    /// Which guard.
    pub guard_id: String,
    /// Its name.
    pub guard_name: String,
    /// Whether it is the demo guard.
    pub is_toy: bool,
    /// JSON of the guard's card.
    pub guard_card: String,
    /// In which run.
    pub run_id: String,
    /// JSON: where it comes from.
    pub provenance: String,
    /// What the guard said.
    pub verdict: Verdict,
    /// RFC 3339.
    pub created_at: String,
}

/// The verdicts about an item, newest first.
pub async fn of_item(conn: &mut Conn, item_id: &str) -> StoreResult<Vec<ItemVerdict>> {
    let rows = sqlx::query(
        "SELECT v.*, g.name, g.is_toy, g.card, p.body FROM verdicts AS v JOIN guards AS g ON g.id = v.guard_id \
         JOIN provenances AS p ON p.id = v.provenance_id WHERE v.item_id = ?1 ORDER BY v.seq DESC",
    )
    .bind(item_id)
    .fetch_all(conn)
    .await?;
    rows.iter().map(from_row).collect()
}

/// What a guard answered to questions, by the SHA-256 of each: one verdict for each that it was asked, of the very same
/// provenance, about an item of the queue that may be seen.
pub async fn answered(
    conn: &mut Conn,
    queue_id: &str,
    guard_id: &str,
    provenance_id: &str,
    questions: &[[u8; 32]],
) -> StoreResult<HashMap<[u8; 32], Verdict>> {
    let list: Vec<String> = questions.iter().map(|digest| hex(digest)).collect();
    // One for each question, however often it was asked.
    let rows = sqlx::query(
        "SELECT v.* FROM (SELECT DISTINCT value FROM json_each(?1)) AS j CROSS JOIN verdicts AS v ON v.seq = \
         (SELECT a.seq FROM verdicts AS a JOIN visible_items AS i ON i.id = a.item_id WHERE a.subject_sha256 = unhex(j.value) \
         AND i.queue_id = ?2 AND a.guard_id = ?3 AND a.provenance_id = ?4 LIMIT 1)",
    )
    .bind(serde_json::json!(list).to_string())
    .bind(queue_id)
    .bind(guard_id)
    .bind(provenance_id)
    .fetch_all(conn)
    .await?;
    let damaged = |_| StoreError::damaged("column subject_sha256 holds no SHA-256");
    rows.iter()
        .map(|row| {
            let digest: &[u8] = row.try_get("subject_sha256")?;
            Ok((digest.try_into().map_err(damaged)?, verdict(row)?))
        })
        .collect()
}

/// Label probabilities as the database holds them: a JSON object in the guard's order.
pub(super) fn probabilities(json: &str) -> StoreResult<Vec<LabelProbability>> {
    let damaged = || StoreError::damaged("column probabilities holds no JSON object of numbers");
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(json).map_err(|_| damaged())?;
    object
        .into_iter()
        .map(|(label, p)| Ok(LabelProbability { label, p: p.as_f64().ok_or_else(damaged)? }))
        .collect()
}

fn from_row(row: &SqliteRow) -> StoreResult<ItemVerdict> {
    Ok(ItemVerdict {
        id: row.try_get("id")?,
        task: parse_task(row.try_get("task")?)?,
        guard_id: row.try_get("guard_id")?,
        guard_name: row.try_get("name")?,
        is_toy: row.try_get("is_toy")?,
        guard_card: row.try_get("card")?,
        run_id: row.try_get("run_id")?,
        provenance: row.try_get("body")?,
        verdict: verdict(row)?,
        created_at: row.try_get("created_at")?,
    })
}

fn verdict(row: &SqliteRow) -> StoreResult<Verdict> {
    let (notes, risk) = verdict_details::read(row.try_get("id")?, row.try_get("details")?);
    Ok(Verdict {
        probabilities: probabilities(row.try_get("probabilities")?)?,
        label_mass: row.try_get("label_mass")?,
        categories: json_texts(row.try_get("categories")?, "categories")?,
        refusal: row.try_get("refusal")?,
        tokens: TokenCount {
            prompt: row.try_get("tokens_prompt")?,
            cached: row.try_get("tokens_cached")?,
            computed: row.try_get("tokens_computed")?,
        },
        truncated: row.try_get("truncated")?,
        notes,
        risk,
    })
}
