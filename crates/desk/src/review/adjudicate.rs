//! Adjudication: a third act that settles what reviewers decided differently.

use saring_verdict::Task;

use super::{
    Awaiting, DecisionKind, DecisionView, NewDecision, Saved, SeenState,
    act::Place,
    plan::rules_of,
    standing::{StandingVoices, in_force},
    view::decision_view,
};
use crate::{
    Error, Result, Thing, Workspace,
    queue::find_queue,
    store::{self, decisions::DecisionRow, tasks::Gold},
};

/// A task about which reviewers disagree.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// Its item.
    pub item_id: String,
    /// Which task.
    pub task: Task,
    /// The labels that stand against each other, oldest first.
    pub decisions: Vec<DecisionView>,
    /// What came with the row.
    pub gold: Option<Gold>,
}

impl Workspace {
    /// Settles a disagreement about a task, or settles it anew.
    ///
    /// # Errors
    /// Those of [`decide`](Self::decide); [`Code::Conflict`](crate::Code) if there is nothing to settle, or if one of the decisions is
    /// the reviewer's own and the plan does not allow that.
    pub async fn adjudicate(&self, decision: &NewDecision) -> Result<Saved> {
        let mut tx = self.store().write().await?;
        let mut at = Place::of(&mut tx, &decision.item_id).await?;
        let row = at.label(&tx, decision, DecisionKind::Adjudicate)?;
        let conflict = |reason| Error::Conflict { thing: Thing::Item, id: at.item.id.clone(), reason };
        let standing = StandingVoices::of(&at.rules(), &at.rows).about(decision.task);
        let settled = standing.iter().any(|row| row.kind == DecisionKind::Adjudicate);
        if at.task(decision.task)?.awaiting != Some(Awaiting::Adjudication) && !settled {
            return Err(conflict("has no disagreement about this task to settle"));
        }
        let own_allowed = at.plan.as_ref().is_some_and(|plan| plan.own_adjudication);
        let is_own = |own: &&DecisionRow| {
            own.kind == DecisionKind::Label && own.task == row.task && own.reviewer == row.reviewer
        };
        if !own_allowed && in_force(&at.rows).iter().any(is_own) {
            return Err(conflict(
                "was decided by this reviewer, who does not settle between decisions of their own unless the plan of the queue \
                 allows it",
            ));
        }
        let supersedes = standing.last().map(|row| row.id.clone());
        let draw_id = at.draw(&mut tx, decision.draw_id.as_deref()).await?;
        let saved = at.apply(&mut tx, DecisionRow { supersedes, draw_id, ..row }).await?;
        tx.commit().await?;
        Ok(saved)
    }

    /// Tasks of a queue about which reviewers disagree, after an item and task, with the decisions side by side.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue.
    pub async fn disagreements(
        &self,
        queue: &str,
        after: Option<(&str, Task)>,
        limit: u32,
    ) -> Result<Vec<Disagreement>> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        let plan = store::plans::in_force(&mut read, &queue.id).await?;
        let after = after.map_or(("", ""), |(item, task)| (item, task.as_str()));
        let mut found = Vec::new();
        for (item_id, task) in
            store::plans::disputed(&mut read, &queue.id, after, limit.clamp(1, 500)).await?
        {
            let tasks = store::tasks::of_item(&mut read, &item_id).await?;
            let rows = store::decisions::of_item(&mut read, &item_id).await?;
            let rules = rules_of(plan.as_ref(), &item_id, &tasks);
            let decisions =
                StandingVoices::of(&rules, &rows).about(task).into_iter().filter_map(decision_view).collect();
            let gold = tasks.into_iter().find(|t| t.task == task).and_then(|t| t.gold);
            found.push(Disagreement { item_id, task, decisions, gold });
        }
        Ok(found)
    }

    /// How many tasks of a queue await a second review, and how many adjudication.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue.
    pub async fn awaiting(&self, queue: &str) -> Result<(u64, u64)> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        let (second, adjudication) = store::plans::count_awaiting(&mut read, &queue.id).await?;
        Ok((u64::try_from(second).unwrap_or(0), u64::try_from(adjudication).unwrap_or(0)))
    }

    /// How many items of a queue stand pending for a reviewer, or for everybody, only because reviewers decided them differently: they
    /// come up for nobody, and are to be settled.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue.
    pub async fn disputed(&self, queue: &str, reviewer: Option<&str>) -> Result<u64> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        let viewer = reviewer.unwrap_or(SeenState::EVERYBODY);
        let disputed = store::plans::count_disputed(&mut read, &queue.id, viewer).await?;
        Ok(u64::try_from(disputed).unwrap_or(0))
    }
}
