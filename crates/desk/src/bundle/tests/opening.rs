//! Opening bundles: once, again, and several of one queue.

use saring_verdict::Task;

use super::*;
use crate::{
    language::LanguageCorrection,
    media::picture::tests::png,
    queue::{Mode, find_queue},
    review::VerdictSlot,
};

#[tokio::test]
async fn opening_a_bundle_twice_adds_nothing_and_the_lead_does_not_open_its_own() {
    let lead = lead(6).await;
    let made = split(&lead, &["ana"], None).await;
    let laptop = laptop(&lead, &made[0]).await;
    let again = laptop.open_bundle(&made[0].path).await.expect("again");
    assert_eq!((again.added, again.known), (0, 6));
    assert!(laptop.verify(None).await.expect("an audit").holds());
    let own = lead.workspace.open_bundle(&made[0].path).await.expect_err("its own");
    assert_eq!(problem(&own), &BundleProblem::OwnBundle);
    let card = show(&made[0].path).expect("a card");
    assert!(card.is_whole && card.rows == 6 && card.fingerprint == made[0].fingerprint);
    let progress = laptop.review_progress(QUEUE).await.expect("progress");
    assert!(!progress.named, "names are the lead's");
}

/// What a workspace goes by: the policy, the mode and the share of second reviews.
async fn terms(workspace: &Workspace) -> (String, Mode, Option<Share>) {
    let mut read = workspace.store().read().await.expect("a reader");
    let queue = find_queue(&mut read, QUEUE).await.expect("the queue");
    drop(read);
    let plan = workspace.plan(QUEUE).await.expect("the plan");
    (queue.policy.id, queue.mode, plan.map(|plan| plan.second_share))
}

#[tokio::test]
async fn the_newest_bundle_of_a_queue_says_how_it_is_reviewed_in_whatever_order_they_are_opened() {
    let lead = lead(6).await;
    let older = split(&lead, &["ana"], None).await.remove(0);
    let change =
        PlanChange { mode: Some(Mode::Suggestion), second_share: Some(Share::ALL), ..PlanChange::default() };
    lead.workspace.set_plan(QUEUE, &change, 5).await.expect("a plan");
    lead.workspace.use_policy(QUEUE, "sea-guard", None, true).await.expect("another policy");
    let newer = split(&lead, &["ben"], None).await.remove(0);
    let expected = terms(&lead.workspace).await;
    for order in [[&older, &newer, &older], [&newer, &older, &newer]] {
        let laptop = Fixture::new().await;
        laptop.workspace.open_bundle(&order[0].path).await.expect("a bundle");
        for id in &laptop.ids().await[..2] {
            laptop.workspace.decide(&says(id, "ana", "safe")).await.expect("decided");
        }
        for bundle in &order[1..] {
            laptop.workspace.open_bundle(&bundle.path).await.expect("another");
        }
        assert_eq!(terms(&laptop.workspace).await, expected, "what the newer one says");
        let awaiting = laptop.workspace.awaiting(QUEUE).await.expect("counts");
        assert_eq!(awaiting, (2, 0), "what was decided already is looked at under the plan");
        holds(&laptop.workspace).await;
    }
}

#[tokio::test]
async fn items_of_the_blind_sample_stay_blind_on_a_laptop_with_several_bundles() {
    let lead = lead(40).await;
    let change = PlanChange {
        mode: Some(Mode::Suggestion),
        blind_share: Some(Share::from_millionths(500_000)),
        ..PlanChange::default()
    };
    lead.workspace.set_plan(QUEUE, &change, 5).await.expect("a plan");
    let blind = lead.workspace.store().texts("SELECT item_id FROM draw_items").await;
    assert_eq!(blind.len(), 20);
    let made = split(&lead, &["ana", "ben"], None).await;
    for order in [[0, 1], [1, 0]] {
        let laptop = Fixture::new().await;
        for at in order {
            laptop.workspace.open_bundle(&made[at].path).await.expect("a bundle");
        }
        let ids = laptop.ids().await;
        assert_eq!(ids.len(), 40);
        for id in &ids {
            laptop.judge(id, Task::Prompt, 0.9).await;
        }
        for id in &ids {
            let view = laptop.workspace.item_for(id, Some("ana")).await.expect("the item");
            let is_hidden = view.tasks[0].verdict == VerdictSlot::Hidden;
            assert_eq!(is_hidden, blind.contains(id), "the lead drew which");
        }
        let query = ListQuery { queue: QUEUE.into(), tab: Tab::All, viewer: None, after: None, limit: 50 };
        for row in laptop.workspace.list(&query).await.expect("a list").rows {
            assert_eq!(row.risk.is_none(), blind.contains(&row.id), "in lists too");
        }
        holds(&laptop.workspace).await;
    }
}

#[tokio::test]
async fn a_bundle_opens_where_one_of_its_blind_items_is_refused() {
    let lead = lead(6).await;
    let change = PlanChange { blind_share: Some(Share::ALL), ..PlanChange::default() };
    lead.workspace.set_plan(QUEUE, &change, 5).await.expect("a plan");
    let made = split(&lead, &["ana"], None).await;
    let laptop = Fixture::with_rows(&[r#"{"id": "mine", "prompt": "prompt 0"}"#]).await;
    let id = laptop.ids().await.remove(0);
    laptop.workspace.quarantine(&Gesture::new(&id, "ana")).await.expect("quarantined");
    let opened = laptop.workspace.open_bundle(&made[0].path).await.expect("a bundle");
    assert_eq!((opened.added, opened.refused), (5, 1));
    let again = laptop.workspace.open_bundle(&made[0].path).await.expect("again");
    assert_eq!((again.added, again.known, again.refused), (0, 5, 1));
    holds(&laptop.workspace).await;
}

#[tokio::test]
async fn images_and_conversations_come_along_as_they_are() {
    let lead = Fixture::new().await;
    lead.write("a.png", &png(80, 60));
    let turns = r#"[{"role": "user", "content": "hello"}, {"role": "assistant", "content": "good day"}]"#;
    let rows = [
        r#"{"id": "one", "prompt": "look", "images": ["a.png"]}"#.to_owned(),
        r#"{"id": "same", "prompt": "look again", "images": ["a.png"]}"#.to_owned(),
        format!(r#"{{"id": "turns", "messages": {turns}, "source": {{"page":3}}}}"#),
        r#"{"id": "answer", "prompt": "why", "response": "because", "group": "g"}"#.to_owned(),
    ];
    let report = lead.import("rows.jsonl", rows.join("\n").as_bytes()).await;
    assert_eq!(report.added, 4, "{:?}", report.errors);
    let made = split(&lead, &["ana"], None).await;
    let laptop = laptop(&lead, &made[0]).await;
    for sql in [
        "SELECT json_array(id, line, external_id, prompt, response, messages, group_key, source, content_hash) FROM items \
         ORDER BY seq",
        "SELECT json_array(item_id, position, sha256) FROM item_media ORDER BY 1",
        "SELECT json_array(item_id, task) FROM tasks ORDER BY 1",
    ] {
        assert_eq!(laptop.store().texts(sql).await, lead.workspace.store().texts(sql).await, "{sql}");
    }
    let images = laptop.item(&lead.ids().await[0]).await.expect("the item").images;
    let kept = crate::media::path_of(laptop.media_dir(), &images[0].sha256);
    assert_eq!(fs::read(kept).expect("the image"), png(80, 60));
    holds(&laptop).await;
}

#[tokio::test]
async fn what_was_detected_and_what_was_said_about_language_comes_along_and_is_not_said_anew() {
    let zawgyi = "ျမန္မာစာကို ေဇာ္ဂ်ီျဖင့္ ေရးသားထားသည္";
    let rows = [
        r#"{"id": "detected", "prompt": "สวัสดีครับ ผมชื่อสมชาย ยินดีที่ได้รู้จัก"}"#.to_owned(),
        r#"{"id": "corrected", "prompt": "ok lol"}"#.to_owned(),
        r#"{"id": "said", "prompt": "hello", "language": "en"}"#.to_owned(),
        serde_json::json!({"id": "zawgyi", "prompt": zawgyi, "language": "my"}).to_string(),
    ];
    let lead = Fixture::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let ids = lead.ids().await;
    let correction = |item_id: &str| LanguageCorrection {
        item_id: item_id.to_owned(),
        language: "ms".to_owned(),
        reviewer: "ana".to_owned(),
    };
    lead.workspace.correct_language(&correction(&ids[1])).await.expect("corrected");
    // As if it had been imported before anybody looked for it: guards read it as it stands.
    lead.tamper("UPDATE items SET zawgyi = 0 WHERE external_id = 'zawgyi' AND zawgyi = 1").await;
    let made = split(&lead, &["ana"], None).await;
    let laptop = laptop(&lead, &made[0]).await;
    let sql = "SELECT json_array(external_id, language, language_from, zawgyi) FROM items ORDER BY seq";
    assert_eq!(
        laptop.store().texts(sql).await,
        [
            r#"["detected","th","detected",0]"#,
            r#"["corrected","ms",null,0]"#,
            r#"["said","en",null,0]"#,
            r#"["zawgyi","my",null,0]"#
        ]
    );
    let error = laptop.correct_language(&correction(&ids[2])).await.expect_err("it would not go back");
    assert_eq!(error.code(), Code::Conflict, "{error}");
    holds(&laptop).await;
    holds(&lead.workspace).await;
}
