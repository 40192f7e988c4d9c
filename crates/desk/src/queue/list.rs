//! Lists of items: pages in the order of the queue, and search.

use super::{ItemState, Mode, Ordering, Queue, UnknownWord, find_queue, search::MatchQuery, state::words};
use std::{fmt, str::FromStr};

use crate::{
    Error, Result, Workspace,
    store::{
        self, Conn,
        lists::{After, Figure, ListRow, Page},
    },
};

/// Which items a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tab {
    /// Undecided.
    #[default]
    Pending,
    /// Labelled.
    Decided,
    /// Passed over.
    Skipped,
    /// Left to somebody else.
    Escalated,
    /// Flagged, in any state.
    Flagged,
    /// Everything but what is in quarantine.
    All,
}

words!(Tab, "pending, decided, skipped, escalated, flagged, all",
    Pending => "pending", Decided => "decided", Skipped => "skipped", Escalated => "escalated",
    Flagged => "flagged", All => "all");

impl Tab {
    /// The state that the tab is about, if it is about one.
    pub const fn state(self) -> Option<ItemState> {
        match self {
            Self::Pending => Some(ItemState::Pending),
            Self::Decided => Some(ItemState::Decided),
            Self::Skipped => Some(ItemState::Skipped),
            Self::Escalated => Some(ItemState::Escalated),
            Self::Flagged | Self::All => None,
        }
    }
}

/// Where a page ended. Opaque to faces: written and read as text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cursor(After);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let After { seq, figure, rank } = self.0;
        // By its bits: a figure must compare equal when it comes back.
        write!(f, "{seq}.{rank}.{}", figure.map_or_else(String::new, |x| format!("{:x}", x.to_bits())))
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || Error::invalid("cursor", "it does not come from a page of this list");
        let mut parts = text.split('.');
        let mut number = || parts.next().and_then(|p| p.parse().ok()).ok_or_else(bad);
        let (seq, rank) = (number()?, number()?);
        let figure = match parts.next() {
            None => return Err(bad()),
            Some("") => None,
            Some(bits) => Some(f64::from_bits(u64::from_str_radix(bits, 16).map_err(|_| bad())?)),
        };
        Ok(Self(After { seq, figure, rank }))
    }
}

/// A page that is wanted.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Id or name of the queue.
    pub queue: String,
    /// Which items.
    pub tab: Tab,
    /// Where the last page ended; the beginning if `None`.
    pub after: Option<Cursor>,
    /// How many rows, at most 500.
    pub limit: u32,
}

/// An item as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemSummary {
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
    /// Largest `p_unsafe` of its tasks. `None` also where verdicts are hidden.
    pub risk: Option<f64>,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemPage {
    /// In the order of the queue.
    pub rows: Vec<ItemSummary>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Cursor>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchPage {
    /// As imported.
    pub rows: Vec<ItemSummary>,
    /// Whether there are more.
    pub capped: bool,
}

/// Most rows of one page.
const PAGE_ROWS_MAX: u32 = 500;

impl Workspace {
    /// A page of a queue's list, in the order of the queue. The tabs "flagged" and "all" know only the orders of import.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue.
    pub async fn list(&self, query: &ListQuery) -> Result<ItemPage> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, &query.queue).await?;
        let limit = query.limit.clamp(1, PAGE_ROWS_MAX);
        let rows = ordered(&mut read, &queue, query.tab, query.after.map(|c| c.0), limit).await?;
        let full = rows.len() == limit as usize;
        let next = rows.last().filter(|_| full).map(|row| Cursor(after_row(row, queue.ordering)));
        Ok(ItemPage { rows: summaries(&mut read, &queue, rows).await?, next })
    }

    /// Items of a queue that contain every word of `text`, in any script, as imported.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue.
    pub async fn search(&self, queue: &str, text: &str, limit: u32) -> Result<SearchPage> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        let limit = limit.clamp(1, PAGE_ROWS_MAX);
        let mut rows = store::search::find(&mut read, &queue.id, &MatchQuery::parse(text), limit + 1).await?;
        let capped = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        Ok(SearchPage { rows: summaries(&mut read, &queue, rows).await?, capped })
    }
}

/// Rows of a tab in the order of the queue.
pub(crate) async fn ordered(
    conn: &mut Conn,
    queue: &Queue,
    tab: Tab,
    after: Option<After>,
    limit: u32,
) -> Result<Vec<ListRow>> {
    let page = Page { queue_id: &queue.id, state: tab.state().unwrap_or_default(), after, limit };
    let newest = queue.ordering == Ordering::Newest;
    let rows = match tab {
        Tab::All if newest => store::lists::all_newest(conn, page).await?,
        Tab::All => store::lists::all(conn, page).await?,
        Tab::Flagged => store::lists::flagged(conn, page).await?,
        Tab::Pending | Tab::Decided | Tab::Skipped | Tab::Escalated => match queue.ordering {
            Ordering::Imported => store::lists::of_state(conn, page).await?,
            Ordering::Newest => store::lists::of_state_newest(conn, page).await?,
            Ordering::Uncertain => store::lists::of_state_by(conn, page, Figure::Uncertainty).await?,
            Ordering::Unsafe => store::lists::of_state_by(conn, page, Figure::Risk).await?,
            Ordering::Draw => match &queue.draw_id {
                Some(draw_id) => store::lists::of_draw(conn, draw_id, page).await?,
                None => Vec::new(),
            },
        },
    };
    Ok(rows)
}

/// The place after a row, in an order.
pub(crate) fn after_row(row: &ListRow, ordering: Ordering) -> After {
    let figure = match ordering {
        Ordering::Uncertain => row.uncertainty,
        Ordering::Unsafe => row.risk,
        Ordering::Imported | Ordering::Newest | Ordering::Draw => None,
    };
    After { seq: row.seq, figure, rank: row.rank.unwrap_or(0) }
}

/// Rows as a list shows them; without figures for undecided items that the plan of the queue keeps blind.
pub(super) async fn summaries(
    conn: &mut Conn,
    queue: &Queue,
    rows: Vec<ListRow>,
) -> Result<Vec<ItemSummary>> {
    let plan = store::plans::in_force(conn, &queue.id).await?;
    let blind = match plan.and_then(|plan| plan.blind_draw_id) {
        Some(draw_id) => {
            let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
            store::draws::among(conn, &draw_id, &serde_json::Value::from(ids).to_string()).await?
        }
        None => Vec::new(),
    };
    let shown = |row: ListRow| {
        let hidden = row.state != ItemState::Decided && blind.contains(&row.id);
        let summary = summary(row, queue);
        ItemSummary { risk: summary.risk.filter(|_| !hidden), ..summary }
    };
    Ok(rows.into_iter().map(shown).collect())
}

pub(crate) fn summary(row: ListRow, queue: &Queue) -> ItemSummary {
    let may_show = queue.mode == Mode::Suggestion || row.state == ItemState::Decided;
    ItemSummary {
        id: row.id,
        seq: row.seq,
        external_id: row.external_id,
        language: row.language,
        excerpt: row.excerpt,
        state: row.state,
        flagged: row.flagged,
        has_response: row.has_response,
        has_image: row.has_image,
        labelled: row.labelled,
        risk: row.risk.filter(|_| may_show),
    }
}
