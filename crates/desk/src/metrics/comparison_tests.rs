//! Two guards on a queue of a real database.

use saring_verdict::{DeviceChoice, Family, PrecisionChoice};

use crate::{
    Code,
    engine::scripted,
    fixture::{Fixture, QUEUE},
    guards::NewGuard,
    label::LabelOrder,
    queue::Mode,
    review::Gesture,
};

/// Three prompts, judged by two guards that speak different schemes and disagree on the second one alone.
async fn judged_twice() -> Fixture {
    let rows = [
        r#"{"id":"1","prompt":"good","language":"th"}"#,
        r#"{"id":"2","prompt":"edge of it","language":"th"}"#,
        r#"{"id":"3","prompt":"bad"}"#,
    ];
    let fixture = Fixture::with_rows(&rows).await;
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
async fn a_guard_is_not_compared_with_itself_or_with_nothing() {
    let fixture = judged_twice().await;
    let itself = fixture.workspace.compare(QUEUE, "gen", "gen").await.unwrap_err();
    assert_eq!(itself.code(), Code::Invalid);
    let nothing = fixture.workspace.compare(QUEUE, "gen", "nobody").await.unwrap_err();
    assert_eq!(nothing.code(), Code::NotFound);
}
