//! What of an item a reviewer may see: under a plan, not what other reviewers did with it, nor that they did.

use saring_verdict::{Severity, Task};

use super::{
    DecisionKind, ReviewPlan,
    plan::rule_of,
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

/// Leaves out what others did with tasks about which reviewers decide without knowing of each other.
fn of_reviewer(
    plan: Option<&ReviewPlan>,
    item_id: &str,
    mut tasks: Vec<TaskRow>,
    mut decisions: Vec<DecisionRow>,
    reviewer: Option<&str>,
) -> (Vec<DecisionRow>, Vec<TaskRow>) {
    let rules: Vec<(Task, Rule)> = tasks.iter().map(|t| (t.task, rule_of(plan, item_id, t))).collect();
    let is_closed = |(task, (_, rule)): (&TaskRow, &(Task, Rule))| {
        let unsettled = task.state != ItemState::Decided && (rule.second || task.awaiting.is_some());
        (rule.control || unsettled).then_some(task.task)
    };
    let closed: Vec<Task> = tasks.iter().zip(&rules).filter_map(is_closed).collect();
    if closed.is_empty() {
        return (decisions, tasks);
    }
    let voices = StandingVoices::of(&rules, &decisions);
    for task in tasks.iter_mut().filter(|task| closed.contains(&task.task)) {
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
        own || guards_all || !about_closed
    });
    (decisions, tasks)
}
