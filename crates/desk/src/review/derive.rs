//! Where items stand, written down: after each act, and for a whole queue when its plan has changed.
//!
//! A queue is gone through in pieces, between which others write. What is left of it is noted, and goes on when the workspace is
//! opened again.

use super::{
    ReviewPlan,
    plan::standing,
    viewer::{SeenState, seen_otherwise},
};
use crate::{
    Error, Result, Thing, Workspace,
    queue::ItemState,
    store::{self, WriteTx, decisions::DecisionRow, tasks::TaskRow},
};

/// Items whose standing is looked at again in one piece.
const PIECE_ITEMS: u32 = 200;
/// Items among which those of a piece are looked for.
const PIECE_REACH: i64 = 10_000;

/// Where an item stands, and for whom otherwise.
pub(crate) struct Derived {
    state: ItemState,
    seen: Vec<SeenState>,
}

impl Derived {
    /// Where it stands for a reviewer.
    pub(crate) fn state_for(&self, reviewer: &str) -> ItemState {
        let row = |reviewer: &str| self.seen.iter().find(|seen| seen.reviewer == reviewer);
        row(reviewer).or_else(|| row(SeenState::EVERYBODY)).map_or(self.state, |seen| seen.state)
    }
}

/// Writes where an item stands whose tasks stood as `tasks` say, which then say how they stand; gives that.
pub(crate) async fn refresh(
    tx: &mut WriteTx<'_>,
    plan: Option<&ReviewPlan>,
    item_id: &str,
    tasks: &mut [TaskRow],
    rows: &[DecisionRow],
) -> Result<Derived> {
    let standing = standing(plan, item_id, tasks, rows);
    let (state, quarantined) = (standing.state(), standing.quarantined);
    for (now, task) in standing.tasks.into_iter().zip(tasks.iter_mut()) {
        if (now.state, &now.decision_id, now.awaiting) != (task.state, &task.decision_id, task.awaiting) {
            store::tasks::set_state(tx, item_id, &now).await?;
            (task.state, task.decision_id, task.awaiting) = (now.state, now.decision_id, now.awaiting);
        }
    }
    // One by one: the triggers that keep the counts look at one change at a time.
    store::items::set_state(tx, item_id, state).await?;
    store::items::set_flagged(tx, item_id, standing.flagged).await?;
    store::items::set_quarantined(tx, item_id, quarantined).await?;
    // What is in quarantine stands nowhere for anybody.
    let seen = if quarantined { Vec::new() } else { seen_otherwise(plan, item_id, tasks, rows) };
    let at = store::items::position(tx, item_id).await?;
    let at = at.ok_or_else(|| Error::not_found(Thing::Item, item_id))?;
    if store::seen_states::of_item(tx, at.seq).await? != seen {
        store::seen_states::remove(tx, at.seq).await?;
        for row in &seen {
            store::seen_states::insert(tx, &at.queue_id, at.seq, row).await?;
        }
    }
    Ok(Derived { state, seen })
}

impl Workspace {
    /// Derives where the items of queues stand whose plan has changed, until there are no more.
    pub(crate) async fn finish_derivations(&self) -> Result<()> {
        while store::derivations::due(&mut *self.store().read().await?).await?.is_some() {
            let mut tx = self.store().write().await?;
            derive_piece(&mut tx).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// Derives where some items stand of a queue that is due.
async fn derive_piece(tx: &mut WriteTx<'_>) -> Result<()> {
    // Others may have done the last of it meanwhile.
    let Some((queue_id, after)) = store::derivations::due(tx).await? else { return Ok(()) };
    let plan = store::plans::in_force(tx, &queue_id).await?;
    let reach = after + PIECE_REACH;
    let items = store::items::decided_on(tx, &queue_id, after, reach, PIECE_ITEMS).await?;
    let is_full = items.len() == PIECE_ITEMS as usize;
    let done_to = items.last().filter(|_| is_full).map_or(reach, |(seq, _)| *seq);
    for (_, item_id) in items {
        let rows = store::decisions::of_item(tx, &item_id).await?;
        let mut tasks = store::tasks::of_item(tx, &item_id).await?;
        refresh(tx, plan.as_ref(), &item_id, &mut tasks, &rows).await?;
    }
    if done_to < store::items::last_seq(tx).await? {
        return Ok(store::derivations::set(tx, &queue_id, done_to).await?);
    }
    Ok(store::derivations::remove(tx, &queue_id).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture::{Fixture, QUEUE},
        queue::Tab,
        review::{PlanChange, Share},
    };

    #[tokio::test]
    async fn a_queue_is_derived_piece_by_piece_and_what_was_interrupted_goes_on_at_the_next_opening() {
        let fixture = Fixture::with_prompts(210).await;
        let workspace = &fixture.workspace;
        for id in fixture.ids().await {
            workspace.decide(&fixture.decision(&id, "safe")).await.expect("a decision");
        }
        let twice = PlanChange { second_share: Some(Share::ALL), ..PlanChange::default() };
        workspace.set_plan(QUEUE, &twice, 1).await.expect("a plan");
        assert_eq!(fixture.tab(Tab::Pending).await.len(), 210, "all of it wants a second decision");
        // As it stands when the program ends right after the plan was saved.
        for sql in [
            "UPDATE tasks SET state = 'decided', awaiting = NULL, decision_id = (SELECT id FROM decisions AS d WHERE \
             d.item_id = tasks.item_id)",
            "UPDATE items SET state = 'decided'",
            "DELETE FROM seen_states",
            "INSERT INTO derivations SELECT id, 0 FROM queues",
        ] {
            fixture.tamper(sql).await;
        }
        let mut tx = workspace.store().write().await.expect("a writer");
        derive_piece(&mut tx).await.expect("a piece");
        tx.commit().await.expect("commit");
        assert_eq!(fixture.tab(Tab::Pending).await.len(), 200, "others write between one piece and the next");

        let again = Workspace::open(workspace.dir()).await.expect("opened again");
        assert_eq!(fixture.tab(Tab::Pending).await.len(), 210);
        let report = again.verify(None).await.expect("an audit");
        assert!(report.holds(), "{:?}", report.problems);
    }
}
