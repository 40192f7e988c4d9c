//! What one laptop puts into quarantine.

use super::*;
use crate::import::ImportRequest;

#[tokio::test]
async fn a_quarantine_on_a_laptop_holds_everywhere_and_never_travels() {
    let lead = lead(10).await;
    let ids = lead.ids().await;
    lead.workspace.quarantine(&Gesture::new(&ids[0], "lead")).await.expect("quarantined");
    let made = split(&lead, &["ana", "ben"], None).await;
    assert_eq!(made.iter().map(|b| b.items).sum::<u64>(), 9, "what is in quarantine goes nowhere");
    let bundle = made.iter().find(|bundle| bundle.reviewer == "ana").expect("ana's");
    let bytes = fs::read(&bundle.path).expect("the file");
    assert!(!String::from_utf8_lossy(&bytes).contains(r#""prompt":"prompt 0""#));
    let laptop = laptop(&lead, bundle).await;
    let on_laptop = ids_of(&laptop).await;
    // 3 and 4 have the same text, and went to one reviewer each or to one of them.
    let one =
        ids[3..5].iter().find(|id| on_laptop.contains(id)).or(on_laptop.first()).expect("an item").clone();
    laptop.quarantine(&Gesture::new(&one, "ana")).await.expect("quarantined");
    let early = give_back(&lead, &laptop, "ana", "early").await;
    lead.workspace.merge(std::slice::from_ref(&early)).await.expect("merged");
    let left = lead.ids().await;
    assert!(!left.contains(&one));
    let copies = [&ids[3], &ids[4]];
    if copies.contains(&&one) {
        assert!(copies.iter().all(|id| !left.contains(id)), "its copy goes along, wherever that went");
    }
    laptop.undo("ana").await.expect("taken back");
    let late = give_back(&lead, &laptop, "ana", "late").await;
    lead.workspace.merge(&[late, early]).await.expect("merged");
    assert_eq!(lead.ids().await.len(), 9, "and comes back with it");
    holds(&lead.workspace).await;
}

#[tokio::test]
async fn an_undo_at_the_lead_does_not_bring_back_what_a_laptop_put_into_quarantine() {
    let lead = lead(10).await;
    let ids = lead.ids().await;
    let made = split(&lead, &["ana", "ben"], Some(1_000_000)).await;
    let bundle = made.iter().find(|bundle| bundle.reviewer == "ana").expect("ana's");
    let laptop = laptop(&lead, bundle).await;
    // A copy that is in no bundle: it follows because of the merge.
    lead.import("more.jsonl", br#"{"id": "again", "prompt": "prompt 0"}"#).await;
    laptop.quarantine(&Gesture::new(&ids[0], "ana")).await.expect("quarantined");
    let early = give_back(&lead, &laptop, "ana", "early").await;
    lead.workspace.merge(std::slice::from_ref(&early)).await.expect("merged");
    assert_eq!(lead.ids().await.len(), 9, "the item and its copy are gone");
    let error = lead.workspace.undo("ana").await.expect_err("that is on her laptop");
    assert!(matches!(error, Error::NothingToUndo { .. }), "{error}");
    assert_eq!(lead.ids().await.len(), 9, "they stay gone");
    laptop.undo("ana").await.expect("taken back there");
    let late = give_back(&lead, &laptop, "ana", "late").await;
    lead.workspace.merge(&[late, early]).await.expect("her files still come in");
    assert_eq!(lead.ids().await.len(), 11, "and both come back");
    holds(&lead.workspace).await;
}

#[tokio::test]
async fn copies_in_two_queues_of_one_laptop_follow_once_in_whatever_order_the_files_come() {
    let lead = lead(10).await;
    let other = ImportRequest {
        queue: "other".to_owned(),
        ..lead.request(vec![lead.dir.path().join("rows.jsonl")], &[])
    };
    lead.workspace.import(&other, &mut |_| {}, &saring_verdict::Cancel::new()).await.expect("an import");
    let mut made = split(&lead, &["ana"], None).await;
    let more = SplitOrder { queue: "other".to_owned(), ..order(&lead, &["ana"], None) };
    made.extend(lead.workspace.split(&more).await.expect("bundles"));
    let laptop = shared(&lead, &made).await;
    // 3 and 4 have the same text, in both queues.
    let id = lead.ids().await.remove(3);
    laptop.quarantine(&Gesture::new(&id, "ana")).await.expect("quarantined");
    let files = [give_back(&lead, &laptop, "ana", "one").await, lead.dir.path().join("ana other.return")];
    laptop.give_back("other", "ana", &files[1]).await.expect("a return");
    lead.workspace.close().await;
    let mut dumps = Vec::new();
    for (name, order) in [("one", [0, 1, 0]), ("other", [1, 0, 1])] {
        let merged = copy_of(&lead.workspace, &lead.dir.path().join(name)).await;
        for at in order {
            merged.merge(&files[at..=at]).await.expect("merged");
        }
        holds(&merged).await;
        dumps.push(dump(&merged).await);
        merged.close().await;
    }
    assert_eq!(dumps[0], dumps[1]);
    // Four of the laptop; because of those of each queue, one for each copy in the other.
    assert_eq!(dumps[0]["decisions"].len(), 8, "{:?}", dumps[0]["decisions"]);
    let gone = dumps[0]["items"].iter().filter(|item| item.ends_with(",1]")).count();
    assert_eq!(gone, 4, "all copies are in quarantine");
}
