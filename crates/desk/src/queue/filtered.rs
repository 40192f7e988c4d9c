//! Lists of what a filter finds, page by page, and the rule that no filter and no order tells a verdict that is hidden.

use std::{fmt, str::FromStr};

use saring_verdict::{Severity, Task};

use super::{
    DisagreementOf, Filter, GuardLabel, ItemState, ItemSummary, Mode, Queue, Sort, find_queue,
    list::{summaries, viewer},
    search::MatchQuery,
};
use crate::{
    Error, Result, Workspace,
    review::ReviewPlan,
    store::{
        self, Conn,
        facets::{FacetAfter, Key, Mark, Marks, Wanted},
        lists::ListRow,
    },
};

/// A page that is wanted of a filtered list.
#[derive(Clone, Debug, Default)]
pub struct FilteredQuery {
    /// Id or name of the queue.
    pub queue: String,
    /// What must hold.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// Pseudonym of the reviewer who looks; `None` for what everybody may know.
    pub viewer: Option<String>,
    /// Where the last page ended; the beginning if `None`.
    pub after: Option<FilterCursor>,
    /// How many items, at most 500.
    pub limit: u32,
}

/// A page of a filtered list.
#[derive(Clone, Debug, PartialEq)]
pub struct FilteredPage {
    /// In the order that was asked for.
    pub rows: Vec<ItemSummary>,
    /// Where the next page begins, if there may be one.
    pub next: Option<FilterCursor>,
    /// Undecided items whose verdict the plan of the queue keeps hidden are left out, because the filter or the order would tell it.
    pub withheld: bool,
}

/// Where a page ended. Opaque to faces: written and read as text.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterCursor(FacetAfter);

impl fmt::Display for FilterCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "f{}", self.0.place)?;
        match &self.0.key {
            None => Ok(()),
            // By its bits: a figure must compare equal when it comes back.
            Some(Key::Number(number)) => write!(f, ".n{:x}", number.to_bits()),
            Some(Key::Text(text)) => write!(f, ".t{text}"),
        }
    }
}

impl FromStr for FilterCursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || Error::invalid("cursor", "it does not come from a page of this list");
        let text = text.strip_prefix('f').ok_or_else(bad)?;
        let (place, key) = text.split_once('.').map_or((text, None), |(place, key)| (place, Some(key)));
        let place = place.parse().map_err(|_| bad())?;
        let key = match key.map(|key| key.split_at_checked(1).ok_or_else(bad)).transpose()? {
            None => None,
            Some(("n", bits)) => {
                Some(Key::Number(f64::from_bits(u64::from_str_radix(bits, 16).map_err(|_| bad())?)))
            }
            Some(("t", text)) => Some(Key::Text(text.to_owned())),
            Some(_) => return Err(bad()),
        };
        Ok(Self(FacetAfter { place, key }))
    }
}

/// Most items of one page.
const PAGE_ROWS_MAX: u32 = 500;

impl Workspace {
    /// Items of a queue for which everything that a filter says holds, as a reviewer may know it: what they decide apart from others
    /// stands as they left it themselves, and what others decided about it is found by no filter.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue. [`Code::Invalid`](crate::Code) for a filter that can find nothing; for one, or an
    /// order, that would tell verdicts that are hidden; and for another order than that of import of more matches of a text than
    /// can be sorted at once.
    pub async fn filtered(&self, query: &FilteredQuery) -> Result<FilteredPage> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, &query.queue).await?;
        let limit = query.limit.clamp(1, PAGE_ROWS_MAX);
        let viewer = viewer(query.viewer.as_deref());
        let list = List::of(&mut read, &queue, &query.filter, query.sort, viewer).await?;
        let after = query.after.as_ref().map(|cursor| &cursor.0);
        let (rows, next) = list.page(&mut read, after, limit).await?;
        Ok(FilteredPage {
            rows: summaries(&mut read, &queue, viewer, rows).await?,
            next: next.map(FilterCursor),
            withheld: list.withholds(),
        })
    }

    /// How many items such a list has, wherever a page ended: exact up to `most`, and `most + 1` for more.
    ///
    /// # Errors
    /// See [`filtered`](Self::filtered).
    pub async fn count_filtered(&self, query: &FilteredQuery, most: u32) -> Result<u64> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, &query.queue).await?;
        let viewer = viewer(query.viewer.as_deref());
        let list = List::of(&mut read, &queue, &query.filter, query.sort, viewer).await?;
        let found = store::facets::count(&mut read, &list.wanted, most).await?;
        Ok(u64::try_from(found).unwrap_or(0))
    }
}

/// A filtered list of a queue, in an order, as it may be shown.
pub(crate) struct List {
    wanted: Wanted,
    sort: Sort,
}

impl List {
    /// # Errors
    /// See [`Workspace::filtered`].
    pub(crate) async fn of(
        conn: &mut Conn,
        queue: &Queue,
        filter: &Filter,
        sort: Sort,
        viewer: &str,
    ) -> Result<Self> {
        filter.check()?;
        let plan = store::plans::in_force(conn, &queue.id).await?;
        let mixes_gold = plan.as_ref().is_some_and(ReviewPlan::mixes_gold);
        // Among the undecided, gold items would stand by what others decided about them; those have no such order.
        let undecided = filter.state.is_some_and(|state| state != ItemState::Decided);
        let sort = if mixes_gold && undecided && sort == Sort::Decided { Sort::Imported } else { sort };
        let mut wanted = Wanted { viewer: viewer.to_owned(), ..wanted(queue, filter)? };
        let tells_verdicts = filter.tells_verdicts() || sort.tells_verdicts();
        let hidden = tells_verdicts && queue.mode == Mode::Blind;
        if hidden {
            if filter.state != Some(ItemState::Decided) {
                return Err(Error::invalid("filter", HIDDEN));
            }
            wanted.item_state = Some(ItemState::Decided);
        }
        if let Some(plan) = plan {
            // The undecided would end such a list.
            wanted.decided_only = mixes_gold && sort == Sort::Decided;
            wanted.settled_openly = filter.tells_decisions() || wanted.decided_only;
            wanted.withheld = plan.blind_draw_id.filter(|_| tells_verdicts);
        }
        if wanted.text.is_some()
            && sort != Sort::Imported
            && store::facets::matches_too_many(conn, &wanted).await?
        {
            let most = store::facets::SORTED_MATCHES_MAX;
            let reason = format!(
                "more than {most} items contain that, too many to sort; use more words, or the order of import"
            );
            return Err(Error::invalid("sort", reason));
        }
        Ok(Self { wanted, sort })
    }

    /// Whether undecided items are left out, since they would tell what stays hidden.
    pub(crate) const fn withholds(&self) -> bool {
        self.wanted.withheld.is_some() || self.wanted.decided_only
    }

    /// The next items, and where to go on if there may be more.
    pub(crate) async fn page(
        &self,
        conn: &mut Conn,
        after: Option<&FacetAfter>,
        limit: u32,
    ) -> Result<(Vec<ListRow>, Option<FacetAfter>)> {
        Ok(store::facets::page(conn, &self.wanted, self.sort, after, limit).await?)
    }

    /// Where the list goes on behind an item, which may not be in it any more.
    pub(crate) async fn behind(&self, conn: &mut Conn, item_id: &str) -> Result<Option<FacetAfter>> {
        Ok(store::facets::behind(conn, item_id, self.sort).await?)
    }
}

const HIDDEN: &str = "verdicts of this queue are hidden until an item is decided, and this would tell them; ask for the state \
                      decided, or let the queue show suggestions";

fn wanted(queue: &Queue, filter: &Filter) -> Result<Wanted> {
    let mut marks = Marks::default();
    if let Some(task) = filter.task {
        marks.require(Mark::IS_RESPONSE, i64::from(task == Task::Response));
    }
    if let Some(flagged) = filter.flagged {
        marks.require(Mark::FLAGGED, i64::from(flagged));
    }
    if let Some(has_image) = filter.has_image {
        marks.require(Mark::HAS_IMAGE, i64::from(has_image));
    }
    if let Some(label) = filter.label {
        marks.require(Mark::GUARD_LABEL, guard_label_code(label));
    }
    if let Some(label) = filter.decided_label {
        marks.require(Mark::DECIDED_LABEL, decided_label_code(queue, label)?);
    }
    match filter.disagreement {
        Some(DisagreementOf::Guards) => marks.require(Mark::GUARDS_DIFFER, 1),
        Some(DisagreementOf::Decision) => marks.require(Mark::OVERRIDDEN, 1),
        None => {}
    }
    let category = filter.category.as_deref().map(|name| category(queue, name)).transpose()?;
    Ok(Wanted {
        queue_id: queue.id.clone(),
        viewer: String::new(),
        item_state: filter.state.filter(|_| filter.task.is_none()),
        task_state: filter.state.filter(|_| filter.task.is_some()),
        marks,
        language: filter.language.as_deref().map(|tag| tag.trim().to_owned()),
        score: filter.score.map(|range| (range.from, range.to)),
        category,
        guard_category: filter.guard_category.as_deref().map(quoted),
        reviewer: filter.reviewer.as_deref().map(|name| name.trim().to_owned()),
        since: filter.since_seconds()?,
        until: filter.until_seconds()?,
        text: filter.text.as_deref().map(MatchQuery::parse),
        decided_only: false,
        settled_openly: false,
        withheld: None,
    })
}

const fn guard_label_code(label: GuardLabel) -> i64 {
    match label {
        GuardLabel::Safe => 1,
        GuardLabel::Controversial => 2,
        GuardLabel::Unsafe => 3,
        GuardLabel::Sensitive => 4,
    }
}

fn decided_label_code(queue: &Queue, label: Severity) -> Result<i64> {
    let labels = &queue.policy.terms.labels;
    if labels.iter().all(|known| known.label != label) {
        let known: Vec<&str> = labels.iter().map(|known| known.label.as_str()).collect();
        let reason =
            format!("the policy of this queue has no label {}; it has {}", label.as_str(), known.join(", "));
        return Err(Error::invalid("decided_label", reason));
    }
    Ok(match label {
        Severity::Safe => 1,
        Severity::Controversial => 2,
        Severity::Unsafe => 3,
    })
}

/// A category of the policy as the facets hold it.
fn category(queue: &Queue, name: &str) -> Result<String> {
    let terms = &queue.policy.terms;
    match terms.category(name.trim()) {
        Some(category) => Ok(quoted(&category.name)),
        None => {
            let known: Vec<&str> = terms.categories.iter().map(|known| known.name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let reason = format!("the policy of this queue has no category {name:?}; it has {known}");
            Err(Error::invalid("category", reason))
        }
    }
}

/// A name as it stands in a JSON list, in lower case as SQLite makes it.
fn quoted(name: &str) -> String {
    serde_json::Value::from(name.trim()).to_string().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        for key in
            [None, Some(Key::Number(0.1 + 0.2)), Some(Key::Number(-1.0)), Some(Key::Text("zh-Hant".into()))]
        {
            let cursor = FilterCursor(FacetAfter { place: 2_000_001, key });
            assert_eq!(cursor.to_string().parse::<FilterCursor>().unwrap(), cursor);
        }
        for wrong in ["", "f", "17", "f1.", "f1.x", "f1.nzz"] {
            assert!(wrong.parse::<FilterCursor>().is_err(), "{wrong:?} is no cursor");
        }
    }
}
