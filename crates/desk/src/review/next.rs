//! The next item for a reviewer, under the plan of the queue.

use super::{ItemView, ReviewPlan, SeenState, Share, act::check_reviewer, view::position};
use crate::{
    Result, Workspace,
    queue::{Listing, Ordering, Queue, after_row, find_queue},
    store::{self, Conn, lists::After},
};

/// Items that are looked through together for one that is open for a reviewer; under a plan, many may not be.
const PAGE: u32 = 200;
const PAGE_WITHOUT_PLAN: u32 = 4;
/// So many pages are looked through. Where so many items in a row are not open, few are, and in the order of import the next is looked
/// up; other orders are gone through.
const PAGES_MAX: u32 = 2;

impl Workspace {
    /// The next item of a queue for a reviewer: one with a task that is undecided, or awaits a second review, and that this
    /// reviewer has done nothing with; now and then a gold item, if the plan says so. In the order of the queue, after the item `after` or, where a share gets a second review, after what the reviewer did last; at the end it goes on from the beginning.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue, [`Code::Invalid`](crate::Code) for no pseudonym.
    pub async fn next_for(
        &self,
        queue: &str,
        reviewer: &str,
        after: Option<&str>,
    ) -> Result<Option<ItemView>> {
        let reviewer = check_reviewer(reviewer)?;
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        let plan = store::plans::in_force(&mut read, &queue.id).await?;
        let found = find_next(&mut read, &queue, plan.as_ref(), &reviewer, after).await?;
        drop(read);
        match found {
            Some(id) => self.item_for(&id, Some(&reviewer)).await.map(Some),
            None => Ok(None),
        }
    }
}

async fn find_next(
    conn: &mut Conn,
    queue: &Queue,
    plan: Option<&ReviewPlan>,
    reviewer: &str,
    after: Option<&str>,
) -> Result<Option<String>> {
    let mixes_gold = plan.is_some_and(ReviewPlan::mixes_gold);
    let second = plan.is_some_and(|plan| plan.second_share > Share::NONE);
    let last = match plan {
        Some(_) => store::plans::last_of(conn, &queue.id, reviewer).await?,
        None => None,
    };
    if let Some((decision_id, _)) = &last
        && plan.is_some_and(|plan| plan.brings_gold_after(decision_id))
        && let Some(gold) = store::plans::gold_for(conn, &queue.id, reviewer).await?
        // Like any other, it can be passed by.
        && after != Some(gold.as_str())
    {
        return Ok(Some(gold));
    }
    // What this reviewer has decided and somebody else has not is still pending: begin behind it.
    let after = after.or_else(|| last.as_ref().filter(|_| second).map(|(_, item)| item.as_str()));
    let sample = plan.and_then(|plan| plan.blind_draw_id.as_deref());
    let from = match after {
        Some(id) => match sample {
            // It came up by its rank, and says nothing about where in the queue its reviewer is.
            Some(draw_id) if store::draws::rank(conn, draw_id, id).await?.is_some() => None,
            _ => position(conn, queue, id).await?,
        },
        None => None,
    };
    let open = Open {
        reviewer,
        without_gold: mixes_gold,
        page: if plan.is_some() { PAGE } else { PAGE_WITHOUT_PLAN },
    };
    let mut found = first_open(conn, queue, open, from).await?;
    if found.is_none() && from.is_some() {
        found = first_open(conn, queue, open, None).await?;
    }
    // In the place of each item of the blind sample the sample goes on by rank: what is decided of it is a uniform sample at any
    // time, and the order of the queue, which may be that of verdicts, says nothing about it.
    if let (Some(id), Some(draw_id)) = (&found, sample) {
        return Ok(store::plans::first_drawn(conn, draw_id, id, reviewer, mixes_gold).await?.or(found));
    }
    Ok(found)
}

/// What is open for a reviewer, and how many items are looked through together.
#[derive(Clone, Copy)]
struct Open<'a> {
    reviewer: &'a str,
    without_gold: bool,
    page: u32,
}

async fn first_open(
    conn: &mut Conn,
    queue: &Queue,
    open: Open<'_>,
    mut from: Option<After>,
) -> Result<Option<String>> {
    let pending = Listing::pending(queue, SeenState::EVERYBODY);
    let behind = from.map_or(-1, |after| after.seq);
    for page in 1.. {
        let rows = pending.rows(conn, from, open.page).await?;
        let Some(last) = rows.last() else { break };
        from = Some(after_row(last, queue.ordering));
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let ids = serde_json::Value::from(ids).to_string();
        let found = store::plans::open_for(conn, &ids, open.reviewer, open.without_gold).await?;
        if let Some(first) = found.into_iter().next() {
            return Ok(Some(first));
        }
        if page == PAGES_MAX && queue.ordering == Ordering::Imported {
            let Open { reviewer, without_gold, .. } = open;
            return Ok(store::plans::left_for(conn, &queue.id, reviewer, without_gold, behind).await?);
        }
    }
    Ok(None)
}
