//! Merging in any order, any number of times.

use super::*;
use crate::{
    queue::{ItemState, Mode},
    review::Feedback,
};

/// Merges files in random orders, each twice, into copies of a lead's workspace: all of them are the same.
async fn same_in_any_order(
    lead: &Fixture,
    files: &[PathBuf],
    dice: &mut Dice,
) -> BTreeMap<&'static str, Vec<String>> {
    lead.workspace.close().await;
    let mut expected: Option<BTreeMap<&'static str, Vec<String>>> = None;
    for round in 0..4 {
        let merged = copy_of(&lead.workspace, &lead.dir.path().join(format!("merged {round}"))).await;
        let mut order: Vec<PathBuf> = files.iter().chain(files).cloned().collect();
        dice.shuffle(&mut order);
        // Several files at once, and one by one.
        for files in order.chunks(1 + round * 5) {
            merged.merge(files).await.expect("merged");
        }
        holds(&merged).await;
        let dump = dump(&merged).await;
        for (table, rows) in expected.iter().flatten() {
            assert_eq!(&dump[table], rows, "{table} does not depend on the order");
        }
        expected = Some(dump);
        merged.close().await;
    }
    expected.expect("some rounds")
}

#[tokio::test]
async fn twelve_laptops_merged_in_any_order_and_twice_give_one_database() {
    let lead = lead(120).await;
    let names: Vec<String> = (0..12).map(|n| format!("reviewer-{n:02}")).collect();
    let made = split(&lead, &names.iter().map(String::as_str).collect::<Vec<_>>(), Some(300_000)).await;
    assert_eq!(made.len(), 12);
    let total: u64 = made.iter().map(|bundle| bundle.items).sum();
    // 36 expected, standard deviation about 5.
    assert!((130..185).contains(&total), "about 36 of 120 twice: {total}");
    let mut dice = Dice(3);
    let mut returns = Vec::new();
    for bundle in &made {
        let workspace = laptop(&lead, bundle).await;
        work(&workspace, &bundle.reviewer, &mut dice, 8).await;
        returns.push(give_back(&lead, &workspace, &bundle.reviewer, "early").await);
        work(&workspace, &bundle.reviewer, &mut dice, 30).await;
        returns.push(give_back(&lead, &workspace, &bundle.reviewer, "late").await);
        holds(&workspace).await;
        workspace.close().await;
    }
    let dump = same_in_any_order(&lead, &returns, &mut dice).await;
    assert!(dump["counts"].len() > 3, "there is something of everything: {:?}", dump["counts"]);
    assert!(dump["tasks"].iter().any(|task| task.contains("adjudication")), "there are conflicts");
}

#[tokio::test]
async fn twelve_reviewers_on_six_laptops_under_a_plan_give_one_database_too() {
    let lead = lead_with_gold(90).await;
    let change = PlanChange {
        mode: Some(Mode::Suggestion),
        second_share: Some(Share::from_millionths(300_000)),
        gold_share: Some(Share::from_millionths(150_000)),
        blind_share: Some(Share::from_millionths(200_000)),
        feedback: Some(Feedback::Never),
        ..PlanChange::default()
    };
    lead.workspace.set_plan(QUEUE, &change, 7).await.expect("a plan");
    let names: Vec<String> = (0..12).map(|n| format!("reviewer-{n:02}")).collect();
    let made = split(&lead, &names.iter().map(String::as_str).collect::<Vec<_>>(), None).await;
    let mut dice = Dice(8);
    let mut returns = Vec::new();
    for bundles in made.chunks(2) {
        let workspace = shared(&lead, bundles).await;
        for round in ["early", "late"] {
            for _ in 0..3 {
                for bundle in bundles {
                    work(&workspace, &bundle.reviewer, &mut dice, 5).await;
                }
            }
            for bundle in bundles {
                returns.push(give_back(&lead, &workspace, &bundle.reviewer, round).await);
            }
        }
        holds(&workspace).await;
        workspace.close().await;
    }
    let dump = same_in_any_order(&lead, &returns, &mut dice).await;
    assert!(dump["counts"].len() > 3, "there is something of everything: {:?}", dump["counts"]);
    let is_linked = |reference: &&String| reference.contains("supersedes");
    assert!(dump["references"].iter().filter(is_linked).count() > 10, "some changed what others had said");
}

#[tokio::test]
async fn whoever_changes_a_label_on_a_shared_laptop_has_changed_it_in_whatever_order_the_files_come() {
    let lead = lead(6).await;
    let made = split(&lead, &["ana", "ben"], None).await;
    let laptop = shared(&lead, &made).await;
    let id = lead.ids().await.remove(0);
    laptop.decide(&says(&id, "ana", "safe")).await.expect("ana's");
    let last = laptop.decide(&says(&id, "ben", "unsafe")).await.expect("ben's, over ana's");
    let files =
        [give_back(&lead, &laptop, "ana", "all").await, give_back(&lead, &laptop, "ben", "all").await];
    lead.workspace.close().await;
    for (name, order) in [("ana first", [0, 1]), ("ben first", [1, 0])] {
        let merged = copy_of(&lead.workspace, &lead.dir.path().join(name)).await;
        for at in order {
            merged.merge(&files[at..=at]).await.expect("merged");
        }
        let item = merged.item(&id).await.expect("the item");
        let decision = item.tasks[0].decision.as_ref().map(|decision| &decision.id);
        assert_eq!((item.state, decision), (ItemState::Decided, Some(&last.decision_id)), "{name}");
        holds(&merged).await;
        merged.close().await;
    }
}

#[tokio::test]
async fn what_two_laptops_decide_differently_goes_to_adjudication_and_what_they_agree_on_is_settled() {
    let lead = lead(8).await;
    let made = split(&lead, &["ana", "ben"], Some(1_000_000)).await;
    let ids = lead.ids().await;
    let mut files = Vec::new();
    for bundle in &made {
        let workspace = laptop(&lead, bundle).await;
        for (at, id) in ids.iter().enumerate() {
            let label = if at == 0 && bundle.reviewer == "ben" { "unsafe" } else { "safe" };
            workspace.decide(&says(id, &bundle.reviewer, label)).await.expect("decided");
        }
        files.push(give_back(&lead, &workspace, &bundle.reviewer, "all").await);
    }
    let merged = lead.workspace.merge(&files[..1]).await.expect("ana's");
    assert_eq!((merged[0].reviewer.as_str(), merged[0].added, merged[0].known), ("ana", 8, 0));
    assert_eq!(lead.workspace.awaiting(QUEUE).await.expect("counts"), (8, 0), "all of it waits for ben");
    let progress = lead.workspace.review_progress(QUEUE).await.expect("progress");
    let of = |name: &str| progress.reviewers.iter().find(|r| r.reviewer == name).map(|r| (r.done, r.items));
    assert_eq!((of("ana"), of("ben")), (Some((8, Some(8))), Some((0, Some(8)))), "the lead sees names");
    lead.workspace.merge(&files).await.expect("both");
    assert_eq!(lead.workspace.awaiting(QUEUE).await.expect("counts"), (0, 1));
    let found = lead.workspace.disagreements(QUEUE, None, 9).await.expect("disagreements");
    assert_eq!((found.len(), &found[0].item_id), (1, &ids[0]));
    lead.workspace.adjudicate(&says(&ids[0], "lead", "unsafe")).await.expect("settled");
    lead.workspace.merge(&files).await.expect("again");
    assert_eq!(
        lead.workspace.item(&ids[0]).await.expect("the item").state,
        ItemState::Decided,
        "it stays settled"
    );
    assert_eq!(lead.workspace.undo("ana").await.expect_err("ana's is on her laptop").code(), Code::Invalid);
}
