//! Table `tasks`: what of an item is judged, and where that stands.

use std::collections::HashSet;

use saring_verdict::{LabelProbability, Mode, Severity, Task};
use sqlx::{QueryBuilder, Row, sqlite::SqliteRow};

use super::{
    Conn, StoreError, StoreResult, WriteTx,
    item_verdicts::probabilities,
    queues::{parse, parse_task},
    verdict_details::probabilities_in,
};
use crate::{
    queue::ItemState,
    review::{Awaiting, TaskStanding},
};

/// A task of an item that is to be added.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Its item.
    pub item_id: String,
    /// Which end of the conversation.
    pub task: Task,
    /// The label that came with the row, where it is gold.
    pub gold: Option<Gold>,
}

/// What is known to be true about a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gold {
    /// The label.
    pub label: Severity,
    /// Categories as they came.
    pub categories: Vec<String>,
    /// Whether the response is a refusal.
    pub refusal: Option<bool>,
}

/// A task of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRow {
    /// Which end of the conversation.
    pub task: Task,
    /// Where it stands.
    pub state: ItemState,
    /// What it waits for, if it is pending though somebody decided it.
    pub awaiting: Option<Awaiting>,
    /// The decision in force: what last made its state, and was not undone.
    pub decision_id: Option<String>,
    /// The newest verdict of any guard.
    pub verdict_id: Option<String>,
    /// Of that verdict, under the workspace's reading.
    pub p_unsafe: Option<f64>,
    /// What came with the row.
    pub gold: Option<Gold>,
}

/// Adds tasks of new items.
pub async fn insert(tx: &mut WriteTx<'_>, tasks: &[NewTask]) -> StoreResult<()> {
    for chunk in tasks.chunks(100) {
        let mut query = QueryBuilder::new(
            "INSERT INTO tasks (item_id, task, gold_label, gold_categories, gold_refusal) ",
        );
        query.push_values(chunk, |mut row, task| {
            let gold = task.gold.as_ref();
            row.push_bind(&task.item_id)
                .push_bind(task.task.as_str())
                .push_bind(gold.map(|g| g.label.as_str()))
                .push_bind(gold.map(|g| serde_json::Value::from(g.categories.clone()).to_string()))
                .push_bind(gold.and_then(|g| g.refusal));
        });
        query.build().execute(&mut **tx).await?;
    }
    Ok(())
}

/// The tasks of an item, prompt first.
pub async fn of_item(conn: &mut Conn, item_id: &str) -> StoreResult<Vec<TaskRow>> {
    let rows = sqlx::query("SELECT * FROM tasks WHERE item_id = ?1 ORDER BY task")
        .bind(item_id)
        .fetch_all(conn)
        .await?;
    rows.iter().map(from_row).collect()
}

/// Which tasks of items are decided, as (item, task). `ids` is a JSON list.
pub async fn decided_of(conn: &mut Conn, ids: &str) -> StoreResult<HashSet<(String, Task)>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT t.item_id, t.task FROM json_each(?1) AS j CROSS JOIN tasks AS t ON t.item_id = j.value WHERE t.state = 'decided'",
    )
    .bind(ids)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|(item_id, task)| Ok((item_id, parse_task(&task)?))).collect()
}

/// Sets where a task stands, and through which decision.
pub async fn set_state(tx: &mut WriteTx<'_>, item_id: &str, task: &TaskStanding) -> StoreResult<()> {
    sqlx::query(
        "UPDATE tasks SET state = ?3, decision_id = ?4, awaiting = ?5 WHERE item_id = ?1 AND task = ?2",
    )
    .bind(item_id)
    .bind(task.task.as_str())
    .bind(task.state.as_str())
    .bind(&task.decision_id)
    .bind(task.awaiting.map(Awaiting::as_str))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Sets the newest verdict of a task and its `p_unsafe` under the workspace's reading. Call
/// [`items::refresh_risk`](super::items::refresh_risk) afterwards.
pub async fn set_verdict(
    tx: &mut WriteTx<'_>,
    item_id: &str,
    task: Task,
    verdict_id: &str,
    p_unsafe: f64,
) -> StoreResult<()> {
    sqlx::query("UPDATE tasks SET verdict_id = ?3, p_unsafe = ?4 WHERE item_id = ?1 AND task = ?2")
        .bind(item_id)
        .bind(task.as_str())
        .bind(verdict_id)
        .bind(p_unsafe)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A task and what its newest verdict says.
#[derive(Clone, Debug)]
pub struct TaskVerdict {
    /// Its item.
    pub item_id: String,
    /// Which task.
    pub task: Task,
    /// Native labels and the probabilities that they have in the mode that was asked for.
    pub probabilities: Vec<LabelProbability>,
}

/// Tasks that have a verdict, after an (item, task), in the order of their key.
pub async fn with_verdicts(
    conn: &mut Conn,
    mode: Mode,
    after: &(String, String),
    limit: u32,
) -> StoreResult<Vec<TaskVerdict>> {
    let said = probabilities_in(mode, "v");
    let sql = format!(
        "SELECT t.item_id, t.task, {said} AS probabilities FROM tasks AS t CROSS JOIN verdicts AS v ON v.id = t.verdict_id \
         WHERE (t.item_id, t.task) > (?1, ?2) ORDER BY t.item_id, t.task LIMIT ?3"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&after.0)
        .bind(&after.1)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(TaskVerdict {
                item_id: row.try_get("item_id")?,
                task: parse_task(row.try_get("task")?)?,
                probabilities: probabilities(row.try_get("probabilities")?)?,
            })
        })
        .collect()
}

/// Sets what many tasks are sorted by, as (item, task, `p_unsafe`).
pub async fn set_p_unsafe(tx: &mut WriteTx<'_>, figures: &[(&str, Task, f64)]) -> StoreResult<()> {
    let list: Vec<_> =
        figures.iter().map(|(item, task, p)| serde_json::json!([item, task.as_str(), p])).collect();
    sqlx::query(
        "UPDATE tasks SET p_unsafe = j.value ->> 2 FROM json_each(?1) AS j \
         WHERE tasks.item_id = j.value ->> 0 AND tasks.task = j.value ->> 1",
    )
    .bind(serde_json::Value::from(list).to_string())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn from_row(row: &SqliteRow) -> StoreResult<TaskRow> {
    let gold = match row.try_get::<Option<&str>, _>("gold_label")? {
        None => None,
        Some(label) => Some(Gold {
            label: parse(label, "gold_label")?,
            categories: json_texts(row.try_get("gold_categories")?, "gold_categories")?,
            refusal: row.try_get("gold_refusal")?,
        }),
    };
    Ok(TaskRow {
        task: parse_task(row.try_get("task")?)?,
        state: parse(row.try_get("state")?, "state")?,
        awaiting: row.try_get::<Option<&str>, _>("awaiting")?.map(|w| parse(w, "awaiting")).transpose()?,
        decision_id: row.try_get("decision_id")?,
        verdict_id: row.try_get("verdict_id")?,
        p_unsafe: row.try_get("p_unsafe")?,
        gold,
    })
}

/// A JSON list of texts as a column holds it.
pub(super) fn json_texts(json: Option<&str>, column: &str) -> StoreResult<Vec<String>> {
    json.map_or(Ok(Vec::new()), |json| {
        serde_json::from_str(json)
            .map_err(|_| StoreError::damaged(format!("column {column} holds no JSON list of texts")))
    })
}
