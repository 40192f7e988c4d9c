//! Tables `draws` and `draw_items`: recorded uniform draws.

use sqlx::{QueryBuilder, Row, sqlite::SqliteRow};

use super::{Conn, StoreResult, WriteTx, queues::parse, seen_states::state_seen};
use crate::queue::{Draw, DrawProgress, ItemState};

/// A new draw.
pub async fn insert(tx: &mut WriteTx<'_>, draw: &Draw) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO draws (id, queue_id, seed, population, drawn_from, size, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(&draw.id)
    .bind(&draw.queue_id)
    .bind(draw.seed)
    .bind(draw.population)
    .bind(draw.from.as_str())
    .bind(draw.size)
    .bind(&draw.created_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The items of a new draw, in its order.
pub async fn insert_items(tx: &mut WriteTx<'_>, draw_id: &str, items: &[String]) -> StoreResult<()> {
    let ranked: Vec<(i64, String)> = (1..).zip(items.iter().cloned()).collect();
    insert_ranked(tx, draw_id, &ranked).await
}

/// Items of a draw that was made elsewhere, with their ranks there.
pub async fn insert_ranked(tx: &mut WriteTx<'_>, draw_id: &str, items: &[(i64, String)]) -> StoreResult<()> {
    for chunk in items.chunks(200) {
        let mut query = QueryBuilder::new("INSERT INTO draw_items (draw_id, rank, item_id) ");
        query.push_values(chunk, |mut row, (rank, item_id)| {
            row.push_bind(draw_id).push_bind(*rank).push_bind(item_id);
        });
        query.build().execute(&mut **tx).await?;
    }
    Ok(())
}

/// The newest draw of a queue.
pub async fn newest(conn: &mut Conn, queue_id: &str) -> StoreResult<Option<Draw>> {
    let row = sqlx::query("SELECT * FROM draws WHERE queue_id = ?1 ORDER BY rowid DESC LIMIT 1")
        .bind(queue_id)
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// The draws of a queue, oldest first.
pub async fn of_queue(conn: &mut Conn, queue_id: &str) -> StoreResult<Vec<Draw>> {
    let rows = sqlx::query("SELECT * FROM draws WHERE queue_id = ?1 ORDER BY id")
        .bind(queue_id)
        .fetch_all(conn)
        .await?;
    rows.iter().map(from_row).collect()
}

/// A draw by its id.
pub async fn get(conn: &mut Conn, draw_id: &str) -> StoreResult<Option<Draw>> {
    let row = sqlx::query("SELECT * FROM draws WHERE id = ?1").bind(draw_id).fetch_optional(conn).await?;
    row.as_ref().map(from_row).transpose()
}

/// How many of a draw's items are still pending for a viewer, '' being everybody; as they are if there is none.
pub async fn progress(
    conn: &mut Conn,
    draw_id: &str,
    viewer: Option<&str>,
) -> StoreResult<Option<DrawProgress>> {
    let Some(draw) = get(conn, draw_id).await? else { return Ok(None) };
    const PENDING: &str = concat!(
        "SELECT count(*) FROM draw_items AS d CROSS JOIN visible_items AS i ON i.id = d.item_id WHERE d.draw_id = ?1 AND ",
        state_seen!(),
        " = 'pending'"
    );
    let pending: i64 = sqlx::query_scalar(PENDING).bind(draw_id).bind(viewer).fetch_one(conn).await?;
    Ok(Some(DrawProgress { draw, pending }))
}

/// The items of a draw with their places, by place.
pub async fn ranked(conn: &mut Conn, draw_id: &str) -> StoreResult<Vec<(i64, String)>> {
    Ok(sqlx::query_as("SELECT rank, item_id FROM draw_items WHERE draw_id = ?1 ORDER BY rank")
        .bind(draw_id)
        .fetch_all(conn)
        .await?)
}

/// The place of an item in a draw, if it is in it.
pub async fn rank(conn: &mut Conn, draw_id: &str, item_id: &str) -> StoreResult<Option<i64>> {
    Ok(sqlx::query_scalar("SELECT rank FROM draw_items WHERE item_id = ?2 AND draw_id = ?1")
        .bind(draw_id)
        .bind(item_id)
        .fetch_optional(conn)
        .await?)
}

/// Those of `ids`, a JSON list, that are in a draw.
pub async fn among(conn: &mut Conn, draw_id: &str, ids: &str) -> StoreResult<Vec<String>> {
    Ok(sqlx::query_scalar(
        "SELECT j.value FROM json_each(?2) AS j \
         WHERE EXISTS (SELECT 1 FROM draw_items AS d WHERE d.item_id = j.value AND d.draw_id = ?1)",
    )
    .bind(draw_id)
    .bind(ids)
    .fetch_all(conn)
    .await?)
}

/// Whether an item is in a draw from the whole of its queue.
pub async fn holds_of_whole_queue(conn: &mut Conn, item_id: &str) -> StoreResult<bool> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM draw_items AS d CROSS JOIN draws AS w ON w.id = d.draw_id \
         WHERE d.item_id = ?1 AND w.drawn_from = 'all')",
    )
    .bind(item_id)
    .fetch_one(conn)
    .await?)
}

/// Ids of the visible items of a queue, in the order of import; of one state if it is given.
pub async fn population(
    conn: &mut Conn,
    queue_id: &str,
    state: Option<ItemState>,
) -> StoreResult<Vec<String>> {
    Ok(sqlx::query_scalar(
        "SELECT id FROM visible_items WHERE queue_id = ?1 AND (?2 IS NULL OR state = ?2) ORDER BY seq",
    )
    .bind(queue_id)
    .bind(state.map(ItemState::as_str))
    .fetch_all(conn)
    .await?)
}

fn from_row(row: &SqliteRow) -> StoreResult<Draw> {
    Ok(Draw {
        id: row.try_get("id")?,
        queue_id: row.try_get("queue_id")?,
        seed: row.try_get("seed")?,
        from: parse(row.try_get("drawn_from")?, "drawn_from")?,
        population: row.try_get("population")?,
        size: row.try_get("size")?,
        created_at: row.try_get("created_at")?,
    })
}
