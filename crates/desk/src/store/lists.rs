//! Pages of items in each order. Every statement seeks to where the last page ended; nothing is counted or skipped over.

use sqlx::{Row, sqlite::SqliteRow};

use super::{Conn, StoreResult, queues::parse};
use crate::queue::ItemState;

/// An item as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ListRow {
    /// UUIDv7.
    pub id: String,
    /// Order of import.
    pub seq: i64,
    /// The id that came with the row.
    pub external_id: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// The first 120 characters of what is judged.
    pub excerpt: String,
    /// Where it stands.
    pub state: ItemState,
    /// Whether it is flagged.
    pub flagged: bool,
    /// Whether it has an answer.
    pub has_response: bool,
    /// Whether it has an image.
    pub has_image: bool,
    /// Whether a guard has judged it.
    pub labelled: bool,
    /// Largest `p_unsafe` of its tasks.
    pub risk: Option<f64>,
    /// Largest uncertainty of its tasks.
    pub uncertainty: Option<f64>,
    /// Its place in the draw, for lists by draw.
    pub rank: Option<i64>,
}

macro_rules! list_columns {
    () => {
        "i.id, i.seq, i.external_id, i.language, i.state, i.flagged, i.risk, i.uncertainty, \
         substr(CASE WHEN i.messages IS NOT NULL THEN coalesce(i.messages ->> '$[#-1].content', '') \
         WHEN coalesce(i.prompt, '') <> '' THEN i.prompt ELSE coalesce(i.response, '') END, 1, 120) AS excerpt, \
         (i.response IS NOT NULL OR i.messages ->> '$[#-1].role' IS 'assistant') AS has_response, \
         EXISTS (SELECT 1 FROM item_media AS m WHERE m.item_id = i.id) AS has_image"
    };
}
pub(super) use list_columns;

/// Where a page begins: after this row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct After {
    /// Its number.
    pub seq: i64,
    /// What it is sorted by, for orders that sort by a figure.
    pub figure: Option<f64>,
    /// Its place in the draw.
    pub rank: i64,
}

/// By which figure a list is sorted, largest first, those without one last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// `items.risk`.
    Risk,
    /// `items.uncertainty`.
    Uncertainty,
}

impl Figure {
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::Risk => "risk",
            Self::Uncertainty => "uncertainty",
        }
    }
}

/// Leaves out what stands otherwise for the reviewer `?5`, or for everybody: see [`seen_states`](super::seen_states).
macro_rules! stands_so_for_them {
    () => {
        " AND NOT EXISTS (SELECT 1 FROM seen_states AS s WHERE s.queue_id = ?1 AND s.reviewer = ?5 AND s.seq = i.seq) \
         AND NOT EXISTS (SELECT 1 FROM seen_states AS s WHERE s.queue_id = ?1 AND s.reviewer = '' AND s.seq = i.seq)"
    };
}

/// Which rows of a list are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Of which queue.
    pub queue_id: &'a str,
    /// Of which state; not looked at by lists over all states.
    pub state: ItemState,
    /// For whom: lists of a state leave out what stands otherwise for them. Empty for everybody.
    pub reviewer: &'a str,
    /// After which row; from the beginning if `None`.
    pub after: Option<After>,
    /// How many.
    pub limit: u32,
}

/// One state, as imported.
pub async fn of_state(conn: &mut Conn, page: Page<'_>) -> StoreResult<Vec<ListRow>> {
    fetch(conn, OF_STATE, page, page.after.map_or(i64::MIN, |a| a.seq)).await
}

/// One state, newest first.
pub async fn of_state_newest(conn: &mut Conn, page: Page<'_>) -> StoreResult<Vec<ListRow>> {
    fetch(conn, OF_STATE_NEWEST, page, page.after.map_or(i64::MAX, |a| a.seq)).await
}

/// Every state, as imported.
pub async fn all(conn: &mut Conn, page: Page<'_>) -> StoreResult<Vec<ListRow>> {
    fetch(conn, ALL, page, page.after.map_or(i64::MIN, |a| a.seq)).await
}

/// Every state, newest first.
pub async fn all_newest(conn: &mut Conn, page: Page<'_>) -> StoreResult<Vec<ListRow>> {
    fetch(conn, ALL_NEWEST, page, page.after.map_or(i64::MAX, |a| a.seq)).await
}

/// Flagged items of every state, as imported.
pub async fn flagged(conn: &mut Conn, page: Page<'_>) -> StoreResult<Vec<ListRow>> {
    fetch(conn, FLAGGED, page, page.after.map_or(i64::MIN, |a| a.seq)).await
}

pub(super) const OF_STATE: &str = concat!(
    "SELECT ",
    list_columns!(),
    ", NULL AS rank FROM visible_items AS i",
    " WHERE i.queue_id = ?1 AND i.state = ?2 AND i.seq > ?3",
    stands_so_for_them!(),
    " ORDER BY i.seq LIMIT ?4"
);
pub(super) const OF_STATE_NEWEST: &str = concat!(
    "SELECT ",
    list_columns!(),
    ", NULL AS rank FROM visible_items AS i",
    " WHERE i.queue_id = ?1 AND i.state = ?2 AND i.seq < ?3",
    stands_so_for_them!(),
    " ORDER BY i.seq DESC LIMIT ?4"
);
pub(super) const ALL: &str = concat!(
    "SELECT ",
    list_columns!(),
    ", NULL AS rank FROM visible_items AS i",
    " WHERE i.queue_id = ?1 AND ?2 IS NOT NULL AND ?5 IS NOT NULL AND i.seq > ?3 ORDER BY i.seq LIMIT ?4"
);
pub(super) const ALL_NEWEST: &str = concat!(
    "SELECT ",
    list_columns!(),
    ", NULL AS rank FROM visible_items AS i",
    " WHERE i.queue_id = ?1 AND ?2 IS NOT NULL AND ?5 IS NOT NULL AND i.seq < ?3 ORDER BY i.seq DESC LIMIT ?4"
);
pub(super) const FLAGGED: &str = concat!(
    "SELECT ",
    list_columns!(),
    ", NULL AS rank FROM visible_items AS i",
    " WHERE i.queue_id = ?1 AND ?2 IS NOT NULL AND ?5 IS NOT NULL AND i.flagged = 1 AND i.seq > ?3 ORDER BY i.seq LIMIT ?4"
);

async fn fetch(conn: &mut Conn, sql: &'static str, page: Page<'_>, after: i64) -> StoreResult<Vec<ListRow>> {
    let rows = sqlx::query(sql)
        .bind(page.queue_id)
        .bind(page.state.as_str())
        .bind(after)
        .bind(page.limit)
        .bind(page.reviewer)
        .fetch_all(conn)
        .await?;
    rows.iter().map(from_row).collect()
}

/// One state, by a figure, largest first; equal ones as imported, those without a figure last.
pub async fn of_state_by(conn: &mut Conn, page: Page<'_>, figure: Figure) -> StoreResult<Vec<ListRow>> {
    // Three pieces, each one range of the index: a single condition over all three would be a scan.
    let [same, lower, without] = match figure {
        Figure::Risk => BY_RISK,
        Figure::Uncertainty => BY_UNCERTAINTY,
    };
    let mut rows = Vec::new();
    let after_seq = page.after.map_or(i64::MIN, |a| a.seq);
    let after_figure = page.after.and_then(|a| a.figure);
    let at_end = page.after.is_some() && after_figure.is_none();
    if !at_end {
        if after_figure.is_some() {
            rows = fetch_by(conn, same, page, after_seq, after_figure, rows.len()).await?;
        }
        let ceiling = Some(after_figure.unwrap_or(f64::MAX));
        let more = fetch_by(conn, lower, page, after_seq, ceiling, rows.len()).await?;
        rows.extend(more);
    }
    let after_seq = if at_end { after_seq } else { i64::MIN };
    let more = fetch_by(conn, without, page, after_seq, None, rows.len()).await?;
    rows.extend(more);
    Ok(rows)
}

macro_rules! by_figure {
    ($figure:literal) => {
        [
            concat!(
                "SELECT ",
                list_columns!(),
                ", NULL AS rank FROM visible_items AS i WHERE i.queue_id = ?1",
                " AND i.state = ?2 AND i.",
                $figure,
                " = ?3 AND i.seq > ?4",
                stands_so_for_them!(),
                " ORDER BY i.seq LIMIT ?6"
            ),
            concat!(
                "SELECT ",
                list_columns!(),
                ", NULL AS rank FROM visible_items AS i WHERE i.queue_id = ?1",
                " AND i.state = ?2 AND i.",
                $figure,
                " < ?3 AND ?4 IS NOT NULL",
                stands_so_for_them!(),
                " ORDER BY i.",
                $figure,
                " DESC, i.seq LIMIT ?6"
            ),
            concat!(
                "SELECT ",
                list_columns!(),
                ", NULL AS rank FROM visible_items AS i WHERE i.queue_id = ?1",
                " AND i.state = ?2 AND i.",
                $figure,
                " IS NULL AND ?3 IS NULL AND i.seq > ?4",
                stands_so_for_them!(),
                " ORDER BY i.seq LIMIT ?6"
            ),
        ]
    };
}
pub(super) const BY_RISK: [&str; 3] = by_figure!("risk");
pub(super) const BY_UNCERTAINTY: [&str; 3] = by_figure!("uncertainty");

async fn fetch_by(
    conn: &mut Conn,
    sql: &'static str,
    page: Page<'_>,
    after_seq: i64,
    figure: Option<f64>,
    have: usize,
) -> StoreResult<Vec<ListRow>> {
    let limit = i64::from(page.limit) - i64::try_from(have).unwrap_or(i64::MAX);
    if limit <= 0 {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(sql)
        .bind(page.queue_id)
        .bind(page.state.as_str())
        .bind(figure)
        .bind(after_seq)
        .bind(page.reviewer)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(from_row).collect()
}

/// One state of the items of a draw, in its order.
pub async fn of_draw(conn: &mut Conn, draw_id: &str, page: Page<'_>) -> StoreResult<Vec<ListRow>> {
    let rows = sqlx::query(OF_DRAW)
        .bind(page.queue_id)
        .bind(page.state.as_str())
        .bind(page.after.map_or(i64::MIN, |a| a.rank))
        .bind(page.limit)
        .bind(page.reviewer)
        .bind(draw_id)
        .fetch_all(conn)
        .await?;
    rows.iter().map(from_row).collect()
}

pub(super) const OF_DRAW: &str = concat!(
    "SELECT ",
    list_columns!(),
    ", d.rank AS rank FROM draw_items AS d",
    " CROSS JOIN visible_items AS i ON i.id = d.item_id",
    " WHERE d.draw_id = ?6 AND i.state = ?2 AND d.rank > ?3",
    stands_so_for_them!(),
    " ORDER BY d.rank LIMIT ?4"
);

/// A visible item as a list shows it.
pub async fn one(conn: &mut Conn, item_id: &str) -> StoreResult<Option<ListRow>> {
    const ONE: &str =
        concat!("SELECT ", list_columns!(), ", NULL AS rank FROM visible_items AS i WHERE i.id = ?1");
    let row = sqlx::query(ONE).bind(item_id).fetch_optional(conn).await?;
    row.as_ref().map(from_row).transpose()
}

pub(super) fn from_row(row: &SqliteRow) -> StoreResult<ListRow> {
    let risk: Option<f64> = row.try_get("risk")?;
    Ok(ListRow {
        id: row.try_get("id")?,
        seq: row.try_get("seq")?,
        external_id: row.try_get("external_id")?,
        language: row.try_get("language")?,
        excerpt: row.try_get("excerpt")?,
        state: parse(row.try_get("state")?, "state")?,
        flagged: row.try_get("flagged")?,
        has_response: row.try_get("has_response")?,
        has_image: row.try_get("has_image")?,
        labelled: risk.is_some(),
        risk,
        uncertainty: row.try_get("uncertainty")?,
        rank: row.try_get("rank")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn every_list_seeks_in_its_own_index_and_sorts_nothing() {
        let fixture = Fixture::new().await;
        for (sql, index) in [
            (OF_STATE, "items_as_imported"),
            (OF_STATE_NEWEST, "items_as_imported"),
            (ALL, "items_by_queue"),
            (ALL_NEWEST, "items_by_queue"),
            (FLAGGED, "items_flagged"),
            (BY_RISK[0], "items_most_unsafe"),
            (BY_RISK[1], "items_most_unsafe"),
            (BY_RISK[2], "items_most_unsafe"),
            (BY_UNCERTAINTY[0], "items_most_uncertain"),
            (BY_UNCERTAINTY[1], "items_most_uncertain"),
            (BY_UNCERTAINTY[2], "items_most_uncertain"),
        ] {
            let plan = fixture.workspace.store().plan(sql).await;
            assert!(plan.contains(&format!("SEARCH items USING INDEX {index} (queue_id=?")), "{sql}\n{plan}");
            assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
        }
        let plan = fixture.workspace.store().plan(OF_DRAW).await;
        assert!(plan.starts_with("SEARCH d USING PRIMARY KEY (draw_id=? AND rank>?)"), "{plan}");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}
