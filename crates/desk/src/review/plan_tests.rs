//! Plans: second reviews, adjudication, gold, what stays blind, and what each reviewer gets to see.

use saring_verdict::{Severity, Task};

use super::*;
use crate::{
    Code,
    fixture::{Fixture, QUEUE, says},
    queue::{ItemState, ListQuery, Mode, Tab},
};

const ALL_TWICE: PlanChange = PlanChange {
    mode: None,
    second_share: Some(Share::ALL),
    gold_share: None,
    feedback: None,
    blind_share: None,
    own_adjudication: None,
};

impl Fixture {
    async fn plan(&self, change: PlanChange) -> ReviewPlan {
        self.workspace.set_plan(QUEUE, &change, 11).await.expect("a plan")
    }

    async fn says(&self, item_id: &str, reviewer: &str, label: &str) -> Saved {
        let decision = NewDecision { reviewer: reviewer.to_owned(), ..self.decision(item_id, label) };
        self.workspace.decide(&decision).await.expect("a decision")
    }

    async fn next_of(&self, reviewer: &str) -> Option<String> {
        self.workspace.next_for(QUEUE, reviewer, None).await.expect("next").map(|item| item.id)
    }

    async fn holds(&self) {
        let report = self.workspace.verify(None).await.expect("an audit");
        assert!(report.holds(), "{:?}", report.problems);
    }
}

#[tokio::test]
async fn without_a_plan_one_decision_is_enough_and_the_next_item_is_the_next_pending_one() {
    let fixture = Fixture::with_prompts(2).await;
    let ids = fixture.ids().await;
    assert_eq!(fixture.workspace.plan(QUEUE).await.expect("no plan"), None);
    assert_eq!(fixture.next_of("ana").await.as_ref(), Some(&ids[0]));
    assert_eq!(fixture.says(&ids[0], "ana", "safe").await.state, ItemState::Decided);
    assert_eq!(fixture.next_of("ben").await.as_ref(), Some(&ids[1]));
}

#[tokio::test]
async fn a_second_reviewer_sees_neither_the_first_decision_nor_that_there_is_one() {
    let fixture = Fixture::with_prompts(2).await;
    let workspace = &fixture.workspace;
    let ids = fixture.ids().await;
    fixture.judge(&ids[0], Task::Prompt, 0.9).await;
    fixture.plan(ALL_TWICE).await;
    let untouched = workspace.item_for(&ids[0], Some("ben")).await.expect("the item");
    let saved = fixture.says(&ids[0], "ana", "unsafe").await;
    assert_eq!(saved.state, ItemState::Decided, "ana is done with it");
    assert_eq!(workspace.awaiting(QUEUE).await.expect("counts"), (1, 0), "one of two decisions");

    for viewer in [Some("ben"), None] {
        let view = workspace.item_for(&ids[0], viewer).await.expect("the item");
        assert_eq!(view, untouched, "as if nothing had happened, for {viewer:?}");
        assert!(workspace.history_for(&ids[0], viewer).await.expect("history").is_empty());
    }
    let own = workspace.item_for(&ids[0], Some("ana")).await.expect("the item");
    assert_eq!(own.state, ItemState::Decided, "ana is done with it");
    assert!(matches!(own.tasks[0].verdict, VerdictSlot::Shown(_)), "revealed in place, to ana");
    assert_eq!(fixture.next_of("ana").await.as_ref(), Some(&ids[1]), "never what ana has decided");
    assert_eq!(fixture.next_of("ben").await.as_ref(), Some(&ids[0]), "ben gets it too");

    let second = fixture.says(&ids[0], "ben", "unsafe").await;
    assert_eq!(second.state, ItemState::Decided, "they agree");
    let history = workspace.history(&ids[0]).await.expect("history");
    let rows: Vec<_> = history
        .iter()
        .filter_map(|entry| match &entry.event {
            HistoryEvent::Decision(row) => Some((row.verdict_visible, row.supersedes.clone())),
            HistoryEvent::Verdict(_) => None,
        })
        .collect();
    assert_eq!(
        rows,
        [(false, None), (false, None)],
        "both blind, neither over the other; settled, it is open"
    );
    fixture.holds().await;
}

#[tokio::test]
async fn a_disagreement_goes_to_somebody_else_and_is_exported_only_when_it_is_settled() {
    let fixture = Fixture::with_prompts(1).await;
    let workspace = &fixture.workspace;
    let id = fixture.ids().await.remove(0);
    fixture.plan(ALL_TWICE).await;
    let third =
        |reviewer: &str| NewDecision { reviewer: reviewer.to_owned(), ..fixture.decision(&id, "safe") };
    let early = workspace.adjudicate(&third("lead")).await.expect_err("nothing to settle");
    assert_eq!(early.code(), Code::Conflict, "{early}");
    fixture.says(&id, "ana", "unsafe").await;
    assert_eq!(workspace.awaiting(QUEUE).await.expect("counts"), (1, 0));
    fixture.says(&id, "ben", "safe").await;
    assert_eq!(workspace.awaiting(QUEUE).await.expect("counts"), (0, 1));
    for reviewer in ["ana", "ben", "carl"] {
        assert_eq!(fixture.next_of(reviewer).await, None, "it waits for adjudication, not for {reviewer}");
    }
    let found = workspace.disagreements(QUEUE, None, 10).await.expect("disagreements");
    let sides: Vec<_> = found[0].decisions.iter().map(|d| (d.reviewer.as_str(), d.label)).collect();
    assert_eq!(sides, [("ana", Severity::Unsafe), ("ben", Severity::Safe)], "side by side");

    let own = workspace.adjudicate(&third("ana")).await.expect_err("ana's own");
    assert_eq!(own.code(), Code::Conflict, "{own}");
    let saved = workspace.adjudicate(&third("lead")).await.expect("settled");
    assert_eq!(saved.state, ItemState::Decided);
    assert!(workspace.disagreements(QUEUE, None, 10).await.expect("none").is_empty());
    let view = workspace.item(&id).await.expect("the item");
    assert_eq!(view.tasks[0].decision.as_ref().map(|d| &d.id), Some(&saved.decision_id), "that is exported");
    fixture.says(&id, "ben", "unsafe").await;
    let view = workspace.item(&id).await.expect("the item");
    assert_eq!(view.tasks[0].decision.as_ref().map(|d| &d.id), Some(&saved.decision_id), "it stays settled");
    fixture.holds().await;

    workspace.undo("lead").await.expect("undone");
    assert_eq!(workspace.item(&id).await.expect("the item").state, ItemState::Decided, "both say unsafe now");
    workspace.undo("ben").await.expect("undone");
    fixture.plan(PlanChange { own_adjudication: Some(true), ..ALL_TWICE }).await;
    workspace.adjudicate(&third("ana")).await.expect("the lead allows it");
    fixture.holds().await;
}

#[tokio::test]
async fn what_was_settled_may_be_found_otherwise_and_needs_no_second_reviewer_again() {
    let fixture = Fixture::with_prompts(1).await;
    let workspace = &fixture.workspace;
    let id = fixture.ids().await.remove(0);
    fixture.plan(ALL_TWICE).await;
    fixture.says(&id, "ana", "unsafe").await;
    fixture.says(&id, "ben", "safe").await;
    let lead = NewDecision { reviewer: "lead".into(), ..fixture.decision(&id, "safe") };
    workspace.adjudicate(&lead).await.expect("settled");
    for (reviewer, label) in [("lead", "controversial"), ("carl", "unsafe"), ("carl", "safe")] {
        let saved = fixture.says(&id, reviewer, label).await;
        assert_eq!(saved.state, ItemState::Decided, "{reviewer}");
        let view = workspace.item(&id).await.expect("the item");
        assert_eq!(view.tasks[0].decision.as_ref().map(|d| &d.id), Some(&saved.decision_id), "{reviewer}");
        assert_eq!(fixture.next_of("dora").await, None, "nobody is asked again");
    }
    fixture.holds().await;

    let fixture = Fixture::with_prompts(1).await;
    let id = fixture.ids().await.remove(0);
    fixture.plan(ALL_TWICE).await;
    fixture.says(&id, "ana", "unsafe").await;
    fixture.says(&id, "ben", "safe").await;
    let skip = Gesture { task: Some(Task::Prompt), ..Gesture::new(&id, "ana") };
    fixture.workspace.skip(&skip).await.expect("skipped");
    let own = NewDecision { reviewer: "ana".into(), ..fixture.decision(&id, "unsafe") };
    fixture.workspace.adjudicate(&own).await.expect_err("a skip does not make it somebody else's");
}

#[tokio::test]
async fn whoever_was_told_the_gold_label_settles_with_that_in_view() {
    let gold =
        r#"{"id": "g", "prompt": "gold", "labels": {"prompt": {"label": "unsafe"}}, "labels_role": "gold"}"#;
    let fixture = Fixture::with_rows(&[gold, r#"{"id": "1", "prompt": "one"}"#]).await;
    let workspace = &fixture.workspace;
    let id = fixture.ids().await.remove(0);
    fixture.plan(ALL_TWICE).await;
    fixture.says(&id, "ana", "unsafe").await;
    fixture.says(&id, "ben", "safe").await;
    let lead = says(&id, "lead", "safe");
    workspace.adjudicate(&lead).await.expect("settled, and the gold label is shown to nobody");
    let told = PlanChange { gold_share: Some(Share::from_millionths(100_000)), ..PlanChange::default() };
    fixture.plan(told).await;
    let shown = workspace.item_for(&id, Some("lead")).await.expect("the item").tasks.remove(0);
    assert!(shown.gold.is_some(), "the lead, who decided it, is told now");
    workspace.adjudicate(&lead).await.expect("settled anew");
    let history = workspace.history_for(&id, Some("lead")).await.expect("history");
    let anchored: Vec<bool> = history
        .iter()
        .filter_map(|entry| match &entry.event {
            HistoryEvent::Decision(row) => Some(row.verdict_visible),
            HistoryEvent::Verdict(_) => None,
        })
        .collect();
    assert_eq!(anchored, [false, true], "as a decision would say");
}

#[tokio::test]
async fn a_share_gets_a_second_review_and_a_plan_that_changes_moves_what_was_decided() {
    let fixture = Fixture::with_prompts(60).await;
    let workspace = &fixture.workspace;
    let ids = fixture.ids().await;
    for id in &ids {
        fixture.says(id, "ana", "safe").await;
    }
    let some = PlanChange { second_share: Some(Share::from_millionths(300_000)), ..PlanChange::default() };
    let plan = fixture.plan(some).await;
    let twice: Vec<&String> = ids.iter().filter(|id| plan.rule(id, false).second).collect();
    assert!((5..35).contains(&twice.len()), "about 18 of 60: {}", twice.len());
    assert_eq!(fixture.tab(Tab::Pending).await.iter().collect::<Vec<_>>(), twice, "those are incomplete now");
    assert_eq!(workspace.awaiting(QUEUE).await.expect("counts").0, twice.len() as u64);
    fixture.holds().await;
    fixture.says(twice[0], "ben", "safe").await;
    fixture.plan(PlanChange { second_share: Some(Share::NONE), ..PlanChange::default() }).await;
    assert!(fixture.tab(Tab::Pending).await.is_empty(), "one decision is enough again");
    fixture.holds().await;
}

#[tokio::test]
async fn the_last_open_item_is_found_behind_hundreds_that_wait_for_somebody_else() {
    let fixture = Fixture::with_prompts(410).await;
    let workspace = &fixture.workspace;
    let ids = fixture.ids().await;
    fixture.plan(ALL_TWICE).await;
    fixture.says(&ids[408], "ben", "safe").await;
    for id in &ids[..408] {
        fixture.says(id, "ana", "safe").await;
    }
    let next = async |reviewer: &str| {
        let behind_the_last = Some(ids[409].as_str());
        let next = workspace.next_for(QUEUE, reviewer, behind_the_last).await.expect("next");
        next.map(|item| item.id)
    };
    assert_eq!(
        next("ana").await.as_ref(),
        Some(&ids[408]),
        "the first of the two, though somebody has begun it"
    );
    fixture.says(&ids[408], "ana", "safe").await;
    assert_eq!(next("ana").await.as_ref(), Some(&ids[409]), "which nobody has");
    fixture.says(&ids[409], "ana", "safe").await;
    assert_eq!(next("ana").await, None, "ana is done, and others are not");
    assert_eq!(next("ben").await.as_ref(), Some(&ids[0]));
}

#[tokio::test]
async fn items_that_are_far_apart_come_up_in_the_order_of_the_queue_whoever_began_them() {
    let fixture = Fixture::with_prompts(450).await;
    let workspace = &fixture.workspace;
    let ids = fixture.ids().await;
    fixture.plan(ALL_TWICE).await;
    let left = [3, 420, 430, 440];
    for (n, reviewer) in [(3, "zoe"), (430, "ben"), (440, "aki")] {
        fixture.says(&ids[n], reviewer, "safe").await;
    }
    for n in (0..450).filter(|n| !left.contains(n)) {
        fixture.says(&ids[n], "may", "safe").await;
    }
    for (reviewer, decided) in [(Some("may"), 446), (Some("zoe"), 1), (Some("new"), 0), (None, 0)] {
        let counts = workspace.queue_overview_for(QUEUE, reviewer).await.expect("the queue").counts;
        assert_eq!((counts.decided, counts.pending), (decided, 450 - decided), "as {reviewer:?} left them");
    }
    let mut after = ids[3].clone();
    for n in [420, 430, 440, 3, 420] {
        let next = workspace.next_for(QUEUE, "may", Some(&after)).await.expect("next");
        assert_eq!(next.map(|item| item.id).as_ref(), Some(&ids[n]), "the next one behind, whoever began it");
        after.clone_from(&ids[n]);
    }
}

#[tokio::test]
async fn gold_comes_up_at_its_rate_only_and_is_nothing_to_settle() {
    const WORK: usize = 200;
    let mut rows: Vec<String> =
        (0..WORK).map(|n| format!(r#"{{"id": "{n}", "prompt": "prompt {n}"}}"#)).collect();
    for n in 0..WORK {
        let gold = r#""labels": {"prompt": {"label": "unsafe"}}, "labels_role": "gold""#;
        rows.push(format!(r#"{{"id": "g{n}", "prompt": "gold {n}", {gold}}}"#));
    }
    let fixture = Fixture::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let workspace = &fixture.workspace;
    let change = PlanChange {
        gold_share: Some(Share::from_millionths(200_000)),
        feedback: Some(Feedback::Never),
        ..PlanChange::default()
    };
    fixture.plan(change).await;
    let mut gold = 0;
    let mut decided = 0;
    while let Some(item) = workspace.next_for(QUEUE, "ana", None).await.expect("next") {
        let is_gold = item.external_id.as_deref().is_some_and(|id| id.starts_with('g'));
        gold += usize::from(is_gold);
        decided += 1;
        fixture.says(&item.id, "ana", "safe").await;
        let seen = workspace.item_for(&item.id, Some("ana")).await.expect("the item");
        assert_eq!(seen.tasks[0].gold, None, "no feedback, not even afterwards");
    }
    assert_eq!(decided - gold, WORK, "all that is work");
    // 50 expected, standard deviation about 8: a twentieth or the half of it would be 11 or 200.
    assert!((15..95).contains(&gold), "about one for every four: {gold}");
    let first_gold = workspace.item_for(&fixture.ids().await[WORK], Some("ben")).await.expect("gold");
    assert_eq!(first_gold.state, ItemState::Pending, "ben does not see that ana decided it");
    fixture.says(&first_gold.id, "ben", "unsafe").await;
    assert_eq!(
        workspace.awaiting(QUEUE).await.expect("counts"),
        (0, 0),
        "there is nothing to settle about gold"
    );
    fixture.holds().await;

    let without = Fixture::with_prompts(3).await;
    let change = PlanChange { gold_share: Some(Share::ALL), ..PlanChange::default() };
    let error = without.workspace.set_plan(QUEUE, &change, 1).await.expect_err("there is no gold");
    assert_eq!(error.code(), Code::Invalid, "{error}");
}

#[tokio::test]
async fn a_reviewer_is_told_the_gold_label_after_the_decision_where_the_plan_says_so() {
    let gold =
        r#"{"id": "g", "prompt": "gold", "labels": {"prompt": {"label": "unsafe"}}, "labels_role": "gold"}"#;
    let fixture = Fixture::with_rows(&[gold, r#"{"id": "1", "prompt": "one"}"#]).await;
    let workspace = &fixture.workspace;
    let id = fixture.ids().await.remove(0);
    let told = async |reviewer| {
        let view = workspace.item_for(&id, Some(reviewer)).await.expect("the item");
        view.tasks[0].gold.as_ref().map(|gold| gold.label)
    };
    let change = PlanChange {
        mode: Some(Mode::Suggestion),
        gold_share: Some(Share::from_millionths(500_000)),
        ..PlanChange::default()
    };
    fixture.plan(change.clone()).await;
    assert_eq!(told("ana").await, None, "not before the decision, though suggestions are in view");
    fixture.says(&id, "ana", "safe").await;
    assert_eq!(told("ana").await, Some(Severity::Unsafe), "at once");
    assert_eq!(told("ben").await, None, "ben has not decided it");
    workspace.undo("ana").await.expect("undone");
    assert_eq!(told("ana").await, None);
    fixture.says(&id, "ana", "unsafe").await;
    let again = workspace.item_for(&id, Some("ana")).await.expect("the item").tasks.remove(0);
    assert!(again.decision.expect("decided").anchored, "what was told once is known, also after an undo");
    fixture.plan(PlanChange { feedback: Some(Feedback::Never), ..change }).await;
    assert_eq!(told("ana").await, None, "nothing tells it from others");
}

#[tokio::test]
async fn triage_shows_suggestions_but_for_a_sample_that_stays_blind_for_good() {
    let fixture = Fixture::with_prompts(20).await;
    let workspace = &fixture.workspace;
    let ids = fixture.ids().await;
    for id in &ids {
        fixture.judge(id, Task::Prompt, 0.7).await;
    }
    let change = PlanChange {
        mode: Some(Mode::Suggestion),
        blind_share: Some(Share::from_millionths(250_000)),
        ..PlanChange::default()
    };
    let plan = fixture.plan(change).await;
    let mut hidden = Vec::new();
    for id in &ids {
        let view = workspace.item_for(id, Some("ana")).await.expect("the item");
        if view.tasks[0].verdict == VerdictSlot::Hidden {
            hidden.push(id.clone());
        }
    }
    assert_eq!(hidden.len(), 5, "a quarter");
    let query = ListQuery { queue: QUEUE.into(), tab: Tab::Pending, viewer: None, after: None, limit: 50 };
    let listed = workspace.list(&query).await.expect("a list").rows;
    let without_risk: Vec<_> = listed.iter().filter(|row| row.risk.is_none()).map(|row| &row.id).collect();
    assert_eq!(without_risk, hidden.iter().collect::<Vec<_>>(), "lists hide it too");
    fixture.says(&hidden[0], "ana", "safe").await;
    workspace.quarantine(&Gesture::new(&ids[0], "ana")).await.expect("the queue is smaller now");
    let again = fixture.plan(PlanChange { feedback: Some(Feedback::Never), ..PlanChange::default() }).await;
    assert_eq!(again.blind_draw_id, plan.blind_draw_id, "the sample stays as it was drawn");
    fixture.holds().await;
}

#[tokio::test]
async fn the_blind_sample_comes_up_by_rank_so_that_half_of_it_is_an_estimate_too() {
    let fixture = Fixture::with_prompts(60).await;
    let change = PlanChange {
        mode: Some(Mode::Suggestion),
        blind_share: Some(Share::from_millionths(500_000)),
        ..PlanChange::default()
    };
    let plan = fixture.plan(change).await;
    let draw = plan.blind_draw_id.expect("a sample");
    let (mut ranks, mut all, mut after) = (Vec::new(), Vec::new(), None);
    while all.len() < 30 {
        let item =
            fixture.workspace.next_for(QUEUE, "ana", after.as_deref()).await.expect("next").expect("an item");
        fixture.says(&item.id, "ana", "safe").await;
        let mut read = fixture.workspace.store().read().await.expect("a connection");
        ranks.extend(crate::store::draws::rank(&mut read, &draw, &item.id).await.expect("a rank"));
        all.push(item.id.clone());
        after = Some(item.id);
    }
    assert!((3..30).contains(&ranks.len()), "about half of those that came up: {}", ranks.len());
    let in_order: Vec<i64> = (1..).take(ranks.len()).collect();
    assert_eq!(ranks, in_order, "the sample, from its first item on, without a gap");
    let mut others = all.clone();
    others.sort();
    others.dedup();
    assert_eq!(others.len(), 30, "nothing came up twice");
}

#[tokio::test]
async fn an_edited_plan_is_found() {
    let fixture = Fixture::with_prompts(1).await;
    fixture.plan(ALL_TWICE).await;
    fixture.holds().await;
    fixture.tamper("UPDATE review_plans SET second_share = 0").await;
    assert!(!fixture.workspace.verify(None).await.expect("an audit").holds());
}
