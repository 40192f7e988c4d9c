//! One label for many items that nobody looked at: what it does, what it leaves as it is, and what is said before.

use saring_verdict::{Severity, Task};

use super::*;
use crate::{
    Code,
    fixture::{Fixture, QUEUE},
    queue::{DrawFrom, ItemState},
};

fn unseen(fixture: &Fixture, ids: &[String]) -> BulkDecision {
    let decision = fixture.decision(&ids[0], "safe");
    BulkDecision { decision, looked_at: false, others: ids[1..].to_vec() }
}

#[tokio::test]
async fn what_is_selected_in_a_list_is_decided_unseen_and_taken_back_as_one() {
    let fixture = Fixture::with_prompts(5).await;
    let workspace = &fixture.workspace;
    let ids = fixture.ids().await;
    let ben = |id: &String| NewDecision { reviewer: "ben".into(), ..fixture.decision(id, "unsafe") };
    workspace.decide(&ben(&ids[0])).await.expect("a decision");
    workspace.skip(&Gesture::new(&ids[1], "ben")).await.expect("skipped");
    let preview = workspace.preview_bulk(&ids, Task::Prompt, Some("ana")).await.expect("a preview");
    assert_eq!((preview.items, preview.apart), (3, 0));
    let touched: Vec<_> = preview.touched.iter().map(|t| (t.item_id.as_str(), t.state, t.label)).collect();
    assert_eq!(
        touched,
        [
            (ids[0].as_str(), ItemState::Decided, Some(Severity::Unsafe)),
            (ids[1].as_str(), ItemState::Skipped, None)
        ],
        "with what was decided about them"
    );

    let saved = workspace.decide_all(&unseen(&fixture, &ids)).await.expect("decided");
    assert_eq!((saved.items, saved.left_out), (3, 2), "also the first is left as it is");
    let rows = workspace.history(&ids[4]).await.expect("history");
    let [HistoryEntry { event: HistoryEvent::Decision(row), .. }] = rows.as_slice() else {
        panic!("{rows:?}")
    };
    assert_eq!((row.duration_ms, row.reason.as_deref()), (None, Some("decided in a list, unseen")));
    let undone = workspace.undo("ana").await.expect("undone");
    assert_eq!(undone.others, 2);
    let again = workspace.preview_bulk(&ids, Task::Prompt, Some("ana")).await.expect("a preview");
    assert_eq!(again, preview, "as before the act");
    assert_eq!(workspace.verify(None).await.expect("an audit").problems, []);
}

#[tokio::test]
async fn nothing_is_decided_where_each_item_is_looked_at_for_itself() {
    let fixture = Fixture::with_prompts(3).await;
    let workspace = &fixture.workspace;
    let ids = fixture.ids().await;
    workspace.draw(QUEUE, DrawFrom::All, 3, 1).await.expect("a draw");
    let preview = workspace.preview_bulk(&ids, Task::Prompt, None).await.expect("a preview");
    assert_eq!(preview, BulkPreview { items: 0, touched: Vec::new(), apart: 3 });
    let error = workspace.decide_all(&unseen(&fixture, &ids)).await.expect_err("there is nothing to decide");
    assert_eq!(error.code(), Code::Invalid, "{error}");
}

#[tokio::test]
async fn a_preview_does_not_tell_what_a_second_reviewer_must_not_know() {
    let fixture = Fixture::with_prompts(2).await;
    let workspace = &fixture.workspace;
    let ids = fixture.ids().await;
    let twice = PlanChange { second_share: Some(Share::ALL), ..PlanChange::default() };
    workspace.set_plan(QUEUE, &twice, 1).await.expect("a plan");
    let before = workspace.preview_bulk(&ids, Task::Prompt, Some("ben")).await.expect("a preview");
    workspace.decide(&fixture.decision(&ids[0], "unsafe")).await.expect("a decision");
    let after = workspace.preview_bulk(&ids, Task::Prompt, Some("ben")).await.expect("a preview");
    assert_eq!(after, before, "as if nobody had decided anything");
}

#[tokio::test]
async fn more_than_a_thousand_are_refused() {
    let fixture = Fixture::with_prompts(1).await;
    let ids = vec![fixture.ids().await.remove(0); BulkDecision::ITEMS_MAX + 1];
    let error = fixture.workspace.preview_bulk(&ids, Task::Prompt, None).await.expect_err("too many");
    assert_eq!(error.code(), Code::Invalid, "{error}");
    let error = fixture.workspace.decide_all(&unseen(&fixture, &ids)).await.expect_err("too many");
    assert!(error.to_string().contains("choose fewer"), "it says what to do: {error}");
}
