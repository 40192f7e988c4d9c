//! Tables `seen_states`: where items stand for whom, where that is not where they stand, see [`SeenState`]; and `seen_counts`, which
//! triggers keep of it.

use std::collections::HashMap;

use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};

use super::{
    Conn, StoreResult, WriteTx,
    lists::{self, Figure, ListRow, Page, list_columns},
    queues::parse,
};
use crate::{queue::ItemState, review::SeenState};

/// Where item `i` stands for reviewer ?2, '' being everybody; as it is if that is NULL.
macro_rules! state_seen {
    () => {
        "coalesce((SELECT s.state FROM seen_states AS s WHERE ?2 IS NOT NULL AND s.queue_id = i.queue_id AND s.seq = i.seq \
         AND s.reviewer IN ('', ?2) ORDER BY s.reviewer DESC LIMIT 1), i.state)"
    };
}
pub(super) use state_seen;

/// The rows of the item with this number, by reviewer.
pub async fn of_item(conn: &mut Conn, seq: i64) -> StoreResult<Vec<SeenState>> {
    let rows = sqlx::query("SELECT * FROM seen_states WHERE seq = ?1 ORDER BY reviewer")
        .bind(seq)
        .fetch_all(conn)
        .await?;
    rows.iter().map(from_row).collect()
}

/// Adds a row for the item of a queue with this number.
pub async fn insert(tx: &mut WriteTx<'_>, queue_id: &str, seq: i64, seen: &SeenState) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO seen_states (queue_id, reviewer, seq, state, prompt_state, response_state, common_state, awaits) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .bind(queue_id)
    .bind(&seen.reviewer)
    .bind(seq)
    .bind(seen.state.as_str())
    .bind(seen.prompt.as_str())
    .bind(seen.response.as_str())
    .bind(seen.common_state.as_str())
    .bind(seen.awaits)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes the rows of the item with this number away.
pub async fn remove(tx: &mut WriteTx<'_>, seq: i64) -> StoreResult<()> {
    sqlx::query("DELETE FROM seen_states WHERE seq = ?1").bind(seq).execute(&mut **tx).await?;
    Ok(())
}

/// Where those of a queue's items `seqs`, a JSON list, stand for a reviewer that stand otherwise for them; by number.
pub async fn of_rows(
    conn: &mut Conn,
    queue_id: &str,
    reviewer: &str,
    seqs: &str,
) -> StoreResult<HashMap<i64, ItemState>> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "SELECT seq, state FROM (SELECT j.value AS seq, coalesce( \
         (SELECT s.state FROM seen_states AS s WHERE s.queue_id = ?1 AND s.reviewer = ?2 AND s.seq = j.value), \
         (SELECT s.state FROM seen_states AS s WHERE s.queue_id = ?1 AND s.reviewer = '' AND s.seq = j.value)) AS state \
         FROM json_each(?3) AS j) WHERE state IS NOT NULL",
    )
    .bind(queue_id)
    .bind(reviewer)
    .bind(seqs)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|(seq, state)| Ok((seq, parse(&state, "state")?))).collect()
}

/// How many items of a queue stand otherwise for a reviewer, as (from where, to where, how many): to be moved one after another.
pub async fn moved(
    conn: &mut Conn,
    queue_id: &str,
    reviewer: &str,
) -> StoreResult<Vec<(ItemState, ItemState, i64)>> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT common_state, state, n FROM seen_counts WHERE queue_id = ?1 AND reviewer IN ('', ?2) AND n > 0 \
         ORDER BY reviewer, common_state, state",
    )
    .bind(queue_id)
    .bind(reviewer)
    .fetch_all(conn)
    .await?;
    let state = |word: &str| parse(word, "state");
    rows.into_iter().map(|(from, to, n)| Ok((state(&from)?, state(&to)?, n))).collect()
}

/// In which order items are listed.
#[derive(Clone, Copy, Debug)]
pub enum ListOrder<'a> {
    /// As imported.
    Imported,
    /// Last imported first.
    Newest,
    /// By a figure, largest first; those without one last.
    By(Figure),
    /// By their places in this draw; only items of it.
    Draw(&'a str),
}

/// The visible items that stand in the state of the page for a reviewer and not in `items`: those with rows of `reviewer`, without
/// those that have a row of `but_for`.
pub async fn listed(
    conn: &mut Conn,
    page: Page<'_>,
    order: ListOrder<'_>,
    reviewer: &str,
    but_for: Option<&str>,
) -> StoreResult<Vec<ListRow>> {
    let rank = if matches!(order, ListOrder::Draw(_)) { "d.rank" } else { "NULL" };
    let mut query = QueryBuilder::new(concat!("SELECT ", list_columns!()));
    query.push(format_args!(
        ", {rank} AS rank FROM seen_states AS o CROSS JOIN visible_items AS i ON i.seq = o.seq"
    ));
    if let ListOrder::Draw(draw_id) = order {
        query.push(" CROSS JOIN draw_items AS d ON d.item_id = i.id AND d.draw_id = ").push_bind(draw_id);
    }
    query
        .push(" WHERE o.queue_id = ")
        .push_bind(page.queue_id)
        .push(" AND o.reviewer = ")
        .push_bind(reviewer);
    query.push(" AND o.state = ").push_bind(page.state.as_str());
    if let Some(but_for) = but_for {
        query.push(
            " AND NOT EXISTS (SELECT 1 FROM seen_states AS s WHERE s.queue_id = o.queue_id AND s.reviewer = ",
        );
        query.push_bind(but_for).push(" AND s.seq = o.seq)");
    }
    push_after(&mut query, page, order);
    query.push(" LIMIT ").push_bind(page.limit);
    let rows = query.build().fetch_all(conn).await?;
    rows.iter().map(lists::from_row).collect()
}

fn push_after(query: &mut QueryBuilder<Sqlite>, page: Page<'_>, order: ListOrder<'_>) {
    match order {
        ListOrder::Imported => {
            if let Some(after) = page.after {
                query.push(" AND o.seq > ").push_bind(after.seq);
            }
            query.push(" ORDER BY o.seq");
        }
        ListOrder::Newest => {
            if let Some(after) = page.after {
                query.push(" AND o.seq < ").push_bind(after.seq);
            }
            query.push(" ORDER BY o.seq DESC");
        }
        ListOrder::By(figure) => {
            let name = figure.column();
            match page.after.map(|after| (after.figure, after.seq)) {
                None => {}
                Some((None, seq)) => {
                    query.push(format_args!(" AND i.{name} IS NULL AND i.seq > ")).push_bind(seq);
                }
                Some((Some(figure), seq)) => {
                    query.push(format_args!(" AND (i.{name} IS NULL OR i.{name} < ")).push_bind(figure);
                    query.push(format_args!(" OR (i.{name} = ")).push_bind(figure);
                    query.push(" AND i.seq > ").push_bind(seq).push("))");
                }
            }
            query.push(format_args!(" ORDER BY i.{name} DESC, i.seq"));
        }
        ListOrder::Draw(_) => {
            if let Some(after) = page.after {
                query.push(" AND d.rank > ").push_bind(after.rank);
            }
            query.push(" ORDER BY d.rank");
        }
    }
}

fn from_row(row: &SqliteRow) -> StoreResult<SeenState> {
    Ok(SeenState {
        reviewer: row.try_get("reviewer")?,
        state: parse(row.try_get("state")?, "state")?,
        prompt: parse(row.try_get("prompt_state")?, "prompt_state")?,
        response: parse(row.try_get("response_state")?, "response_state")?,
        common_state: parse(row.try_get("common_state")?, "common_state")?,
        awaits: row.try_get("awaits")?,
    })
}
