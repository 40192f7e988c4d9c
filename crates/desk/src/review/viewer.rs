//! What of an item a reviewer may see: under a plan, not what other reviewers did with it, nor that they did.

use std::collections::BTreeSet;

use saring_verdict::{Severity, Task};

use super::{
    Awaiting, DecisionKind, ReviewPlan,
    plan::{rule_of, rules_of},
    standing::{Rule, StandingVoices},
};
use crate::{
    Result,
    queue::{ItemState, Mode, Queue},
    store::{self, Conn, decisions::DecisionRow, tasks::TaskRow},
};

/// What a reviewer may see of an item.
pub(super) struct Seen {
    /// What was done with it, oldest first.
    pub decisions: Vec<DecisionRow>,
    /// Its tasks, as they stand for this reviewer.
    pub tasks: Vec<TaskRow>,
    suggests: bool,
    gold: bool,
}

impl Seen {
    /// Whether verdicts about a task may be shown: at once where the queue suggests, else after a decision.
    pub(super) fn shows_verdict(&self, task: Task) -> bool {
        self.suggests || self.is_decided(task)
    }

    /// Whether the gold label of a task may be shown: under a plan that says so, after a decision. Before one it would tell a gold
    /// item from the others.
    pub(super) fn shows_gold(&self, task: Task) -> bool {
        self.gold && self.is_decided(task)
    }

    fn is_decided(&self, task: Task) -> bool {
        self.decisions.iter().any(|d| d.kind.has_label() && d.task == Some(task) && !d.undone)
    }
}

/// What `reviewer` may see of an item; without one, what everybody may.
pub(super) async fn look(
    conn: &mut Conn,
    queue: &Queue,
    item_id: &str,
    reviewer: Option<&str>,
) -> Result<Seen> {
    let plan = store::plans::in_force(conn, &queue.id).await?;
    let stays_blind = match plan.as_ref().and_then(|plan| plan.blind_draw_id.as_deref()) {
        Some(draw_id) => store::draws::rank(conn, draw_id, item_id).await?.is_some(),
        None => false,
    };
    let decisions = store::decisions::of_item(conn, item_id).await?;
    let tasks = store::tasks::of_item(conn, item_id).await?;
    let (decisions, tasks) = of_reviewer(plan.as_ref(), item_id, tasks, decisions, reviewer);
    Ok(Seen {
        decisions,
        tasks,
        suggests: queue.mode == Mode::Suggestion && !stays_blind,
        gold: plan.as_ref().is_some_and(ReviewPlan::tells_gold),
    })
}

/// The tasks of an item as they stand for a reviewer, with the labels that they may know of.
pub(crate) fn seen_tasks(
    plan: Option<&ReviewPlan>,
    item_id: &str,
    tasks: Vec<TaskRow>,
    decisions: Vec<DecisionRow>,
    reviewer: Option<&str>,
) -> Vec<(Task, ItemState, Option<Severity>)> {
    let (decisions, tasks) = of_reviewer(plan, item_id, tasks, decisions, reviewer);
    let label = |task: &TaskRow| {
        decisions.iter().find(|d| Some(&d.id) == task.decision_id.as_ref()).and_then(|d| d.label)
    };
    tasks.iter().map(|task| (task.task, task.state, label(task))).collect()
}

/// Where an item stands for a reviewer, where that is not where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenState {
    /// A pseudonym, or [`EVERYBODY`](Self::EVERYBODY).
    pub reviewer: String,
    /// Where it stands for them.
    pub state: ItemState,
    /// And its prompt.
    pub prompt: ItemState,
    /// And its response; pending if there is none.
    pub response: ItemState,
    /// Where it stands for those who have no such row.
    pub common_state: ItemState,
    /// Whether it is open for everybody else: somebody's decision is wanted.
    pub awaits: bool,
}

impl SeenState {
    /// Everybody who has no row of their own; no pseudonym is empty.
    pub const EVERYBODY: &str = "";

    fn of(reviewer: &str, states: &[(Task, ItemState)], common_state: ItemState, awaits: bool) -> Self {
        let of_task = |task| states.iter().find(|(of, _)| *of == task).map(|(_, state)| *state);
        Self {
            reviewer: reviewer.to_owned(),
            state: item_state_of(states),
            prompt: of_task(Task::Prompt).unwrap_or_default(),
            response: of_task(Task::Response).unwrap_or_default(),
            common_state,
            awaits,
        }
    }
}

fn item_state_of(states: &[(Task, ItemState)]) -> ItemState {
    ItemState::of_tasks(&states.iter().map(|(_, state)| *state).collect::<Vec<_>>())
}

/// For whom an item stands otherwise than it does, by reviewer. `tasks` are as they stand.
pub(crate) fn seen_otherwise(
    plan: Option<&ReviewPlan>,
    item_id: &str,
    tasks: &[TaskRow],
    rows: &[DecisionRow],
) -> Vec<SeenState> {
    let rule = rule_of(plan, item_id, tasks);
    if closed_tasks(tasks, rule).is_empty() {
        return Vec::new();
    }
    let is_open = |t: &TaskRow| t.state == ItemState::Pending && t.awaiting != Some(Awaiting::Adjudication);
    let awaits = !rule.control && tasks.iter().any(is_open);
    let states = |tasks: &[TaskRow]| tasks.iter().map(|t| (t.task, t.state)).collect::<Vec<_>>();
    let for_whom = |reviewer: Option<&str>| {
        states(&of_reviewer(plan, item_id, tasks.to_vec(), rows.to_vec(), reviewer).1)
    };
    let (as_it_is, for_everybody) = (states(tasks), for_whom(None));
    let mut seen = Vec::new();
    if for_everybody != as_it_is {
        let common_state = item_state_of(&as_it_is);
        seen.push(SeenState::of(SeenState::EVERYBODY, &for_everybody, common_state, awaits));
    }
    let common_state = item_state_of(&for_everybody);
    let reviewers: BTreeSet<&str> = rows.iter().map(|row| row.reviewer.as_str()).collect();
    for reviewer in reviewers {
        let for_them = for_whom(Some(reviewer));
        if for_them != for_everybody {
            seen.push(SeenState::of(reviewer, &for_them, common_state, awaits));
        }
    }
    seen
}

/// The tasks of which a reviewer may know only what they did themselves: those of gold items that are mixed in, and those about which
/// two decide or that reviewers decided differently, until that is settled.
fn closed_tasks(tasks: &[TaskRow], rule: Rule) -> Vec<Task> {
    let is_closed = |task: &&TaskRow| {
        let unsettled = task.state != ItemState::Decided && (rule.second || task.awaiting.is_some());
        rule.control || unsettled
    };
    tasks.iter().filter(is_closed).map(|task| task.task).collect()
}

/// Leaves out what others did with tasks about which reviewers decide without knowing of each other. That somebody passed one over,
/// or left it to somebody who knows better, is told where it takes the task from the others too; what was decided about it is not.
fn of_reviewer(
    plan: Option<&ReviewPlan>,
    item_id: &str,
    mut tasks: Vec<TaskRow>,
    mut decisions: Vec<DecisionRow>,
    reviewer: Option<&str>,
) -> (Vec<DecisionRow>, Vec<TaskRow>) {
    let rule = rule_of(plan, item_id, &tasks);
    let closed = closed_tasks(&tasks, rule);
    if closed.is_empty() {
        return (decisions, tasks);
    }
    let rules = rules_of(plan, item_id, &tasks);
    let voices = StandingVoices::of(&rules, &decisions);
    let mut passed_on = Vec::new();
    for task in tasks.iter_mut().filter(|task| closed.contains(&task.task)) {
        if !rule.control && task.state != ItemState::Pending {
            passed_on.push(task.task);
            continue;
        }
        let own = reviewer.and_then(|reviewer| voices.of_reviewer(task.task, reviewer));
        task.awaiting = None;
        task.decision_id = own.map(|row| row.id.clone());
        task.state = match own.map(|row| row.kind) {
            None => ItemState::Pending,
            Some(DecisionKind::Skip) => ItemState::Skipped,
            Some(DecisionKind::Escalate) => ItemState::Escalated,
            Some(_) => ItemState::Decided,
        };
    }
    decisions.retain(|row| {
        let own = reviewer == Some(row.reviewer.as_str());
        let about_closed = row.task.is_none_or(|task| closed.contains(&task));
        // A flag has a reason, which would say what others think.
        let guards_all = matches!(row.kind, DecisionKind::Quarantine | DecisionKind::Release);
        let passes_on = matches!(row.kind, DecisionKind::Skip | DecisionKind::Escalate)
            && row.task.map_or_else(|| passed_on == closed, |task| passed_on.contains(&task));
        own || guards_all || passes_on || !about_closed
    });
    (decisions, tasks)
}
