//! The quarantine itself, for whoever leads a team: the only place that names items in it, and without their text.

use super::{
    DecisionKind, Gesture, Saved,
    act::{Place, blank_row, check_reviewer},
    standing::{in_force, quarantines},
};
use crate::{
    Error, Result, Thing, Workspace,
    queue::find_queue,
    store::{self, decisions::DecisionRow, items::QuarantinedItem},
};

impl Workspace {
    /// Items of a queue that are in quarantine, in the order of import, after the number `after_seq`.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue.
    pub async fn quarantined(&self, queue: &str, after_seq: i64, limit: u32) -> Result<Vec<QuarantinedItem>> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        Ok(store::items::quarantined(&mut read, &queue.id, after_seq, limit.clamp(1, 500)).await?)
    }

    /// Brings an item back from quarantine; its copies stay there until each is brought back.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) if it is not in quarantine.
    pub async fn release(&self, gesture: &Gesture) -> Result<Saved> {
        let mut tx = self.store().write().await?;
        if store::items::is_quarantined(&mut tx, &gesture.item_id).await? != Some(true) {
            return Err(Error::not_found(Thing::Item, &gesture.item_id));
        }
        let item = store::items::any(&mut tx, &gesture.item_id).await?;
        let item = item.ok_or_else(|| Error::not_found(Thing::Item, &gesture.item_id))?;
        let reviewer = check_reviewer(&gesture.reviewer)?;
        let mut at = Place::about(&mut tx, item).await?;
        let held: Vec<String> = quarantines(&in_force(&at.rows)).iter().map(|row| row.id.clone()).collect();
        let mut saved = None;
        // One row for each: a release ends what it knows of, not what was put into quarantine elsewhere.
        for quarantine in held {
            let row = DecisionRow {
                reason: gesture.reason.clone(),
                duration_ms: gesture.duration_ms,
                supersedes: Some(quarantine),
                synthetic: gesture.synthetic,
                ..blank_row(&tx, &at.item.id, DecisionKind::Release, reviewer.clone())
            };
            saved = Some(at.apply(&mut tx, row).await?);
        }
        let saved = saved.ok_or_else(|| Error::not_found(Thing::Item, &gesture.item_id))?;
        tx.commit().await?;
        Ok(saved)
    }
}
