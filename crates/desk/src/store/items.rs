//! Table `items`. Everything that shows, judges or exports items reads the view `visible_items`.

use std::path::Path;

use saring_verdict::{Message, Subject, Task};
use sqlx::{QueryBuilder, Row, sqlite::SqliteRow};

use super::{Conn, StoreError, StoreResult, WriteTx, media::MediaRow, queues::parse};
use crate::{import::row::conversation, language::LanguageFrom, queue::ItemState};

/// A row to be added. Ids, hashes and order are decided by the import.
#[derive(Clone, Debug)]
pub struct NewItem {
    /// The rowid; see [`last_seq`].
    pub seq: i64,
    /// UUIDv7.
    pub id: String,
    /// Line of the file.
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
    /// Whether it was detected; else it came with the row.
    pub language_detected: bool,
    /// Whether its texts are in Zawgyi.
    pub zawgyi: bool,
    /// What a split must not separate.
    pub group_key: Option<String>,
    /// Verbatim JSON.
    pub source: Option<String>,
    /// Verbatim JSON.
    pub labels: Option<String>,
    /// "gold" or "prior".
    pub labels_role: Option<&'static str>,
    /// SHA-256 of turns and images.
    pub content_hash: String,
    /// An earlier item with the same content.
    pub duplicate_of: Option<String>,
}

/// An item as it came, without what was done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemContent {
    /// UUIDv7.
    pub id: String,
    /// Order of import, over the whole workspace.
    pub seq: i64,
    /// Its queue.
    pub queue_id: String,
    /// The id that came with the row.
    pub external_id: Option<String>,
    /// The request.
    pub prompt: Option<String>,
    /// The answer.
    pub response: Option<String>,
    /// All turns, where it came as a conversation.
    pub messages: Option<Vec<Message>>,
    /// BCP 47.
    pub language: Option<String>,
    /// Where that comes from; `None` without one.
    pub language_from: Option<LanguageFrom>,
    /// Whether its texts are Burmese in Zawgyi.
    pub zawgyi: bool,
    /// What a split must not separate.
    pub group_key: Option<String>,
    /// Verbatim JSON.
    pub source: Option<String>,
    /// An earlier item with the same content.
    pub duplicate_of: Option<String>,
    /// Its images, in order.
    pub images: Vec<MediaRow>,
    /// Where it stands.
    pub state: ItemState,
    /// Whether it is flagged.
    pub flagged: bool,
}

impl ItemContent {
    /// What a guard is asked about `task`.
    pub fn subject(&self, task: Task, media_dir: &Path) -> Subject {
        Subject {
            task,
            messages: conversation(
                task,
                self.prompt.as_deref(),
                self.response.as_deref(),
                self.messages.as_deref(),
            ),
            images: self.images.iter().map(|image| image.at.to_ref(media_dir)).collect(),
        }
    }
}

/// The highest `seq` ever given. Inside a [`WriteTx`] nobody else can take the next.
pub async fn last_seq(conn: &mut Conn) -> StoreResult<i64> {
    let seq: Option<i64> = sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'items'")
        .fetch_optional(conn)
        .await?;
    Ok(seq.unwrap_or(0))
}

/// Adds items of one import to one queue.
pub async fn insert(
    tx: &mut WriteTx<'_>,
    queue_id: &str,
    import_id: &str,
    created_at: &str,
    items: &[NewItem],
) -> StoreResult<()> {
    // Statements of equal size are prepared once.
    for chunk in items.chunks(50) {
        let mut query = QueryBuilder::new(
            "INSERT INTO items (seq, id, queue_id, import_id, line, external_id, prompt, response, messages, language, \
             language_from, zawgyi, group_key, source, labels, labels_role, content_hash, duplicate_of, created_at) ",
        );
        query.push_values(chunk, |mut row, item| {
            row.push_bind(item.seq)
                .push_bind(&item.id)
                .push_bind(queue_id)
                .push_bind(import_id)
                .push_bind(item.line)
                .push_bind(&item.external_id)
                .push_bind(&item.prompt)
                .push_bind(&item.response)
                .push_bind(&item.messages)
                .push_bind(&item.language)
                .push_bind(item.language_detected.then_some("detected"))
                .push_bind(item.zawgyi)
                .push_bind(&item.group_key)
                .push_bind(&item.source)
                .push_bind(&item.labels)
                .push_bind(item.labels_role)
                .push_bind(&item.content_hash)
                .push_bind(&item.duplicate_of)
                .push_bind(created_at);
        });
        query.build().execute(&mut **tx).await?;
    }
    Ok(())
}

/// An earlier item of a queue with a certain content.
#[derive(Clone, Debug)]
pub struct Original {
    /// The content.
    pub content_hash: String,
    /// The item.
    pub id: String,
}

/// The first items of a queue with these contents. `hashes` is a JSON list.
pub async fn originals(conn: &mut Conn, queue_id: &str, hashes: &str) -> StoreResult<Vec<Original>> {
    let rows = sqlx::query(
        "SELECT i.content_hash, i.id FROM json_each(?2) AS j \
         CROSS JOIN items AS i ON i.queue_id = ?1 AND i.content_hash = j.value AND i.duplicate_of IS NULL",
    )
    .bind(queue_id)
    .bind(hashes)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| Ok(Original { content_hash: row.try_get("content_hash")?, id: row.try_get("id")? }))
        .collect()
}

/// Which of these contents are in quarantine, in whatever queue: they must not come in again. `hashes` is a JSON list.
pub async fn quarantined_contents(conn: &mut Conn, hashes: &str) -> StoreResult<Vec<String>> {
    Ok(sqlx::query_scalar(
        "SELECT j.value FROM json_each(?1) AS j \
         WHERE EXISTS (SELECT 1 FROM items AS i WHERE i.content_hash = j.value AND i.quarantined = 1)",
    )
    .bind(hashes)
    .fetch_all(conn)
    .await?)
}

/// The other visible items with the content of this one, in every queue, without their images.
pub async fn same_content(conn: &mut Conn, id: &str) -> StoreResult<Vec<ItemContent>> {
    // By queue, so that the index of a queue's contents is used.
    let rows = sqlx::query(
        "SELECT c.* FROM items AS i CROSS JOIN queues AS q \
         CROSS JOIN visible_items AS c ON c.queue_id = q.id AND c.content_hash = i.content_hash \
         WHERE i.id = ?1 AND c.id <> i.id ORDER BY c.seq",
    )
    .bind(id)
    .fetch_all(conn)
    .await?;
    rows.iter().map(from_row).collect()
}

/// Which of these rows are in the queue already: the same content under the same id or, without an id, from the same line.
/// `rows` is a JSON list of `[content_hash, external_id, line]`; the answer holds positions in it.
pub async fn known(conn: &mut Conn, queue_id: &str, rows: &str) -> StoreResult<Vec<i64>> {
    Ok(sqlx::query_scalar(
        "SELECT j.key FROM json_each(?2) AS j WHERE EXISTS (SELECT 1 FROM items AS i \
         WHERE i.queue_id = ?1 AND i.content_hash = j.value ->> 0 AND i.external_id IS j.value ->> 1 \
         AND (i.external_id IS NOT NULL OR i.line = j.value ->> 2))",
    )
    .bind(queue_id)
    .bind(rows)
    .fetch_all(conn)
    .await?)
}

/// Which of these items are in the workspace already, in whatever queue. `ids` is a JSON list; the answer holds positions in it.
pub async fn here_already(conn: &mut Conn, ids: &str) -> StoreResult<Vec<i64>> {
    Ok(sqlx::query_scalar(
        "SELECT j.key FROM json_each(?1) AS j WHERE EXISTS (SELECT 1 FROM items AS i WHERE i.id = j.value)",
    )
    .bind(ids)
    .fetch_all(conn)
    .await?)
}

/// An item that is not in quarantine, without its images.
pub async fn visible(conn: &mut Conn, id: &str) -> StoreResult<Option<ItemContent>> {
    let row = sqlx::query("SELECT * FROM visible_items WHERE id = ?1").bind(id).fetch_optional(conn).await?;
    row.as_ref().map(from_row).transpose()
}

/// An item, in quarantine or not: for undoing and releasing, never for showing.
pub async fn any(conn: &mut Conn, id: &str) -> StoreResult<Option<ItemContent>> {
    let row = sqlx::query("SELECT * FROM items WHERE id = ?1").bind(id).fetch_optional(conn).await?;
    row.as_ref().map(from_row).transpose()
}

/// Numbers and ids of a queue's items that somebody did something with, in quarantine or not, after a number and up to another:
/// where they stand is derived again when the plan of their review changes.
pub async fn decided_on(
    conn: &mut Conn,
    queue_id: &str,
    after_seq: i64,
    last_seq: i64,
    limit: u32,
) -> StoreResult<Vec<(i64, String)>> {
    Ok(sqlx::query_as(
        "SELECT seq, id FROM items AS i NOT INDEXED WHERE seq > ?2 AND seq <= ?3 AND queue_id = ?1 \
         AND EXISTS (SELECT 1 FROM decisions AS d WHERE d.item_id = i.id) ORDER BY seq LIMIT ?4",
    )
    .bind(queue_id)
    .bind(after_seq)
    .bind(last_seq)
    .bind(limit)
    .fetch_all(conn)
    .await?)
}

/// Where an item lies in the orders of its queue, in quarantine or not: what comes after it is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// Its queue.
    pub queue_id: String,
    /// Order of import.
    pub seq: i64,
    /// Largest `p_unsafe` of its tasks.
    pub risk: Option<f64>,
    /// Largest uncertainty of its tasks.
    pub uncertainty: Option<f64>,
}

/// Where an item lies.
pub async fn position(conn: &mut Conn, id: &str) -> StoreResult<Option<Position>> {
    let row = sqlx::query("SELECT queue_id, seq, risk, uncertainty FROM items WHERE id = ?1")
        .bind(id)
        .fetch_optional(conn)
        .await?;
    row.map(|row| {
        Ok(Position {
            queue_id: row.try_get("queue_id")?,
            seq: row.try_get("seq")?,
            risk: row.try_get("risk")?,
            uncertainty: row.try_get("uncertainty")?,
        })
    })
    .transpose()
}

/// Items that are not in quarantine, with their images, in the order of import. `ids` is a JSON list.
pub async fn contents(conn: &mut Conn, ids: &str) -> StoreResult<Vec<ItemContent>> {
    let rows = sqlx::query(
        "SELECT i.* FROM json_each(?1) AS j CROSS JOIN visible_items AS i ON i.id = j.value ORDER BY i.seq",
    )
    .bind(ids)
    .fetch_all(&mut *conn)
    .await?;
    let mut items = rows.iter().map(from_row).collect::<StoreResult<Vec<_>>>()?;
    for (item_id, image) in super::media::of_items(conn, ids).await? {
        if let Some(item) = items.iter_mut().find(|item| item.id == item_id) {
            item.images.push(image);
        }
    }
    Ok(items)
}

/// Whether an item is there, and in quarantine. For the quarantine itself.
pub async fn is_quarantined(conn: &mut Conn, id: &str) -> StoreResult<Option<bool>> {
    Ok(sqlx::query_scalar("SELECT quarantined FROM items WHERE id = ?1")
        .bind(id)
        .fetch_optional(conn)
        .await?)
}

/// An item in quarantine, as the list of them shows it: no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantinedItem {
    /// UUIDv7.
    pub id: String,
    /// Order of import.
    pub seq: i64,
    /// The id that came with the row.
    pub external_id: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
}

/// Items of a queue that are in quarantine, in the order of import, after `after_seq`.
pub async fn quarantined(
    conn: &mut Conn,
    queue_id: &str,
    after_seq: i64,
    limit: u32,
) -> StoreResult<Vec<QuarantinedItem>> {
    let rows = sqlx::query(
        "SELECT id, seq, external_id, language FROM items \
         WHERE queue_id = ?1 AND quarantined = 1 AND seq > ?2 ORDER BY seq LIMIT ?3",
    )
    .bind(queue_id)
    .bind(after_seq)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(QuarantinedItem {
                id: row.try_get("id")?,
                seq: row.try_get("seq")?,
                external_id: row.try_get("external_id")?,
                language: row.try_get("language")?,
            })
        })
        .collect()
}

/// How many other visible items have the content of this one.
pub async fn copies(conn: &mut Conn, item: &ItemContent) -> StoreResult<i64> {
    let original = item.duplicate_of.as_ref().unwrap_or(&item.id);
    let all: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM visible_items WHERE duplicate_of = ?1) \
         + (SELECT count(*) FROM visible_items WHERE id = ?1)",
    )
    .bind(original)
    .fetch_one(conn)
    .await?;
    Ok((all - 1).max(0))
}

/// Sets where an item stands.
pub async fn set_state(tx: &mut WriteTx<'_>, id: &str, state: ItemState) -> StoreResult<()> {
    sqlx::query("UPDATE items SET state = ?2 WHERE id = ?1 AND state <> ?2")
        .bind(id)
        .bind(state.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Sets whether an item is flagged.
pub async fn set_flagged(tx: &mut WriteTx<'_>, id: &str, flagged: bool) -> StoreResult<()> {
    sqlx::query("UPDATE items SET flagged = ?2 WHERE id = ?1 AND flagged <> ?2")
        .bind(id)
        .bind(flagged)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Takes an item out of everything, or back into it.
pub async fn set_quarantined(tx: &mut WriteTx<'_>, id: &str, quarantined: bool) -> StoreResult<()> {
    sqlx::query("UPDATE items SET quarantined = ?2 WHERE id = ?1 AND quarantined <> ?2")
        .bind(id)
        .bind(quarantined)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Sets `risk` and `uncertainty` from the `p_unsafe` of the item's tasks.
pub async fn refresh_risk(tx: &mut WriteTx<'_>, id: &str) -> StoreResult<()> {
    sqlx::query(
        "UPDATE items SET (risk, uncertainty) = \
         (SELECT max(p_unsafe), max(1.0 - abs(2.0 * p_unsafe - 1.0)) FROM tasks WHERE item_id = ?1) WHERE id = ?1",
    )
    .bind(id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn from_row(row: &SqliteRow) -> StoreResult<ItemContent> {
    let id: String = row.try_get("id")?;
    let messages =
        match row.try_get::<Option<&str>, _>("messages")? {
            None => None,
            Some(json) => Some(serde_json::from_str(json).map_err(|_| {
                StoreError::damaged(format!("the messages of item {id} cannot be understood"))
            })?),
        };
    let language: Option<String> = row.try_get("language")?;
    let language_from = match row.try_get::<Option<&str>, _>("language_from")? {
        Some("corrected") => Some(LanguageFrom::Corrected),
        Some(_) => Some(LanguageFrom::Detected),
        None => language.is_some().then_some(LanguageFrom::File),
    };
    Ok(ItemContent {
        messages,
        language,
        language_from,
        zawgyi: row.try_get("zawgyi")?,
        seq: row.try_get("seq")?,
        queue_id: row.try_get("queue_id")?,
        external_id: row.try_get("external_id")?,
        prompt: row.try_get("prompt")?,
        response: row.try_get("response")?,
        group_key: row.try_get("group_key")?,
        source: row.try_get("source")?,
        duplicate_of: row.try_get("duplicate_of")?,
        images: Vec::new(),
        state: parse(row.try_get("state")?, "state")?,
        flagged: row.try_get("flagged")?,
        id,
    })
}
