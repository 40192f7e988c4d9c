//! Lists of items: pages in the order of the queue, and search.

use super::{ItemState, Mode, Ordering, Queue, UnknownWord, find_queue, search::MatchQuery, state::words};
use std::{cmp, collections::HashMap, fmt, str::FromStr};

use crate::{
    Error, Result, Workspace,
    review::{ReviewPlan, SeenState},
    store::{
        self, Conn,
        lists::{After, Figure, ListRow, Page},
        seen_states::ListOrder,
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
    /// Pseudonym of the reviewer who looks; `None` for what everybody may know.
    pub viewer: Option<String>,
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
    /// Where it stands for whoever looks: see [`Workspace::item_for`].
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
    /// A page of a queue's list, as a reviewer may see it: what they decide apart from others stands as they left it themselves. It
    /// is in the order of the queue, but for an order that would tell verdicts that are hidden: then as imported. The tabs "flagged"
    /// and "all" know only the orders of import.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue.
    pub async fn list(&self, query: &ListQuery) -> Result<ItemPage> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, &query.queue).await?;
        let limit = query.limit.clamp(1, PAGE_ROWS_MAX);
        let plan = store::plans::in_force(&mut read, &queue.id).await?;
        let order = order_shown(&queue, plan.as_ref(), query.tab);
        let viewer = viewer(query.viewer.as_deref());
        let list = Listing { queue: &queue, order, tab: query.tab, viewer };
        let rows = list.seen(&mut read, query.after.map(|c| c.0), limit).await?;
        let full = rows.len() == limit as usize;
        let next = rows.last().filter(|_| full).map(|row| Cursor(after_row(row, order)));
        Ok(ItemPage { rows: summaries(&mut read, &queue, viewer, rows).await?, next })
    }

    /// Items of a queue that contain every word of `text`, in any script, as imported, as everybody may see them.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue.
    pub async fn search(&self, queue: &str, text: &str, limit: u32) -> Result<SearchPage> {
        self.search_for(queue, text, limit, None).await
    }

    /// Items of a queue that contain every word of `text`, as a reviewer may see them.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue.
    pub async fn search_for(
        &self,
        queue: &str,
        text: &str,
        limit: u32,
        reviewer: Option<&str>,
    ) -> Result<SearchPage> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        let limit = limit.clamp(1, PAGE_ROWS_MAX);
        let mut rows = store::search::find(&mut read, &queue.id, &MatchQuery::parse(text), limit + 1).await?;
        let capped = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        Ok(SearchPage { rows: summaries(&mut read, &queue, viewer(reviewer), rows).await?, capped })
    }
}

/// Who looks, as [`SeenState`] has it.
pub(super) fn viewer(reviewer: Option<&str>) -> &str {
    reviewer.map_or(SeenState::EVERYBODY, str::trim)
}

/// The order of a list: that of the queue, unless it would tell what a guard says of items whose verdicts are hidden.
fn order_shown(queue: &Queue, plan: Option<&ReviewPlan>, tab: Tab) -> Ordering {
    let hides = queue.mode == Mode::Blind || plan.is_some_and(|plan| plan.blind_draw_id.is_some());
    match queue.ordering {
        Ordering::Uncertain | Ordering::Unsafe if hides && tab != Tab::Decided => Ordering::Imported,
        order => order,
    }
}

/// A list of a queue.
#[derive(Clone, Copy)]
pub(crate) struct Listing<'a> {
    pub queue: &'a Queue,
    pub order: Ordering,
    pub tab: Tab,
    /// For whom; empty for everybody.
    pub viewer: &'a str,
}

impl<'a> Listing<'a> {
    /// What is pending in a queue, in its order: what comes up next.
    pub(crate) const fn pending(queue: &'a Queue, viewer: &'a str) -> Self {
        Self { queue, order: queue.ordering, tab: Tab::Pending, viewer }
    }

    fn page(&self, after: Option<After>, limit: u32) -> Page<'a> {
        let state = self.tab.state().unwrap_or_default();
        Page { queue_id: &self.queue.id, state, reviewer: self.viewer, after, limit }
    }

    /// Rows that stand where the tab says, but for those that stand otherwise for the viewer.
    pub(crate) async fn rows(
        &self,
        conn: &mut Conn,
        after: Option<After>,
        limit: u32,
    ) -> Result<Vec<ListRow>> {
        let page = self.page(after, limit);
        let rows = match self.tab {
            Tab::All if self.order == Ordering::Newest => store::lists::all_newest(conn, page).await?,
            Tab::All => store::lists::all(conn, page).await?,
            Tab::Flagged => store::lists::flagged(conn, page).await?,
            Tab::Pending | Tab::Decided | Tab::Skipped | Tab::Escalated => match self.list_order() {
                Some(ListOrder::Imported) => store::lists::of_state(conn, page).await?,
                Some(ListOrder::Newest) => store::lists::of_state_newest(conn, page).await?,
                Some(ListOrder::By(figure)) => store::lists::of_state_by(conn, page, figure).await?,
                Some(ListOrder::Draw(draw_id)) => store::lists::of_draw(conn, draw_id, page).await?,
                None => Vec::new(),
            },
        };
        Ok(rows)
    }

    /// Rows that stand where the tab says for the viewer.
    async fn seen(&self, conn: &mut Conn, after: Option<After>, limit: u32) -> Result<Vec<ListRow>> {
        let mut rows = self.rows(conn, after, limit).await?;
        let (Some(order), Some(_)) = (self.list_order(), self.tab.state()) else { return Ok(rows) };
        let page = self.page(after, limit);
        rows.extend(store::seen_states::listed(conn, page, order, self.viewer, None).await?);
        if self.viewer != SeenState::EVERYBODY {
            let (everybody, but_for) = (SeenState::EVERYBODY, Some(self.viewer));
            rows.extend(store::seen_states::listed(conn, page, order, everybody, but_for).await?);
        }
        rows.sort_by(|one, other| compare(self.order, one, other));
        rows.truncate(limit as usize);
        Ok(rows)
    }

    /// `None` for a draw that was never made.
    fn list_order(&self) -> Option<ListOrder<'a>> {
        match self.order {
            Ordering::Imported => Some(ListOrder::Imported),
            Ordering::Newest => Some(ListOrder::Newest),
            Ordering::Uncertain => Some(ListOrder::By(Figure::Uncertainty)),
            Ordering::Unsafe => Some(ListOrder::By(Figure::Risk)),
            Ordering::Draw => self.queue.draw_id.as_deref().map(ListOrder::Draw),
        }
    }
}

/// Which of two rows comes first.
fn compare(order: Ordering, one: &ListRow, other: &ListRow) -> cmp::Ordering {
    let as_imported = one.seq.cmp(&other.seq);
    let largest_first = |one: Option<f64>, other: Option<f64>| match (one, other) {
        (Some(one), Some(other)) => other.total_cmp(&one),
        // Those without a figure come last.
        (one, other) => other.is_some().cmp(&one.is_some()),
    };
    match order {
        Ordering::Imported => as_imported,
        Ordering::Newest => as_imported.reverse(),
        Ordering::Uncertain => largest_first(one.uncertainty, other.uncertainty).then(as_imported),
        Ordering::Unsafe => largest_first(one.risk, other.risk).then(as_imported),
        Ordering::Draw => one.rank.cmp(&other.rank),
    }
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

/// Rows as a list shows them to a viewer: standing where they do for them, and without figures where verdicts are hidden.
pub(super) async fn summaries(
    conn: &mut Conn,
    queue: &Queue,
    viewer: &str,
    rows: Vec<ListRow>,
) -> Result<Vec<ItemSummary>> {
    let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
    let seqs = serde_json::Value::from(seqs).to_string();
    let seen: HashMap<i64, ItemState> = store::seen_states::of_rows(conn, &queue.id, viewer, &seqs).await?;
    let plan = store::plans::in_force(conn, &queue.id).await?;
    let blind = match plan.and_then(|plan| plan.blind_draw_id) {
        Some(draw_id) => {
            let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
            store::draws::among(conn, &draw_id, &serde_json::Value::from(ids).to_string()).await?
        }
        None => Vec::new(),
    };
    let shown = |row: ListRow| {
        let state = seen.get(&row.seq).copied().unwrap_or(row.state);
        let suggests = queue.mode == Mode::Suggestion && !blind.contains(&row.id);
        summary(row, state, suggests || state == ItemState::Decided)
    };
    Ok(rows.into_iter().map(shown).collect())
}

fn summary(row: ListRow, state: ItemState, shows_verdicts: bool) -> ItemSummary {
    ItemSummary {
        id: row.id,
        seq: row.seq,
        external_id: row.external_id,
        language: row.language,
        excerpt: row.excerpt,
        state,
        flagged: row.flagged,
        has_response: row.has_response,
        has_image: row.has_image,
        labelled: row.labelled,
        risk: row.risk.filter(|_| shows_verdicts),
    }
}
