//! One decision applied to many items: a row and an event for each, and one act around them that one undo takes back.

use std::collections::HashSet;

use saring_verdict::Task;

use super::{
    NewDecision,
    act::{Looked, Place, check_reviewer, decide_in},
    plan::rule_of,
    standing::StandingVoices,
};
use crate::{
    Error, Result, Workspace,
    store::{
        self, WriteTx,
        events::{self, EventKind},
    },
};

/// A decision, and what else it is applied to.
#[derive(Clone, Debug)]
pub struct BulkDecision {
    /// About the item that the reviewer looked at.
    pub decision: NewDecision,
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

impl BulkDecision {
    /// Most items of one act: it is one transaction, and others wait for it.
    pub const ITEMS_MAX: usize = 1000;
}

impl Workspace {
    /// Applies one decision to an item and to others, in one transaction. Undoing it takes all of it back. Nobody looked at the
    /// others, so that they count for no estimate of a guard, and are left as they are where somebody did something with the task,
    /// where it gets a review of its own (a second one, or as gold), and where the item is in a uniform draw from the queue.
    ///
    /// # Errors
    /// See [`decide`](Self::decide), about any of the items; [`Code::Invalid`](crate::Code) for more than
    /// [`BulkDecision::ITEMS_MAX`] and for items of another queue.
    pub async fn decide_all(&self, bulk: &BulkDecision) -> Result<BulkSaved> {
        let BulkDecision { decision, others } = bulk;
        if others.len() >= BulkDecision::ITEMS_MAX {
            let reason = format!("one act decides at most {} items; choose fewer", BulkDecision::ITEMS_MAX);
            return Err(Error::invalid("items", reason));
        }
        let reviewer = check_reviewer(&decision.reviewer)?;
        let mut tx = self.store().write().await?;
        let first = decide_in(&mut tx, decision, Looked::AtIt).await?;
        let mut decision_ids = vec![first.decision_id];
        let mut seen = HashSet::from([decision.item_id.as_str()]);
        let mut left_out = 0;
        for item_id in others.iter().filter(|id| seen.insert(id.as_str())) {
            let at = Place::of(&mut tx, item_id).await?;
            if at.queue.id != first.queue_id {
                return Err(Error::invalid(
                    "items",
                    "they are of several queues; decide them queue by queue",
                ));
            }
            if !is_free(&mut tx, &at, decision.task).await? {
                left_out += 1;
                continue;
            }
            let decision = NewDecision {
                item_id: item_id.clone(),
                duration_ms: None,
                draw_id: None,
                ..decision.clone()
            };
            let looked_at = Looked::AtAnother { item_id: &bulk.decision.item_id };
            decision_ids.push(decide_in(&mut tx, &decision, looked_at).await?.decision_id);
        }
        let (bulk_id, saved_at) = (tx.clock().new_id(), tx.clock().now_text());
        let ids: Vec<&str> = decision_ids.iter().map(String::as_str).collect();
        store::bulks::insert(&mut tx, &bulk_id, &reviewer, &saved_at, &ids).await?;
        events::record(&mut tx, EventKind::BulkDecided, &bulk_id).await?;
        tx.commit().await?;
        let items = u64::try_from(ids.len()).unwrap_or(u64::MAX);
        Ok(BulkSaved { bulk_id, saved_at, queue_id: first.queue_id, items, left_out })
    }
}

/// Whether a task may be decided by somebody who looks at another item.
async fn is_free(tx: &mut WriteTx<'_>, at: &Place, task: Task) -> Result<bool> {
    let row = at.task(task)?;
    let rows = store::decisions::of_item(tx, &at.item.id).await?;
    let untouched = StandingVoices::of(&at.rules(), &rows).voices(task).is_empty();
    let alone = rule_of(at.plan.as_ref(), &at.item.id, row).is_independent();
    Ok(untouched && !alone && !store::draws::holds_of_whole_queue(tx, &at.item.id).await?)
}
