//! The numbers of a real queue.

use saring_verdict::{DeviceChoice, Family, Mode, PrecisionChoice, Task};

use super::*;
use crate::{
    engine::scripted,
    fixture::{Fixture, QUEUE},
    label::LabelOrder,
    queue::DrawFrom,
    review::{BulkDecision, NewDecision, PlanChange, Share, VerdictSlot},
};

fn find<'a>(stats: &'a QueueStats, against: Yardstick, language: &str) -> Option<&'a Agreement> {
    stats.agreement.iter().find(|a| a.task == Task::Prompt && a.against == against && a.language == language)
}

async fn label(fixture: &Fixture) {
    let (engine, _) = scripted::handle(Family::Qwen3guardGen);
    let order = LabelOrder {
        queue: QUEUE.into(),
        guard: None,
        device: DeviceChoice::Cpu,
        precision: PrecisionChoice::Auto,
        pixels_max: None,
    };
    fixture.workspace.start_label_run(&engine, order).await.unwrap().finish().await.unwrap();
}

async fn labelled() -> Fixture {
    let rows: Vec<String> = (0..20)
        .map(|n| {
            let (text, label) = if n % 2 == 0 { ("bad", "Unsafe") } else { ("good", "Safe") };
            let language = if n < 10 { "th" } else { "en" };
            format!(
                "{{\"id\":\"{n}\",\"prompt\":\"{text} {n}\",\"language\":\"{language}\",\
                 \"labels\":{{\"prompt\":{{\"label\":\"{label}\"}}}},\"labels_role\":\"gold\"}}"
            )
        })
        .collect();
    let fixture = Fixture::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    label(&fixture).await;
    fixture
}

#[tokio::test]
async fn a_guard_that_knows_the_gold_labels_has_an_area_of_one_in_every_language() {
    let fixture = labelled().await;
    let stats = fixture.workspace.stats(QUEUE, None).await.unwrap();
    assert_eq!(stats.guard.as_deref(), Some("saring-demo"));
    assert!(stats.guard_is_toy);
    for (language, n) in [("all", 20), ("th", 10), ("en", 10)] {
        let gold = find(&stats, Yardstick::Gold, language).unwrap();
        assert_eq!((gold.n, gold.positives, gold.auprc), (n, n / 2, Some(1.0)), "{language}");
    }
    assert_eq!(stats.verdicts[0].verdicts, 20);
    assert_eq!(stats.override_rate, None, "nobody has decided anything");
    let json = serde_json::to_value(&stats).unwrap();
    assert_eq!(json["agreement"][0]["against"], "gold", "it can be printed for scripts");
}

#[tokio::test]
async fn the_first_blind_decision_counts_and_only_drawn_items_are_an_estimate() {
    let fixture = labelled().await;
    let ids = fixture.ids().await;
    let decide = async |id: &str, label: &str, change: &dyn Fn(&mut NewDecision)| {
        let mut decision = fixture.decision(id, label);
        change(&mut decision);
        fixture.workspace.decide(&decision).await.unwrap();
    };
    // Before there is a draw: selected.
    decide(&ids[1], "unsafe", &|d| d.categories = vec!["PII".into()]).await;
    // Seen, then changed: the first counts.
    decide(&ids[1], "safe", &|d| d.verdict_visible = true).await;
    // Only seen: in no measurement.
    decide(&ids[3], "safe", &|d| d.verdict_visible = true).await;
    decide(&ids[5], "safe", &|d| d.synthetic = true).await;
    let seed = seed_beyond_the_first_six().await;
    let draw = fixture.workspace.draw(QUEUE, DrawFrom::All, 1, seed).await.unwrap();
    let drawn = fixture.workspace.next(QUEUE, None).await.unwrap().unwrap();
    decide(&drawn.id, "safe", &|d| d.draw_id = Some(draw.id.clone())).await;

    let stats = fixture.workspace.stats(QUEUE, Some("saring-demo")).await.unwrap();
    let n = |against| find(&stats, against, "all").map(|a| (a.n, a.positives));
    assert_eq!(n(Yardstick::Selected), Some((1, 1)), "the blind decision, not the one after the reveal");
    assert_eq!(n(Yardstick::Estimate), Some((1, 0)));
    assert_eq!(n(Yardstick::Synthetic), Some((1, 0)), "scripts are reported apart");
    let estimate = find(&stats, Yardstick::Estimate, "all").unwrap();
    assert_eq!(estimate.auprc, None, "one decision ranks nothing");
    assert!(estimate.note.is_some());
    let overrides = stats.overrides;
    assert_eq!((overrides.blind, overrides.anchored), (2, 1), "first decisions only; scripts are left out");
    let drawn_differs = u64::from(drawn.external_id.is_some_and(|id| id.parse::<u64>().unwrap() % 2 == 0));
    assert_eq!(
        overrides.blind_overridden,
        1 + drawn_differs,
        "what was changed after the reveal does not agree"
    );
}

/// A seed whose draw of one item from twenty gives none of the first six.
async fn seed_beyond_the_first_six() -> i64 {
    // In a queue of its own: a draw is recorded for good.
    let fixture = Fixture::with_prompts(20).await;
    let ids = fixture.ids().await;
    for seed in 0..100 {
        fixture.workspace.draw(QUEUE, DrawFrom::All, 1, seed).await.unwrap();
        if !ids[..6].contains(&fixture.tab(crate::queue::Tab::Pending).await[0]) {
            return seed;
        }
    }
    panic!("each of a hundred seeds drew one of the first six");
}

/// Pairs behind the estimate, and behind other blind decisions.
async fn estimated_and_selected(fixture: &Fixture) -> (u64, u64) {
    let stats = fixture.workspace.stats(QUEUE, None).await.unwrap();
    let n = |against| find(&stats, against, "all").map_or(0, |a| a.n);
    (n(Yardstick::Estimate), n(Yardstick::Selected))
}

#[tokio::test]
async fn what_was_decided_before_a_draw_from_the_whole_queue_counts_in_it() {
    let fixture = labelled().await;
    let ids = fixture.ids().await;
    for id in &ids[..8] {
        fixture.workspace.decide(&fixture.decision(id, "safe")).await.unwrap();
    }
    assert_eq!(estimated_and_selected(&fixture).await, (0, 8), "nothing was drawn");
    let draw = fixture.workspace.draw(QUEUE, DrawFrom::All, 20, 3).await.unwrap();
    assert_eq!((draw.from, draw.population), (DrawFrom::All, 20), "decided ones are part of the population");
    // In another order than the draw's: what is decided is drawn all the same.
    fixture.workspace.set_ordering(QUEUE, crate::queue::Ordering::Imported).await.unwrap();
    for id in &ids[8..] {
        fixture.workspace.decide(&fixture.decision(id, "safe")).await.unwrap();
    }
    assert_eq!(estimated_and_selected(&fixture).await, (20, 0), "the draw is finished: all of it counts");
}

#[tokio::test]
async fn an_unfinished_draw_counts_up_to_its_first_undecided_item() {
    let fixture = labelled().await;
    fixture.workspace.draw(QUEUE, DrawFrom::All, 10, 3).await.unwrap();
    let drawn = fixture.tab(crate::queue::Tab::Pending).await;
    for rank in [0, 1, 3, 4] {
        fixture.workspace.decide(&fixture.decision(&drawn[rank], "safe")).await.unwrap();
    }
    assert_eq!(estimated_and_selected(&fixture).await, (2, 2), "those beyond the gap were picked");
    fixture.workspace.decide(&fixture.decision(&drawn[2], "safe")).await.unwrap();
    assert_eq!(estimated_and_selected(&fixture).await, (5, 0), "without the gap they are what was drawn");
}

#[tokio::test]
async fn gold_that_is_mixed_in_neither_stops_a_draw_nor_counts_in_it() {
    let gold = r#", "labels": {"prompt": {"label": "safe"}}, "labels_role": "gold""#;
    let row = |n: usize| {
        let labels = if n.is_multiple_of(4) { gold } else { "" };
        format!(r#"{{"id": "{n}", "prompt": "good {n}"{labels}}}"#)
    };
    let rows: Vec<String> = (0..12).map(row).collect();
    let fixture = Fixture::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    label(&fixture).await;
    let workspace = &fixture.workspace;
    let (gold, others): (Vec<_>, Vec<_>) =
        fixture.ids().await.into_iter().enumerate().partition(|(n, _)| n.is_multiple_of(4));
    workspace.draw(QUEUE, DrawFrom::All, 12, 3).await.unwrap();
    let mixed = |share| PlanChange { gold_share: Some(share), ..PlanChange::default() };
    workspace.set_plan(QUEUE, &mixed(Share::from_millionths(100_000)), 1).await.unwrap();
    for (_, id) in &others {
        workspace.decide(&fixture.decision(id, "safe")).await.unwrap();
    }
    assert_eq!(
        estimated_and_selected(&fixture).await,
        (9, 0),
        "the draw is done, though no gold item came up"
    );
    workspace.decide(&fixture.decision(&gold[0].1, "safe")).await.unwrap();
    assert_eq!(estimated_and_selected(&fixture).await, (9, 1), "which comes up by the plan, and not by rank");
    workspace.set_plan(QUEUE, &mixed(Share::NONE), 1).await.unwrap();
    for (_, id) in &gold[1..] {
        workspace.decide(&fixture.decision(id, "safe")).await.unwrap();
    }
    assert_eq!(
        estimated_and_selected(&fixture).await,
        (12, 0),
        "gold that is not mixed in is drawn like any other"
    );
}

#[tokio::test]
async fn what_was_decided_together_with_another_item_is_in_no_number_whenever_a_draw_comes() {
    let fixture = labelled().await;
    let ids = fixture.ids().await;
    let bulk = BulkDecision {
        decision: fixture.decision(&ids[0], "safe"),
        looked_at: true,
        others: ids[1..12].to_vec(),
    };
    let saved = fixture.workspace.decide_all(&bulk).await.unwrap();
    assert_eq!((saved.items, saved.left_out), (12, 0));
    assert_eq!(estimated_and_selected(&fixture).await, (0, 1), "the one that was looked at");
    fixture.workspace.draw(QUEUE, DrawFrom::All, 20, 3).await.unwrap();
    for id in fixture.tab(crate::queue::Tab::Pending).await {
        fixture.workspace.decide(&fixture.decision(&id, "safe")).await.unwrap();
    }
    let (estimated, selected) = estimated_and_selected(&fixture).await;
    assert_eq!(estimated + selected, 9, "nobody has looked at the other eleven");
    assert!(estimated < 9, "what nobody looked at is a gap in the draw");

    let drawn = labelled().await;
    let ids = drawn.ids().await;
    drawn.workspace.draw(QUEUE, DrawFrom::All, 20, 3).await.unwrap();
    let bulk = BulkDecision {
        decision: drawn.decision(&ids[0], "safe"),
        looked_at: true,
        others: ids[1..12].to_vec(),
    };
    let saved = drawn.workspace.decide_all(&bulk).await.unwrap();
    assert_eq!((saved.items, saved.left_out), (1, 11), "what was drawn is looked at one by one");
}

#[tokio::test]
async fn a_draw_from_pending_items_is_no_estimate_for_the_queue() {
    let fixture = labelled().await;
    fixture.workspace.draw(QUEUE, DrawFrom::Pending, 4, 3).await.unwrap();
    for id in fixture.tab(crate::queue::Tab::Pending).await {
        fixture.workspace.decide(&fixture.decision(&id, "safe")).await.unwrap();
    }
    assert_eq!(estimated_and_selected(&fixture).await, (0, 4));
}

#[tokio::test]
async fn risk_along_a_response_is_read_by_the_token_of_each_mode_wherever_it_counts() {
    let row = r#"{"id":"a","prompt":"p","response":"along twice","labels":{"response":{"label":"Unsafe"}},"labels_role":"gold"}"#;
    let fixture = Fixture::with_rows(&[row]).await;
    label(&fixture).await;
    let workspace = &fixture.workspace;
    workspace.set_mode(QUEUE, crate::queue::Mode::Suggestion).await.unwrap();
    // In strict mode 0.48 + 0.47 is worse than 0.8; in loose mode the 0.47 does not count.
    for (mode, p) in [(Mode::Strict, 0.95), (Mode::Loose, 0.8), (Mode::Strict, 0.95)] {
        workspace.set_reading(Reading { mode, ..Reading::default() }).await.unwrap();
        let item = workspace.item(&fixture.ids().await[0]).await.unwrap();
        let VerdictSlot::Shown(shown) = &item.tasks[1].verdict else { panic!("{:?}", item.tasks[1]) };
        assert!((shown[0].p_unsafe - p).abs() < 1e-6, "{mode:?}: in view {}", shown[0].p_unsafe);
        assert_eq!(shown[0].verdict.label(), Some("Unsafe"), "{mode:?}");
        assert!(shown[0].risk.as_ref().unwrap().flagged_from.is_some(), "{mode:?}: as the marks say");
        let mut read = workspace.store().read().await.unwrap();
        let tasks = crate::store::tasks::of_item(&mut read, &item.id).await.unwrap();
        drop(read);
        assert!((tasks[1].p_unsafe.unwrap() - p).abs() < 1e-6, "{mode:?}: lists {:?}", tasks[1].p_unsafe);
        let stats = workspace.stats(QUEUE, None).await.unwrap();
        let gold = stats.agreement.iter().find(|a| a.task == Task::Response && a.against == Yardstick::Gold);
        assert_eq!(gold.unwrap().accuracy, Some(1.0), "{mode:?}: counted as unsafe");
    }
}
