//! What was merged and changed behind the program's back is found.

use super::*;
use crate::audit::Problem;

#[tokio::test]
async fn what_was_merged_is_audited_with_the_chain_of_its_laptop() {
    for sql in [
        "UPDATE decisions SET label = 'unsafe' WHERE label = 'safe'",
        "UPDATE laptop_events SET row_hash = '00' WHERE seq = 3",
        "DELETE FROM laptop_events WHERE seq = (SELECT max(seq) FROM laptop_events)",
        "UPDATE laptops SET length = length - 1",
        "UPDATE bundles SET reviewer = 'somebody'",
        "UPDATE merged_references SET value = 'nothing'",
    ] {
        let lead = lead(4).await;
        let made = split(&lead, &["ana"], None).await;
        let laptop = laptop(&lead, &made[0]).await;
        for label in ["unsafe", "safe"] {
            for id in lead.ids().await {
                laptop.decide(&says(&id, "ana", label)).await.expect("decided");
            }
        }
        let file = give_back(&lead, &laptop, "ana", "all").await;
        lead.workspace.merge(&[file]).await.expect("merged");
        assert!(lead.workspace.verify(None).await.expect("an audit").holds());
        lead.tamper(sql).await;
        assert!(!lead.workspace.verify(None).await.expect("an audit").holds(), "{sql}");
    }
}

#[tokio::test]
async fn a_merged_decision_that_was_deleted_without_a_trace_is_found() {
    let lead = lead(4).await;
    let made = split(&lead, &["ana", "ben"], Some(1_000_000)).await;
    let laptop = shared(&lead, &made).await;
    let ids = lead.ids().await;
    for reviewer in ["ana", "ben"] {
        laptop.decide(&says(&ids[0], reviewer, "safe")).await.expect("decided");
    }
    // The second file brings no event that the first did not bring.
    for reviewer in ["ana", "ben"] {
        let file = give_back(&lead, &laptop, reviewer, "all").await;
        lead.workspace.merge(&[file]).await.expect("merged");
    }
    holds(&lead.workspace).await;
    for sql in [
        "UPDATE tasks SET decision_id = NULL, state = 'pending', awaiting = 'second' WHERE decision_id IS NOT NULL",
        "UPDATE items SET state = 'pending' WHERE state = 'decided'",
        "DELETE FROM merged_decisions WHERE decision_id IN (SELECT id FROM decisions WHERE reviewer = 'ben')",
        "DELETE FROM decisions WHERE reviewer = 'ben'",
        "INSERT INTO seen_states SELECT i.queue_id, 'ana', i.seq, 'decided', 'decided', 'pending', 'pending', 1 FROM items AS i \
         JOIN decisions AS d ON d.item_id = i.id",
    ] {
        lead.tamper(sql).await;
    }
    let found = lead.workspace.verify(None).await.expect("an audit").problems;
    let is_it = |problem: &Problem| matches!(problem, Problem::OfLaptop { problem, .. } if **problem == Problem::MergedRowsDiffer);
    assert!(found.len() == 1 && is_it(&found[0]), "{found:?}");
}
