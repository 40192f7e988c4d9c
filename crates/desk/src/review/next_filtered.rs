//! The next item of a filtered list. Whoever chooses what comes up draws nothing: see [`NewDecision::NO_DRAW`].
//!
//! [`NewDecision::NO_DRAW`]: super::NewDecision::NO_DRAW

use super::{ItemView, SeenState, act::check_reviewer};
use crate::{
    Result, Workspace,
    queue::{Filter, ItemState, List, Sort, find_queue},
    store::{self, Conn, facets::FacetAfter},
};

/// Items that are looked through together for one that is open for a reviewer.
const PAGE: u32 = 50;

/// What is gone through, and by whom.
#[derive(Clone, Debug, Default)]
pub struct FilteredReview {
    /// Id or name of the queue.
    pub queue: String,
    /// What must hold.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// A pseudonym.
    pub reviewer: Option<String>,
    /// The item that was in view last; from the beginning if `None`.
    pub after: Option<String>,
}

impl Workspace {
    /// The next item that a filter finds. A filter that names no state, or the state pending, brings up what is open for the reviewer,
    /// and goes on from the beginning at its end; one that names another state is gone through once. Gold items come up as the plan
    /// of the queue says and in no filtered list, if it mixes any in.
    ///
    /// # Errors
    /// See [`filtered`](Self::filtered); [`Code::Invalid`](crate::Code) for no pseudonym.
    pub async fn next_filtered(&self, review: &FilteredReview) -> Result<Option<ItemView>> {
        let reviewer = review.reviewer.as_deref().map(check_reviewer).transpose()?;
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, &review.queue).await?;
        let open = review.filter.state.is_none_or(|state| state == ItemState::Pending);
        let state = review.filter.state.or(Some(ItemState::Pending));
        let filter = Filter { state, ..review.filter.clone() };
        let viewer = reviewer.as_deref().unwrap_or(SeenState::EVERYBODY);
        let list = List::of(&mut read, &queue, &filter, review.sort, viewer).await?;
        let from = match &review.after {
            Some(id) => list.behind(&mut read, id).await?,
            None => None,
        };
        let plan = store::plans::in_force(&mut read, &queue.id).await?;
        let mixes_gold = plan.is_some_and(|plan| plan.mixes_gold());
        let whose = Whose { reviewer: reviewer.as_deref(), open, mixes_gold };
        let again = open && from.is_some();
        let mut found = first(&mut read, &list, whose, from).await?;
        if found.is_none() && again {
            found = first(&mut read, &list, whose, None).await?;
        }
        drop(read);
        let Some(id) = found else { return Ok(None) };
        let item = self.item_for(&id, reviewer.as_deref()).await?;
        Ok(Some(ItemView { draw_id: None, ..item }))
    }
}

/// For whom an item is looked for.
#[derive(Clone, Copy)]
struct Whose<'a> {
    reviewer: Option<&'a str>,
    open: bool,
    mixes_gold: bool,
}

async fn first(
    conn: &mut Conn,
    list: &List,
    whose: Whose<'_>,
    mut from: Option<FacetAfter>,
) -> Result<Option<String>> {
    loop {
        let (rows, next) = list.page(conn, from.as_ref(), PAGE).await?;
        let found = match whose.reviewer.filter(|_| whose.open) {
            None => rows.into_iter().next().map(|row| row.id),
            Some(reviewer) => {
                let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
                let ids = serde_json::Value::from(ids).to_string();
                let open = store::plans::open_for(conn, &ids, reviewer, whose.mixes_gold).await?;
                open.into_iter().next()
            }
        };
        match (found, next) {
            (None, Some(next)) => from = Some(next),
            (found, _) => return Ok(found),
        }
    }
}
