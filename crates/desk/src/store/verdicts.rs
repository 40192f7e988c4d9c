//! Table `verdicts`: what guards answered, and what has not been asked yet. Append-only.

use std::{collections::HashSet, path::PathBuf};

use futures_util::TryStreamExt;
use saring_verdict::Mode;
use sqlx::{Row, sqlite::SqliteRow};

use super::{Conn, StoreError, StoreResult, WriteTx, verdict_details::probabilities_in};
use crate::media::ImageAt;

/// A row of `verdicts` to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct VerdictRow<'a> {
    /// UUIDv7.
    pub id: &'a str,
    /// Which item.
    pub item_id: &'a str,
    /// prompt, response.
    pub task: &'a str,
    /// Which guard.
    pub guard_id: &'a str,
    /// In which run.
    pub run_id: &'a str,
    /// See [`super::provenances`].
    pub provenance_id: &'a str,
    /// SHA-256 of the question, if the guard was asked it for this verdict.
    pub subject_sha256: Option<&'a [u8]>,
    /// JSON object: native label -> p, in the guard's order.
    pub probabilities: &'a str,
    /// 0 to 1.
    pub label_mass: f64,
    /// JSON list of native names.
    pub categories: &'a str,
    /// Where the guard answers that.
    pub refusal: Option<bool>,
    /// Tokens before the label, from a shared prefix, and computed.
    pub tokens: [u32; 3],
    /// Cut to fit the context.
    pub truncated: bool,
    /// JSON of what it says beside that; see [`super::verdict_details`].
    pub details: Option<&'a str>,
    /// RFC 3339.
    pub created_at: &'a str,
}

/// Keeps a verdict; `false` if that guard has one for that pair already, or the item is in quarantine.
pub async fn insert(tx: &mut WriteTx<'_>, verdict: &VerdictRow<'_>) -> StoreResult<bool> {
    let done = sqlx::query(
        "INSERT INTO verdicts (id, item_id, task, guard_id, run_id, provenance_id, probabilities, label_mass, categories, \
         refusal, tokens_prompt, tokens_cached, tokens_computed, truncated, details, created_at, subject_sha256) \
         SELECT ?1, i.id, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17 \
         FROM visible_items i WHERE i.id = ?2 ON CONFLICT DO NOTHING",
    )
    .bind(verdict.id)
    .bind(verdict.item_id)
    .bind(verdict.task)
    .bind(verdict.guard_id)
    .bind(verdict.run_id)
    .bind(verdict.provenance_id)
    .bind(verdict.probabilities)
    .bind(verdict.label_mass)
    .bind(verdict.categories)
    .bind(verdict.refusal)
    .bind(verdict.tokens[0])
    .bind(verdict.tokens[1])
    .bind(verdict.tokens[2])
    .bind(verdict.truncated)
    .bind(verdict.details)
    .bind(verdict.created_at)
    .bind(verdict.subject_sha256)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A pair that a guard has not judged, with what it is judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnjudgedRow {
    /// Order of import.
    pub seq: i64,
    /// Which item.
    pub item_id: String,
    /// prompt, response.
    pub task: String,
    /// The item's.
    pub language: Option<String>,
    /// The item's.
    pub content: ContentRow,
}

/// The columns of an item that a guard reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentRow {
    /// The request.
    pub prompt: Option<String>,
    /// The answer.
    pub response: Option<String>,
    /// JSON, where the item came as a conversation.
    pub messages: Option<String>,
    /// Whether the texts are Burmese in Zawgyi.
    pub zawgyi: bool,
    /// Its images, in order.
    pub images: Vec<ImageAt>,
}

/// The columns of [`ContentRow`] of `visible_items i`.
pub(super) const CONTENT_COLUMNS: &str = "i.prompt, i.response, i.messages, i.zawgyi, \
     (SELECT json_group_array(json_array(sha256, linked_path)) FROM (SELECT f.sha256, f.linked_path FROM item_media AS m \
     JOIN media AS f ON f.sha256 = m.sha256 WHERE m.item_id = i.id ORDER BY m.position)) AS images";

pub(super) fn content(row: &SqliteRow) -> StoreResult<ContentRow> {
    let images: Vec<(String, Option<PathBuf>)> = serde_json::from_str(row.try_get("images")?)
        .map_err(|_| StoreError::damaged("the images of an item cannot be understood"))?;
    Ok(ContentRow {
        prompt: row.try_get("prompt")?,
        response: row.try_get("response")?,
        messages: row.try_get("messages")?,
        zawgyi: row.try_get("zawgyi")?,
        images: images.into_iter().map(|(sha256, linked)| ImageAt { sha256, linked }).collect(),
    })
}

// CROSS JOIN keeps the order of the tables: items by sequence, so that nothing is sorted.
const UNJUDGED: &str = "FROM visible_items i CROSS JOIN tasks t ON t.item_id = i.id \
     WHERE i.queue_id = ?1 AND i.seq >= ?3 AND (i.seq > ?3 OR t.task > ?4) \
     AND (?6 OR NOT EXISTS (SELECT 1 FROM item_media m WHERE m.item_id = i.id)) \
     AND NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.item_id = i.id AND v.task = t.task AND v.guard_id = ?2 \
     AND v.supersedes IS NULL)";

/// Who is to judge a queue.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// Which guard.
    pub guard_id: &'a str,
    /// Whether it reads images; if not, items with images are left out.
    pub images: bool,
}

/// How many pairs of a queue a guard has not judged and can judge.
pub async fn count_unjudged(conn: &mut Conn, queue_id: &str, judge: Judge<'_>) -> StoreResult<i64> {
    Ok(sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) {UNJUDGED}")))
        .bind(queue_id)
        .bind(judge.guard_id)
        .bind(0_i64)
        .bind("")
        .bind(0_i64)
        .bind(judge.images)
        .fetch_one(conn)
        .await?)
}

/// How many items of a queue have images.
pub async fn count_with_images(conn: &mut Conn, queue_id: &str) -> StoreResult<i64> {
    Ok(sqlx::query_scalar(
        "SELECT count(*) FROM visible_items i WHERE i.queue_id = ?1 \
         AND EXISTS (SELECT 1 FROM item_media m WHERE m.item_id = i.id)",
    )
    .bind(queue_id)
    .fetch_one(conn)
    .await?)
}

/// The next pairs after (`seq`, `task`) that a guard has not judged and can judge, in order of import.
pub async fn list_unjudged(
    conn: &mut Conn,
    queue_id: &str,
    judge: Judge<'_>,
    after: (i64, &str),
    limit: i64,
) -> StoreResult<Vec<UnjudgedRow>> {
    let sql = format!(
        "SELECT i.seq, i.id AS item_id, t.task, i.language, {CONTENT_COLUMNS} {UNJUDGED} ORDER BY i.seq, t.task LIMIT ?5"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(queue_id)
        .bind(judge.guard_id)
        .bind(after.0)
        .bind(after.1)
        .bind(limit)
        .bind(judge.images)
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(UnjudgedRow {
                seq: row.try_get("seq")?,
                item_id: row.try_get("item_id")?,
                task: row.try_get("task")?,
                language: row.try_get("language")?,
                content: content(row)?,
            })
        })
        .collect()
}

/// Those of `item_ids` that are in quarantine, or gone.
pub async fn hidden_among(conn: &mut Conn, item_ids: &[&str]) -> StoreResult<HashSet<String>> {
    let list = serde_json::Value::from(item_ids.to_vec()).to_string();
    let hidden: Vec<String> = sqlx::query_scalar(
        "SELECT value FROM json_each(?1) WHERE value NOT IN (SELECT id FROM visible_items WHERE id IN \
         (SELECT value FROM json_each(?1)))",
    )
    .bind(list)
    .fetch_all(conn)
    .await?;
    Ok(hidden.into_iter().collect())
}

/// A verdict held against somebody's judgement.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedRow {
    /// The item.
    pub item_id: String,
    /// prompt, response.
    pub task: String,
    /// The item's language.
    pub language: Option<String>,
    /// JSON object: native label -> p in the mode that was asked for. `None` if the guard has not judged the pair.
    pub probabilities: Option<String>,
    /// safe, controversial, unsafe.
    pub label: String,
    /// JSON list of the judgement's categories.
    pub categories: Option<String>,
    /// The item's, verbatim JSON.
    pub source: Option<String>,
    /// Who judged.
    pub by: JudgedBy,
}

/// How a judgement came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JudgedBy {
    /// It came with the file.
    Gold,
    /// The first decision of a pair that was not undone.
    Decision {
        /// The item is in a recorded uniform draw from the whole queue, before the first one there that is undecided, or was decided
        /// unseen; and it is no gold item that is mixed in.
        drawn: bool,
        /// A verdict was in view.
        anchored: bool,
        /// Made by a script.
        synthetic: bool,
    },
}

const WITH_VERDICT: &str = "LEFT JOIN verdicts v ON v.item_id = t.item_id AND v.task = t.task AND v.guard_id = ?2 \
     AND v.supersedes IS NULL";

/// Every pair of a queue that has a gold label, with the verdict of a guard.
pub async fn against_gold(
    conn: &mut Conn,
    queue_id: &str,
    guard_id: &str,
    mode: Mode,
) -> StoreResult<Vec<JudgedRow>> {
    let said = probabilities_in(mode, "v");
    let sql = format!(
        "SELECT i.id AS item_id, t.task, i.language, {said} AS probabilities, t.gold_label AS label, \
         t.gold_categories AS categories, i.source FROM visible_items i \
         CROSS JOIN tasks t ON t.item_id = i.id {WITH_VERDICT} \
         WHERE i.queue_id = ?1 AND t.gold_label IS NOT NULL ORDER BY i.seq, t.task"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(queue_id).bind(guard_id).fetch_all(conn).await?;
    rows.iter().map(|row| judged(row, JudgedBy::Gold)).collect()
}

// Whoever decides goes through a draw by rank, so that what comes before the first undecided pair of a task is a uniform
// sample, however far the draw has come. What is decided beyond it was chosen otherwise. It does not matter what brought a
// pair up, nor when: a draw from the whole queue has those in it that were decided before. A label with a reason was given to
// an item that nobody looked at: it is undecided here. Gold items that are mixed in come up as a check of reviewers, not by rank:
// without them, what is left of a draw is a uniform sample of what is left of the queue. Their label is known; they are measured
// against it, on their own.
const FRONTIERS: &str = "WITH mixed (gold) AS MATERIALIZED (SELECT coalesce((SELECT p.gold_share FROM review_plans p \
     WHERE p.queue_id = ?1 ORDER BY p.seq DESC LIMIT 1), 0) > 0), \
     frontiers (draw_id, task, rank) AS MATERIALIZED ( \
     SELECT x.draw_id, u.task, min(x.rank) FROM draws w CROSS JOIN draw_items x ON x.draw_id = w.id \
     CROSS JOIN visible_items j ON j.id = x.item_id CROSS JOIN tasks u ON u.item_id = x.item_id \
     LEFT JOIN decisions c ON c.id = u.decision_id AND c.kind = 'label' WHERE w.queue_id = ?1 AND w.drawn_from = 'all' \
     AND (u.state = 'pending' AND u.awaiting IS NULL OR c.reason IS NOT NULL) \
     AND NOT ((SELECT gold FROM mixed) AND EXISTS (SELECT 1 FROM tasks g WHERE g.item_id = x.item_id \
     AND g.gold_label IS NOT NULL)) GROUP BY x.draw_id, u.task)";

const DRAWN: &str = "NOT ((SELECT gold FROM mixed) AND EXISTS (SELECT 1 FROM tasks g WHERE g.item_id = t.item_id \
     AND g.gold_label IS NOT NULL)) AND EXISTS (SELECT 1 FROM draw_items x CROSS JOIN draws w ON w.id = x.draw_id \
     WHERE x.item_id = t.item_id AND w.drawn_from = 'all' AND NOT EXISTS (SELECT 1 FROM frontiers f \
     WHERE f.draw_id = x.draw_id AND f.task = t.task AND f.rank <= x.rank))";

/// The first label decision of every pair that was not undone (scripts and people apart), with the verdict of a guard.
pub async fn against_decisions(
    conn: &mut Conn,
    queue_id: &str,
    guard_id: &str,
    mode: Mode,
) -> StoreResult<Vec<JudgedRow>> {
    let said = probabilities_in(mode, "v");
    let sql = format!(
        "{FRONTIERS} SELECT i.id AS item_id, t.task, i.language, {said} AS probabilities, d.label, d.categories, i.source, \
         {DRAWN} AS drawn, \
         d.verdict_visible AS anchored, d.synthetic, min(d.decided_at || d.id) FROM visible_items i \
         CROSS JOIN tasks t ON t.item_id = i.id JOIN decisions d ON d.item_id = t.item_id AND d.task = t.task \
         {WITH_VERDICT} WHERE i.queue_id = ?1 AND d.kind = 'label' AND d.reason IS NULL \
         AND NOT EXISTS (SELECT 1 FROM decisions u WHERE u.undoes = d.id) \
         GROUP BY i.seq, t.task, d.synthetic ORDER BY i.seq, t.task"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(queue_id).bind(guard_id).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            let by = JudgedBy::Decision {
                drawn: row.try_get("drawn")?,
                anchored: row.try_get("anchored")?,
                synthetic: row.try_get("synthetic")?,
            };
            judged(row, by)
        })
        .collect()
}

fn judged(row: &SqliteRow, by: JudgedBy) -> StoreResult<JudgedRow> {
    Ok(JudgedRow {
        item_id: row.try_get("item_id")?,
        task: row.try_get("task")?,
        language: row.try_get("language")?,
        probabilities: row.try_get("probabilities")?,
        label: row.try_get("label")?,
        categories: row.try_get("categories")?,
        source: row.try_get("source")?,
        by,
    })
}

/// Hands every verdict of a guard in a queue on, one by one: (task, probabilities in `mode`).
pub async fn each_verdict<E: From<StoreError>>(
    conn: &mut Conn,
    queue_id: &str,
    guard_id: &str,
    mode: Mode,
    mut take: impl FnMut(&str, &str) -> Result<(), E>,
) -> Result<(), E> {
    let said = probabilities_in(mode, "v");
    let sql = format!(
        "SELECT v.task, {said} AS probabilities FROM visible_items i CROSS JOIN verdicts v \
         ON v.item_id = i.id AND v.guard_id = ?2 AND v.supersedes IS NULL WHERE i.queue_id = ?1"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(queue_id).bind(guard_id);
    let mut rows = query.fetch(conn);
    while let Some(row) = rows.try_next().await.map_err(StoreError::from)? {
        let task: &str = row.try_get("task").map_err(StoreError::from)?;
        take(task, row.try_get("probabilities").map_err(StoreError::from)?)?;
    }
    Ok(())
}

/// How many verdicts a guard has given in a queue, by task, and how many of those are off format or truncated:
/// (task, verdicts, label mass under `mass_min`, truncated).
pub async fn counts(
    conn: &mut Conn,
    queue_id: &str,
    guard_id: &str,
    mass_min: f64,
) -> StoreResult<Vec<(String, i64, i64, i64)>> {
    Ok(sqlx::query_as(
        "SELECT v.task, count(*), sum(v.label_mass < ?3), sum(v.truncated) FROM visible_items i \
         JOIN verdicts v ON v.item_id = i.id AND v.guard_id = ?2 WHERE i.queue_id = ?1 GROUP BY v.task ORDER BY v.task",
    )
    .bind(queue_id)
    .bind(guard_id)
    .bind(mass_min)
    .fetch_all(conn)
    .await?)
}

/// The guard with the most verdicts in a queue; the newest of equals.
pub async fn most_used_guard(conn: &mut Conn, queue_id: &str) -> StoreResult<Option<String>> {
    Ok(sqlx::query_scalar(
        "SELECT v.guard_id FROM visible_items i JOIN verdicts v ON v.item_id = i.id WHERE i.queue_id = ?1 \
         GROUP BY v.guard_id ORDER BY count(*) DESC, v.guard_id DESC LIMIT 1",
    )
    .bind(queue_id)
    .fetch_optional(conn)
    .await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn what_is_not_judged_is_read_in_order_without_sorting() {
        let fixture = Fixture::with_prompts(3).await;
        let mut read = fixture.workspace.store().read().await.unwrap();
        let sql = format!("EXPLAIN QUERY PLAN SELECT i.seq {UNJUDGED} ORDER BY i.seq, t.task LIMIT ?5");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind("q")
            .bind("g")
            .bind(0_i64)
            .bind("")
            .bind(10_i64)
            .bind(false);
        let rows = query.fetch_all(&mut *read).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("items_by_queue"), "a page begins where the last one ended:\n{plan}");
        assert!(plan.contains("verdicts_once"), "each pair is looked up:\n{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "nothing is sorted:\n{plan}");
    }

    #[tokio::test]
    async fn pages_follow_each_other_between_the_tasks_of_an_item_too() {
        let row = r#"{"id":"a","prompt":"p","response":"r"}"#;
        let fixture = Fixture::with_rows(&[row, r#"{"id":"b","prompt":"q"}"#]).await;
        let queue_id = fixture.workspace.queue(crate::fixture::QUEUE).await.unwrap().id;
        let mut read = fixture.workspace.store().read().await.unwrap();
        let judge = Judge { guard_id: "g", images: false };
        assert_eq!(count_unjudged(&mut read, &queue_id, judge).await.unwrap(), 3);
        let mut after = (0, String::new());
        let mut seen = Vec::new();
        loop {
            let page = list_unjudged(&mut read, &queue_id, judge, (after.0, &after.1), 1).await.unwrap();
            let Some(row) = page.into_iter().next() else { break };
            after = (row.seq, row.task.clone());
            seen.push((row.content.prompt.unwrap(), row.task));
        }
        let expected = [("p", "prompt"), ("p", "response"), ("q", "prompt")];
        assert_eq!(seen, expected.map(|(text, task)| (text.to_owned(), task.to_owned())));
    }

    #[tokio::test]
    async fn what_is_in_quarantine_is_hidden_among_ids() {
        let fixture = Fixture::with_prompts(2).await;
        let ids = fixture.ids().await;
        fixture.workspace.quarantine(&crate::review::Gesture::new(&ids[0], "ana")).await.unwrap();
        let mut read = fixture.workspace.store().read().await.unwrap();
        let hidden = hidden_among(&mut read, &[&ids[0], &ids[1], "gone"]).await.unwrap();
        assert!(
            hidden.contains(&ids[0]) && hidden.contains("gone") && !hidden.contains(&ids[1]),
            "{hidden:?}"
        );
    }
}
