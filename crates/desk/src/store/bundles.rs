//! Tables `bundles` and `bundle_items`: what was made for reviewers here, or opened here; and the rows that go into a bundle.

use sqlx::{Row, sqlite::SqliteRow};

use super::{Conn, StoreResult, WriteTx};

/// A row of `bundles`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleRow {
    /// UUIDv7.
    pub id: String,
    /// Its queue.
    pub queue_id: String,
    /// A pseudonym.
    pub reviewer: String,
    /// made, opened.
    pub role: String,
    /// The workspace that made it.
    pub lead: String,
    /// Hexadecimal.
    pub key: String,
    /// Items in it.
    pub items: i64,
    /// RFC 3339.
    pub created_at: String,
}

/// Adds a bundle.
pub async fn insert(tx: &mut WriteTx<'_>, bundle: &BundleRow) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO bundles (id, queue_id, reviewer, role, lead, key, items, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .bind(&bundle.id)
    .bind(&bundle.queue_id)
    .bind(&bundle.reviewer)
    .bind(&bundle.role)
    .bind(&bundle.lead)
    .bind(&bundle.key)
    .bind(bundle.items)
    .bind(&bundle.created_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A bundle by its id.
pub async fn get(conn: &mut Conn, id: &str) -> StoreResult<Option<BundleRow>> {
    let row = sqlx::query("SELECT * FROM bundles WHERE id = ?1").bind(id).fetch_optional(conn).await?;
    row.as_ref().map(from_row).transpose()
}

/// Bundles of a queue in a role, oldest first.
pub async fn of_queue(conn: &mut Conn, queue_id: &str, role: &str) -> StoreResult<Vec<BundleRow>> {
    let rows = sqlx::query("SELECT * FROM bundles WHERE queue_id = ?1 AND role = ?2 ORDER BY id")
        .bind(queue_id)
        .bind(role)
        .fetch_all(conn)
        .await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &SqliteRow) -> StoreResult<BundleRow> {
    Ok(BundleRow {
        id: row.try_get("id")?,
        queue_id: row.try_get("queue_id")?,
        reviewer: row.try_get("reviewer")?,
        role: row.try_get("role")?,
        lead: row.try_get("lead")?,
        key: row.try_get("key")?,
        items: row.try_get("items")?,
        created_at: row.try_get("created_at")?,
    })
}

/// Says that items are in a bundle.
pub async fn insert_items(tx: &mut WriteTx<'_>, bundle_id: &str, item_ids: &[&str]) -> StoreResult<()> {
    sqlx::query("INSERT INTO bundle_items (item_id, bundle_id) SELECT DISTINCT value, ?2 FROM json_each(?1)")
        .bind(serde_json::Value::from(item_ids).to_string())
        .bind(bundle_id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// How many items of a bundle are here.
pub async fn count_items(conn: &mut Conn, bundle_id: &str) -> StoreResult<i64> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM bundle_items WHERE bundle_id = ?1")
        .bind(bundle_id)
        .fetch_one(conn)
        .await?)
}

/// An item as a bundle takes it along.
#[derive(Clone, Debug)]
pub struct TakenRow {
    /// Order of import.
    pub seq: i64,
    /// UUIDv7.
    pub id: String,
    /// Line of the file that it was imported from.
    pub line: i64,
    /// The id that came with the row.
    pub external_id: Option<String>,
    /// The request.
    pub prompt: Option<String>,
    /// The answer.
    pub response: Option<String>,
    /// JSON of all turns.
    pub messages: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// detected, corrected.
    pub language_from: Option<String>,
    /// Whether its texts are Burmese in Zawgyi.
    pub zawgyi: bool,
    /// Never separated by a split.
    pub group_key: Option<String>,
    /// Verbatim JSON.
    pub source: Option<String>,
    /// Verbatim JSON.
    pub labels: Option<String>,
    /// gold, prior.
    pub labels_role: Option<String>,
    /// SHA-256 of turns and images.
    pub content_hash: String,
    /// SHA-256 of its images, in order, separated by commas.
    pub images: Option<String>,
    /// Its place in a draw, if it is in it.
    pub rank: Option<i64>,
}

/// Visible items of the queue `?1`, with their places in the draw `?2`.
macro_rules! taken {
    ($which:literal) => {
        concat!(
            "SELECT i.*, (SELECT rank FROM draw_items AS d WHERE d.item_id = i.id AND d.draw_id = ?2) AS rank, ",
            "(SELECT group_concat(sha256) FROM (SELECT sha256 FROM item_media WHERE item_id = i.id ORDER BY position)) AS images ",
            "FROM visible_items AS i WHERE i.queue_id = ?1 AND ",
            $which
        )
    };
}

/// Visible items of a queue that are undecided, or await a second review, after a number; without gold ones if `without_gold`.
/// Their places are those in the draw `draw_id`.
pub async fn to_take(
    conn: &mut Conn,
    queue_id: &str,
    draw_id: Option<&str>,
    without_gold: bool,
    after_seq: i64,
    limit: u32,
) -> StoreResult<Vec<TakenRow>> {
    const TO_TAKE: &str = taken!(
        "i.seq > ?4 AND i.state = 'pending' \
         AND NOT EXISTS (SELECT 1 FROM tasks AS t WHERE t.item_id = i.id AND t.awaiting = 'adjudication') \
         AND NOT (?3 AND EXISTS (SELECT 1 FROM tasks AS t WHERE t.item_id = i.id AND t.gold_label IS NOT NULL)) \
         ORDER BY i.seq LIMIT ?5"
    );
    let rows = sqlx::query(TO_TAKE)
        .bind(queue_id)
        .bind(draw_id)
        .bind(without_gold)
        .bind(after_seq)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(taken).collect()
}

/// An item that a gold label came with, decided or not.
pub async fn gold_row(
    conn: &mut Conn,
    queue_id: &str,
    draw_id: Option<&str>,
    item_id: &str,
) -> StoreResult<Option<TakenRow>> {
    const GOLD: &str = taken!("i.id = ?3");
    let row = sqlx::query(GOLD).bind(queue_id).bind(draw_id).bind(item_id).fetch_optional(conn).await?;
    row.as_ref().map(taken).transpose()
}

/// Ids of a queue's visible items that a gold label came with.
pub async fn gold_ids(conn: &mut Conn, queue_id: &str) -> StoreResult<Vec<String>> {
    Ok(sqlx::query_scalar(
        "SELECT DISTINCT i.id FROM tasks AS t CROSS JOIN visible_items AS i ON i.id = t.item_id \
         WHERE t.gold_label IS NOT NULL AND i.queue_id = ?1 ORDER BY i.id",
    )
    .bind(queue_id)
    .fetch_all(conn)
    .await?)
}

/// Who has done something with every undecided task of these items and not taken it back, as (item, reviewer). `ids` is a JSON list.
pub async fn done_with(conn: &mut Conn, ids: &str) -> StoreResult<Vec<(String, String)>> {
    Ok(sqlx::query_as(
        "SELECT DISTINCT d.item_id, d.reviewer FROM json_each(?1) AS j CROSS JOIN decisions AS d ON d.item_id = j.value \
         WHERE d.kind IN ('label', 'skip', 'escalate', 'adjudicate') \
         AND NOT EXISTS (SELECT 1 FROM decisions AS u WHERE u.undoes = d.id) \
         AND NOT EXISTS (SELECT 1 FROM tasks AS t WHERE t.item_id = d.item_id AND t.state = 'pending' \
         AND NOT EXISTS (SELECT 1 FROM decisions AS v WHERE v.item_id = t.item_id AND (v.task = t.task OR v.task IS NULL) \
         AND v.reviewer = d.reviewer AND v.kind IN ('label', 'skip', 'escalate', 'adjudicate') \
         AND NOT EXISTS (SELECT 1 FROM decisions AS u WHERE u.undoes = v.id)))",
    )
    .bind(ids)
    .fetch_all(conn)
    .await?)
}

/// Who has these items in a bundle that was made here, as (item, reviewer). `ids` is a JSON list.
pub async fn out_with(conn: &mut Conn, ids: &str) -> StoreResult<Vec<(String, String)>> {
    Ok(sqlx::query_as(
        "SELECT DISTINCT x.item_id, b.reviewer FROM json_each(?1) AS j \
         CROSS JOIN bundle_items AS x ON x.item_id = j.value CROSS JOIN bundles AS b ON b.id = x.bundle_id \
         WHERE b.role = 'made'",
    )
    .bind(ids)
    .fetch_all(conn)
    .await?)
}

fn taken(row: &SqliteRow) -> StoreResult<TakenRow> {
    Ok(TakenRow {
        seq: row.try_get("seq")?,
        id: row.try_get("id")?,
        line: row.try_get("line")?,
        external_id: row.try_get("external_id")?,
        prompt: row.try_get("prompt")?,
        response: row.try_get("response")?,
        messages: row.try_get("messages")?,
        language: row.try_get("language")?,
        language_from: row.try_get("language_from")?,
        zawgyi: row.try_get("zawgyi")?,
        group_key: row.try_get("group_key")?,
        source: row.try_get("source")?,
        labels: row.try_get("labels")?,
        labels_role: row.try_get("labels_role")?,
        content_hash: row.try_get("content_hash")?,
        images: row.try_get("images")?,
        rank: row.try_get("rank")?,
    })
}

/// How many items of a queue each reviewer has decided, as (reviewer, items), by name.
pub async fn decided_by(conn: &mut Conn, queue_id: &str) -> StoreResult<Vec<(String, i64)>> {
    Ok(sqlx::query_as(
        "SELECT d.reviewer, count(DISTINCT d.item_id) FROM visible_items AS i CROSS JOIN decisions AS d ON d.item_id = i.id \
         WHERE i.queue_id = ?1 AND d.kind IN ('label', 'skip', 'escalate') \
         AND NOT EXISTS (SELECT 1 FROM decisions AS u WHERE u.undoes = d.id) GROUP BY d.reviewer ORDER BY d.reviewer",
    )
    .bind(queue_id)
    .fetch_all(conn)
    .await?)
}
