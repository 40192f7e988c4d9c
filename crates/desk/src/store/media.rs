//! Tables `media` and `item_media`: which images belong to which item.

use std::path::PathBuf;

use sqlx::{Row, sqlite::SqliteRow};

use super::{Conn, StoreResult, WriteTx};
use crate::media::{ImageAt, StoredImage};

/// Adds an image. One that was linked before is taken from where it comes from now: from the copy, or from the newer place. One that
/// was copied stays a copy.
pub async fn insert(tx: &mut WriteTx<'_>, image: &StoredImage, created_at: &str) -> StoreResult<()> {
    let linked = image.at.linked.as_ref().map(|path| path.to_string_lossy().into_owned());
    sqlx::query(
        "INSERT INTO media (sha256, file_name, bytes, linked_path, created_at) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT DO UPDATE SET linked_path = excluded.linked_path WHERE media.linked_path IS NOT NULL",
    )
    .bind(&image.at.sha256)
    .bind(&image.file_name)
    .bind(i64::try_from(image.bytes).unwrap_or(i64::MAX))
    .bind(linked)
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

/// An image of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaRow {
    /// Which, and where it lies.
    pub at: ImageAt,
    /// As it was called when it was imported.
    pub file_name: String,
    /// Its size.
    pub bytes: u64,
}

fn row(row: &SqliteRow) -> StoreResult<MediaRow> {
    let linked: Option<String> = row.try_get("linked_path")?;
    Ok(MediaRow {
        at: ImageAt { sha256: row.try_get("sha256")?, linked: linked.map(PathBuf::from) },
        file_name: row.try_get("file_name")?,
        bytes: u64::try_from(row.try_get::<i64, _>("bytes")?).unwrap_or(0),
    })
}

/// The images of items, as (item, image), each item's in order. `ids` is a JSON list.
pub(super) async fn of_items(conn: &mut Conn, ids: &str) -> StoreResult<Vec<(String, MediaRow)>> {
    let rows = sqlx::query(
        "SELECT m.item_id, f.* FROM json_each(?1) AS j CROSS JOIN item_media AS m ON m.item_id = j.value \
         CROSS JOIN media AS f ON f.sha256 = m.sha256 ORDER BY m.item_id, m.position",
    )
    .bind(ids)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|found| Ok((found.try_get("item_id")?, row(found)?))).collect()
}

/// The images of items, quarantined ones included: to be removed, never to be shown. `ids` is a JSON list.
pub async fn of_any_items(conn: &mut Conn, ids: &str) -> StoreResult<Vec<ImageAt>> {
    let found = of_items(conn, ids).await?;
    Ok(found.into_iter().map(|(_, image)| image.at).collect())
}

/// The images of all items in quarantine: to be removed, never to be shown.
pub async fn in_quarantine(conn: &mut Conn) -> StoreResult<Vec<ImageAt>> {
    let rows = sqlx::query(
        "SELECT DISTINCT f.* FROM items AS i CROSS JOIN item_media AS m ON m.item_id = i.id \
         CROSS JOIN media AS f ON f.sha256 = m.sha256 WHERE i.quarantined = 1",
    )
    .fetch_all(conn)
    .await?;
    rows.iter().map(|found| Ok(row(found)?.at)).collect()
}

/// An image by its hash, whosever it is: for items that may be seen.
pub async fn by_hash(conn: &mut Conn, sha256: &str) -> StoreResult<Option<MediaRow>> {
    let found =
        sqlx::query("SELECT * FROM media WHERE sha256 = ?1").bind(sha256).fetch_optional(conn).await?;
    found.as_ref().map(row).transpose()
}

/// An image if it belongs to this item and the item is visible: only then may it be shown.
pub async fn visible_of(conn: &mut Conn, item_id: &str, sha256: &str) -> StoreResult<Option<MediaRow>> {
    let found = sqlx::query(
        "SELECT f.* FROM visible_items AS i JOIN item_media AS m ON m.item_id = i.id \
         JOIN media AS f ON f.sha256 = m.sha256 WHERE i.id = ?1 AND m.sha256 = ?2 LIMIT 1",
    )
    .bind(item_id)
    .bind(sha256)
    .fetch_optional(conn)
    .await?;
    found.as_ref().map(row).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn a_newer_link_wins_over_an_older_one_and_a_copy_over_both() {
        let fixture = Fixture::new().await;
        let image = |linked: Option<&str>| StoredImage {
            at: ImageAt { sha256: "ab".repeat(32), linked: linked.map(PathBuf::from) },
            file_name: "a.png".into(),
            bytes: 3,
        };
        let row = r#"{"id":"1","prompt":"p"}"#;
        fixture.import("rows.jsonl", row.as_bytes()).await;
        let id = &fixture.ids().await[0];
        let steps = [
            (Some("/old/a.png"), Some("/old/a.png")),
            (Some("/new/a.png"), Some("/new/a.png")),
            (None, None),
            (Some("/newest/a.png"), None),
        ];
        for (step, (linked, expected)) in steps.into_iter().enumerate() {
            let mut tx = fixture.workspace.store().write().await.unwrap();
            let image = image(linked);
            insert(&mut tx, &image, "2026-01-01T00:00:00.000Z").await.unwrap();
            if step == 0 {
                attach(&mut tx, id, 0, &image.at.sha256).await.unwrap();
            }
            tx.commit().await.unwrap();
            let mut read = fixture.workspace.store().read().await.unwrap();
            let found = visible_of(&mut read, id, &image.at.sha256).await.unwrap().unwrap();
            assert_eq!(found.at.linked, expected.map(PathBuf::from), "after {linked:?}");
        }
    }
}
