//! Where an item stands, from the set of everything that was done with it. Pure.
//!
//! Nothing is ever taken out of the table of decisions. An undo marks the row that it undoes. What is in force follows from the
//! rows that are left, as a set: it does not matter in which order they arrived, so that the work of several laptops can be put
//! together in any order.
//!
//! Each reviewer has one voice about a task: the last thing that they did with it. A voice counts until somebody who had it in
//! view decides otherwise, which is what [`DecisionRow::supersedes`] says. Voices that did not know of each other stand beside
//! each other: labels that agree decide the task, labels that differ leave it undecided.

use std::collections::{HashMap, HashSet};

use saring_verdict::Task;

use super::{DecisionKind, order::in_order};
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
    /// From the rows of an item with these tasks, in any order.
    pub fn of(tasks: &[Task], rows: &[DecisionRow]) -> Self {
        let links = Links::of(rows);
        let rows = in_force(rows);
        let scopes = scopes(tasks, &rows);
        let of_task = |task: &Task| {
            let about = |row: &&&DecisionRow| scopes.get(row.id.as_str()).is_some_and(|t| t.contains(task));
            let about: Vec<&DecisionRow> = rows.iter().filter(about).copied().collect();
            settle(*task, &links.standing(&voices(&about)))
        };
        Self {
            tasks: tasks.iter().map(of_task).collect(),
            flagged: last_flag(&rows).is_some_and(|row| row.kind == DecisionKind::Flag),
            quarantined: !quarantines(&rows).is_empty(),
        }
    }

    /// The state of the item.
    pub fn state(&self) -> ItemState {
        let states: Vec<ItemState> = self.tasks.iter().map(|t| t.state).collect();
        ItemState::of_tasks(&states)
    }
}

/// The rows of an item that were not undone, in order.
pub(super) fn in_force(rows: &[DecisionRow]) -> Vec<&DecisionRow> {
    let undone: HashSet<&str> = rows.iter().filter_map(|row| row.undoes.as_deref()).collect();
    let left = |row: &&DecisionRow| row.kind != DecisionKind::Undo && !undone.contains(row.id.as_str());
    in_order(rows).into_iter().filter(left).collect()
}

/// The quarantines that hold an item, of rows in force and in order. A release ends the one that it points at and no other, so
/// that what was put into quarantine elsewhere at the same time stays there; releases that point at none are from before that
/// was kept, and end all before them.
pub(super) fn quarantines<'a>(rows: &[&'a DecisionRow]) -> Vec<&'a DecisionRow> {
    let mut holding: Vec<&DecisionRow> = Vec::new();
    for row in rows {
        match (row.kind, &row.supersedes) {
            (DecisionKind::Quarantine, _) => holding.push(row),
            (DecisionKind::Release, Some(ended)) => holding.retain(|quarantine| quarantine.id != *ended),
            (DecisionKind::Release, None) => holding.clear(),
            _ => {}
        }
    }
    holding
}

/// The last flag that was set or taken off, of rows in force and in order.
pub(super) fn last_flag<'a>(rows: &[&'a DecisionRow]) -> Option<&'a DecisionRow> {
    let is_flag = |row: &&&DecisionRow| matches!(row.kind, DecisionKind::Flag | DecisionKind::Unflag);
    rows.iter().rev().find(is_flag).copied()
}

/// Which tasks the labels, skips and escalations are about.
fn scopes<'a>(tasks: &[Task], rows: &[&'a DecisionRow]) -> HashMap<&'a str, Vec<Task>> {
    let mut decided: HashSet<Task> = HashSet::new();
    let mut scopes = HashMap::new();
    for row in rows {
        let scope = match (row.kind, row.task) {
            (DecisionKind::Label, Some(task)) => {
                decided.insert(task);
                vec![task]
            }
            (DecisionKind::Skip | DecisionKind::Escalate, Some(task)) => {
                decided.remove(&task);
                vec![task]
            }
            // A gesture about the whole item is about what was undecided then.
            (DecisionKind::Skip | DecisionKind::Escalate, None) => {
                let open: Vec<Task> = tasks.iter().filter(|t| !decided.contains(t)).copied().collect();
                // Where nothing was, it was made elsewhere, by somebody who did not know of the decisions.
                if open.is_empty() { tasks.to_vec() } else { open }
            }
            _ => continue,
        };
        scopes.insert(row.id.as_str(), scope);
    }
    scopes
}

/// The last row of each reviewer, in order.
fn voices<'a>(about: &[&'a DecisionRow]) -> Vec<&'a DecisionRow> {
    let mut heard: HashSet<&str> = HashSet::new();
    let mut voices: Vec<&DecisionRow> =
        about.iter().rev().filter(|row| heard.insert(&row.reviewer)).copied().collect();
    voices.reverse();
    voices
}

/// What rows of an item point at: what was in view when they were made. Those of rows that were undone count: whoever decided
/// after them had seen what they point at.
struct Links<'a>(HashMap<&'a str, &'a str>);

impl<'a> Links<'a> {
    fn of(rows: &'a [DecisionRow]) -> Self {
        Self(rows.iter().filter_map(|row| Some((row.id.as_str(), row.supersedes.as_deref()?))).collect())
    }

    /// The voices that no other voice had in view.
    fn standing(&self, voices: &[&'a DecisionRow]) -> Vec<&'a DecisionRow> {
        let mut in_view: HashSet<&str> = HashSet::new();
        for voice in voices {
            let mut at = voice.id.as_str();
            while let Some(earlier) = self.0.get(at) {
                if !in_view.insert(earlier) {
                    break;
                }
                at = earlier;
            }
        }
        voices.iter().filter(|voice| !in_view.contains(voice.id.as_str())).copied().collect()
    }
}

/// Where a task stands that these voices are about.
fn settle(task: Task, voices: &[&DecisionRow]) -> TaskStanding {
    let last = |kind| voices.iter().rev().find(|row| row.kind == kind).copied();
    let mut labels = voices.iter().filter(|row| row.kind == DecisionKind::Label);
    let (state, decision) = match labels.next() {
        // Somebody asked for help, whatever others found.
        Some(_) if last(DecisionKind::Escalate).is_some() => {
            (ItemState::Escalated, last(DecisionKind::Escalate))
        }
        Some(first) if labels.all(|other| same_answer(first, other)) => {
            (ItemState::Decided, last(DecisionKind::Label))
        }
        Some(_) => (ItemState::Pending, None),
        None => match voices.last() {
            Some(row) if row.kind == DecisionKind::Skip => (ItemState::Skipped, Some(*row)),
            Some(row) => (ItemState::Escalated, Some(*row)),
            None => (ItemState::Pending, None),
        },
    };
    TaskStanding { task, state, decision_id: decision.map(|row| row.id.clone()) }
}

/// Whether two labels say the same, in all that an export would write.
fn same_answer(one: &DecisionRow, other: &DecisionRow) -> bool {
    let answer = |row: &DecisionRow| (row.label, row.refusal);
    let categories = |row: &DecisionRow| row.categories.iter().cloned().collect::<HashSet<String>>();
    answer(one) == answer(other) && categories(one) == categories(other)
}
