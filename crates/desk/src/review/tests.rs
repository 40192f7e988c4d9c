//! Decisions, gestures, undo and quarantine, and what a reviewer may see.

use saring_verdict::{Cancel, Severity, Task};

use super::*;
use crate::{
    Code,
    fixture::{Fixture, QUEUE},
    import::ImportRequest,
    queue::{DrawFrom, ItemState, ListQuery, Mode, Ordering, Tab},
};

const PAIR: &str =
    r#"{"id": "a", "prompt": "how", "response": "so", "labels": {"prompt": {"label": "unsafe"}}}"#;

async fn pair() -> (Fixture, String) {
    let fixture = Fixture::with_rows(&[PAIR]).await;
    let id = fixture.ids().await.remove(0);
    (fixture, id)
}

#[tokio::test]
async fn prompt_and_response_are_decided_apart_and_the_item_follows() {
    let (fixture, id) = pair().await;
    let workspace = &fixture.workspace;
    let saved = workspace.decide(&fixture.decision(&id, "Unsafe")).await.expect("a decision");
    assert_eq!(saved.state, ItemState::Pending, "the response is undecided");
    let response = NewDecision {
        task: Task::Response,
        label: "safe".to_owned(),
        refusal: Some(true),
        ..fixture.decision(&id, "")
    };
    let saved = workspace.decide(&response).await.expect("a decision");
    assert_eq!(saved.state, ItemState::Decided);
    let view = workspace.item(&id).await.expect("the item");
    assert_eq!(view.tasks[0].decision.as_ref().map(|d| d.label), Some(Severity::Unsafe));
    assert_eq!(view.tasks[1].decision.as_ref().and_then(|d| d.refusal), Some(true));
    let counts = workspace.queue_overview(QUEUE).await.expect("the queue").counts;
    assert_eq!((counts.pending, counts.decided), (0, 1), "counts are kept");
}

#[tokio::test]
async fn a_decision_outside_of_the_scheme_is_refused_and_leaves_nothing() {
    let (fixture, id) = pair().await;
    for decision in [
        fixture.decision(&id, "dangerous"),
        NewDecision { categories: vec!["Nonsense".to_owned()], ..fixture.decision(&id, "unsafe") },
        NewDecision { refusal: Some(true), ..fixture.decision(&id, "safe") },
        NewDecision { reviewer: "  ".to_owned(), ..fixture.decision(&id, "safe") },
    ] {
        let error = fixture.workspace.decide(&decision).await.expect_err("it cannot be said");
        assert_eq!(error.code(), Code::Invalid, "{error}");
    }
    assert!(fixture.workspace.history(&id).await.expect("history").is_empty());
}

#[tokio::test]
async fn blind_mode_hides_verdict_and_gold_until_the_task_is_decided() {
    let (fixture, id) = pair().await;
    let workspace = &fixture.workspace;
    fixture.judge(&id, Task::Prompt, 0.9).await;
    fixture.judge(&id, Task::Response, 0.2).await;
    let slots = |view: &ItemView| view.tasks.iter().map(|t| t.verdict.clone()).collect::<Vec<_>>();
    let view = workspace.item(&id).await.expect("the item");
    assert_eq!(slots(&view), [VerdictSlot::Hidden, VerdictSlot::Hidden]);
    assert_eq!(view.tasks[0].gold, None, "the answer that came with the row would anchor too");
    assert!(workspace.history(&id).await.expect("history").is_empty(), "history hides it too");
    let query = ListQuery { queue: QUEUE.into(), tab: Tab::All, viewer: None, after: None, limit: 9 };
    assert_eq!(workspace.list(&query).await.expect("a list").rows[0].risk, None, "and so do lists");

    workspace.decide(&fixture.decision(&id, "unsafe")).await.expect("a decision");
    let view = workspace.item(&id).await.expect("the item");
    let VerdictSlot::Shown(shown) = &view.tasks[0].verdict else { panic!("revealed in place: {view:?}") };
    assert!((shown[0].p_unsafe - 0.9).abs() < 1e-9 && shown[0].suggestion == Some(Severity::Unsafe));
    assert_eq!(view.tasks[0].gold, None, "nobody planned that reviewers are told");
    assert_eq!(view.tasks[1].verdict, VerdictSlot::Hidden, "the other task is still undecided");

    workspace.set_mode(QUEUE, Mode::Suggestion).await.expect("the mode");
    let view = workspace.item(&id).await.expect("the item");
    assert!(matches!(view.tasks[1].verdict, VerdictSlot::Shown(_)), "suggestion mode shows it at once");
}

#[tokio::test]
async fn an_unjudged_task_has_no_verdict_to_show() {
    let (fixture, id) = pair().await;
    fixture.workspace.set_mode(QUEUE, Mode::Suggestion).await.expect("the mode");
    let view = fixture.workspace.item(&id).await.expect("the item");
    assert_eq!(view.tasks[0].verdict, VerdictSlot::Absent);
}

#[tokio::test]
async fn a_blind_decision_and_a_later_anchored_one_are_both_kept() {
    let (fixture, id) = pair().await;
    let workspace = &fixture.workspace;
    let verdict = fixture.judge(&id, Task::Prompt, 0.1).await;
    let first = workspace.decide(&fixture.decision(&id, "unsafe")).await.expect("blind");
    let second = NewDecision { verdict_visible: true, ..fixture.decision(&id, "safe") };
    let second = workspace.decide(&second).await.expect("anchored");
    let history = workspace.history(&id).await.expect("history");
    let decisions: Vec<_> = history
        .iter()
        .filter_map(|entry| match &entry.event {
            HistoryEvent::Decision(row) => Some(row),
            HistoryEvent::Verdict(_) => None,
        })
        .collect();
    assert_eq!(decisions.len(), 2);
    assert!(!decisions[0].verdict_visible && decisions[1].verdict_visible);
    assert_eq!(decisions[0].verdict_id.as_ref(), Some(&verdict), "recorded though it was not seen");
    assert_eq!(decisions[1].supersedes.as_ref(), Some(&first.decision_id));
    let view = workspace.item(&id).await.expect("the item");
    assert_eq!(
        view.tasks[0].decision.as_ref().map(|d| &d.id),
        Some(&second.decision_id),
        "the last is in force"
    );
}

#[tokio::test]
async fn undoing_a_blind_decision_does_not_make_the_verdict_unseen() {
    let (fixture, id) = pair().await;
    let workspace = &fixture.workspace;
    fixture.judge(&id, Task::Prompt, 0.1).await;
    workspace.decide(&fixture.decision(&id, "unsafe")).await.expect("blind");
    workspace.undo("ana").await.expect("undone");
    let view = workspace.item(&id).await.expect("the item");
    assert_eq!(view.tasks[0].verdict, VerdictSlot::Hidden, "the screen is as it was");
    workspace.decide(&fixture.decision(&id, "safe")).await.expect("again");
    let other = NewDecision { reviewer: "ben".to_owned(), ..fixture.decision(&id, "safe") };
    workspace.decide(&other).await.expect("somebody else");
    let anchored: Vec<bool> = workspace
        .history(&id)
        .await
        .expect("history")
        .iter()
        .filter_map(|entry| match &entry.event {
            HistoryEvent::Decision(row) if row.kind == DecisionKind::Label => Some(row.verdict_visible),
            _ => None,
        })
        .collect();
    assert_eq!(anchored, [false, true, false], "ana had seen it; ben had not");
}

#[tokio::test]
async fn a_verdict_that_came_after_the_first_decision_has_been_seen_too() {
    let (fixture, id) = pair().await;
    let workspace = &fixture.workspace;
    workspace.decide(&fixture.decision(&id, "unsafe")).await.expect("nothing is judged yet");
    fixture.judge(&id, Task::Prompt, 0.1).await;
    let view = workspace.item(&id).await.expect("the item");
    assert!(matches!(view.tasks[0].verdict, VerdictSlot::Shown(_)), "shown beside the decision");
    workspace.undo("ana").await.expect("undone");
    workspace.decide(&fixture.decision(&id, "safe")).await.expect("again");
    let history = workspace.history(&id).await.expect("history");
    let anchored = history.iter().filter_map(|entry| match &entry.event {
        HistoryEvent::Decision(row) if row.kind == DecisionKind::Label => Some(row.verdict_visible),
        _ => None,
    });
    assert_eq!(anchored.collect::<Vec<_>>(), [false, true], "the second was made after the verdict was seen");

    let response = |label: &str| NewDecision {
        task: Task::Response,
        refusal: Some(false),
        ..fixture.decision(&id, label)
    };
    workspace.decide(&response("safe")).await.expect("a decision");
    workspace.decide(&response("unsafe")).await.expect("another");
    let view = workspace.item(&id).await.expect("the item");
    let decision = view.tasks[1].decision.as_ref().expect("a decision");
    assert!(!decision.anchored, "where there is no verdict none was seen");
}

#[tokio::test]
async fn undo_to_depth_five_restores_exactly_what_was() {
    let (fixture, id) = pair().await;
    let workspace = &fixture.workspace;
    fixture.judge(&id, Task::Prompt, 0.4).await;
    let gesture = Gesture::new(&id, "ana");
    let look = async || {
        (
            workspace.item(&id).await.expect("the item"),
            workspace.queue_overview(QUEUE).await.expect("the queue").counts,
        )
    };
    let mut before = vec![look().await];
    workspace.decide(&fixture.decision(&id, "unsafe")).await.expect("1");
    before.push(look().await);
    workspace.skip(&gesture).await.expect("2: the response, since the prompt is decided");
    before.push(look().await);
    workspace.flag(&gesture).await.expect("3");
    before.push(look().await);
    workspace.escalate(&Gesture { task: Some(Task::Prompt), ..gesture.clone() }).await.expect("4");
    before.push(look().await);
    workspace.quarantine(&gesture).await.expect("5");
    assert_eq!(workspace.item(&id).await.expect_err("gone").code(), Code::NotFound);
    for (depth, expected) in before.iter().enumerate().rev() {
        let undone = workspace.undo("ana").await.expect("undo");
        assert_eq!(undone.item_id, id);
        assert_eq!(&look().await, expected, "after undoing down to {depth}");
    }
    let error = workspace.undo("ana").await.expect_err("nothing is left");
    assert_eq!(error.code(), Code::Invalid, "{error}");
    assert!(workspace.verify(None).await.expect("an audit").holds());
}

#[tokio::test]
async fn undo_is_of_ones_own_doings_only() {
    let fixture = Fixture::with_prompts(2).await;
    let ids = fixture.ids().await;
    fixture.workspace.decide(&fixture.decision(&ids[0], "safe")).await.expect("ana's");
    let other = NewDecision { reviewer: "ben".to_owned(), ..fixture.decision(&ids[1], "safe") };
    fixture.workspace.decide(&other).await.expect("ben's");
    let undone = fixture.workspace.undo("ana").await.expect("undo");
    assert_eq!(undone.item_id, ids[0]);
    assert_eq!(fixture.tab(Tab::Pending).await, [ids[0].clone()]);
}

#[tokio::test]
async fn skipping_an_item_leaves_what_is_decided_and_needs_something_undecided() {
    let (fixture, id) = pair().await;
    let workspace = &fixture.workspace;
    workspace.decide(&fixture.decision(&id, "safe")).await.expect("the prompt");
    let saved = workspace.skip(&Gesture::new(&id, "ana")).await.expect("the rest");
    assert_eq!(saved.state, ItemState::Skipped);
    let states: Vec<_> = workspace.item(&id).await.expect("the item").tasks.iter().map(|t| t.state).collect();
    assert_eq!(states, [ItemState::Decided, ItemState::Skipped]);
    let response = NewDecision { task: Task::Response, ..fixture.decision(&id, "safe") };
    workspace.decide(&response).await.expect("the response after all");
    let error = workspace.skip(&Gesture::new(&id, "ana")).await.expect_err("nothing to skip");
    assert_eq!(error.code(), Code::Conflict, "{error}");
}

#[tokio::test]
async fn a_quarantined_item_is_on_no_path() {
    let fixture = Fixture::with_rows(&[
        r#"{"id": "1", "prompt": "first needle", "response": "x"}"#,
        r#"{"id": "2", "prompt": "second needle", "response": "x"}"#,
        r#"{"id": "3", "prompt": "third needle", "response": "x"}"#,
        r#"{"id": "copy", "prompt": "second needle", "response": "x"}"#,
    ])
    .await;
    let workspace = &fixture.workspace;
    let ids = fixture.ids().await;
    let gone = ids[1].clone();
    workspace.draw(QUEUE, DrawFrom::All, 4, 7).await.expect("a draw with it");
    workspace.flag(&Gesture::new(&gone, "ana")).await.expect("flagged");
    workspace.quarantine(&Gesture::new(&gone, "ana")).await.expect("quarantined");

    for order in [Ordering::Imported, Ordering::Newest, Ordering::Uncertain, Ordering::Unsafe, Ordering::Draw]
    {
        workspace.set_ordering(QUEUE, order).await.expect("the order");
        for tab in [Tab::Pending, Tab::Decided, Tab::Skipped, Tab::Escalated, Tab::Flagged, Tab::All] {
            let listed = fixture.tab(tab).await;
            assert!(!listed.contains(&gone) && !listed.contains(&ids[3]), "{order} {tab}");
        }
        let mut after = Some(gone.clone());
        for _ in 0..4 {
            let next = workspace.next(QUEUE, after.as_deref()).await.expect("next").expect("two are left");
            assert!(next.id != gone && next.id != ids[3], "{order}");
            after = Some(next.id);
        }
    }
    for (text, n) in [("second needle", 0), ("needle", 2), ("ne", 2), ("n", 2)] {
        let found = workspace.search(QUEUE, text, 100).await.expect("a search").rows;
        assert_eq!(found.len(), n, "{text}");
        assert!(found.iter().all(|row| row.id != gone), "{text}");
    }
    let beside = workspace.neighbours(&ids[0]).await.expect("neighbours");
    assert_eq!(beside.next.as_ref(), Some(&ids[2]));
    assert_eq!(workspace.neighbours(&ids[2]).await.expect("neighbours").previous.as_ref(), Some(&ids[0]));
    assert_eq!(workspace.item(&ids[3]).await.expect_err("the copy").code(), Code::NotFound, "it went along");
    let draw = workspace.draw(QUEUE, DrawFrom::All, 4, 7).await.expect("a draw without it");
    assert_eq!((draw.population, draw.size), (2, 2));
    let overview = workspace.queue_overview(QUEUE).await.expect("the queue");
    assert_eq!((overview.counts.total(), overview.counts.flagged, overview.counts.quarantined), (2, 0, 2));
    assert_eq!(overview.languages[0].items, 2);

    let gesture = Gesture::new(&gone, "ben");
    let errors = [
        workspace.item(&gone).await.err(),
        workspace.history(&gone).await.err(),
        workspace.neighbours(&gone).await.err(),
        workspace.decide(&fixture.decision(&gone, "safe")).await.err(),
        workspace.skip(&gesture).await.err(),
        workspace.escalate(&gesture).await.err(),
        workspace.flag(&gesture).await.err(),
        workspace.unflag(&gesture).await.err(),
        workspace.quarantine(&gesture).await.err(),
    ];
    for (path, error) in errors.into_iter().enumerate() {
        assert_eq!(error.map(|e| e.code()), Some(Code::NotFound), "path {path}");
    }
    let again =
        fixture.import("again.jsonl", br#"{"id": "new", "prompt": "second needle", "response": "x"}"#).await;
    assert_eq!((again.added, again.failed), (0, 1), "its content does not come in again: {:?}", again.errors);

    let listed = workspace.quarantined(QUEUE, 0, 10).await.expect("the quarantine");
    assert_eq!(listed.iter().map(|q| &q.id).collect::<Vec<_>>(), [&gone, &ids[3]]);
    workspace.release(&Gesture::new(&gone, "lead")).await.expect("released");
    let overview = workspace.queue_overview(QUEUE).await.expect("the queue");
    assert_eq!((overview.counts.total(), overview.counts.flagged, overview.counts.quarantined), (3, 1, 1));
    let back = workspace.item(&gone).await.expect("it is back");
    assert!(back.flagged && back.duplicates == 0, "one item is released at a time: {back:?}");
    assert!(workspace.verify(None).await.expect("an audit").holds());
}

#[tokio::test]
async fn a_quarantine_takes_copies_in_every_queue_along_and_its_undo_brings_all_back() {
    let fixture = Fixture::with_rows(&[
        r#"{"id": "1", "prompt": "bad"}"#,
        r#"{"id": "2", "prompt": "bad"}"#,
        r#"{"id": "3", "prompt": "good"}"#,
    ])
    .await;
    let workspace = &fixture.workspace;
    let ids = fixture.ids().await;
    let elsewhere = |name: &str, text: &str| ImportRequest {
        queue: "elsewhere".to_owned(),
        ..fixture.request(vec![fixture.write(name, text.as_bytes())], &[])
    };
    let import = async |request: ImportRequest| {
        workspace.import(&request, &mut |_| {}, &Cancel::new()).await.expect("an import")
    };
    let report = import(elsewhere("x.jsonl", r#"{"id": "x", "prompt": "bad"}"#)).await;
    assert_eq!(report.added, 1);
    let gone = async |queue: &str| {
        let listed = workspace.quarantined(queue, 0, 10).await.expect("the quarantine");
        listed.into_iter().filter_map(|q| q.external_id).collect::<Vec<_>>()
    };

    workspace.quarantine(&Gesture::new(&ids[1], "ana")).await.expect("the copy is named");
    assert_eq!(gone(QUEUE).await, ["1", "2"], "the original goes with the copy");
    assert_eq!(gone("elsewhere").await, ["x"], "and so does what lies in another queue");
    assert!(workspace.verify(None).await.expect("an audit").holds(), "each has its row and its event");
    let request = ImportRequest { queue: "third".to_owned(), ..elsewhere("y.jsonl", r#"{"prompt": "bad"}"#) };
    let report = import(request).await;
    assert_eq!((report.added, report.failed), (0, 1), "in no queue does the content come in again");

    let undone = workspace.undo("ana").await.expect("undone");
    assert_eq!((&undone.item_id, undone.kind), (&ids[1], DecisionKind::Quarantine));
    assert_eq!(fixture.ids().await, ids, "one undo takes back the whole gesture");
    assert!(gone("elsewhere").await.is_empty());
    assert_eq!(workspace.undo("ana").await.expect_err("nothing is left").code(), Code::Invalid);

    workspace.quarantine(&Gesture::new(&ids[0], "ana")).await.expect("again");
    workspace.release(&Gesture::new(&ids[0], "lead")).await.expect("released");
    assert_eq!((gone(QUEUE).await, gone("elsewhere").await), (vec!["2".to_owned()], vec!["x".to_owned()]));
    let report = fixture.import("z.jsonl", br#"{"id": "z", "prompt": "bad"}"#).await;
    assert_eq!(
        (report.added, report.failed),
        (0, 1),
        "a copy that stays in quarantine keeps the content out"
    );
    workspace.undo("ana").await.expect("undone");
    assert_eq!(fixture.ids().await, ids, "what was released stays, the others come back");
    assert!(workspace.verify(None).await.expect("an audit").holds());
}

#[tokio::test]
async fn next_goes_on_after_an_item_and_begins_again_at_the_end() {
    let fixture = Fixture::with_prompts(3).await;
    let workspace = &fixture.workspace;
    let ids = fixture.ids().await;
    let next =
        async |after: Option<&str>| workspace.next(QUEUE, after).await.expect("next").map(|item| item.id);
    assert_eq!(next(None).await.as_ref(), Some(&ids[0]));
    assert_eq!(next(Some(&ids[0])).await.as_ref(), Some(&ids[1]));
    workspace.decide(&fixture.decision(&ids[1], "safe")).await.expect("the middle one");
    assert_eq!(next(Some(&ids[1])).await.as_ref(), Some(&ids[2]), "after one that is decided by now");
    assert_eq!(next(Some(&ids[2])).await.as_ref(), Some(&ids[0]), "from the beginning");
    for id in [&ids[0], &ids[2]] {
        workspace.decide(&fixture.decision(id, "safe")).await.expect("the others");
    }
    assert_eq!(next(Some(&ids[2])).await, None, "nothing is pending");
}

#[tokio::test]
async fn orders_bring_up_what_they_say() {
    let fixture = Fixture::with_prompts(4).await;
    let workspace = &fixture.workspace;
    let ids = fixture.ids().await;
    for (id, p) in ids.iter().zip([0.1, 0.95, 0.55]) {
        fixture.judge(id, Task::Prompt, p).await;
    }
    workspace.set_mode(QUEUE, Mode::Suggestion).await.expect("lists tell no verdict that is hidden");
    let mut orders = Vec::new();
    for order in [Ordering::Uncertain, Ordering::Unsafe, Ordering::Newest] {
        workspace.set_ordering(QUEUE, order).await.expect("the order");
        let (mut seen, mut after) = (Vec::new(), None);
        for _ in 0..4 {
            let next = workspace.next(QUEUE, after.as_deref()).await.expect("next").expect("pending").id;
            seen.push(ids.iter().position(|id| *id == next).expect("one of them"));
            after = Some(next);
        }
        assert_eq!(fixture.tab(Tab::Pending).await, seen.iter().map(|i| ids[*i].clone()).collect::<Vec<_>>());
        orders.push(seen);
    }
    assert_eq!(
        orders,
        [vec![2, 0, 1, 3], vec![1, 2, 0, 3], vec![3, 2, 1, 0]],
        "those without a verdict come last"
    );
}

#[tokio::test]
async fn a_draw_is_recorded_repeatable_and_noted_with_decisions() {
    let fixture = Fixture::with_prompts(50).await;
    let workspace = &fixture.workspace;
    let draw = workspace.draw(QUEUE, DrawFrom::Pending, 10, 42).await.expect("a draw");
    assert_eq!((draw.population, draw.size), (50, 10));
    let first = fixture.tab(Tab::Pending).await;
    assert_eq!(first.len(), 10, "the queue brings up what was drawn, without replacement");
    let next = workspace.next(QUEUE, None).await.expect("next").expect("one");
    assert_eq!((&next.id, next.draw_id.as_ref()), (&first[0], Some(&draw.id)));
    workspace.decide(&fixture.decision(&next.id, "safe")).await.expect("a decision");
    let history = workspace.history(&next.id).await.expect("history");
    let HistoryEvent::Decision(row) = &history[0].event else { panic!("a decision") };
    assert_eq!(row.draw_id.as_ref(), Some(&draw.id), "found out, though nobody said it");
    workspace.undo("ana").await.expect("undo");
    workspace.draw(QUEUE, DrawFrom::All, 10, 42).await.expect("the same again");
    assert_eq!(fixture.tab(Tab::Pending).await, first, "the same seed over the same items");
    let outside =
        fixture.ids().await.into_iter().find(|id| !first.contains(id)).expect("one that was not drawn");
    let wrong = NewDecision { draw_id: Some(draw.id), ..fixture.decision(&outside, "safe") };
    assert_eq!(workspace.decide(&wrong).await.expect_err("not drawn").code(), Code::Invalid);
}
