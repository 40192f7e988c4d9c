//! Queues: in which order items come up, lists and search.
//!
//! [`Queue`] has a version of a [policy](crate::policy), which says what may be decided; [`Ordering`] says which item is next; a recorded [`Draw`] makes estimates of
//! quality possible. Lists give pages of [`ItemSummary`]; a [`Filter`] says which.

mod draw;
mod filter;
mod filtered;
mod list;
mod saved;
pub mod search;
mod state;

use serde::{Deserialize, Serialize};

pub(crate) use draw::record_draw;
pub use draw::{Draw, DrawFrom, DrawProgress};
pub use filter::{DisagreementOf, Filter, GuardLabel, ScoreRange, Sort};
pub(crate) use filtered::List;
pub use filtered::{FilterCursor, FilteredPage, FilteredQuery};
pub use list::{Cursor, ItemPage, ItemSummary, ListQuery, SearchPage, Tab};
pub(crate) use list::{Listing, after_row};
pub use saved::SavedFilter;
pub(crate) use state::words;
pub use state::{ItemState, Mode, Ordering, UnknownWord};

use crate::{
    Error, Result, Thing, Workspace,
    policy::{self, PolicyVersion},
    store::{
        self,
        events::{self, EventKind},
    },
};

/// A review queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// UUIDv7.
    pub id: String,
    /// Unique in the workspace.
    pub name: String,
    /// What reviewers may say, and what it means.
    pub policy: PolicyVersion,
    /// In which order items come up.
    pub ordering: Ordering,
    /// The draw in force when `ordering` is [`Ordering::Draw`].
    pub draw_id: Option<String>,
    /// Whether verdicts are in view before a decision.
    pub mode: Mode,
    /// RFC 3339.
    pub created_at: String,
}

/// How many items are in which state. Those in quarantine are in no other count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateCounts {
    /// A task of theirs is undecided.
    pub pending: u64,
    /// Every task is decided.
    pub decided: u64,
    /// Nothing is pending or escalated, and something was skipped.
    pub skipped: u64,
    /// Nothing is pending, and something was escalated.
    pub escalated: u64,
    /// Flagged, whatever their state.
    pub flagged: u64,
    /// In quarantine.
    pub quarantined: u64,
}

impl StateCounts {
    /// Every item but those in quarantine.
    pub const fn total(&self) -> u64 {
        self.pending + self.decided + self.skipped + self.escalated
    }

    /// Counts `n` items of one state in another.
    fn shift(&mut self, from: ItemState, to: ItemState, n: u64) {
        let from = self.of_mut(from);
        *from = from.saturating_sub(n);
        *self.of_mut(to) += n;
    }

    const fn of_mut(&mut self, state: ItemState) -> &mut u64 {
        match state {
            ItemState::Pending => &mut self.pending,
            ItemState::Decided => &mut self.decided,
            ItemState::Skipped => &mut self.skipped,
            ItemState::Escalated => &mut self.escalated,
        }
    }
}

/// How many items are in a language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanguageCount {
    /// BCP 47, or "und".
    pub language: String,
    /// Items that are not in quarantine.
    pub items: u64,
}

/// A queue and what is counted in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueOverview {
    /// The queue.
    pub queue: Queue,
    /// Items by state.
    pub counts: StateCounts,
    /// Items by language, most first.
    pub languages: Vec<LanguageCount>,
    /// The draw in force, if there is one.
    pub draw: Option<DrawProgress>,
}

impl Workspace {
    /// Makes a queue with the version of a policy that `policy` names, as [`policy`](Self::policy) does.
    ///
    /// # Errors
    /// [`Code::Invalid`](crate::Code) for an empty name, [`Code::Conflict`](crate::Code) for one that is taken,
    /// [`Code::NotFound`](crate::Code) for the policy.
    pub async fn create_queue(&self, name: &str, policy: &str) -> Result<Queue> {
        let mut tx = self.store().write().await?;
        if store::queues::find(&mut tx, name.trim()).await?.is_some() {
            return Err(Error::Exists { thing: Thing::Queue, name: name.to_owned() });
        }
        let queue = insert_queue(&mut tx, name, policy).await?;
        tx.commit().await?;
        Ok(queue)
    }

    /// The queue with this id or name.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code).
    pub async fn queue(&self, id_or_name: &str) -> Result<Queue> {
        let mut read = self.store().read().await?;
        find_queue(&mut read, id_or_name).await
    }

    /// A queue with its counts, of what stands where.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code).
    pub async fn queue_overview(&self, id_or_name: &str) -> Result<QueueOverview> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, id_or_name).await?;
        overview(&mut read, queue, None).await
    }

    /// A queue with its counts as a reviewer may see them; without one, as everybody may: what is decided apart from others is
    /// counted as they left it themselves, so that no count tells what somebody else did.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code).
    pub async fn queue_overview_for(
        &self,
        id_or_name: &str,
        reviewer: Option<&str>,
    ) -> Result<QueueOverview> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, id_or_name).await?;
        let viewer = list::viewer(reviewer);
        let mut overview = overview(&mut read, queue, Some(viewer)).await?;
        for (from, to, n) in store::seen_states::moved(&mut read, &overview.queue.id, viewer).await? {
            overview.counts.shift(from, to, u64::try_from(n).unwrap_or(0));
        }
        Ok(overview)
    }

    /// Every queue with its counts, newest first.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn queues(&self) -> Result<Vec<QueueOverview>> {
        let mut read = self.store().read().await?;
        let mut overviews = Vec::new();
        for queue in store::queues::all(&mut read).await? {
            overviews.push(overview(&mut read, queue, None).await?);
        }
        Ok(overviews)
    }

    /// Sets in which order items come up. [`Ordering::Draw`] takes the newest draw of the queue.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue, or for a draw where none was made.
    pub async fn set_ordering(&self, id_or_name: &str, ordering: Ordering) -> Result<Queue> {
        let mut tx = self.store().write().await?;
        let mut queue = find_queue(&mut tx, id_or_name).await?;
        let draw_id = if ordering == Ordering::Draw {
            let newest = store::draws::newest(&mut tx, &queue.id).await?;
            Some(newest.ok_or_else(|| Error::not_found(Thing::Draw, &queue.name))?.id)
        } else {
            None
        };
        store::queues::set_ordering(&mut tx, &queue.id, ordering, draw_id.as_deref()).await?;
        tx.commit().await?;
        queue.ordering = ordering;
        queue.draw_id = draw_id;
        Ok(queue)
    }

    /// Sets whether verdicts are in view before a decision.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code).
    pub async fn set_mode(&self, id_or_name: &str, mode: Mode) -> Result<Queue> {
        let mut tx = self.store().write().await?;
        let mut queue = find_queue(&mut tx, id_or_name).await?;
        store::queues::set_mode(&mut tx, &queue.id, mode).await?;
        tx.commit().await?;
        queue.mode = mode;
        Ok(queue)
    }
}

/// The queue with this id or name, inside of a transaction.
///
/// # Errors
/// [`Code::NotFound`](crate::Code).
pub async fn find_queue(conn: &mut store::Conn, id_or_name: &str) -> Result<Queue> {
    let found = store::queues::find(conn, id_or_name.trim()).await?;
    found.ok_or_else(|| Error::not_found(Thing::Queue, id_or_name))
}

pub(crate) async fn insert_queue(tx: &mut store::WriteTx<'_>, name: &str, policy: &str) -> Result<Queue> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 200 {
        return Err(Error::invalid("queue", "a name has between 1 and 200 characters"));
    }
    let queue = Queue {
        id: tx.clock().new_id(),
        name: name.to_owned(),
        policy: policy::find(tx, policy).await?,
        ordering: Ordering::Imported,
        draw_id: None,
        mode: Mode::Blind,
        created_at: tx.clock().now_text(),
    };
    store::queues::insert(tx, &queue).await?;
    events::record(tx, EventKind::QueueCreated, &queue.id).await?;
    policy::choose(tx, &queue.id, &queue.policy, None).await?;
    Ok(queue)
}

async fn overview(conn: &mut store::Conn, queue: Queue, viewer: Option<&str>) -> Result<QueueOverview> {
    let counts = store::queues::counts(conn, &queue.id).await?;
    let languages = store::queues::languages(conn, &queue.id).await?;
    let draw = match &queue.draw_id {
        Some(id) => store::draws::progress(conn, id, viewer).await?,
        None => None,
    };
    Ok(QueueOverview { queue, counts, languages, draw })
}

#[cfg(test)]
mod filter_tests;
#[cfg(test)]
mod tests;
