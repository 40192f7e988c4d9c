//! Tables `media` and `item_media`: which images belong to which item.

use sqlx::Row;

use super::{Conn, StoreResult, WriteTx};
use crate::media::StoredImage;

/// Adds an image that lies in the workspace, unless it is known.
pub async fn insert(tx: &mut WriteTx<'_>, image: &StoredImage, created_at: &str) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO media (sha256, file_name, bytes, created_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )
    .bind(&image.sha256)
    .bind(&image.file_name)
    .bind(i64::try_from(image.bytes).unwrap_or(i64::MAX))
    .bind(created_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Says that an image is the `position`th of an item, from 0.
pub async fn attach(tx: &mut WriteTx<'_>, item_id: &str, position: i64, sha256: &str) -> StoreResult<()> {
    sqlx::query("INSERT INTO item_media (item_id, position, sha256) VALUES (?1, ?2, ?3)")
        .bind(item_id)
        .bind(position)
        .bind(sha256)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The images of items, as (item, hash), each item's in order. `ids` is a JSON list.
pub(super) async fn of_items(conn: &mut Conn, ids: &str) -> StoreResult<Vec<(String, String)>> {
    let rows = sqlx::query(
        "SELECT m.item_id, m.sha256 FROM json_each(?1) AS j CROSS JOIN item_media AS m ON m.item_id = j.value \
         ORDER BY m.item_id, m.position",
    )
    .bind(ids)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok((row.try_get("item_id")?, row.try_get("sha256")?))).collect()
}

/// Whether an image belongs to this item, and the item is visible: only then may it be shown.
pub async fn is_visible_of(conn: &mut Conn, item_id: &str, sha256: &str) -> StoreResult<bool> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM visible_items AS i JOIN item_media AS m ON m.item_id = i.id \
         WHERE i.id = ?1 AND m.sha256 = ?2)",
    )
    .bind(item_id)
    .bind(sha256)
    .fetch_one(conn)
    .await?)
}
