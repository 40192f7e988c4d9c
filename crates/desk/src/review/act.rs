//! Decisions and gestures: one row, one event and the derived states, in one transaction.

use saring_verdict::{Severity, Task};

use super::{
    DecisionKind, ReviewPlan,
    derive::refresh,
    plan::{rule_of, rules_of},
    standing::{Rule, StandingVoices, in_force, last_flag},
    viewer::seen_tasks,
};
use crate::{
    Error, Result, Thing, Workspace,
    policy::Said,
    queue::{ItemState, Ordering, Queue, find_queue},
    store::{
        self, Conn, WriteTx,
        decisions::DecisionRow,
        events::{self, EventKind},
        items::ItemContent,
        tasks::TaskRow,
    },
};

/// What a reviewer says about one task of an item.
#[derive(Clone, Debug)]
pub struct NewDecision {
    /// Which item.
    pub item_id: String,
    /// Which task.
    pub task: Task,
    /// A label of the queue's policy, in any case.
    pub label: String,
    /// Categories of the queue's policy, in any case.
    pub categories: Vec<String>,
    /// Whether the response is a refusal, where the policy asks.
    pub refusal: Option<bool>,
    /// Free text; the policy says where there must be some.
    pub note: Option<String>,
    /// A pseudonym.
    pub reviewer: String,
    /// How long the item was in view.
    pub duration_ms: Option<i64>,
    /// Whether a verdict was in view before.
    pub verdict_visible: bool,
    /// Which draw brought the item up; found out if `None`. [`NO_DRAW`](Self::NO_DRAW) if somebody chose it.
    pub draw_id: Option<String>,
    /// Made by a script: kept out of every export but the demo's.
    pub synthetic: bool,
}

impl NewDecision {
    /// What stands in `draw_id` for an item that no draw brought up though it may be in one: somebody filtered or sorted, and took
    /// what they found. The same holds for a [`Gesture`].
    pub const NO_DRAW: &'static str = "";
}

/// What a reviewer does with an item besides deciding it.
#[derive(Clone, Debug)]
pub struct Gesture {
    /// Which item.
    pub item_id: String,
    /// Which task, for skip and escalate; all undecided ones if `None`.
    pub task: Option<Task>,
    /// Why: a code of the queue's policy, in any case, or free text where it allows that.
    pub reason: Option<String>,
    /// More about it; the policy says where there must be some.
    pub note: Option<String>,
    /// A pseudonym.
    pub reviewer: String,
    /// How long the item was in view.
    pub duration_ms: Option<i64>,
    /// Which draw brought the item up; found out if `None`.
    pub draw_id: Option<String>,
    /// Made by a script.
    pub synthetic: bool,
}

impl Gesture {
    /// About a whole item, by a person, with nothing else said.
    pub fn new(item_id: impl Into<String>, reviewer: impl Into<String>) -> Self {
        Self {
            item_id: item_id.into(),
            task: None,
            reason: None,
            note: None,
            reviewer: reviewer.into(),
            duration_ms: None,
            draw_id: None,
            synthetic: false,
        }
    }
}

/// The acknowledgement: it is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The row.
    pub decision_id: String,
    /// RFC 3339.
    pub saved_at: String,
    /// The item's queue.
    pub queue_id: String,
    /// Where the item stands now, as the reviewer may see it.
    pub state: ItemState,
}

impl Workspace {
    /// Saves a decision about one task.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for an item that is not there or in quarantine, or a task that it does not have;
    /// [`Code::Invalid`](crate::Code) for what the queue's policy does not have, and for a note or a reason that it wants.
    pub async fn decide(&self, decision: &NewDecision) -> Result<Saved> {
        let mut tx = self.store().write().await?;
        let at = Place::of(&mut tx, &decision.item_id).await?;
        let saved = decide_in(&mut tx, at, decision, Looked::Here).await?;
        tx.commit().await?;
        Ok(saved)
    }

    /// Passes over a task, or over all undecided tasks of an item.
    ///
    /// # Errors
    /// See [`decide`](Self::decide).
    pub async fn skip(&self, gesture: &Gesture) -> Result<Saved> {
        self.gesture(gesture, DecisionKind::Skip).await
    }

    /// Leaves a task, or all undecided tasks of an item, to somebody else.
    ///
    /// # Errors
    /// See [`decide`](Self::decide).
    pub async fn escalate(&self, gesture: &Gesture) -> Result<Saved> {
        self.gesture(gesture, DecisionKind::Escalate).await
    }

    /// Marks an item.
    ///
    /// # Errors
    /// See [`decide`](Self::decide).
    pub async fn flag(&self, gesture: &Gesture) -> Result<Saved> {
        self.gesture(gesture, DecisionKind::Flag).await
    }

    /// Takes the mark from an item.
    ///
    /// # Errors
    /// See [`decide`](Self::decide).
    pub async fn unflag(&self, gesture: &Gesture) -> Result<Saved> {
        self.gesture(gesture, DecisionKind::Unflag).await
    }

    /// Takes an item out of every list, search, neighbourhood and export at once, and with it every other item with the same
    /// content, in whatever queue.
    ///
    /// # Errors
    /// See [`decide`](Self::decide).
    pub async fn quarantine(&self, gesture: &Gesture) -> Result<Saved> {
        self.gesture(gesture, DecisionKind::Quarantine).await
    }

    async fn gesture(&self, gesture: &Gesture, kind: DecisionKind) -> Result<Saved> {
        let mut tx = self.store().write().await?;
        let mut at = Place::of(&mut tx, &gesture.item_id).await?;
        let by_task = matches!(kind, DecisionKind::Skip | DecisionKind::Escalate);
        let reviewer = check_reviewer(&gesture.reviewer)?;
        let about = if by_task { at.concerned(gesture.task, &reviewer)? } else { None };
        let supersedes = match about {
            Some(task) => at.in_view(task, &reviewer),
            None if matches!(kind, DecisionKind::Flag | DecisionKind::Unflag) => {
                last_flag(&in_force(&at.rows)).map(|row| row.id.clone())
            }
            None => None,
        };
        let terms = &at.queue.policy.terms;
        let why = terms
            .check_reason(kind, gesture.reason.as_deref(), gesture.note.as_deref())
            .map_err(|error| Error::invalid("reason", error.to_string()))?;
        let row = DecisionRow {
            task: about.map(|task| task.task),
            reason: why.reason,
            note: why.note,
            duration_ms: gesture.duration_ms,
            draw_id: at.draw(&mut tx, gesture.draw_id.as_deref()).await?,
            verdict_id: about.and_then(|task| task.verdict_id.clone()),
            supersedes,
            synthetic: gesture.synthetic,
            ..blank_row(&tx, &at.item.id, kind, reviewer)
        };
        let saved = at.apply(&mut tx, row.clone()).await?;
        if kind == DecisionKind::Quarantine {
            take_copies_along(&mut tx, &row).await?;
        }
        tx.commit().await?;
        if kind == DecisionKind::Quarantine {
            // Its copies have the same images.
            self.forget_features(&[&at.item.id]).await?;
        }
        Ok(saved)
    }
}

/// Whether a reviewer looked at the item that they decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked<'a> {
    /// At this one.
    Here,
    /// At another one: no draw brought this one up, and no estimate may be made from it. That travels with the decision, as the
    /// reason that labels have in no other case.
    Elsewhere {
        /// The one that they looked at.
        item_id: &'a str,
    },
    /// At none of several: they were chosen in a list. The same holds.
    Nowhere,
}

/// Writes a decision about an item, inside of a transaction: nothing is saved before that is committed.
pub(super) async fn decide_in(
    tx: &mut WriteTx<'_>,
    mut at: Place,
    decision: &NewDecision,
    looked: Looked<'_>,
) -> Result<Saved> {
    let row = at.label(tx, decision, DecisionKind::Label)?;
    let (draw_id, supersedes, reason) = match looked {
        Looked::Here => {
            let supersedes = at.in_view(at.task(decision.task)?, &row.reviewer);
            (at.draw(tx, decision.draw_id.as_deref()).await?, supersedes, None)
        }
        Looked::Elsewhere { item_id } => (None, None, Some(format!("decided together with {item_id}"))),
        Looked::Nowhere => (None, None, Some("decided in a list, unseen".to_owned())),
    };
    at.apply(tx, DecisionRow { draw_id, supersedes, reason, ..row }).await
}

/// Puts what has the content of a quarantined item into quarantine too; each with its own row, which names that of the item.
async fn take_copies_along(tx: &mut WriteTx<'_>, quarantine: &DecisionRow) -> Result<()> {
    for copy in store::items::same_content(tx, &quarantine.item_id).await? {
        let row = DecisionRow {
            reason: Some(format!("the same content as {}", quarantine.item_id)),
            supersedes: Some(quarantine.id.clone()),
            synthetic: quarantine.synthetic,
            ..blank_row(tx, &copy.id, DecisionKind::Quarantine, quarantine.reviewer.clone())
        };
        Place::about(tx, copy).await?.apply(tx, row).await?;
    }
    Ok(())
}

/// An item and all that an act about it goes by, read once.
pub(super) struct Place {
    pub(super) item: ItemContent,
    pub(super) queue: Queue,
    pub(super) plan: Option<ReviewPlan>,
    pub(super) tasks: Vec<TaskRow>,
    /// Everything that was done with it, in order of arrival.
    pub(super) rows: Vec<DecisionRow>,
}

impl Place {
    /// A visible item.
    pub(super) async fn of(conn: &mut Conn, item_id: &str) -> Result<Self> {
        let item = store::items::visible(conn, item_id).await?;
        Self::about(conn, item.ok_or_else(|| Error::not_found(Thing::Item, item_id))?).await
    }

    /// An item, in quarantine or not.
    pub(super) async fn about(conn: &mut Conn, item: ItemContent) -> Result<Self> {
        let queue = find_queue(conn, &item.queue_id).await?;
        let plan = store::plans::in_force(conn, &item.queue_id).await?;
        let tasks = store::tasks::of_item(conn, &item.id).await?;
        let rows = store::decisions::of_item(conn, &item.id).await?;
        Ok(Self { item, queue, plan, tasks, rows })
    }

    /// What decides about its tasks.
    pub(super) fn rule(&self) -> Rule {
        rule_of(self.plan.as_ref(), &self.item.id, &self.tasks)
    }

    /// What decides about each task.
    pub(super) fn rules(&self) -> Vec<(Task, Rule)> {
        rules_of(self.plan.as_ref(), &self.item.id, &self.tasks)
    }

    /// What a decision of a reviewer about a task replaces: the one in force or, where reviewers decide without knowing of each
    /// other or disagree, the reviewer's own.
    fn in_view(&self, task: &TaskRow, reviewer: &str) -> Option<String> {
        let rule = self.rule();
        // Somebody passed it over, or left it to others: that is in view, and what is decided now answers it.
        let passed_on = !rule.control && matches!(task.state, ItemState::Skipped | ItemState::Escalated);
        if passed_on || !rule.is_independent() && task.awaiting.is_none() {
            return task.decision_id.clone();
        }
        let voices = StandingVoices::of(&self.rules(), &self.rows);
        let in_view = match voices.settled(task.task) {
            // Everybody else sees what was settled, and may find otherwise.
            Some(settled)
                if settled.reviewer == reviewer || voices.of_reviewer(task.task, reviewer).is_none() =>
            {
                voices.about(task.task).pop()
            }
            _ => voices.of_reviewer(task.task, reviewer),
        };
        in_view.map(|row| row.id.clone())
    }

    /// The tasks as they stand for a reviewer, with the labels that they may know of.
    pub(super) fn seen(&self, reviewer: Option<&str>) -> Vec<(Task, ItemState, Option<Severity>)> {
        let (tasks, rows) = (self.tasks.clone(), self.rows.clone());
        seen_tasks(self.plan.as_ref(), &self.item.id, tasks, rows, reviewer)
    }

    /// The row of a label, as the policy has what is said. What brought the item up, and what the label replaces, is left open.
    pub(super) fn label(
        &self,
        tx: &WriteTx<'_>,
        decision: &NewDecision,
        kind: DecisionKind,
    ) -> Result<DecisionRow> {
        let task = self.task(decision.task)?;
        let NewDecision { label, categories, refusal, note, .. } = decision;
        let said = Said { label, categories, refusal: *refusal, note: note.as_deref() };
        let checked = self.queue.policy.terms.check(decision.task, said);
        let checked = checked.map_err(|error| Error::invalid("decision", error.to_string()))?;
        let reviewer = check_reviewer(&decision.reviewer)?;
        let told = task.verdict_id.is_some() || self.tells_gold(task);
        Ok(DecisionRow {
            task: Some(decision.task),
            label: Some(checked.label),
            categories: checked.categories,
            refusal: checked.refusal,
            note: checked.note,
            duration_ms: decision.duration_ms,
            verdict_visible: decision.verdict_visible
                || (told && was_revealed(&self.rows, decision.task, &reviewer)),
            verdict_id: task.verdict_id.clone(),
            synthetic: decision.synthetic,
            ..blank_row(tx, &self.item.id, kind, reviewer)
        })
    }

    /// Writes a row, its event and what follows from it, inside of a transaction: nothing is saved before that is committed.
    pub(super) async fn apply(&mut self, tx: &mut WriteTx<'_>, row: DecisionRow) -> Result<Saved> {
        let policy_id = store::queue_policies::in_force(tx, &self.queue.id).await?;
        let row = DecisionRow { policy_id, ..row };
        store::decisions::insert(tx, &row).await?;
        events::record(tx, EventKind::PolicyDecision, &row.id).await?;
        for earlier in &mut self.rows {
            earlier.undone |= row.undoes.as_ref() == Some(&earlier.id);
        }
        self.rows.push(row.clone());
        let derived = refresh(tx, self.plan.as_ref(), &self.item.id, &mut self.tasks, &self.rows).await?;
        Ok(Saved {
            state: derived.state_for(&row.reviewer),
            decision_id: row.id,
            saved_at: row.decided_at,
            queue_id: self.queue.id.clone(),
        })
    }

    /// Whether a decision about a task is answered with its gold label.
    fn tells_gold(&self, task: &TaskRow) -> bool {
        task.gold.is_some() && self.plan.as_ref().is_some_and(ReviewPlan::tells_gold)
    }

    pub(super) fn task(&self, task: Task) -> Result<&TaskRow> {
        let found = self.tasks.iter().find(|t| t.task == task);
        found.ok_or_else(|| Error::not_found(Thing::Task, task.as_str()))
    }

    /// The task that a skip or an escalation is about: the one that is said, or the only one that the reviewer finds undecided.
    /// `None` if it is about several.
    fn concerned(&self, said: Option<Task>, reviewer: &str) -> Result<Option<&TaskRow>> {
        if let Some(task) = said {
            return self.task(task).map(Some);
        }
        let seen = self.seen(Some(reviewer));
        let is_open = |task: &&TaskRow| {
            seen.iter().any(|(of, state, _)| *of == task.task && *state != ItemState::Decided)
        };
        let mut open = self.tasks.iter().filter(is_open);
        match (open.next(), open.next()) {
            (None, _) => Err(Error::Conflict {
                thing: Thing::Item,
                id: self.item.id.clone(),
                reason: "is decided; undo that first",
            }),
            (only, None) => Ok(only),
            _ => Ok(None),
        }
    }

    /// Which draw brought the item up: the one that is said, else the one in force if the item is in it.
    pub(super) async fn draw(&self, tx: &mut WriteTx<'_>, said: Option<&str>) -> Result<Option<String>> {
        if said == Some(NewDecision::NO_DRAW) {
            return Ok(None);
        }
        let in_force = self.queue.draw_id.as_deref().filter(|_| self.queue.ordering == Ordering::Draw);
        let Some(draw_id) = said.or(in_force) else { return Ok(None) };
        let is_in_it = store::draws::rank(tx, draw_id, &self.item.id).await?.is_some();
        if said.is_some() && !is_in_it {
            return Err(Error::invalid("draw_id", "this draw did not bring the item up"));
        }
        Ok(is_in_it.then(|| draw_id.to_owned()))
    }
}

/// Whether the reviewer may have seen a verdict or the gold label already: a decision reveals what there is and what comes later,
/// and undoing the decision does not make it unseen.
pub(super) fn was_revealed(rows: &[DecisionRow], task: Task, reviewer: &str) -> bool {
    rows.iter().any(|row| row.kind.has_label() && row.task == Some(task) && row.reviewer == reviewer)
}

pub(super) fn blank_row(
    tx: &WriteTx<'_>,
    item_id: &str,
    kind: DecisionKind,
    reviewer: String,
) -> DecisionRow {
    DecisionRow {
        id: tx.clock().new_id(),
        item_id: item_id.to_owned(),
        task: None,
        kind,
        label: None::<Severity>,
        categories: Vec::new(),
        refusal: None,
        note: None,
        reason: None,
        reviewer,
        decided_at: tx.clock().now_text(),
        duration_ms: None,
        draw_id: None,
        verdict_visible: false,
        verdict_id: None,
        supersedes: None,
        undoes: None,
        synthetic: false,
        policy_id: None,
        undone: false,
    }
}

pub(crate) fn check_reviewer(reviewer: &str) -> Result<String> {
    let reviewer = reviewer.trim();
    if reviewer.is_empty() || reviewer.chars().count() > 100 {
        return Err(Error::invalid("reviewer", "a pseudonym has between 1 and 100 characters"));
    }
    Ok(reviewer.to_owned())
}
