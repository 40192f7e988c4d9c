//! Two guards on a queue of a real database.

use saring_verdict::{DeviceChoice, Family, PrecisionChoice, Task};

use super::{Differing, PairedTest, Yardstick};
use crate::{
    Code,
    engine::scripted,
    fixture::{Fixture, QUEUE},
    guards::NewGuard,
    label::LabelOrder,
    queue::{DrawFrom, Mode},
    review::Gesture,
};

/// Three prompts, judged by two guards that speak different schemes and disagree on the second one alone.
async fn judged_twice() -> Fixture {
    judged_twice_rows(&[
        r#"{"id":"1","prompt":"good","language":"th"}"#,
        r#"{"id":"2","prompt":"edge of it","language":"th"}"#,
        r#"{"id":"3","prompt":"bad"}"#,
    ])
    .await
}

/// These rows, judged by the same two.
async fn judged_twice_rows(rows: &[&str]) -> Fixture {
    let fixture = Fixture::with_rows(rows).await;
    let guards = [
        ("gen", Family::Qwen3guardGen, PrecisionChoice::Auto),
        ("sea", Family::SeaGuard, PrecisionChoice::Int8),
    ];
    for (name, family, precision) in guards {
        let path = fixture.write(&format!("{name}/weights"), name.as_bytes()).parent().unwrap().to_owned();
        let (engine, _) = scripted::handle(family);
        let new = NewGuard { path, ..NewGuard::default() };
        fixture.workspace.add_guard(&engine, new, |_| ()).await.unwrap();
        let order = LabelOrder {
            queue: QUEUE.into(),
            guard: Some(name.into()),
            device: DeviceChoice::Cpu,
            precision,
            pixels_max: None,
        };
        fixture.workspace.start_label_run(&engine, order).await.unwrap().finish().await.unwrap();
    }
    fixture
}

#[tokio::test]
async fn two_guards_are_compared_by_their_labels_whatever_the_case() {
    let fixture = judged_twice().await;
    fixture.workspace.set_mode(QUEUE, Mode::Suggestion).await.unwrap();
    let found = fixture.workspace.compare(QUEUE, "gen", "sea").await.unwrap();
    assert_eq!((found.pairs, found.agree, found.hidden), (3, 2, 0), "Unsafe and unsafe are one label");
    let kappa = found.kappa.expect("kappa");
    assert!((kappa - 0.4).abs() < 1e-9, "2/3 observed, 4/9 by chance: {kappa}");
    let [flip] = found.flips.as_slice() else { panic!("{:?}", found.flips) };
    assert_eq!((flip.excerpt.as_str(), flip.language.as_deref()), ("edge of it", Some("th")));
    assert_eq!((flip.a.label.as_str(), flip.a.p_unsafe), ("Unsafe", 0.55));
    assert_eq!((flip.b.label.as_str(), flip.b.p_unsafe), ("safe", 0.45));
}

#[tokio::test]
async fn a_comparison_tells_nothing_about_what_must_be_decided_blind() {
    let fixture = judged_twice().await;
    let ids = fixture.ids().await;
    let found = fixture.workspace.compare(QUEUE, "gen", "sea").await.unwrap();
    assert_eq!((found.pairs, found.hidden, found.flips.len(), found.kappa), (0, 3, 0, None));
    fixture.workspace.decide(&fixture.decision(&ids[1], "safe")).await.unwrap();
    let found = fixture.workspace.compare(QUEUE, "gen", "sea").await.unwrap();
    assert_eq!((found.pairs, found.hidden, found.flips.len()), (1, 2, 1), "what was decided may be shown");
    fixture.workspace.quarantine(&Gesture::new(&ids[1], "ana")).await.unwrap();
    let found = fixture.workspace.compare(QUEUE, "gen", "sea").await.unwrap();
    assert_eq!((found.pairs, found.flips.len()), (0, 0), "and what is in quarantine is nowhere");
}

#[tokio::test]
async fn whether_one_guard_is_right_more_often_is_tested_on_what_was_drawn() {
    let fixture = judged_twice().await;
    let test = async || fixture.workspace.paired_tests(QUEUE, "gen", "sea", 0.5).await.unwrap();
    let undecided = test().await;
    assert!(undecided.iter().all(|test| test.n == 0 && test.exact_p.is_none() && test.note.is_some()));
    fixture.workspace.draw(QUEUE, DrawFrom::All, 3, 1).await.unwrap();
    for (id, label) in fixture.ids().await.iter().zip(["safe", "unsafe", "unsafe"]) {
        let mut decision = fixture.decision(id, label);
        decision.categories = if label == "unsafe" { vec!["PII".into()] } else { vec![] };
        fixture.workspace.decide(&decision).await.unwrap();
    }
    let tests = test().await;
    let wanted = |test: &&PairedTest| test.task == Task::Prompt && test.against == Yardstick::Estimate;
    let found = tests.iter().find(wanted).unwrap();
    let counts = (found.n, found.both_right, found.only_first, found.only_second, found.neither);
    assert_eq!(counts, (3, 2, 1, 0, 0), "only the one guard calls what is on the edge unsafe");
    assert_eq!((found.exact_p, found.p), (Some(1.0), Some(1.0)), "one item proves nothing");
    let edge = fixture.ids().await[1].clone();
    let [Differing { item_id, first_is_right, seq, excerpt, .. }] = found.differing.as_slice() else {
        panic!("{:?}", found.differing)
    };
    assert_eq!((item_id, *first_is_right, *seq), (&edge, true, 2));
    assert!(excerpt.contains("edge"), "it can be told from others: {excerpt}");
}

#[tokio::test]
async fn gold_is_counted_before_it_is_decided_but_its_items_are_not_named() {
    let fixture = judged_twice_rows(&[
        r#"{"id":"1","prompt":"edge of it","labels":{"prompt":{"label":"unsafe"}},"labels_role":"gold"}"#,
    ])
    .await;
    let test = async || fixture.workspace.paired_tests(QUEUE, "gen", "sea", 0.5).await.unwrap();
    let tests = test().await;
    let gold = |tests: &[PairedTest]| {
        tests.iter().find(|t| t.task == Task::Prompt && t.against == Yardstick::Gold).cloned().unwrap()
    };
    assert_eq!(
        (gold(&tests).only_first, gold(&tests).differing.len()),
        (1, 0),
        "it is still to be decided blind"
    );
    fixture.workspace.set_mode(QUEUE, Mode::Suggestion).await.unwrap();
    assert_eq!(gold(&test().await).differing.len(), 1);
}

#[tokio::test]
async fn a_guard_is_not_compared_with_itself_or_with_nothing() {
    let fixture = judged_twice().await;
    let itself = fixture.workspace.compare(QUEUE, "gen", "gen").await.unwrap_err();
    assert_eq!(itself.code(), Code::Invalid);
    let tested = fixture.workspace.paired_tests(QUEUE, "gen", "gen", 0.5).await.unwrap_err();
    assert_eq!(tested.code(), Code::Invalid);
    let nothing = fixture.workspace.compare(QUEUE, "gen", "nobody").await.unwrap_err();
    assert_eq!(nothing.code(), Code::NotFound);
}
