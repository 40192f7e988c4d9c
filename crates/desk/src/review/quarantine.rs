//! The quarantine itself, for whoever leads a team: the only place that names items in it, and without their text.

use super::{
    DecisionKind, Gesture, Saved,
    act::{blank_row, check_reviewer, save},
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
        let rows = store::decisions::of_item(&mut tx, &item.id).await?;
        let row = DecisionRow {
            reason: gesture.reason.clone(),
            duration_ms: gesture.duration_ms,
            synthetic: gesture.synthetic,
            ..blank_row(&tx, &item.id, DecisionKind::Release, check_reviewer(&gesture.reviewer)?)
        };
        save(tx, &item, rows, row).await
    }
}
