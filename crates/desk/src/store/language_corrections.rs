//! Table `language_corrections`: what people said about the language of items. Append-only.

use super::{StoreResult, WriteTx};

/// What a reviewer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectionRow<'a> {
    /// UUIDv7.
    pub id: &'a str,
    /// Which item.
    pub item_id: &'a str,
    /// BCP 47; `None`: it cannot be told.
    pub language: Option<&'a str>,
    /// A pseudonym.
    pub reviewer: &'a str,
    /// RFC 3339.
    pub corrected_at: &'a str,
}

/// Adds a row.
pub async fn insert(tx: &mut WriteTx<'_>, row: &CorrectionRow<'_>) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO language_corrections (id, item_id, language, reviewer, corrected_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .bind(row.id)
    .bind(row.item_id)
    .bind(row.language)
    .bind(row.reviewer)
    .bind(row.corrected_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Sets the language of an item to what a reviewer said, and keeps what it was imported with.
pub async fn apply(tx: &mut WriteTx<'_>, item_id: &str, language: Option<&str>) -> StoreResult<()> {
    sqlx::query(
        "UPDATE items SET imported_language = CASE WHEN language_from IS 'corrected' THEN imported_language ELSE language END, \
         language_from = 'corrected', language = ?2 WHERE id = ?1",
    )
    .bind(item_id)
    .bind(language)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
