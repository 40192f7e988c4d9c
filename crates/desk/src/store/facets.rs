//! Table `facets`: what lists are filtered and sorted by, one narrow row for each visible (item, task).
//!
//! Everything in it is derived by the view `derived_facets`; triggers and [`add`] keep it. Lists seek to where the last page ended,
//! in an index that holds all that a filter asks for, so that the longest way to a page is once through narrow rows.

use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};

pub use super::facet_marks::{Mark, Marks};
use super::{
    Conn, StoreResult, WriteTx,
    lists::{self, ListRow, list_columns},
    search,
};
use crate::queue::{ItemState, Sort, search::MatchQuery};

/// Which rows are wanted: all conditions hold for one (item, task).
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Of which queue.
    pub queue_id: String,
    /// For whom: where items stand is where they stand for them. Empty for everybody.
    pub viewer: String,
    /// Where the item must stand.
    pub item_state: Option<ItemState>,
    /// Where the task must stand.
    pub task_state: Option<ItemState>,
    /// What its marks must be.
    pub marks: Marks,
    /// BCP 47, or "und".
    pub language: Option<String>,
    /// `p_unsafe` from, to.
    pub score: Option<(f64, f64)>,
    /// A category of the decision, as JSON in lower case.
    pub category: Option<String>,
    /// A category of the newest verdict, likewise.
    pub guard_category: Option<String>,
    /// Whose decision is in force.
    pub reviewer: Option<String>,
    /// Decided then or later, in seconds since 1970.
    pub since: Option<i64>,
    /// Decided before then.
    pub until: Option<i64>,
    /// Words that must be there.
    pub text: Option<MatchQuery>,
    /// Something of the item must be decided.
    pub decided_only: bool,
    /// What stands otherwise for everybody than it does, because each decides for themselves, is left out.
    pub settled_openly: bool,
    /// Undecided items of this draw are left out.
    pub withheld: Option<String>,
}

/// What a list is sorted by.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// A figure, or a time in seconds.
    Number(f64),
    /// A language.
    Text(String),
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq)]
pub struct FacetAfter {
    /// The last row, or the other task of its item if that comes after it.
    pub place: i64,
    /// What it is sorted by, unless that is its place.
    pub key: Option<Key>,
}

/// Most matches of a text that are sorted otherwise than as imported: they must all be looked at.
pub const SORTED_MATCHES_MAX: u32 = 50_000;

/// Adds the facets of new items, numbers `first` to `last`.
pub async fn add(tx: &mut WriteTx<'_>, first: i64, last: i64) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO facets SELECT place, queue, marks, language, p_unsafe, risk, uncertainty, decided_at, settled_at, reviewer, \
         categories, guard_categories FROM derived_facets WHERE seq BETWEEN ?1 AND ?2",
    )
    .bind(first)
    .bind(last)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Numbers of items between `first` and `last` whose facets are not what the view derives.
pub async fn differing(conn: &mut Conn, first: i64, last: i64) -> StoreResult<Vec<i64>> {
    const ALL: &str = "place, queue, marks, language, p_unsafe, risk, uncertainty, decided_at, settled_at, reviewer, categories, \
         guard_categories";
    let derived = format!("SELECT {ALL} FROM derived_facets WHERE seq BETWEEN ?1 AND ?2");
    let kept = format!("SELECT {ALL} FROM facets WHERE place BETWEEN 2 * ?1 AND 2 * ?2 + 1");
    let sql = format!(
        "SELECT place / 2 FROM (SELECT * FROM ({derived} EXCEPT {kept})) \
         UNION SELECT place / 2 FROM (SELECT * FROM ({kept} EXCEPT {derived})) ORDER BY 1"
    );
    Ok(sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(first).bind(last).fetch_all(conn).await?)
}

/// A row as it was found: its place, and what it is sorted by.
type Found = (i64, Option<Key>);

/// The next items of a list, and where to go on if there may be more.
pub async fn page(
    conn: &mut Conn,
    wanted: &Wanted,
    sort: Sort,
    after: Option<&FacetAfter>,
    limit: u32,
) -> StoreResult<(Vec<ListRow>, Option<FacetAfter>)> {
    // Both tasks of an item may match; they lie beside each other.
    let rows = limit.saturating_mul(2);
    let found = match Column::of(sort) {
        None => as_imported(conn, wanted, after.map_or(i64::MIN, |a| a.place), rows).await?,
        Some(column) => sorted(conn, wanted, column, after, rows).await?,
    };
    let (mut items, mut last) = (Vec::new(), None);
    for (place, key) in &found {
        let seq = place / 2;
        if items.last() != Some(&seq) {
            if items.len() == limit as usize {
                break;
            }
            items.push(seq);
        }
        last = Some(FacetAfter { place: sort.behind(seq), key: key.clone() });
    }
    let is_full = items.len() == limit as usize || found.len() == rows as usize;
    Ok((rows_of(conn, &items).await?, last.filter(|_| is_full)))
}

/// How many items match: counted up to `most`, then one more than that.
pub async fn count(conn: &mut Conn, wanted: &Wanted, most: u32) -> StoreResult<i64> {
    let Some(bounds) = Bounds::of(conn, &wanted.queue_id).await? else { return Ok(0) };
    let mut query = QueryBuilder::new("SELECT count(*) FROM (SELECT DISTINCT f.place / 2");
    push_from(&mut query, wanted, &bounds, i64::MIN);
    push_conditions(&mut query, wanted);
    query.push(" LIMIT ").push_bind(i64::from(most) + 1).push(")");
    Ok(query.build_query_scalar().fetch_one(conn).await?)
}

/// Whether a text matches more items than can be sorted.
pub async fn matches_too_many(conn: &mut Conn, wanted: &Wanted) -> StoreResult<bool> {
    let Some(bounds) = Bounds::of(conn, &wanted.queue_id).await? else { return Ok(false) };
    let Some(text) = &wanted.text else { return Ok(false) };
    let mut query = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM ");
    push_matches(&mut query, text, &bounds, i64::MIN);
    query.push(" LIMIT ").push_bind(i64::from(SORTED_MATCHES_MAX) + 1).push(")");
    let matches: i64 = query.build_query_scalar().fetch_one(conn).await?;
    Ok(matches > i64::from(SORTED_MATCHES_MAX))
}

/// Where a list goes on behind an item; `None` if the item is in no list.
pub async fn behind(conn: &mut Conn, item_id: &str, sort: Sort) -> StoreResult<Option<FacetAfter>> {
    let key = Column::of(sort).map_or("NULL".to_owned(), |column| format!("f.{}", column.name));
    let sql = format!(
        "SELECT f.place, {key} AS key FROM visible_items AS i CROSS JOIN facets AS f \
         ON f.place BETWEEN 2 * i.seq AND 2 * i.seq + 1 WHERE i.id = ?1 LIMIT 1"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(item_id).fetch_optional(conn).await?;
    row.as_ref()
        .map(|row| {
            let (place, key) = found(row, Column::of(sort))?;
            Ok(FacetAfter { place: sort.behind(place / 2), key })
        })
        .transpose()
}

/// A column that lists are sorted by.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    index: &'static str,
    largest_first: bool,
    /// Rows that have nothing in it come last, though it is the smallest value.
    nothing_last: bool,
}

impl Column {
    fn of(sort: Sort) -> Option<Self> {
        let (name, index, largest_first, nothing_last) = match sort {
            Sort::Imported => return None,
            Sort::Unsafe => ("risk", "facets_by_risk", true, false),
            Sort::Safe => ("risk", "facets_by_risk", false, true),
            Sort::Uncertain => ("uncertainty", "facets_by_uncertainty", true, false),
            Sort::Decided => ("settled_at", "facets_by_decision", true, false),
            Sort::Language => ("language", "facets_by_language", false, false),
        };
        Some(Self { name, index, largest_first, nothing_last })
    }

    /// Whether rows of one key come by rising place. Where the index is read from its end, they fall.
    const fn places_rise(self) -> bool {
        !self.nothing_last
    }

    /// The ranges of the index that make up the list behind `after`: a single condition over all of them would be a scan.
    fn ranges(self, after: Option<&FacetAfter>) -> Vec<Range> {
        let nothing = Key::Number(-1.0);
        let after = after.and_then(|after| Some((after.key.clone()?, after.place)));
        match after {
            None if self.nothing_last => vec![Range::Beyond(nothing.clone()), Range::Same(nothing, None)],
            None => vec![Range::Whole],
            Some((key, place)) if self.nothing_last && key == nothing => vec![Range::Same(key, Some(place))],
            Some((key, place)) => {
                let mut ranges = vec![Range::Same(key.clone(), Some(place)), Range::Beyond(key)];
                ranges.extend(self.nothing_last.then_some(Range::Same(nothing, None)));
                ranges
            }
        }
    }
}

enum Range {
    Whole,
    /// This key, behind a place.
    Same(Key, Option<i64>),
    /// What comes after this key.
    Beyond(Key),
}

/// The number of a queue, and where its items lie.
struct Bounds {
    queue: i64,
    first: i64,
    last: i64,
}

impl Bounds {
    async fn of(conn: &mut Conn, queue_id: &str) -> StoreResult<Option<Self>> {
        let Some((first, last)) = search::bounds(conn, queue_id).await? else { return Ok(None) };
        let queue: i64 = sqlx::query_scalar("SELECT number FROM queue_numbers WHERE queue_id = ?1")
            .bind(queue_id)
            .fetch_one(conn)
            .await?;
        Ok(Some(Self { queue, first, last }))
    }
}

async fn as_imported(conn: &mut Conn, wanted: &Wanted, after: i64, limit: u32) -> StoreResult<Vec<Found>> {
    let Some(bounds) = Bounds::of(conn, &wanted.queue_id).await? else { return Ok(Vec::new()) };
    let mut query = QueryBuilder::new("SELECT f.place, NULL AS key");
    push_from(&mut query, wanted, &bounds, after);
    push_conditions(&mut query, wanted);
    // Matches come by number; what belongs to one lies beside it.
    query.push(if wanted.text.is_some() { " ORDER BY h.rowid LIMIT " } else { " ORDER BY f.place LIMIT " });
    query.push_bind(limit);
    query.build().fetch_all(conn).await?.iter().map(|row| found(row, None)).collect()
}

async fn sorted(
    conn: &mut Conn,
    wanted: &Wanted,
    column: Column,
    after: Option<&FacetAfter>,
    limit: u32,
) -> StoreResult<Vec<Found>> {
    let Some(bounds) = Bounds::of(conn, &wanted.queue_id).await? else { return Ok(Vec::new()) };
    let mut rows = Vec::new();
    for range in column.ranges(after) {
        let left = (limit as usize).saturating_sub(rows.len());
        if left == 0 {
            break;
        }
        let mut query = QueryBuilder::new(format!("SELECT f.place, f.{} AS key FROM ", column.name));
        match &wanted.text {
            None => {
                query.push(format_args!("facets AS f INDEXED BY {} WHERE f.queue = ", column.index));
            }
            Some(text) => {
                query.push("(SELECT h.rowid AS seq FROM ");
                push_matches(&mut query, text, &bounds, i64::MIN);
                query.push(format_args!(
                    " LIMIT {SORTED_MATCHES_MAX}) AS m CROSS JOIN facets AS f NOT INDEXED"
                ));
                query.push(" ON f.place BETWEEN 2 * m.seq AND 2 * m.seq + 1 WHERE f.queue = ");
            }
        }
        query.push_bind(bounds.queue);
        push_range(&mut query, column, &range);
        push_conditions(&mut query, wanted);
        push_order(&mut query, column, &range);
        query.push(" LIMIT ").push_bind(i64::try_from(left).unwrap_or(i64::MAX));
        for row in query.build().fetch_all(&mut *conn).await? {
            rows.push(found(&row, Some(column))?);
        }
    }
    Ok(rows)
}

fn push_range(query: &mut QueryBuilder<Sqlite>, column: Column, range: &Range) {
    let name = column.name;
    match range {
        Range::Whole => {}
        Range::Same(key, place) => {
            push_key(query.push(format_args!(" AND f.{name} = ")), key);
            if let Some(place) = place {
                query.push(if column.places_rise() { " AND f.place > " } else { " AND f.place < " });
                query.push_bind(*place);
            }
        }
        Range::Beyond(key) => {
            let comparison = if column.largest_first { '<' } else { '>' };
            push_key(query.push(format_args!(" AND f.{name} {comparison} ")), key);
        }
    }
}

fn push_key(query: &mut QueryBuilder<Sqlite>, key: &Key) {
    match key {
        Key::Number(number) => query.push_bind(*number),
        Key::Text(text) => query.push_bind(text.clone()),
    };
}

fn push_order(query: &mut QueryBuilder<Sqlite>, column: Column, range: &Range) {
    query.push(" ORDER BY ");
    if !matches!(range, Range::Same(..)) {
        let direction = if column.largest_first { "DESC" } else { "ASC" };
        query.push(format_args!("f.{} {direction}, ", column.name));
    }
    query.push(if column.places_rise() { "f.place" } else { "f.place DESC" });
}

/// From where rows of a queue come in the order of import, behind a place.
fn push_from(query: &mut QueryBuilder<Sqlite>, wanted: &Wanted, bounds: &Bounds, after: i64) {
    query.push(" FROM ");
    match &wanted.text {
        // Without an index, so that rows are read by their place.
        None => {
            query.push("facets AS f NOT INDEXED WHERE f.place > ").push_bind(after.max(2 * bounds.first - 1));
            query.push(" AND f.place <= ").push_bind(2 * bounds.last + 1);
            query.push(" AND f.queue = ").push_bind(bounds.queue);
        }
        Some(text) => {
            let matching =
                " CROSS JOIN facets AS f NOT INDEXED ON f.place BETWEEN 2 * h.rowid AND 2 * h.rowid + 1";
            push_matching(query, text, bounds, after, matching);
            query.push(" AND f.queue = ").push_bind(bounds.queue);
        }
    }
}

/// What of a queue matches a text, as `h`.
fn push_matches(query: &mut QueryBuilder<Sqlite>, text: &MatchQuery, bounds: &Bounds, after: i64) {
    push_matching(query, text, bounds, after, "");
}

fn push_matching(
    query: &mut QueryBuilder<Sqlite>,
    text: &MatchQuery,
    bounds: &Bounds,
    after: i64,
    joined: &str,
) {
    let first = bounds.first.max(after / 2 + i64::from(after > 0));
    match (&text.trigrams, &text.grams) {
        (Some(trigrams), grams) => {
            query
                .push(format_args!("search_trigrams AS h{joined} WHERE h.text MATCH "))
                .push_bind(trigrams.clone());
            if let Some(grams) = grams {
                query.push(
                    " AND h.rowid IN (SELECT g.rowid FROM search_grams AS g WHERE g.search_grams MATCH ",
                );
                query.push_bind(grams.clone()).push(" AND g.rowid BETWEEN ").push_bind(first);
                query.push(" AND ").push_bind(bounds.last).push(")");
            }
        }
        (None, grams) => {
            query
                .push(format_args!("search_grams AS h{joined} WHERE h.search_grams MATCH "))
                .push_bind(grams.clone());
        }
    }
    query.push(" AND h.rowid BETWEEN ").push_bind(first).push(" AND ").push_bind(bounds.last);
}

fn push_conditions(query: &mut QueryBuilder<Sqlite>, wanted: &Wanted) {
    if wanted.marks.mask != 0 {
        query.push(" AND f.marks & ").push_bind(wanted.marks.mask).push(" = ").push_bind(wanted.marks.value);
    }
    for (mark, state) in [(Mark::ITEM_STATE, wanted.item_state), (Mark::TASK_STATE, wanted.task_state)] {
        if let Some(state) = state {
            push_stands(query.push(" AND "), wanted, mark, state);
        }
    }
    if wanted.decided_only {
        query.push(" AND f.settled_at > 0");
    }
    if wanted.settled_openly {
        let apart = Mark::IS_APART.mask();
        query.push(format_args!(
            " AND NOT (f.marks & {apart} <> 0 AND EXISTS (SELECT 1 FROM seen_states AS s WHERE s.queue_id = "
        ));
        query.push_bind(wanted.queue_id.clone()).push(" AND s.reviewer = '' AND s.seq = f.place / 2))");
    }
    if let Some(language) = &wanted.language {
        query.push(" AND f.language = ").push_bind(language.clone());
    }
    if let Some((from, to)) = wanted.score {
        query.push(" AND f.p_unsafe BETWEEN ").push_bind(from).push(" AND ").push_bind(to);
    }
    if let Some(reviewer) = &wanted.reviewer {
        query.push(" AND f.reviewer = ").push_bind(reviewer.clone());
    }
    if let Some(since) = wanted.since {
        query.push(" AND f.decided_at >= ").push_bind(since);
    }
    if let Some(until) = wanted.until {
        query.push(" AND f.decided_at < ").push_bind(until);
    }
    for (column, category) in [("categories", &wanted.category), ("guard_categories", &wanted.guard_category)]
    {
        if let Some(category) = category {
            query.push(format_args!(" AND instr(f.{column}, ")).push_bind(category.clone()).push(") > 0");
        }
    }
    if let Some(draw_id) = &wanted.withheld {
        query.push(" AND (");
        push_stands(query, wanted, Mark::ITEM_STATE, ItemState::Decided);
        query.push(" OR NOT EXISTS (SELECT 1 FROM visible_items AS b CROSS JOIN draw_items AS d ");
        query.push("ON d.item_id = b.id WHERE b.seq = f.place / 2 AND d.draw_id = ");
        query.push_bind(draw_id.clone()).push("))");
    }
}

/// Whether an item or a task stands somewhere for the viewer: by its own row or everybody's where it stands otherwise for anybody, which
/// is looked up then only, else by its marks.
fn push_stands(query: &mut QueryBuilder<Sqlite>, wanted: &Wanted, mark: Mark, state: ItemState) {
    let stands = match mark {
        Mark::TASK_STATE => "CASE f.place & 1 WHEN 0 THEN s.prompt_state ELSE s.response_state END",
        _ => "s.state",
    };
    let apart = Mark::IS_APART.mask();
    query.push(format_args!("coalesce(CASE WHEN f.marks & {apart} <> 0 THEN coalesce("));
    for (comma, reviewer) in [("", wanted.viewer.as_str()), (", ", "")] {
        query.push(format_args!("{comma}(SELECT {stands} = ")).push_bind(state.as_str());
        query.push(" FROM seen_states AS s WHERE s.queue_id = ").push_bind(wanted.queue_id.clone());
        query.push(" AND s.reviewer = ").push_bind(reviewer.to_owned()).push(" AND s.seq = f.place / 2)");
    }
    let mut marks = Marks::default();
    marks.require_state(mark, state);
    query.push(") END, f.marks & ").push_bind(marks.mask).push(" = ").push_bind(marks.value).push(")");
}

fn found(row: &SqliteRow, column: Option<Column>) -> StoreResult<Found> {
    let key = match column {
        None => None,
        Some(Column { name: "language", .. }) => Some(Key::Text(row.try_get("key")?)),
        // A whole number of seconds in the database.
        Some(Column { name: "settled_at", .. }) => Some(Key::Number(row.try_get::<i64, _>("key")? as f64)),
        Some(_) => Some(Key::Number(row.try_get("key")?)),
    };
    Ok((row.try_get("place")?, key))
}

/// Items as lists show them, in the order of their numbers here.
async fn rows_of(conn: &mut Conn, seqs: &[i64]) -> StoreResult<Vec<ListRow>> {
    const ROWS: &str = concat!(
        "SELECT ",
        list_columns!(),
        ", NULL AS rank FROM json_each(?1) AS j CROSS JOIN visible_items AS i ON i.seq = j.value ORDER BY j.key"
    );
    let list = serde_json::Value::from(seqs.to_vec()).to_string();
    let rows = sqlx::query(ROWS).bind(list).fetch_all(conn).await?;
    rows.iter().map(lists::from_row).collect()
}
