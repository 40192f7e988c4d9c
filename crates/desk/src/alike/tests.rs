//! Near-duplicates through a workspace: found at import, in bounded time, never out of quarantine; decided and undone as one.

use std::{collections::BTreeMap, fmt::Write as _};

use saring_verdict::Task;

use super::{Alike, LEADERS_OF_BAND_MAX};
use crate::{
    Code,
    audit::Problem,
    fixture::{Fixture, QUEUE},
    queue::ItemState,
    review::{BulkDecision, Gesture, NewDecision, PlanChange, Share},
};

const SPAM: [&str; 3] = [
    "Win a free phone today! Send your card number to this address and wait for the call.",
    "WIN A FREE PHONE TODAY. Send your card number to this adress, and wait for the call!!",
    "Win a free phone today! Send your card number to this address and wait for our call.",
];
const OTHER: &str = "How do I get to the central station from here without paying for a ticket?";

fn rows(prompts: &[&str]) -> Vec<u8> {
    let rows =
        prompts.iter().map(|prompt| serde_json::json!({ "prompt": prompt, "language": "en" }).to_string());
    rows.collect::<Vec<_>>().join("\n").into_bytes()
}

async fn with(prompts: &[&str]) -> (Fixture, Vec<String>) {
    let fixture = Fixture::new().await;
    fixture.import("rows.jsonl", &rows(prompts)).await;
    let ids = fixture.ids().await;
    (fixture, ids)
}

fn found(alike: &Alike) -> Vec<&str> {
    let mut ids: Vec<&str> = alike.items.iter().map(|item| item.item_id.as_str()).collect();
    ids.sort_unstable();
    ids
}

async fn states(fixture: &Fixture, ids: &[String]) -> Vec<ItemState> {
    let mut states = Vec::new();
    for id in ids {
        states.push(fixture.workspace.item(id).await.unwrap().state);
    }
    states
}

#[tokio::test]
async fn near_copies_are_found_from_each_of_them_with_their_distance_and_decision() {
    let (fixture, ids) = with(&[SPAM[0], OTHER, SPAM[1], SPAM[2]]).await;
    fixture.workspace.decide(&fixture.decision(&ids[2], "safe")).await.unwrap();
    for at in [0, 2, 3] {
        let others: Vec<&str> = [0, 2, 3].into_iter().filter(|n| *n != at).map(|n| ids[n].as_str()).collect();
        let alike = fixture.workspace.alike(&ids[at]).await.unwrap();
        assert_eq!(found(&alike), others, "from item {at}");
        assert!(!alike.more);
        assert!(
            alike.items.is_sorted_by(|a, b| a.text_distance <= b.text_distance),
            "the nearest comes first"
        );
        assert!(alike.items.iter().all(|item| item.text_distance > 0.0 && item.picture_distance.is_none()));
    }
    let alike = fixture.workspace.alike(&ids[0]).await.unwrap();
    let decided = alike.items.iter().find(|item| item.item_id == ids[2]).unwrap();
    assert_eq!(decided.tasks, [(Task::Prompt, ItemState::Decided, Some(saring_verdict::Severity::Safe))]);
    assert_eq!(
        fixture.workspace.alike(&ids[1]).await.unwrap(),
        Alike::default(),
        "nothing is like the other one"
    );
}

#[tokio::test]
async fn a_second_reviewer_does_not_learn_from_near_copies_what_others_decided() {
    let (fixture, ids) = with(&[SPAM[0], SPAM[1]]).await;
    let workspace = &fixture.workspace;
    let twice = PlanChange { second_share: Some(Share::ALL), ..PlanChange::default() };
    workspace.set_plan(QUEUE, &twice, 1).await.unwrap();
    workspace.decide(&fixture.decision(&ids[0], "unsafe")).await.unwrap();
    let seen = async |reviewer| {
        let item = workspace.alike_for(&ids[1], reviewer).await.unwrap().items.remove(0);
        (item.state, item.tasks[0].1, item.tasks[0].2)
    };
    let unsafe_label = Some(saring_verdict::Severity::Unsafe);
    assert_eq!(seen(Some("ana")).await, (ItemState::Decided, ItemState::Decided, unsafe_label), "her own");
    for reviewer in [Some("ben"), None] {
        assert_eq!(seen(reviewer).await, (ItemState::Pending, ItemState::Pending, None), "for {reviewer:?}");
    }
    let second = NewDecision { reviewer: "ben".to_owned(), ..fixture.decision(&ids[0], "unsafe") };
    workspace.decide(&second).await.unwrap();
    assert_eq!(seen(Some("cem")).await.2, unsafe_label, "settled, it is open");
}

#[tokio::test]
async fn a_text_in_zawgyi_is_like_the_same_in_unicode() {
    let texts = ["ျမန္မာစာကို ေဇာ္ဂ်ီျဖင့္ ေရးသားထားသည္", "မြန်မာစာကို ဇော်ဂျီဖြင့် ရေးသားထားသည်"];
    let (fixture, ids) = with(&texts).await;
    let alike = fixture.workspace.alike(&ids[0]).await.unwrap();
    assert_eq!(found(&alike), [ids[1].as_str()]);
    assert_eq!(alike.items[0].text_distance, 0.0, "it means the same text");
}

#[tokio::test]
async fn near_copies_in_another_queue_are_not_offered() {
    let (fixture, ids) = with(&[SPAM[0]]).await;
    let mut request = fixture.request(vec![fixture.write("other.jsonl", &rows(&[SPAM[1]]))], &[]);
    request.queue = "another".into();
    fixture.workspace.import(&request, &mut |_| {}, &saring_verdict::Cancel::new()).await.unwrap();
    assert_eq!(fixture.workspace.alike(&ids[0]).await.unwrap(), Alike::default());
}

#[tokio::test]
async fn an_item_in_quarantine_is_nobodys_near_duplicate_even_if_it_leads_the_group() {
    let (fixture, ids) = with(&[SPAM[0], SPAM[1], SPAM[2]]).await;
    fixture.workspace.quarantine(&Gesture::new(&ids[0], "ana")).await.unwrap();
    assert_eq!(found(&fixture.workspace.alike(&ids[1]).await.unwrap()), [ids[2].as_str()]);
    assert_eq!(fixture.workspace.alike(&ids[0]).await.unwrap_err().code(), Code::NotFound);
    let bulk = BulkDecision {
        decision: fixture.decision(&ids[1], "safe"),
        looked_at: true,
        others: vec![ids[0].clone()],
    };
    assert_eq!(fixture.workspace.decide_all(&bulk).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(states(&fixture, &ids[1..]).await, [ItemState::Pending; 2], "all of an act or nothing of it");
}

#[tokio::test]
async fn one_decision_for_many_is_one_act_that_one_undo_takes_back() {
    let (fixture, ids) = with(&[SPAM[0], OTHER, SPAM[1], SPAM[2]]).await;
    fixture.workspace.decide(&fixture.decision(&ids[1], "safe")).await.unwrap();
    let before = states(&fixture, &ids).await;
    let others = vec![ids[2].clone(), ids[3].clone(), ids[2].clone()];
    let bulk = BulkDecision { decision: fixture.decision(&ids[0], "controversial"), looked_at: true, others };
    let saved = fixture.workspace.decide_all(&bulk).await.unwrap();
    assert_eq!(saved.items, 3, "an item that is named twice is decided once");
    assert_eq!(states(&fixture, &ids).await, [ItemState::Decided; 4]);
    assert_eq!(fixture.workspace.verify(None).await.unwrap().problems, []);
    let undone = fixture.workspace.undo("ana").await.unwrap();
    assert_eq!((undone.item_id.as_str(), undone.others), (ids[0].as_str(), 2));
    assert_eq!(
        states(&fixture, &ids).await,
        before,
        "as before the act, and what was decided by itself stays"
    );
    assert_eq!(fixture.workspace.verify(None).await.unwrap().problems, []);
    assert_eq!(fixture.workspace.undo("ana").await.unwrap().others, 0, "then what came before it");
}

#[tokio::test]
async fn what_somebody_touched_or_what_gets_a_review_of_its_own_is_left_as_it_is() {
    let (fixture, ids) = with(&[SPAM[0], SPAM[1], SPAM[2], OTHER, SPAM[1], SPAM[2]]).await;
    let workspace = &fixture.workspace;
    workspace
        .decide(&NewDecision { reviewer: "ben".into(), ..fixture.decision(&ids[1], "safe") })
        .await
        .unwrap();
    workspace.escalate(&Gesture::new(&ids[2], "ben")).await.unwrap();
    let before = states(&fixture, &ids).await;
    let bulk = |at: usize| BulkDecision {
        decision: fixture.decision(&ids[at], "controversial"),
        looked_at: true,
        others: ids.clone(),
    };
    let saved = workspace.decide_all(&bulk(0)).await.unwrap();
    assert_eq!((saved.items, saved.left_out), (4, 2), "the decision and the escalation stay");
    assert_eq!(states(&fixture, &ids[1..3]).await, before[1..3]);
    let label = workspace.item(&ids[1]).await.unwrap().tasks[0].decision.clone().unwrap();
    assert_eq!((label.reviewer.as_str(), label.label), ("ben", saring_verdict::Severity::Safe));
    workspace.undo("ana").await.unwrap();
    assert_eq!(states(&fixture, &ids).await, before);

    let everything_twice = PlanChange { second_share: Some(Share::ALL), ..PlanChange::default() };
    workspace.set_plan(QUEUE, &everything_twice, 1).await.unwrap();
    let saved = workspace.decide_all(&bulk(0)).await.unwrap();
    assert_eq!((saved.items, saved.left_out), (1, 5), "two reviewers are to look at each of them");
    assert_eq!(workspace.verify(None).await.unwrap().problems, []);
}

#[tokio::test]
async fn an_audit_finds_a_decision_that_was_added_to_an_act() {
    let (fixture, ids) = with(&[SPAM[0], OTHER, SPAM[1]]).await;
    fixture.workspace.decide(&fixture.decision(&ids[1], "safe")).await.unwrap();
    let bulk = BulkDecision {
        decision: fixture.decision(&ids[0], "safe"),
        looked_at: true,
        others: vec![ids[2].clone()],
    };
    fixture.workspace.decide_all(&bulk).await.unwrap();
    fixture
        .tamper(
            "INSERT INTO bulk_decisions SELECT d.id, b.id FROM decisions AS d, bulks AS b WHERE d.seq = 1",
        )
        .await;
    let found = fixture.workspace.verify(None).await.unwrap().problems;
    assert!(matches!(found.as_slice(), [Problem::RowEdited { .. }]), "{found:?}");
}

#[tokio::test]
async fn any_number_of_rows_that_are_alike_is_compared_with_a_bounded_number_each() {
    let fixture = Fixture::new().await;
    let mut file = String::new();
    for n in 0..3000 {
        let text = if n % 2 == 0 { SPAM[0].to_owned() } else { format!("{} {}", SPAM[0], n % 50) };
        let _infallible = writeln!(
            file,
            "{}",
            serde_json::json!({ "id": n.to_string(), "prompt": text, "language": "en" })
        );
    }
    let report = fixture.import("rows.jsonl", file.as_bytes()).await;
    assert_eq!(
        (report.added, report.alike, report.crowded),
        (3000, 2999, 0),
        "one group, which the first leads"
    );
    assert!(report.comparisons < 2 * 3000, "{} comparisons", report.comparisons);
    let alike = fixture.workspace.alike(&fixture.ids().await[7]).await.unwrap();
    assert_eq!(
        (alike.items.len(), alike.more),
        (Alike::ITEMS_MAX, true),
        "and it is said that there are more"
    );
}

fn demo_picture(name: &str) -> Vec<u8> {
    let path = format!("{}/../../demo/pictures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("a picture of the demo queue")
}

#[test]
fn pictures_have_the_hashes_that_the_authors_of_pdq_give_them() {
    let golden: BTreeMap<String, String> = serde_json::from_str(include_str!("golden_pdq.json")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    for (name, expected) in golden {
        let path = dir.path().join(&name);
        std::fs::write(&path, demo_picture(&name)).unwrap();
        let hash = crate::media::picture::looks(&path).expect("there is enough to see");
        assert_eq!(crate::audit::chain::hex(hash.as_bytes()), expected, "{name}");
    }
}

#[tokio::test]
async fn items_with_pictures_are_alike_if_both_words_and_pictures_are() {
    let fixture = Fixture::new().await;
    let picture = image::load_from_memory(&demo_picture("ms-11.png")).unwrap();
    let smaller = picture.thumbnail(360, 360).brighten(8);
    let mut copy = std::io::Cursor::new(Vec::new());
    smaller.write_to(&mut copy, image::ImageFormat::Png).unwrap();
    fixture.write("a.png", &demo_picture("ms-11.png"));
    fixture.write("copy.png", copy.get_ref());
    fixture.write("other.png", &demo_picture("my-04.png"));
    let row =
        |prompt: &str, image: &str| serde_json::json!({ "prompt": prompt, "images": [image] }).to_string();
    let rows = [
        row("", "a.png"),
        row("", "copy.png"),
        row("", "other.png"),
        row(SPAM[0], "a.png"),
        row(SPAM[1], "copy.png"),
    ];
    let report = fixture.import("rows.jsonl", rows.join("\n").as_bytes()).await;
    assert_eq!((report.added, report.alike), (5, 2), "{report:?}");
    let ids = fixture.ids().await;
    for (at, other) in [(0, 1), (1, 0), (3, 4), (4, 3)] {
        let alike = fixture.workspace.alike(&ids[at]).await.unwrap();
        assert_eq!(found(&alike), [ids[other].as_str()], "from item {at}");
        let bits = alike.items[0].picture_distance.expect("pictures to compare");
        assert!((1..=super::DISTANCE_MAX).contains(&bits), "{bits}");
    }
    assert_eq!(fixture.workspace.alike(&ids[2]).await.unwrap(), Alike::default(), "another picture");
}

#[test]
fn two_hundred_thousand_texts_that_are_alike_cost_one_comparison_each() {
    use super::{TextPrint, group};
    let sketches: Vec<TextPrint> =
        (0..50).map(|n| TextPrint::of([format!("{} {n}", SPAM[0]).as_str()], None)).collect();
    let (mut leaders, mut new_bands) = (group::Leaders::default(), Vec::new());
    for n in 0..200_000 {
        let sketch = &sketches[n % 50];
        leaders.place(i64::try_from(n).unwrap(), sketch, &sketch.bands(1), &mut new_bands);
    }
    assert_eq!((leaders.grouped.alike, leaders.grouped.crowded), (199_999, 0));
    assert!(leaders.grouped.comparisons < 200_000, "{:?}", leaders.grouped);
    assert_eq!(new_bands.len(), 5, "the keys of the one that leads");
}

#[test]
fn leaders_that_meet_under_one_key_are_bounded_and_what_is_left_out_is_counted() {
    use super::{TextPrint, group};
    // Texts that share their keys and little else do not occur; such fingerprints are made up.
    let bytes = |n: u8| {
        std::array::from_fn::<u8, 64, _>(
            |at| if at < 20 { 7 } else { n.wrapping_mul(31).wrapping_add(at as u8) },
        )
    };
    let mut leaders = group::Leaders::default();
    let (mut new_bands, count) = (Vec::new(), 200_u8);
    for n in 0..count {
        let sketch = TextPrint::from_bytes(&bytes(n)).unwrap();
        leaders.place(i64::from(n), &sketch, &sketch.bands(1), &mut new_bands);
    }
    let most = LEADERS_OF_BAND_MAX as u64;
    assert!(leaders.grouped.comparisons <= u64::from(count) * most, "{:?}", leaders.grouped);
    assert_eq!(
        leaders.grouped.crowded,
        i64::from(count) - LEADERS_OF_BAND_MAX as i64,
        "{:?}",
        leaders.grouped
    );
    assert_eq!(new_bands.len(), 5 * LEADERS_OF_BAND_MAX, "and no more are kept");
}
