//! Tables `imports` and `import_errors`: what was read from which file, and which rows were not taken.

use sqlx::Row;

use super::{Conn, StoreResult, WriteTx};

/// What came of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportRow {
    /// UUIDv7.
    pub id: String,
    /// The queue that it went into.
    pub queue_id: String,
    /// The file's name, without its folder.
    pub file_name: String,
    /// JSON: field to column.
    pub mapping: String,
    /// RFC 3339.
    pub started_at: String,
    /// RFC 3339; `None` while it goes on, or if the program was ended in the middle of it.
    pub ended_at: Option<String>,
    /// Rows of the file, whatever came of them.
    pub rows_read: i64,
    /// Rows that became items.
    pub rows_added: i64,
    /// Rows that were in the queue already.
    pub rows_known: i64,
    /// Of those added, rows with the content of an earlier item.
    pub rows_duplicate: i64,
    /// Rows that were not taken.
    pub rows_failed: i64,
    /// Of those added, rows whose language was detected.
    pub rows_detected: i64,
    /// Of those added, rows in Zawgyi.
    pub rows_zawgyi: i64,
    /// Of those added, rows nearly the same as an earlier item.
    pub rows_alike: i64,
    /// Of those added, rows for which some earlier items were not looked at.
    pub rows_crowded: i64,
    /// JSON list of sentences.
    pub warnings: String,
}

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportErrorRow {
    /// Line of the file.
    pub line: i64,
    /// Why.
    pub reason: String,
}

/// A new import.
pub async fn insert(tx: &mut WriteTx<'_>, import: &ImportRow) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO imports (id, queue_id, file_name, mapping, started_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .bind(&import.id)
    .bind(&import.queue_id)
    .bind(&import.file_name)
    .bind(&import.mapping)
    .bind(&import.started_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes how far an import has come.
pub async fn update(tx: &mut WriteTx<'_>, import: &ImportRow) -> StoreResult<()> {
    sqlx::query(
        "UPDATE imports SET ended_at = ?2, rows_read = ?3, rows_added = ?4, rows_known = ?5, rows_duplicate = ?6, \
         rows_failed = ?7, warnings = ?8, rows_detected = ?9, rows_zawgyi = ?10, \
         rows_alike = ?11, rows_crowded = ?12 WHERE id = ?1",
    )
    .bind(&import.id)
    .bind(&import.ended_at)
    .bind(import.rows_read)
    .bind(import.rows_added)
    .bind(import.rows_known)
    .bind(import.rows_duplicate)
    .bind(import.rows_failed)
    .bind(&import.warnings)
    .bind(import.rows_detected)
    .bind(import.rows_zawgyi)
    .bind(import.rows_alike)
    .bind(import.rows_crowded)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps why a row was not taken.
pub async fn insert_error(tx: &mut WriteTx<'_>, import_id: &str, error: &ImportErrorRow) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO import_errors (import_id, line, reason) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )
    .bind(import_id)
    .bind(error.line)
    .bind(&error.reason)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Rows that were not taken, in the order of the file, after `after_line`.
pub async fn errors(
    conn: &mut Conn,
    import_id: &str,
    after_line: i64,
    limit: u32,
) -> StoreResult<Vec<ImportErrorRow>> {
    let rows = sqlx::query(
        "SELECT line, reason FROM import_errors WHERE import_id = ?1 AND line > ?2 ORDER BY line LIMIT ?3",
    )
    .bind(import_id)
    .bind(after_line)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| Ok(ImportErrorRow { line: row.try_get("line")?, reason: row.try_get("reason")? }))
        .collect()
}

/// Imports into a queue, newest first.
pub async fn of_queue(conn: &mut Conn, queue_id: &str) -> StoreResult<Vec<ImportRow>> {
    let rows = sqlx::query("SELECT * FROM imports WHERE queue_id = ?1 ORDER BY started_at DESC, id DESC")
        .bind(queue_id)
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(ImportRow {
                id: row.try_get("id")?,
                queue_id: row.try_get("queue_id")?,
                file_name: row.try_get("file_name")?,
                mapping: row.try_get("mapping")?,
                started_at: row.try_get("started_at")?,
                ended_at: row.try_get("ended_at")?,
                rows_read: row.try_get("rows_read")?,
                rows_added: row.try_get("rows_added")?,
                rows_known: row.try_get("rows_known")?,
                rows_duplicate: row.try_get("rows_duplicate")?,
                rows_failed: row.try_get("rows_failed")?,
                rows_detected: row.try_get("rows_detected")?,
                rows_zawgyi: row.try_get("rows_zawgyi")?,
                rows_alike: row.try_get("rows_alike")?,
                rows_crowded: row.try_get("rows_crowded")?,
                warnings: row.try_get("warnings")?,
            })
        })
        .collect()
}
