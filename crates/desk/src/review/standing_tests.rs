//! Where an item stands follows from the set of rows, not from the order in which they came.

use saring_verdict::{Severity, Task};

use super::{
    DecisionKind,
    standing::{Awaiting, Rule, Standing, in_force},
};
use crate::{fixture::Dice, queue::ItemState, store::decisions::DecisionRow};

const ONCE: Rule = Rule { second: false, control: false };
const TWICE: Rule = Rule { second: true, control: false };
const TASKS: [(Task, Rule); 2] = [(Task::Prompt, ONCE), (Task::Response, TWICE)];
const SINGLE: [(Task, Rule); 2] = [(Task::Prompt, ONCE), (Task::Response, ONCE)];

fn row(id: &str, minute: usize, reviewer: &str, kind: DecisionKind) -> DecisionRow {
    DecisionRow {
        id: id.to_owned(),
        item_id: "item".to_owned(),
        task: None,
        kind,
        label: None,
        categories: Vec::new(),
        refusal: None,
        note: None,
        reason: None,
        reviewer: reviewer.to_owned(),
        decided_at: format!("2026-11-20T08:{minute:02}:00.000Z"),
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

fn label(id: &str, minute: usize, reviewer: &str, label: Severity, over: Option<&str>) -> DecisionRow {
    DecisionRow {
        task: Some(Task::Prompt),
        label: Some(label),
        supersedes: over.map(str::to_owned),
        ..row(id, minute, reviewer, DecisionKind::Label)
    }
}

/// What reviewers do with an item in one workspace, each thing in view of those before; the clock may be set back in between.
fn workspace(dice: &mut Dice, tasks: &[(Task, Rule)], name: &str, acts: usize) -> Vec<DecisionRow> {
    let mut rows: Vec<DecisionRow> = Vec::new();
    let mut minute = 30;
    for act in 0..acts {
        minute = if dice.below(5) == 0 { dice.below(50) } else { minute + 1 };
        let standing = Standing::of(tasks, &rows);
        let reviewer = format!("{name}{}", dice.below(2));
        let task = dice.below(2);
        let in_force_now = standing.tasks[task].decision_id.clone();
        let id = format!("{name}-{act:02}");
        let about_task = |kind| DecisionRow {
            task: Some(tasks[task].0),
            supersedes: in_force_now.clone(),
            ..row(&id, minute, &reviewer, kind)
        };
        let new = match dice.below(8) {
            7 if tasks[task].1.second => {
                DecisionRow { label: Some(Severity::Safe), ..about_task(DecisionKind::Adjudicate) }
            }
            0 => about_task(DecisionKind::Skip),
            1 => about_task(DecisionKind::Escalate),
            2 if !in_force(&rows).is_empty() => {
                let in_force = in_force(&rows);
                let undone = in_force[dice.below(in_force.len())];
                DecisionRow {
                    task: undone.task,
                    supersedes: Some(undone.id.clone()),
                    undoes: Some(undone.id.clone()),
                    ..row(&id, minute, &undone.reviewer, DecisionKind::Undo)
                }
            }
            3 => row(&id, minute, &reviewer, DecisionKind::Flag),
            4 => row(&id, minute, &reviewer, DecisionKind::Quarantine),
            _ => DecisionRow {
                label: Some([Severity::Safe, Severity::Unsafe][dice.below(2)]),
                ..about_task(DecisionKind::Label)
            },
        };
        rows.push(new);
    }
    rows
}

#[test]
fn any_order_of_arrival_gives_the_same_standing() {
    let mut dice = Dice(1);
    let mut disputed = 0;
    for _ in 0..400 {
        let mut rows = Vec::new();
        for name in ["ana", "ben", "carl"] {
            let acts = dice.below(6);
            rows.extend(workspace(&mut dice, &TASKS, name, acts));
        }
        let expected = Standing::of(&TASKS, &rows);
        let has_labels = rows.iter().filter(|row| row.kind == DecisionKind::Label).count() > 1;
        disputed += usize::from(has_labels && expected.tasks[0].awaiting == Some(Awaiting::Adjudication));
        for _ in 0..5 {
            dice.shuffle(&mut rows);
            assert_eq!(Standing::of(&TASKS, &rows), expected, "{rows:?}");
        }
    }
    assert!(disputed > 20, "the histories have conflicts in them: {disputed}");
}

#[test]
fn in_one_workspace_the_last_thing_done_with_a_task_counts() {
    let mut dice = Dice(2);
    for _ in 0..400 {
        let rows = workspace(&mut dice, &SINGLE, "ana", 10);
        let standing = Standing::of(&SINGLE, &rows);
        for (at, (task, _)) in SINGLE.into_iter().enumerate() {
            let undone = |row: &DecisionRow| rows.iter().any(|r| r.undoes.as_ref() == Some(&row.id));
            let about =
                |row: &&DecisionRow| row.task == Some(task) && row.kind != DecisionKind::Undo && !undone(row);
            let last = rows.iter().rev().find(about).map(|row| row.id.clone());
            assert_eq!(standing.tasks[at].decision_id, last, "whatever its clock says: {rows:?}");
        }
    }
}

#[test]
fn labels_that_did_not_know_of_each_other_decide_only_if_they_agree() {
    let agree = [label("a", 1, "ana", Severity::Safe, None), label("b", 2, "ben", Severity::Safe, None)];
    let task = |rows: &[DecisionRow]| Standing::of(&SINGLE[..1], rows).tasks.remove(0);
    assert_eq!(task(&agree).state, ItemState::Decided);
    let differ = [label("a", 1, "ana", Severity::Safe, None), label("b", 2, "ben", Severity::Unsafe, None)];
    assert_eq!(
        (task(&differ).state, task(&differ).awaiting),
        (ItemState::Pending, Some(Awaiting::Adjudication))
    );
    let seen =
        [label("a", 1, "ana", Severity::Safe, None), label("b", 2, "ben", Severity::Unsafe, Some("a"))];
    assert_eq!(task(&seen).decision_id.as_deref(), Some("b"), "ben had ana's in view and changed it");
    let categories = |row: &DecisionRow| DecisionRow { categories: vec!["PII".to_owned()], ..row.clone() };
    let mixed = [agree[0].clone(), categories(&agree[1])];
    assert_eq!(task(&mixed).state, ItemState::Pending, "categories are part of the answer");
}

#[test]
fn an_escalation_holds_against_a_label_from_elsewhere_and_a_skip_does_not() {
    let rows = |kind| {
        let gesture = DecisionRow { task: None, ..row("g", 5, "ben", kind) };
        [label("a", 1, "ana", Severity::Safe, None), gesture]
    };
    let state = |rows: &[DecisionRow]| Standing::of(&SINGLE[..1], rows).state();
    assert_eq!(state(&rows(DecisionKind::Escalate)), ItemState::Escalated, "somebody asked for help");
    assert_eq!(state(&rows(DecisionKind::Skip)), ItemState::Decided, "somebody else did not pass over it");
}

#[test]
fn a_release_ends_the_quarantine_that_it_knew_of_and_no_other() {
    let quarantine = |id: &str, minute| row(id, minute, id, DecisionKind::Quarantine);
    let release = |over: Option<&str>| DecisionRow {
        supersedes: over.map(str::to_owned),
        ..row("r", 9, "lead", DecisionKind::Release)
    };
    let held = |rows: &[DecisionRow]| Standing::of(&SINGLE[..1], rows).quarantined;
    assert!(!held(&[quarantine("a", 1), release(Some("a"))]));
    assert!(held(&[quarantine("a", 1), release(Some("a")), quarantine("b", 2)]), "another laptop's stays");
    assert!(!held(&[quarantine("a", 1), quarantine("b", 2), release(None)]), "as releases were before");
}

fn second_review(rows: &[DecisionRow]) -> (ItemState, Option<Awaiting>, Option<String>) {
    let standing = Standing::of(&[(Task::Prompt, TWICE)], rows).tasks.remove(0);
    (standing.state, standing.awaiting, standing.decision_id)
}

#[test]
fn two_reviewers_settle_by_agreeing_and_a_third_act_settles_what_they_do_not() {
    let ana = label("a", 1, "ana", Severity::Safe, None);
    let ben = |says| label("b", 2, "ben", says, None);
    let settled = |id: &str| (ItemState::Decided, None, Some(id.to_owned()));
    let waits = |what| (ItemState::Pending, Some(what), None);
    assert_eq!(second_review(std::slice::from_ref(&ana)), waits(Awaiting::Second));
    assert_eq!(second_review(&[ana.clone(), ben(Severity::Safe)]), settled("b"));
    let mut rows = vec![ana, ben(Severity::Unsafe)];
    assert_eq!(second_review(&rows), waits(Awaiting::Adjudication));
    rows.push(DecisionRow {
        kind: DecisionKind::Adjudicate,
        ..label("j", 3, "lead", Severity::Unsafe, Some("b"))
    });
    assert_eq!(second_review(&rows), settled("j"));
    rows.push(label("b2", 4, "ben", Severity::Safe, Some("b")));
    assert_eq!(second_review(&rows), settled("j"), "who was settled between cannot overrule that");
    rows.push(DecisionRow {
        undoes: Some("j".to_owned()),
        supersedes: Some("j".to_owned()),
        ..row("u", 5, "lead", DecisionKind::Undo)
    });
    assert_eq!(second_review(&rows), settled("b2"), "taken back: by now both agree");
    let replaced = label("c", 6, "carl", Severity::Safe, Some("j"));
    rows.retain(|row| row.undoes.is_none());
    rows.push(replaced);
    let standing = Standing::of(&SINGLE[..1], &rows).tasks.remove(0);
    assert_eq!(standing.decision_id.as_deref(), Some("c"), "in a single review, who sees it may change it");
}

#[test]
fn gold_that_is_mixed_in_is_nothing_to_settle() {
    let control = Rule { second: false, control: true };
    let rows = [label("a", 1, "ana", Severity::Safe, None), label("b", 2, "ben", Severity::Unsafe, None)];
    let standing = Standing::of(&[(Task::Prompt, control)], &rows).tasks.remove(0);
    assert_eq!((standing.state, standing.decision_id.as_deref()), (ItemState::Decided, Some("b")));
}
