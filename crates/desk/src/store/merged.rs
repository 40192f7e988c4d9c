//! Tables `merged_decisions` and `merged_references`: decisions of laptops, row by row as they are there.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;
use sqlx::{Column, QueryBuilder, Row, TypeInfo, ValueRef, sqlite::SqliteRow};

use super::{Conn, StoreError, StoreResult, WriteTx};

/// A row of `decisions`, column by column, without its number.
pub type Columns = BTreeMap<String, Value>;

/// What a column points at, where that may be on the laptop only. What a row supersedes may come with another file, and is
/// never looked for: rows are the same whichever file came first.
const REFERENCES: [(&str, Option<&str>); 5] = [
    ("draw_id", Some("draws")),
    ("verdict_id", Some("verdicts")),
    ("supersedes", None),
    ("undoes", Some(DECISIONS)),
    ("policy_id", Some("policies")),
];
const DECISIONS: &str = "decisions";

/// What is here of the decisions of a file and of what they point at, by table.
#[derive(Debug, Default)]
pub struct Here(HashMap<&'static str, HashSet<String>>);

impl Here {
    /// Whether a decision is here, from wherever.
    pub fn has_decision(&self, id: &str) -> bool {
        self.has(DECISIONS, id)
    }

    fn has(&self, table: &str, id: &str) -> bool {
        self.0.get(table).is_some_and(|ids| ids.contains(id))
    }
}

/// The columns that a decision has here.
pub async fn columns(conn: &mut Conn) -> StoreResult<Vec<String>> {
    Ok(sqlx::query_scalar("SELECT name FROM pragma_table_info('decisions') WHERE name <> 'seq'")
        .fetch_all(conn)
        .await?)
}

/// Decisions of a reviewer about a queue's items, in quarantine or not, that were made here, in order of arrival after a number,
/// as (number, columns).
pub async fn of_reviewer(
    conn: &mut Conn,
    queue_id: &str,
    reviewer: &str,
    after_seq: i64,
    limit: u32,
) -> StoreResult<Vec<(i64, Columns)>> {
    let rows = sqlx::query(
        "SELECT d.* FROM decisions AS d CROSS JOIN items AS i ON i.id = d.item_id \
         WHERE d.reviewer = ?2 AND d.seq > ?3 AND i.queue_id = ?1 \
         AND NOT EXISTS (SELECT 1 FROM merged_decisions AS m WHERE m.decision_id = d.id) ORDER BY d.seq LIMIT ?4",
    )
    .bind(queue_id)
    .bind(reviewer)
    .bind(after_seq)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok((row.try_get("seq")?, of_row(row)?))).collect()
}

fn of_row(row: &SqliteRow) -> StoreResult<Columns> {
    let mut columns = Columns::new();
    for column in row.columns().iter().filter(|column| column.name() != "seq") {
        let raw = row.try_get_raw(column.ordinal())?;
        let value = match raw.type_info().name() {
            _ if raw.is_null() => Value::Null,
            "INTEGER" => Value::from(row.try_get::<i64, _>(column.ordinal())?),
            _ => Value::from(row.try_get::<String, _>(column.ordinal())?),
        };
        columns.insert(column.name().to_owned(), value);
    }
    Ok(columns)
}

/// The queue of an item, in quarantine or not.
pub async fn queue_of(conn: &mut Conn, item_id: &str) -> StoreResult<Option<String>> {
    Ok(sqlx::query_scalar("SELECT queue_id FROM items WHERE id = ?1")
        .bind(item_id)
        .fetch_optional(conn)
        .await?)
}

/// The queues of items, in quarantine or not, by item. `ids` is a JSON list.
pub async fn queues_of(conn: &mut Conn, ids: &str) -> StoreResult<HashMap<String, String>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT i.id, i.queue_id FROM json_each(?1) AS j CROSS JOIN items AS i ON i.id = j.value",
    )
    .bind(ids)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Whether a decision is here, from wherever.
pub async fn is_here(conn: &mut Conn, decision_id: &str) -> StoreResult<bool> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM decisions WHERE id = ?1)")
        .bind(decision_id)
        .fetch_one(conn)
        .await?)
}

/// What is here of these rows and of what they point at.
pub async fn here(conn: &mut Conn, rows: &[Columns]) -> StoreResult<Here> {
    let mut asked: BTreeMap<&'static str, HashSet<&str>> = BTreeMap::new();
    for (name, table) in REFERENCES.into_iter().chain([("id", Some(DECISIONS))]) {
        let Some(table) = table else { continue };
        let ids = rows.iter().filter_map(|row| row.get(name).and_then(Value::as_str));
        asked.entry(table).or_default().extend(ids);
    }
    let mut here = Here::default();
    for (table, ids) in asked {
        let sql = format!(
            "SELECT j.value FROM json_each(?1) AS j WHERE EXISTS (SELECT 1 FROM {table} AS r WHERE r.id = j.value)"
        );
        let ids = serde_json::json!(ids).to_string();
        let found: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(ids).fetch_all(&mut *conn).await?;
        here.0.insert(table, found.into_iter().collect());
    }
    Ok(here)
}

/// Adds a decision of a laptop. What it points at and is not here is kept beside it. The names of its columns are known ones.
pub async fn insert(
    tx: &mut WriteTx<'_>,
    workspace_id: &str,
    decision_id: &str,
    mut row: Columns,
    here: &mut Here,
) -> StoreResult<()> {
    let mut elsewhere = Vec::new();
    for (name, table) in REFERENCES {
        let Some(value) = row.get(name).and_then(Value::as_str).map(str::to_owned) else { continue };
        if !table.is_some_and(|table| here.has(table, &value)) {
            row.insert(name.to_owned(), Value::Null);
            elsewhere.push((name, value));
        }
    }
    let names: Vec<&str> = row.keys().map(String::as_str).collect();
    let mut query = QueryBuilder::new(format!("INSERT INTO decisions ({}) VALUES (", names.join(", ")));
    let mut values = query.separated(", ");
    for value in row.values() {
        match value {
            Value::Null => values.push_bind(None::<String>),
            Value::String(text) => values.push_bind(text.clone()),
            Value::Number(number) => values.push_bind(number.as_i64()),
            _ => {
                return Err(StoreError::Failed {
                    reason: "a column is neither text nor a number".to_owned(),
                });
            }
        };
    }
    query.push(")").build().execute(&mut **tx).await?;
    sqlx::query("INSERT INTO merged_decisions (decision_id, workspace_id) VALUES (?1, ?2)")
        .bind(decision_id)
        .bind(workspace_id)
        .execute(&mut **tx)
        .await?;
    for (name, value) in elsewhere {
        sqlx::query("INSERT INTO merged_references (decision_id, name, value) VALUES (?1, ?2, ?3)")
            .bind(decision_id)
            .bind(name)
            .bind(value)
            .execute(&mut **tx)
            .await?;
    }
    here.0.entry(DECISIONS).or_default().insert(decision_id.to_owned());
    Ok(())
}

/// Ids of the other items with the content of an item, in every queue, in quarantine or not.
pub async fn same_content(conn: &mut Conn, item_id: &str) -> StoreResult<Vec<String>> {
    Ok(sqlx::query_scalar(
        "SELECT c.id FROM items AS i CROSS JOIN queues AS q \
         CROSS JOIN items AS c ON c.queue_id = q.id AND c.content_hash = i.content_hash \
         WHERE i.id = ?1 AND c.id <> i.id ORDER BY c.id",
    )
    .bind(item_id)
    .fetch_all(conn)
    .await?)
}

/// Quarantines that a merge made here because of one of a laptop: (decision, item).
pub async fn went_along(conn: &mut Conn, quarantine_id: &str) -> StoreResult<Vec<(String, String)>> {
    Ok(sqlx::query_as(
        "SELECT id, item_id FROM decisions WHERE supersedes = ?1 AND kind = 'quarantine' ORDER BY id",
    )
    .bind(quarantine_id)
    .fetch_all(conn)
    .await?)
}
