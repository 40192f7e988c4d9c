//! Table `queue_policies`: which version of which policy a queue had, and since when. Append-only; the newest row is in force.

use sqlx::Row;

use super::{Conn, StoreResult, WriteTx};

/// A queue goes over to a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceRow {
    /// UUIDv7.
    pub id: String,
    /// Which queue.
    pub queue_id: String,
    /// Which version.
    pub policy_id: String,
    /// A pseudonym; `None` where nobody was asked.
    pub chosen_by: Option<String>,
    /// RFC 3339.
    pub chosen_at: String,
}

/// Adds a choice.
pub async fn insert(tx: &mut WriteTx<'_>, row: &ChoiceRow) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO queue_policies (id, queue_id, policy_id, chosen_by, chosen_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .bind(&row.id)
    .bind(&row.queue_id)
    .bind(&row.policy_id)
    .bind(&row.chosen_by)
    .bind(&row.chosen_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The version that a queue has now.
pub async fn in_force(conn: &mut Conn, queue_id: &str) -> StoreResult<Option<String>> {
    Ok(sqlx::query_scalar(
        "SELECT policy_id FROM queue_policies WHERE queue_id = ?1 ORDER BY seq DESC LIMIT 1",
    )
    .bind(queue_id)
    .fetch_optional(conn)
    .await?)
}

/// Names of queues with the version that each has now, as (policy id, queue name).
pub async fn all_in_force(conn: &mut Conn) -> StoreResult<Vec<(String, String)>> {
    Ok(sqlx::query_as(
        "SELECT c.policy_id, q.name FROM queues AS q JOIN queue_policies AS c ON c.seq = \
         (SELECT max(seq) FROM queue_policies WHERE queue_id = q.id) ORDER BY q.name",
    )
    .fetch_all(conn)
    .await?)
}

/// Queues that were made before there were policies and have none yet, as (id, labels and categories as JSON).
pub async fn without(conn: &mut Conn) -> StoreResult<Vec<(String, String)>> {
    Ok(sqlx::query_as(
        "SELECT id, scheme FROM queues AS q WHERE NOT EXISTS (SELECT 1 FROM queue_policies WHERE queue_id = q.id) \
         ORDER BY created_at, id",
    )
    .fetch_all(conn)
    .await?)
}

/// What the decisions in force of a queue say: task, label, categories as JSON, refusal, whether there is a note, and how many
/// say so.
pub async fn said_in(conn: &mut Conn, queue_id: &str) -> StoreResult<Vec<SaidRow>> {
    let rows = sqlx::query(
        "SELECT t.task, d.label, d.categories, d.refusal, d.note IS NOT NULL AS noted, count(*) AS n \
         FROM visible_items AS i CROSS JOIN tasks AS t ON t.item_id = i.id \
         CROSS JOIN decisions AS d ON d.id = t.decision_id \
         WHERE i.queue_id = ?1 AND d.kind IN ('label', 'adjudicate') GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
    )
    .bind(queue_id)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(SaidRow {
                task: super::queues::parse_task(row.try_get("task")?)?,
                label: row.try_get("label")?,
                categories: super::tasks::json_texts(row.try_get("categories")?, "categories")?,
                refusal: row.try_get("refusal")?,
                noted: row.try_get("noted")?,
                decisions: u64::try_from(row.try_get::<i64, _>("n")?).unwrap_or(0),
            })
        })
        .collect()
}

/// What some decisions in force say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidRow {
    /// Of which task.
    pub task: saring_verdict::Task,
    /// safe, controversial, unsafe.
    pub label: String,
    /// In the spelling of the policy of then.
    pub categories: Vec<String>,
    /// Whether the response is a refusal.
    pub refusal: Option<bool>,
    /// Whether they have a note.
    pub noted: bool,
    /// How many.
    pub decisions: u64,
}
