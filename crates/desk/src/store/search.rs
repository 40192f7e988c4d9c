//! Tables `search_trigrams` and `search_grams`: full text. What is written and asked is made in
//! [`queue::search`](crate::queue::search).

use sqlx::QueryBuilder;

use super::{
    Conn, StoreResult, WriteTx,
    lists::{ListRow, list_columns},
};
use crate::queue::search::{Indexed, MatchQuery};

/// Adds the text of new items.
pub async fn insert_trigrams(tx: &mut WriteTx<'_>, texts: &[Indexed]) -> StoreResult<()> {
    for chunk in texts.chunks(50) {
        let mut query = QueryBuilder::new("INSERT INTO search_trigrams (rowid, text) ");
        query.push_values(chunk, |mut row, text| {
            row.push_bind(text.seq).push_bind(&text.text);
        });
        query.build().execute(&mut **tx).await?;
    }
    Ok(())
}

/// Adds the characters and pairs of new items.
pub async fn insert_grams(tx: &mut WriteTx<'_>, texts: &[Indexed]) -> StoreResult<()> {
    for chunk in texts.chunks(50) {
        let mut query = QueryBuilder::new("INSERT INTO search_grams (rowid, grams) ");
        query.push_values(chunk, |mut row, text| {
            row.push_bind(text.seq).push_bind(&text.grams);
        });
        query.build().execute(&mut **tx).await?;
    }
    Ok(())
}

/// The first and the last `seq` of a queue, so that matches of other queues are not looked at one by one.
pub(super) async fn bounds(conn: &mut Conn, queue_id: &str) -> StoreResult<Option<(i64, i64)>> {
    let (first, last): (Option<i64>, Option<i64>) = sqlx::query_as(
        "SELECT (SELECT seq FROM visible_items WHERE queue_id = ?1 ORDER BY seq LIMIT 1), \
         (SELECT seq FROM visible_items WHERE queue_id = ?1 ORDER BY seq DESC LIMIT 1)",
    )
    .bind(queue_id)
    .fetch_one(conn)
    .await?;
    Ok(first.zip(last))
}

/// Visible items of a queue that match, in the order of import.
pub async fn find(
    conn: &mut Conn,
    queue_id: &str,
    query: &MatchQuery,
    limit: u32,
) -> StoreResult<Vec<ListRow>> {
    let Some((first, last)) = bounds(conn, queue_id).await? else { return Ok(Vec::new()) };
    let sql = match query {
        MatchQuery { trigrams: Some(_), grams: None } => FIND_TRIGRAMS,
        MatchQuery { trigrams: None, grams: Some(_) } => FIND_GRAMS,
        MatchQuery { trigrams: Some(_), grams: Some(_) } => FIND_BOTH,
        MatchQuery { trigrams: None, grams: None } => return Ok(Vec::new()),
    };
    let rows = sqlx::query(sql)
        .bind(queue_id)
        .bind(first)
        .bind(last)
        .bind(limit)
        .bind(&query.trigrams)
        .bind(&query.grams)
        .fetch_all(conn)
        .await?;
    rows.iter().map(super::lists::from_row).collect()
}

// CROSS JOIN keeps the order of the loops: matches come by rowid, which is the order of import, and the first ones suffice.
const FIND_TRIGRAMS: &str = concat!(
    "SELECT ",
    list_columns!(),
    ", NULL AS rank",
    " FROM search_trigrams AS t CROSS JOIN visible_items AS i ON i.seq = t.rowid",
    " WHERE t.text MATCH ?5 AND t.rowid BETWEEN ?2 AND ?3 AND i.queue_id = ?1 AND ?6 IS NULL",
    " ORDER BY t.rowid LIMIT ?4"
);
const FIND_GRAMS: &str = concat!(
    "SELECT ",
    list_columns!(),
    ", NULL AS rank",
    " FROM search_grams AS g CROSS JOIN visible_items AS i ON i.seq = g.rowid",
    " WHERE g.search_grams MATCH ?6 AND g.rowid BETWEEN ?2 AND ?3 AND i.queue_id = ?1 AND ?5 IS NULL",
    " ORDER BY g.rowid LIMIT ?4"
);
const FIND_BOTH: &str = concat!(
    "SELECT ",
    list_columns!(),
    ", NULL AS rank",
    " FROM search_trigrams AS t CROSS JOIN visible_items AS i ON i.seq = t.rowid",
    " WHERE t.text MATCH ?5 AND t.rowid BETWEEN ?2 AND ?3 AND i.queue_id = ?1",
    " AND i.seq IN (SELECT g.rowid FROM search_grams AS g WHERE g.search_grams MATCH ?6 AND g.rowid BETWEEN ?2 AND ?3)",
    " ORDER BY t.rowid LIMIT ?4"
);
