//! Who gets what, and what nobody gets.

use super::*;
use crate::review::Feedback;

/// How many bundles each item is in, and with whom: "item reviewer", sorted.
async fn given(lead: &Fixture) -> Vec<String> {
    let sql = "SELECT i.external_id || ' ' || b.reviewer FROM bundle_items AS x JOIN bundles AS b ON b.id = x.bundle_id \
               JOIN items AS i ON i.id = x.item_id ORDER BY i.seq, b.reviewer";
    lead.workspace.store().texts(sql).await
}

#[tokio::test]
async fn names_whose_files_would_be_the_same_are_refused() {
    let lead = lead(6).await;
    for names in [["ana b", "ana_b"], ["ana", "Ana"]] {
        let error = lead.workspace.split(&order(&lead, &names, None)).await.expect_err("one file");
        assert_eq!(error.code(), Code::Invalid, "{error}");
    }
    assert!(given(&lead).await.is_empty(), "nothing was handed out");
}

#[tokio::test]
async fn what_goes_into_quarantine_while_bundles_are_written_is_not_handed_out() {
    let lead = lead(6).await;
    let ids = lead.ids().await;
    lead.workspace.quarantine(&Gesture::new(&ids[0], "lead")).await.expect("quarantined");
    let spool = lead.dir.path().join("spool");
    fs::create_dir(&spool).expect("a folder");
    let order = order(&lead, &["ana"], None);
    let prepared = lead.workspace.prepare_bundles(&order, &["ana".to_owned()], &spool).await.expect("files");
    // As many are in quarantine as before, but not the same.
    lead.workspace.release(&Gesture::new(&ids[0], "lead")).await.expect("released");
    lead.workspace.quarantine(&Gesture::new(&ids[1], "lead")).await.expect("quarantined");
    let error = lead.workspace.hand_out(prepared).await.expect_err("one of them is in the file");
    assert_eq!(error.code(), Code::Conflict, "{error}");
    assert!(given(&lead).await.is_empty(), "nothing was handed out");
}

#[tokio::test]
async fn what_is_with_a_reviewer_is_handed_out_again_only_if_somebody_says_so() {
    let lead = lead(10).await;
    let first = split(&lead, &["ana"], None).await;
    assert_eq!(first[0].items, 10);
    let error = lead.workspace.split(&order(&lead, &["ben"], None)).await.expect_err("nothing is left");
    assert_eq!(error.code(), Code::Invalid, "{error}");
    lead.import("more.jsonl", br#"{"id": "new", "prompt": "a new one"}"#).await;
    let second = split(&lead, &["ana", "ben"], None).await;
    assert_eq!(second.iter().map(|bundle| bundle.items).sum::<u64>(), 1, "what came since");
    let again = SplitOrder { again: true, ..order(&lead, &["ben"], None) };
    let again = lead.workspace.split(&again).await.expect("bundles");
    assert_eq!(again[0].items, 11, "ana's laptop was lost");
}

#[tokio::test]
async fn a_second_review_goes_to_one_reviewer_who_did_not_do_the_first() {
    let lead = lead(10).await;
    let change = PlanChange { second_share: Some(Share::ALL), ..PlanChange::default() };
    lead.workspace.set_plan(QUEUE, &change, 5).await.expect("a plan");
    for id in &lead.ids().await[..5] {
        lead.workspace.decide(&says(id, "ana", "safe")).await.expect("decided");
    }
    split(&lead, &["ana", "ben", "carl"], None).await;
    let given = given(&lead).await;
    for n in 0..10 {
        let of_item: Vec<&String> = given.iter().filter(|line| line.starts_with(&format!("{n} "))).collect();
        let wanted = if n < 5 { 1 } else { 2 };
        assert_eq!(of_item.len(), wanted, "{of_item:?}");
        assert!(n >= 5 || !of_item[0].ends_with("ana"), "not again to whoever decided it: {of_item:?}");
    }
}

#[tokio::test]
async fn a_larger_overlap_gives_what_is_with_one_reviewer_to_another() {
    let lead = lead(10).await;
    split(&lead, &["ana"], None).await;
    let made = split(&lead, &["ana", "ben"], Some(1_000_000)).await;
    let made: Vec<(&str, u64)> = made.iter().map(|bundle| (bundle.reviewer.as_str(), bundle.items)).collect();
    assert_eq!(made, [("ben", 10)]);
}

#[tokio::test]
async fn gold_goes_to_everybody_once_and_its_labels_only_where_they_are_shown() {
    for feedback in [Feedback::Never, Feedback::Immediate] {
        let lead = lead_with_gold(30).await;
        let change = PlanChange {
            gold_share: Some(Share::from_millionths(500_000)),
            feedback: Some(feedback),
            ..PlanChange::default()
        };
        lead.workspace.set_plan(QUEUE, &change, 5).await.expect("a plan");
        let made = split(&lead, &["ana", "ben"], None).await;
        let total: u64 = made.iter().map(|bundle| bundle.items).sum();
        assert_eq!(total, 25 + 2 * 5, "each other item to one, each gold item to both");
        for bundle in &made {
            let bytes = fs::read(&bundle.path).expect("the file");
            let says_gold = String::from_utf8_lossy(&bytes).contains("labels_role");
            assert_eq!(
                says_gold,
                feedback == Feedback::Immediate,
                "the label is not on a laptop that hides it"
            );
            let laptop = laptop(&lead, bundle).await;
            let gold =
                laptop.store().texts("SELECT gold_label FROM tasks WHERE gold_label IS NOT NULL").await;
            assert_eq!(gold.len(), if feedback == Feedback::Immediate { 5 } else { 0 });
        }
        lead.import("more.jsonl", br#"{"id": "new", "prompt": "a new one"}"#).await;
        let more = split(&lead, &["ana"], None).await;
        assert_eq!(more[0].items, 1, "gold that ana had does not come to her again");
    }
}

#[tokio::test]
async fn a_decision_about_gold_on_a_laptop_that_hides_its_label_is_a_check_of_the_reviewer_at_the_lead() {
    let lead = lead_with_gold(12).await;
    let change = PlanChange {
        gold_share: Some(Share::from_millionths(500_000)),
        feedback: Some(Feedback::Never),
        ..PlanChange::default()
    };
    lead.workspace.set_plan(QUEUE, &change, 5).await.expect("a plan");
    let made = split(&lead, &["ana", "ben"], None).await;
    let gold = lead.ids().await.remove(0);
    let mut files = Vec::new();
    for (bundle, label) in made.iter().zip(["safe", "unsafe"]) {
        let laptop = laptop(&lead, bundle).await;
        laptop.decide(&says(&gold, &bundle.reviewer, label)).await.expect("decided");
        files.push(give_back(&lead, &laptop, &bundle.reviewer, "all").await);
    }
    lead.workspace.merge(&files).await.expect("merged");
    assert_eq!(lead.workspace.awaiting(QUEUE).await.expect("counts"), (0, 0), "there is nothing to settle");
    holds(&lead.workspace).await;
}
