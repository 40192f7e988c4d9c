//! Where an item stands, from everything that was done with it. Pure.
//!
//! Nothing is ever taken out of the table of decisions. An undo marks the row that it undoes; what is in force is found by going
//! through the rows that are left, oldest first.

use saring_verdict::Task;

use super::DecisionKind;
use crate::{queue::ItemState, store::decisions::DecisionRow};

/// Where one task stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskStanding {
    /// Which task.
    pub task: Task,
    /// Its state.
    pub state: ItemState,
    /// The decision that made it so.
    pub decision_id: Option<String>,
}

/// Where an item stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Each of its tasks.
    pub tasks: Vec<TaskStanding>,
    /// Flagged by somebody.
    pub flagged: bool,
    /// In quarantine.
    pub quarantined: bool,
}

impl Standing {
    /// Goes through the rows of an item with these tasks, oldest first.
    pub fn replay(tasks: &[Task], rows: &[DecisionRow]) -> Self {
        let pending =
            |task: &Task| TaskStanding { task: *task, state: ItemState::Pending, decision_id: None };
        let mut standing =
            Self { tasks: tasks.iter().map(pending).collect(), flagged: false, quarantined: false };
        for row in rows.iter().filter(|row| !row.undone) {
            match row.kind {
                DecisionKind::Label => standing.set(row, ItemState::Decided),
                DecisionKind::Skip => standing.set(row, ItemState::Skipped),
                DecisionKind::Escalate => standing.set(row, ItemState::Escalated),
                DecisionKind::Flag => standing.flagged = true,
                DecisionKind::Unflag => standing.flagged = false,
                DecisionKind::Quarantine => standing.quarantined = true,
                DecisionKind::Release => standing.quarantined = false,
                DecisionKind::Undo => {}
            }
        }
        standing
    }

    /// The state of the item.
    pub fn state(&self) -> ItemState {
        let states: Vec<ItemState> = self.tasks.iter().map(|t| t.state).collect();
        ItemState::of_tasks(&states)
    }

    fn set(&mut self, row: &DecisionRow, state: ItemState) {
        for task in &mut self.tasks {
            let concerned = match row.task {
                Some(concerned) => concerned == task.task,
                // A gesture about the whole item is about what was undecided then.
                None => task.state != ItemState::Decided,
            };
            if concerned {
                task.state = state;
                task.decision_id = Some(row.id.clone());
            }
        }
    }
}
