//! Tables `item_prints` and `item_bands`: which items are nearly the same.

use sqlx::{QueryBuilder, Row};

use super::{Conn, StoreError, StoreResult, WriteTx};
use crate::alike::TextPrint;

/// The fingerprint of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemPrint {
    /// The item's number.
    pub seq: i64,
    /// Number of the item that leads its group.
    pub leader: i64,
    /// Hash of its queue and of the groups of its images.
    pub among: i64,
    /// Of its texts.
    pub sketch: TextPrint,
}

/// Adds the fingerprints of new items.
pub async fn insert(tx: &mut WriteTx<'_>, prints: &[ItemPrint]) -> StoreResult<()> {
    for chunk in prints.chunks(50) {
        let mut query = QueryBuilder::new("INSERT INTO item_prints (seq, leader, among, sketch) ");
        query.push_values(chunk, |mut row, print| {
            row.push_bind(print.seq)
                .push_bind(print.leader)
                .push_bind(print.among)
                .push_bind(print.sketch.to_bytes());
        });
        query.build().execute(&mut **tx).await?;
    }
    Ok(())
}

/// Says under which keys leaders are looked up, as (key, leader).
pub async fn insert_bands(tx: &mut WriteTx<'_>, bands: &mut [(i64, i64)]) -> StoreResult<()> {
    // In the order of the table: neighbours lie on one page.
    bands.sort_unstable();
    for chunk in bands.chunks(100) {
        let mut query = QueryBuilder::new("INSERT OR IGNORE INTO item_bands (band, leader) ");
        query.push_values(chunk, |mut row, (band, leader)| {
            row.push_bind(*band).push_bind(*leader);
        });
        query.build().execute(&mut **tx).await?;
    }
    Ok(())
}

/// The leaders under these keys, as (key, number, sketch). `bands` is a JSON list. There are few under each key.
pub async fn leaders(conn: &mut Conn, bands: &str) -> StoreResult<Vec<(i64, i64, TextPrint)>> {
    let rows = sqlx::query(
        "SELECT b.band, b.leader, p.sketch FROM json_each(?1) AS j CROSS JOIN item_bands AS b ON b.band = j.value \
         CROSS JOIN item_prints AS p ON p.seq = b.leader",
    )
    .bind(bands)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("band")?, row.try_get("leader")?, sketch(row.try_get("sketch")?)?)))
        .collect()
}

/// The fingerprint of an item; `None` for one from before there were any.
pub async fn of_item(conn: &mut Conn, seq: i64) -> StoreResult<Option<ItemPrint>> {
    let row = sqlx::query("SELECT * FROM item_prints WHERE seq = ?1").bind(seq).fetch_optional(conn).await?;
    row.map(|row| {
        Ok(ItemPrint {
            seq: row.try_get("seq")?,
            leader: row.try_get("leader")?,
            among: row.try_get("among")?,
            sketch: sketch(row.try_get("sketch")?)?,
        })
    })
    .transpose()
}

/// Visible items of these groups and a queue, as (id, sketch), of the first `limit` members; and whether that were all. `leaders` is
/// a JSON list.
pub async fn members(
    conn: &mut Conn,
    queue_id: &str,
    leaders: &str,
    limit: usize,
) -> StoreResult<(Vec<(String, TextPrint)>, bool)> {
    let rows = sqlx::query(
        "SELECT i.id, p.sketch FROM (SELECT value AS seq FROM json_each(?2) UNION ALL \
         SELECT m.seq FROM json_each(?2) AS j CROSS JOIN item_prints AS m ON m.leader = j.value AND m.leader <> m.seq LIMIT ?3) AS g \
         CROSS JOIN item_prints AS p ON p.seq = g.seq LEFT JOIN visible_items AS i ON i.seq = g.seq AND i.queue_id = ?1",
    )
    .bind(queue_id)
    .bind(leaders)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    let mut members = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(id) = row.try_get::<Option<String>, _>("id")? {
            members.push((id, sketch(row.try_get("sketch")?)?));
        }
    }
    Ok((members, rows.len() < limit))
}

fn sketch(bytes: &[u8]) -> StoreResult<TextPrint> {
    TextPrint::from_bytes(bytes).ok_or_else(|| StoreError::damaged("column sketch holds no fingerprint"))
}
