//! Undo, to any depth: a new row that points at the last thing that the reviewer did and has not undone.

use saring_verdict::Task;

use super::{
    DecisionKind, Saved,
    act::{Place, blank_row, check_reviewer},
};
use crate::{
    Error, Result, Thing, Workspace,
    store::{self, WriteTx, decisions::DecisionRow},
};

/// What was undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// The item that it was about.
    pub item_id: String,
    /// The task, if it was about one.
    pub task: Option<Task>,
    /// What was taken back.
    pub kind: DecisionKind,
    /// The row that was taken back.
    pub undone_id: String,
    /// How many other items it was taken back for: copies in quarantine, or the others of a bulk decision.
    pub others: u64,
    /// The acknowledgement of the undo itself.
    pub saved: Saved,
}

impl Workspace {
    /// Takes back the last thing that a reviewer did and has not taken back yet, in any queue. The item stands again as it stood
    /// before; with a quarantine, so do the copies that it took along, with a bulk decision the other items.
    ///
    /// # Errors
    /// [`Error::NothingToUndo`](crate::Error).
    pub async fn undo(&self, reviewer: &str) -> Result<Undone> {
        let mut tx = self.store().write().await?;
        let reviewer = check_reviewer(reviewer)?;
        let last = store::decisions::last_of_reviewer(&mut tx, &reviewer).await?;
        let last = last.ok_or_else(|| Error::NothingToUndo { reviewer: reviewer.clone() })?;
        let mut gesture = match last.kind {
            DecisionKind::Quarantine => store::decisions::with_copies(&mut tx, &last).await?,
            _ => match store::bulks::together_with(&mut tx, &last.id).await? {
                together if together.is_empty() => vec![last],
                together => together,
            },
        }
        .into_iter();
        let first = gesture.next().ok_or(Error::NothingToUndo { reviewer })?;
        let saved = take_back(&mut tx, &first).await?;
        let mut others = 0;
        for other in gesture {
            take_back(&mut tx, &other).await?;
            others += 1;
        }
        tx.commit().await?;
        Ok(Undone {
            item_id: first.item_id,
            task: first.task,
            kind: first.kind,
            undone_id: first.id,
            others,
            saved,
        })
    }
}

async fn take_back(tx: &mut WriteTx<'_>, last: &DecisionRow) -> Result<Saved> {
    let item = store::items::any(tx, &last.item_id).await?;
    let item = item.ok_or_else(|| Error::not_found(Thing::Item, &last.item_id))?;
    let row = DecisionRow {
        task: last.task,
        supersedes: Some(last.id.clone()),
        undoes: Some(last.id.clone()),
        synthetic: last.synthetic,
        ..blank_row(tx, &item.id, DecisionKind::Undo, last.reviewer.clone())
    };
    Place::about(tx, item).await?.apply(tx, row).await
}
