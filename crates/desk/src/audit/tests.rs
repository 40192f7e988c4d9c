//! What an audit finds: each way of tampering, and nothing where nobody tampered.

use saring_verdict::Task;

use super::*;
use crate::fixture::{Fixture, QUEUE};

/// Three items, one verdict, three decisions.
async fn lived_in() -> Fixture {
    let fixture = Fixture::with_rows(&[
        r#"{"id": "1", "prompt": "one", "labels": {"prompt": {"label": "safe"}}}"#,
        r#"{"id": "2", "prompt": "two"}"#,
        r#"{"id": "3", "prompt": "three"}"#,
    ])
    .await;
    let ids = fixture.ids().await;
    fixture.judge(&ids[0], Task::Prompt, 0.7).await;
    for id in &ids {
        fixture.workspace.decide(&fixture.decision(id, "safe")).await.expect("a decision");
    }
    fixture
}

async fn problems(fixture: &Fixture) -> Vec<Problem> {
    fixture.workspace.verify(None).await.expect("an audit").problems
}

#[tokio::test]
async fn an_untouched_history_holds_and_says_where_it_ends() {
    let fixture = lived_in().await;
    let report = fixture.workspace.verify(None).await.expect("an audit");
    assert_eq!(report.problems, []);
    // Queue, policy, its choice, import, guard, verdict, three decisions.
    assert_eq!(report.events, 9);
    let again = fixture.workspace.verify(Some(&report.head)).await.expect("an audit");
    assert!(again.holds(), "its own head is on it");
    fixture.workspace.undo("ana").await.expect("an undo");
    let later = fixture.workspace.verify(Some(&report.head)).await.expect("an audit");
    assert!(later.holds() && later.head != report.head, "an older head stays on it");
}

#[tokio::test]
async fn an_edited_row_of_any_kind_is_found() {
    for sql in [
        "UPDATE decisions SET label = 'unsafe' WHERE seq = 1",
        "UPDATE decisions SET reviewer = 'somebody' WHERE seq = 2",
        "UPDATE decisions SET verdict_visible = 1 WHERE seq = 2",
        "UPDATE verdicts SET probabilities = replace(probabilities, '0.7', '0.2')",
        "UPDATE verdicts SET label_mass = 0.91",
        "UPDATE verdicts SET details = '{\"notes\": [\"image_without_text\"]}'",
        "UPDATE guards SET path = '/elsewhere'",
        "UPDATE queues SET scheme = 'another policy'",
        "UPDATE decisions SET policy_id = NULL WHERE seq = 1",
        "UPDATE policies SET body = replace(body, '\"refusal\":{', '\"refusal\":{ ')",
        "UPDATE policies SET kept_at = '2020-01-01T00:00:00.000Z'",
        "UPDATE queue_policies SET chosen_by = 'somebody'",
    ] {
        let fixture = lived_in().await;
        fixture.tamper(sql).await;
        let found = problems(&fixture).await;
        assert!(matches!(found.as_slice(), [Problem::RowEdited { .. }]), "{sql}: {found:?}");
    }
}

#[tokio::test]
async fn an_edited_item_or_gold_label_is_found() {
    for sql in [
        "UPDATE items SET prompt = 'zwei' WHERE line = 2",
        "UPDATE items SET language = 'xx' WHERE line = 3",
        "UPDATE tasks SET gold_label = 'unsafe' WHERE gold_label = 'safe'",
        "DELETE FROM tasks WHERE item_id = (SELECT id FROM items WHERE line = 2)",
    ] {
        let fixture = lived_in().await;
        fixture.tamper(sql).await;
        let found = problems(&fixture).await;
        assert!(
            found.iter().any(|p| matches!(p, Problem::ItemsEdited { first: 1, last: 3, .. })),
            "{sql}: {found:?}"
        );
    }
}

#[tokio::test]
async fn a_deleted_row_is_found() {
    let fixture = lived_in().await;
    fixture.tamper("UPDATE tasks SET decision_id = NULL").await;
    fixture.tamper("DELETE FROM decisions WHERE seq = 2").await;
    let found = problems(&fixture).await;
    assert!(
        found.iter().any(|p| matches!(p, Problem::RowDeleted { kind, .. } if kind == "policy_decision")),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_row_without_an_event_is_found() {
    let fixture = lived_in().await;
    fixture
        .tamper(
            "INSERT INTO decisions (id, item_id, task, kind, label, reviewer, decided_at, verdict_visible) \
             SELECT 'forged', item_id, task, kind, label, 'mallory', decided_at, 0 FROM decisions WHERE seq = 1",
        )
        .await;
    let found = problems(&fixture).await;
    assert!(
        found.contains(&Problem::RowWithoutEvent { kind: "decision".into(), row_id: "forged".into() }),
        "{found:?}"
    );

    let fixture = lived_in().await;
    fixture
        .tamper(
            "INSERT INTO items (id, queue_id, import_id, line, prompt, content_hash, created_at) \
             SELECT 'forged', queue_id, import_id, 9, 'x', 'x', created_at FROM items WHERE line = 1",
        )
        .await;
    let found = problems(&fixture).await;
    assert!(
        found.contains(&Problem::RowWithoutEvent { kind: "item".into(), row_id: "forged".into() }),
        "{found:?}"
    );
}

#[tokio::test]
async fn an_edited_event_is_found_whether_or_not_its_own_hash_was_made_to_fit() {
    let fixture = lived_in().await;
    fixture.tamper("UPDATE events SET at = '2020-01-01T00:00:00.000Z' WHERE seq = 4").await;
    assert_eq!(problems(&fixture).await, [Problem::EventEdited { seq: 4 }]);

    fixture.tamper("UPDATE events SET hash = 'ab' WHERE seq = 4").await;
    let found = problems(&fixture).await;
    assert!(found.contains(&Problem::EventUnlinked { seq: 5 }), "{found:?}");
}

#[tokio::test]
async fn a_removed_event_is_found() {
    let fixture = lived_in().await;
    fixture.tamper("DELETE FROM events WHERE seq = 5").await;
    let found = problems(&fixture).await;
    assert!(found.contains(&Problem::EventsMissing { first: 5, last: 5 }), "{found:?}");
    assert!(found.contains(&Problem::EventUnlinked { seq: 6 }), "{found:?}");
}

#[tokio::test]
async fn events_in_another_order_are_found() {
    let fixture = lived_in().await;
    for sql in [
        "UPDATE events SET seq = 100 WHERE seq = 5",
        "UPDATE events SET seq = 5 WHERE seq = 6",
        "UPDATE events SET seq = 6 WHERE seq = 100",
    ] {
        fixture.tamper(sql).await;
    }
    let found = problems(&fixture).await;
    assert!(found.iter().filter(|p| matches!(p, Problem::EventUnlinked { .. })).count() >= 2, "{found:?}");
}

#[tokio::test]
async fn a_cut_off_tail_is_found_however_well_it_is_hidden() {
    let fixture = lived_in().await;
    let head = fixture.workspace.verify(None).await.expect("an audit").head;
    for sql in [
        "UPDATE tasks SET decision_id = NULL, state = 'pending' WHERE decision_id = (SELECT id FROM decisions WHERE seq = 3)",
        "UPDATE items SET state = 'pending' WHERE id = (SELECT item_id FROM decisions WHERE seq = 3)",
        "DELETE FROM decisions WHERE seq = 3",
        "DELETE FROM events WHERE seq = 9",
    ] {
        fixture.tamper(sql).await;
    }
    let found = problems(&fixture).await;
    assert!(found.iter().any(|p| matches!(p, Problem::EndDiffers { expected: 9, found: 8 })), "{found:?}");

    fixture.tamper("UPDATE chain SET length = 8, head = (SELECT hash FROM events WHERE seq = 8)").await;
    assert_eq!(
        problems(&fixture).await,
        [Problem::HeadFileDiffers { length: 9 }],
        "the file beside it knows"
    );

    let last = crate::store::ChainHead {
        length: 8,
        hash: fixture.workspace.verify(None).await.expect("an audit").head,
    };
    let file = fixture.workspace.store().head_file().path().to_owned();
    std::fs::write(&file, format!("{} {}\n", last.length, last.hash)).expect("write");
    assert_eq!(problems(&fixture).await, [], "nothing in the workspace tells any more");
    let report = fixture.workspace.verify(Some(&head)).await.expect("an audit");
    assert_eq!(report.problems, [Problem::HeadUnknown { head }], "but a head that was written down does");
}

#[tokio::test]
async fn a_missing_head_file_is_found_and_a_late_one_is_not_a_problem() {
    let fixture = lived_in().await;
    let file = fixture.workspace.store().head_file().path().to_owned();
    let late = std::fs::read(&file).expect("read");
    fixture.workspace.undo("ana").await.expect("an undo");
    std::fs::write(&file, late).expect("write");
    assert_eq!(problems(&fixture).await, [], "a process may end between the commit and the file");
    std::fs::remove_file(&file).expect("remove");
    assert_eq!(problems(&fixture).await, [Problem::HeadFileMissing]);
}

#[tokio::test]
async fn an_edited_state_is_found() {
    for sql in [
        "UPDATE items SET state = 'skipped' WHERE line = 1",
        "UPDATE items SET quarantined = 1 WHERE line = 1",
        "UPDATE tasks SET decision_id = (SELECT id FROM decisions WHERE seq = 3) \
         WHERE item_id = (SELECT id FROM items WHERE line = 1)",
    ] {
        let fixture = lived_in().await;
        fixture.tamper(sql).await;
        let found = problems(&fixture).await;
        assert!(matches!(found.as_slice(), [Problem::StateEdited { .. }]), "{sql}: {found:?}");
    }
}

#[tokio::test]
async fn an_edited_provenance_or_draw_is_found() {
    let fixture = lived_in().await;
    fixture.workspace.draw(QUEUE, crate::queue::DrawFrom::All, 3, 1).await.expect("a draw");
    fixture.tamper("UPDATE provenances SET body = '{\"device\": \"cuda\"}'").await;
    fixture.tamper("DELETE FROM draw_items WHERE rank = 3").await;
    let found = problems(&fixture).await;
    assert!(
        matches!(found.as_slice(), [Problem::RowEdited { .. }, Problem::ProvenanceEdited { .. }]),
        "{found:?}"
    );
}

#[tokio::test]
async fn an_edited_reading_is_found() {
    let set = async |fixture: &Fixture| {
        let reading = fixture.workspace.reading().await.expect("the reading");
        fixture.workspace.set_reading(reading).await.expect("set");
        assert_eq!(problems(fixture).await, [], "the program set it itself");
    };
    let fixture = lived_in().await;
    set(&fixture).await;
    set(&fixture).await;
    fixture.tamper("UPDATE settings SET value = value || ' ' WHERE key = 'reading'").await;
    let found = problems(&fixture).await;
    assert!(
        matches!(found.as_slice(), [Problem::RowEdited { seq: 11, .. }]),
        "the last event says it: {found:?}"
    );
    fixture.tamper("DELETE FROM settings WHERE key = 'reading'").await;
    let found = problems(&fixture).await;
    assert!(matches!(found.as_slice(), [Problem::RowDeleted { .. }]), "{found:?}");

    let fixture = lived_in().await;
    fixture.tamper("INSERT INTO settings (key, value) VALUES ('reading', '{}')").await;
    let found = problems(&fixture).await;
    assert!(matches!(found.as_slice(), [Problem::RowWithoutEvent { .. }]), "nobody set it: {found:?}");
}

#[tokio::test]
async fn a_guard_that_was_removed_or_brought_back_without_an_event_is_found() {
    let fixture = lived_in().await;
    fixture.tamper("UPDATE guards SET removed_at = '2020-01-01T00:00:00.000Z'").await;
    let found = problems(&fixture).await;
    assert!(matches!(found.as_slice(), [Problem::RowEdited { .. }]), "removed: {found:?}");

    let folder = fixture.write("mine/weights", b"one").parent().expect("a folder").to_owned();
    let (engine, _) = crate::engine::scripted::handle(saring_verdict::Family::SeaGuard);
    for sql in
        ["UPDATE guards SET removed_at = '2020-01-01T00:00:00.000Z'", "UPDATE guards SET removed_at = NULL"]
    {
        let fixture = Fixture::with_prompts(1).await;
        let new = || crate::guards::NewGuard { path: folder.clone(), ..Default::default() };
        fixture.workspace.add_guard(&engine, new(), |_| ()).await.expect("added");
        fixture.workspace.remove_guard("mine").await.expect("removed");
        fixture.workspace.add_guard(&engine, new(), |_| ()).await.expect("brought back");
        assert_eq!(problems(&fixture).await, [], "the program brought it back itself");
        fixture.workspace.remove_guard("mine").await.expect("removed again");
        assert_eq!(problems(&fixture).await, [], "the program removed it itself");
        fixture.tamper(sql).await;
        let found = problems(&fixture).await;
        assert!(
            matches!(found.as_slice(), [Problem::RowEdited { kind, .. }] if kind == "guard_removed"),
            "{sql}: {found:?}"
        );
    }
}
