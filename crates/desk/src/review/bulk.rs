//! One decision applied to many items: a row and an event for each, and one act around them that one undo takes back.

use std::collections::HashSet;

use saring_verdict::{Severity, Task};

use super::{
    NewDecision,
    act::{Looked, Place, check_reviewer, decide_in},
    standing::StandingVoices,
};
use crate::{
    Error, Result, Workspace,
    queue::ItemState,
    store::{
        self, Conn,
        events::{self, EventKind},
    },
};

/// A decision, and what else it is applied to.
#[derive(Clone, Debug)]
pub struct BulkDecision {
    /// About one of the items.
    pub decision: NewDecision,
    /// Whether the reviewer looked at that one. Nobody looked at the others.
    pub looked_at: bool,
    /// Ids of the others, of the same queue.
    pub others: Vec<String>,
}

/// The acknowledgement: all of it is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkSaved {
    /// The act.
    pub bulk_id: String,
    /// RFC 3339.
    pub saved_at: String,
    /// The item's queue.
    pub queue_id: String,
    /// How many items were decided, the one that was looked at among them.
    pub items: u64,
    /// How many were left as they are: see [`decide_all`](Workspace::decide_all).
    pub left_out: u64,
}

/// What a decision for many would do, before it is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BulkPreview {
    /// How many items would be decided, none of them looked at.
    pub items: u64,
    /// Those that would be left as they are because something was done with the task.
    pub touched: Vec<Touched>,
    /// How many would be left as they are because each is looked at for itself: a second review, or a uniform draw.
    pub apart: u64,
}

/// An item with whose task something was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// UUIDv7.
    pub item_id: String,
    /// Where the task stands.
    pub state: ItemState,
    /// The label in force.
    pub label: Option<Severity>,
}

impl BulkDecision {
    /// Most items of one act: it is one transaction, and others wait for it.
    pub const ITEMS_MAX: usize = 1000;
}

impl Workspace {
    /// Applies one decision to an item and to others, in one transaction. Undoing it takes all of it back. What nobody looked at
    /// counts for no estimate, and is left as it is where somebody did something with the task, where it gets a second review, and
    /// where the item is in a uniform draw from the queue. A gold item is decided like any other: nothing tells it from them.
    ///
    /// # Errors
    /// See [`decide`](Self::decide), about any of the items; [`Code::Invalid`](crate::Code) for more than
    /// [`BulkDecision::ITEMS_MAX`], for items of another queue, and if all of them would be left as they are.
    pub async fn decide_all(&self, bulk: &BulkDecision) -> Result<BulkSaved> {
        let BulkDecision { decision, looked_at, others } = bulk;
        check_count(others.len() + 1)?;
        let reviewer = check_reviewer(&decision.reviewer)?;
        let mut tx = self.store().write().await?;
        let first = Place::of(&mut tx, &decision.item_id).await?;
        let (queue_id, mut first) = (first.queue.id.clone(), Some(first));
        let mut decision_ids = Vec::new();
        let mut seen = HashSet::new();
        let mut unseen: Vec<&str> = others.iter().map(String::as_str).collect();
        if let Some(at) = first.take_if(|_| *looked_at) {
            decision_ids.push(decide_in(&mut tx, at, decision, Looked::Here).await?.decision_id);
            seen.insert(decision.item_id.as_str());
        } else {
            unseen.insert(0, &decision.item_id);
        }
        unseen.retain(|id| seen.insert(id));
        let mut left_out = 0;
        for item_id in unseen {
            let at = match first.take() {
                Some(at) if at.item.id == item_id => at,
                _ => Place::of(&mut tx, item_id).await?,
            };
            if at.queue.id != queue_id {
                return Err(Error::invalid(
                    "items",
                    "they are of several queues; decide them queue by queue",
                ));
            }
            if fate(&mut tx, &at, decision.task, Some(&reviewer)).await? != Fate::Free {
                left_out += 1;
                continue;
            }
            let decision = NewDecision {
                item_id: item_id.to_owned(),
                duration_ms: None,
                draw_id: None,
                ..decision.clone()
            };
            let looked = match looked_at {
                true => Looked::Elsewhere { item_id: &bulk.decision.item_id },
                false => Looked::Nowhere,
            };
            decision_ids.push(decide_in(&mut tx, at, &decision, looked).await?.decision_id);
        }
        if decision_ids.is_empty() {
            let reason = "each of them is decided already, or looked at for itself; choose others";
            return Err(Error::invalid("items", reason));
        }
        let (bulk_id, saved_at) = (tx.clock().new_id(), tx.clock().now_text());
        let ids: Vec<&str> = decision_ids.iter().map(String::as_str).collect();
        store::bulks::insert(&mut tx, &bulk_id, &reviewer, &saved_at, &ids).await?;
        events::record(&mut tx, EventKind::BulkDecided, &bulk_id).await?;
        tx.commit().await?;
        let items = u64::try_from(ids.len()).unwrap_or(u64::MAX);
        Ok(BulkSaved { bulk_id, saved_at, queue_id, items, left_out })
    }

    /// What one decision about a task of items that nobody looks at would do, as a reviewer may know it. Items that are not there or in
    /// quarantine are passed over.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for an item without the task; [`Code::Invalid`](crate::Code) for more than
    /// [`BulkDecision::ITEMS_MAX`].
    pub async fn preview_bulk(
        &self,
        item_ids: &[String],
        task: Task,
        reviewer: Option<&str>,
    ) -> Result<BulkPreview> {
        check_count(item_ids.len())?;
        let mut read = self.store().read().await?;
        let ids = serde_json::Value::from(item_ids).to_string();
        let mut preview = BulkPreview::default();
        for item in store::items::contents(&mut read, &ids).await? {
            let at = Place::about(&mut read, item).await?;
            match fate(&mut read, &at, task, reviewer).await? {
                Fate::Free => preview.items += 1,
                Fate::Apart => preview.apart += 1,
                Fate::Touched => {
                    let about = at.seen(reviewer).into_iter().find(|(of, ..)| *of == task);
                    let touched = |(_, state, label)| Touched { item_id: at.item.id, state, label };
                    preview.touched.extend(about.map(touched));
                }
            }
        }
        Ok(preview)
    }
}

/// What becomes of an item that a decision is applied to unseen.
#[derive(PartialEq, Eq)]
enum Fate {
    /// It is decided.
    Free,
    /// It is left as it is: somebody did something with the task.
    Touched,
    /// It is left as it is: somebody is to look at it.
    Apart,
}

async fn fate(conn: &mut Conn, at: &Place, task: Task, reviewer: Option<&str>) -> Result<Fate> {
    let rule = at.rule();
    let settles_apart = rule.second || at.task(task)?.awaiting.is_some();
    if settles_apart || store::draws::holds_of_whole_queue(conn, &at.item.id).await? {
        return Ok(Fate::Apart);
    }
    let mut voices = StandingVoices::of(&at.rules(), &at.rows).voices(task);
    if rule.control {
        // What others did with a gold item would tell it.
        voices.retain(|row| reviewer == Some(row.reviewer.as_str()));
    }
    Ok(if voices.is_empty() { Fate::Free } else { Fate::Touched })
}

fn check_count(items: usize) -> Result<()> {
    if items <= BulkDecision::ITEMS_MAX {
        return Ok(());
    }
    let reason = format!("one act decides at most {} items; choose fewer", BulkDecision::ITEMS_MAX);
    Err(Error::invalid("items", reason))
}
