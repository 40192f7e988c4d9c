//! Where an item stands, from the set of everything that was done with it. Pure.
//!
//! Nothing is ever taken out of the table of decisions. An undo marks the row that it undoes. What is in force follows from the
//! rows that are left, as a set: it does not matter in which order they arrived, so that the work of several laptops can be put
//! together in any order.
//!
//! Each reviewer has one voice about a task: the last thing that they did with it. A voice counts until somebody who had it in
//! view decides otherwise, which is what [`DecisionRow::supersedes`] says. Voices that did not know of each other stand beside
//! each other: labels that agree decide the task, labels that differ leave it undecided.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    str::FromStr,
};

use saring_verdict::Task;

use super::{DecisionKind, order::in_order};
use crate::{
    queue::{ItemState, UnknownWord},
    store::decisions::DecisionRow,
};

/// What a pending task waits for that somebody decided already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaiting {
    /// The decision of a second reviewer.
    Second,
    /// Somebody who settles a disagreement.
    Adjudication,
}

crate::queue::words!(Awaiting, "second, adjudication", Second => "second", Adjudication => "adjudication");

/// What decides about a task, by the plan of its queue's review. By default, one label does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Two reviewers decide, neither of whom sees the other's decision.
    pub second: bool,
    /// A gold item that is mixed in to check reviewers: each decides on their own, and there is nothing to settle.
    pub control: bool,
}

impl Rule {
    /// Whether reviewers decide without knowing of each other.
    pub const fn is_independent(self) -> bool {
        self.second || self.control
    }
}

/// Where one task stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskStanding {
    /// Which task.
    pub task: Task,
    /// Its state.
    pub state: ItemState,
    /// What it waits for, if it is pending though somebody decided it.
    pub awaiting: Option<Awaiting>,
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
    /// From the rows of an item with these tasks, in any order, and what decides about each.
    pub fn of(tasks: &[(Task, Rule)], rows: &[DecisionRow]) -> Self {
        let standing_voices = StandingVoices::of(tasks, rows);
        let rows = in_force(rows);
        let of_task = |(task, rule): &(Task, Rule)| {
            // What was settled needs no second reviewer, also where it was decided otherwise since.
            let second = rule.second && standing_voices.settled(*task).is_none();
            settle(*task, Rule { second, ..*rule }, &standing_voices.about(*task))
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

/// The voices about each task of an item that count.
pub(super) struct StandingVoices<'a> {
    links: Links<'a>,
    rows: Vec<&'a DecisionRow>,
    scopes: HashMap<&'a str, Vec<Task>>,
}

impl<'a> StandingVoices<'a> {
    pub(super) fn of(tasks: &[(Task, Rule)], rows: &'a [DecisionRow]) -> Self {
        let links = Links::of(rows);
        let rows = in_force(rows);
        let tasks: Vec<Task> = tasks.iter().map(|(task, _)| *task).collect();
        Self { links, scopes: scopes(&tasks, &rows), rows }
    }

    /// In order. Where a disagreement was settled, what settled it, or what was decided with that in view.
    pub(super) fn about(&self, task: Task) -> Vec<&'a DecisionRow> {
        let voices = self.voices(task);
        let settled = self.settled(task);
        let mut standing = self.links.not_in_view(&voices);
        if let Some(settled) = settled {
            standing.retain(|voice| voice.id == settled.id || self.links.had_in_view(voice, &settled.id));
            if standing.is_empty() {
                standing.push(settled);
            }
        }
        standing
    }

    /// What settled a disagreement.
    pub(super) fn settled(&self, task: Task) -> Option<&'a DecisionRow> {
        self.rows_about(task).into_iter().rev().find(|row| row.kind == DecisionKind::Adjudicate)
    }

    /// The last row of each reviewer, in order.
    pub(super) fn voices(&self, task: Task) -> Vec<&'a DecisionRow> {
        let mut heard: HashSet<&str> = HashSet::new();
        let mut voices = self.rows_about(task);
        voices.reverse();
        voices.retain(|row| heard.insert(&row.reviewer));
        voices.reverse();
        voices
    }

    /// The voice of a reviewer.
    pub(super) fn of_reviewer(&self, task: Task, reviewer: &str) -> Option<&'a DecisionRow> {
        self.voices(task).into_iter().find(|voice| voice.reviewer == reviewer)
    }

    fn rows_about(&self, task: Task) -> Vec<&'a DecisionRow> {
        let about = |row: &&&DecisionRow| self.scopes.get(row.id.as_str()).is_some_and(|t| t.contains(&task));
        self.rows.iter().filter(about).copied().collect()
    }
}

/// Which tasks the labels, skips and escalations are about.
fn scopes<'a>(tasks: &[Task], rows: &[&'a DecisionRow]) -> HashMap<&'a str, Vec<Task>> {
    let mut decided: HashSet<Task> = HashSet::new();
    let mut scopes = HashMap::new();
    for row in rows {
        let scope = match (row.kind, row.task) {
            (DecisionKind::Label | DecisionKind::Adjudicate, Some(task)) => {
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

/// What rows of an item point at: what was in view when they were made. Those of rows that were undone count: whoever decided
/// after them had seen what they point at.
struct Links<'a>(HashMap<&'a str, &'a str>);

impl<'a> Links<'a> {
    fn of(rows: &'a [DecisionRow]) -> Self {
        Self(rows.iter().filter_map(|row| Some((row.id.as_str(), row.supersedes.as_deref()?))).collect())
    }

    /// What was in view when a row was made, directly or through what was.
    fn in_view(&self, row: &DecisionRow) -> HashSet<&'a str> {
        let mut in_view = HashSet::new();
        let mut at = self.0.get(row.id.as_str());
        while let Some(earlier) = at {
            // Only edited rows point at each other in a ring.
            if !in_view.insert(*earlier) {
                break;
            }
            at = self.0.get(earlier);
        }
        in_view
    }

    fn had_in_view(&self, row: &DecisionRow, earlier: &str) -> bool {
        self.in_view(row).contains(earlier)
    }

    /// The voices that no other voice had in view.
    fn not_in_view(&self, voices: &[&'a DecisionRow]) -> Vec<&'a DecisionRow> {
        let in_view: HashSet<&str> = voices.iter().flat_map(|voice| self.in_view(voice)).collect();
        voices.iter().filter(|voice| !in_view.contains(voice.id.as_str())).copied().collect()
    }
}

/// Where a task stands that these voices are about.
fn settle(task: Task, rule: Rule, voices: &[&DecisionRow]) -> TaskStanding {
    let last = |kind| voices.iter().rev().find(|row| row.kind == kind).copied();
    let labels: Vec<&DecisionRow> =
        voices.iter().filter(|row| row.kind == DecisionKind::Label).copied().collect();
    let agreed = labels.iter().all(|other| same_answer(labels[0], other));
    let (state, awaiting, decision) = if let Some(adjudication) = last(DecisionKind::Adjudicate) {
        (ItemState::Decided, None, Some(adjudication))
    } else if let Some(label) = labels.last() {
        match last(DecisionKind::Escalate) {
            // Somebody asked for help, whatever others found.
            Some(escalation) => (ItemState::Escalated, None, Some(escalation)),
            None if !agreed && !rule.control => (ItemState::Pending, Some(Awaiting::Adjudication), None),
            None if rule.second && labels.len() < 2 => (ItemState::Pending, Some(Awaiting::Second), None),
            None => (ItemState::Decided, None, Some(*label)),
        }
    } else {
        match voices.last() {
            Some(row) if row.kind == DecisionKind::Skip => (ItemState::Skipped, None, Some(*row)),
            Some(row) => (ItemState::Escalated, None, Some(*row)),
            None => (ItemState::Pending, None, None),
        }
    };
    TaskStanding { task, state, awaiting, decision_id: decision.map(|row| row.id.clone()) }
}

/// Whether two labels say the same, in all that an export would write.
fn same_answer(one: &DecisionRow, other: &DecisionRow) -> bool {
    let answer = |row: &DecisionRow| (row.label, row.refusal);
    let categories = |row: &DecisionRow| row.categories.iter().cloned().collect::<HashSet<String>>();
    answer(one) == answer(other) && categories(one) == categories(other)
}
