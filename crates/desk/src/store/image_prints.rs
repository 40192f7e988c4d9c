//! Tables `image_prints` and `image_bands`: which images are nearly the same.

use sqlx::Row;

use super::{Conn, StoreError, StoreResult, WriteTx};
use crate::alike::Pdq;

/// Adds the hash of an image.
pub async fn insert(tx: &mut WriteTx<'_>, sha256: &str, leader: &str, pdq: &Pdq) -> StoreResult<()> {
    sqlx::query("INSERT OR IGNORE INTO image_prints (sha256, leader, pdq) VALUES (?1, ?2, ?3)")
        .bind(sha256)
        .bind(leader)
        .bind(pdq.as_bytes())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Says under which keys a leader is looked up, but for those that `of_band_max` others stand under already.
pub async fn insert_bands(
    tx: &mut WriteTx<'_>,
    leader: &str,
    bands: &[i64],
    of_band_max: i64,
) -> StoreResult<()> {
    sqlx::query(
        "INSERT OR IGNORE INTO image_bands (band, leader) SELECT j.value, ?2 FROM json_each(?1) AS j \
         WHERE (SELECT count(*) FROM image_bands AS b WHERE b.band = j.value) < ?3",
    )
    .bind(serde_json::json!(bands).to_string())
    .bind(leader)
    .bind(of_band_max)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Leaders under any of these keys, with their hashes. `bands` is a JSON list.
pub async fn leaders(conn: &mut Conn, bands: &str) -> StoreResult<Vec<(String, Pdq)>> {
    let rows = sqlx::query(
        "SELECT p.sha256, p.pdq FROM (SELECT DISTINCT b.leader FROM json_each(?1) AS j CROSS JOIN image_bands AS b \
         ON b.band = j.value) AS l CROSS JOIN image_prints AS p ON p.sha256 = l.leader",
    )
    .bind(bands)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok((row.try_get("sha256")?, pdq(row.try_get("pdq")?)?))).collect()
}

/// The image that leads the group of an image; `None` if it is in none.
pub async fn leader_of(conn: &mut Conn, sha256: &str) -> StoreResult<Option<String>> {
    Ok(sqlx::query_scalar("SELECT leader FROM image_prints WHERE sha256 = ?1")
        .bind(sha256)
        .fetch_optional(conn)
        .await?)
}

/// The hashes of the images of visible items, as (item, position, hash), of those that have one. `ids` is a JSON list.
pub async fn of_items(conn: &mut Conn, ids: &str) -> StoreResult<Vec<(String, i64, Pdq)>> {
    let rows = sqlx::query(
        "SELECT i.id, m.position, p.pdq FROM json_each(?1) AS j CROSS JOIN visible_items AS i ON i.id = j.value \
         CROSS JOIN item_media AS m ON m.item_id = i.id CROSS JOIN image_prints AS p ON p.sha256 = m.sha256",
    )
    .bind(ids)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("id")?, row.try_get("position")?, pdq(row.try_get("pdq")?)?)))
        .collect()
}

fn pdq(bytes: &[u8]) -> StoreResult<Pdq> {
    Pdq::from_bytes(bytes).ok_or_else(|| StoreError::damaged("column pdq holds no hash of an image"))
}
