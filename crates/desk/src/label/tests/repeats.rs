//! Equal questions are asked once, and every item has its own verdict.

use super::*;
use crate::store::item_verdicts;

/// (external id, task, computed tokens, p of the second label) of every verdict.
async fn verdicts(fixture: &Fixture) -> Vec<(usize, String, u32, f64)> {
    let mut read = fixture.workspace.store().read().await.unwrap();
    let mut found = Vec::new();
    for (n, id) in fixture.ids().await.iter().enumerate() {
        for verdict in item_verdicts::of_item(&mut read, id).await.unwrap() {
            let (tokens, p) = (verdict.verdict.tokens, verdict.verdict.probabilities[1].p);
            assert_eq!(tokens.prompt, tokens.cached + tokens.computed);
            assert!(verdict.provenance.contains("scripted"), "each has its own row of provenance");
            found.push((n, verdict.task.to_string(), tokens.computed, p));
        }
    }
    found
}

#[tokio::test]
async fn equal_items_of_a_whole_queue_are_asked_about_once_and_each_gets_a_verdict() {
    let texts: Vec<String> = (0..120).map(|n| format!("{} {}", ["good", "bad"][n % 2], n % 10)).collect();
    let fixture = with_texts(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    let progress = label(&fixture, &engine).await;
    assert_eq!((progress.judged, progress.repeated, progress.total), (120, 110, 120));
    assert_eq!(seen.judged.load(Ordering::SeqCst), 10, "each question once, in whatever call");
    let verdicts = verdicts(&fixture).await;
    assert_eq!(verdicts.len(), 120);
    for (n, _, _, p) in &verdicts {
        let expected = if n % 2 == 1 { 0.9 } else { 0.1 };
        assert!((p - expected).abs() < 1e-12, "item {n} has the verdict of its own text: {p}");
    }
    let computed = verdicts.iter().filter(|(_, _, computed, _)| *computed > 0).count();
    assert_eq!(computed, 10, "the others say that nothing was computed for them");
    assert_eq!(fixture.workspace.runs(1).await.unwrap()[0].repeated, 110);
    verified(&fixture).await;
}

#[tokio::test]
async fn a_request_with_several_answers_is_asked_about_once() {
    let rows = [1, 2, 3].map(|n| format!(r#"{{"id":"{n}","prompt":"why","response":"answer {n}"}}"#));
    let fixture = Fixture::with_rows(&rows.each_ref().map(String::as_str)).await;
    let (engine, seen) = scripted::handle(Family::Qwen3guardGen);
    let progress = label(&fixture, &engine).await;
    assert_eq!((progress.judged, progress.repeated), (6, 2));
    assert_eq!(seen.judged.load(Ordering::SeqCst), 4, "the request, and each answer");
}

#[tokio::test]
async fn a_later_run_repeats_what_an_earlier_one_was_told_in_the_same_precision_only() {
    let fixture = with_texts(&["edge of it"]).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    label(&fixture, &engine).await;
    fixture.import("again.jsonl", br#"{"id":"again","prompt":"edge of it"}"#).await;
    let again = label(&fixture, &engine).await;
    assert_eq!((again.judged, again.repeated, seen.judged.load(Ordering::SeqCst)), (1, 1, 1));
    fixture.import("int8.jsonl", br#"{"id":"int8","prompt":"edge of it"}"#).await;
    let int8 = LabelOrder { precision: PrecisionChoice::Int8, ..order() };
    let run = fixture.workspace.start_label_run(&engine, int8).await.unwrap();
    let other = run.finish().await.unwrap();
    assert_eq!((other.judged, other.repeated), (1, 0), "another precision may say something else");
    let ps: Vec<f64> = verdicts(&fixture).await.into_iter().map(|verdict| verdict.3).collect();
    assert_eq!(ps, [0.55, 0.55, 0.45]);
    verified(&fixture).await;
}

#[tokio::test]
async fn an_answer_about_an_item_in_quarantine_is_not_repeated() {
    let fixture = with_texts(&["why"]).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    label(&fixture, &engine).await;
    fixture.workspace.quarantine(&Gesture::new(&fixture.ids().await[0], "ana")).await.unwrap();
    fixture.import("other.jsonl", br#"{"id":"other","prompt":"why","response":"because"}"#).await;
    let progress = label(&fixture, &engine).await;
    assert_eq!((progress.judged, progress.repeated), (2, 0));
    assert_eq!(seen.judged.load(Ordering::SeqCst), 3, "the request is asked about anew");
}

#[tokio::test]
async fn a_copy_that_goes_into_quarantine_while_its_question_is_asked_gets_no_verdict() {
    let rows = [r#"{"id":"a","prompt":"why"}"#, r#"{"id":"b","prompt":"why","response":"because"}"#];
    let fixture = Fixture::with_rows(&rows).await;
    let ids = fixture.ids().await;
    let progress = quarantined_while_judged(&fixture, &ids[1]).await;
    assert_eq!((progress.judged, progress.total), (1, 1), "the other item keeps its own");
    assert!(progress.recent.iter().all(|verdict| verdict.item_id == ids[0]), "{:?}", progress.recent);
    verified(&fixture).await;
}

#[tokio::test]
async fn what_could_not_be_judged_is_not_repeated_by_the_next_run() {
    let fixture = with_texts(&["refuse", "refuse", "good"]).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    let progress = label(&fixture, &engine).await;
    assert_eq!((progress.judged, progress.failed, progress.repeated), (1, 2, 0));
    let asked = seen.judged.load(Ordering::SeqCst);
    let again = label(&fixture, &engine).await;
    assert_eq!((again.total, again.failed), (2, 2));
    assert_eq!(seen.judged.load(Ordering::SeqCst), asked + 1, "it is asked again, once for both");
}

#[tokio::test]
async fn a_question_that_kills_the_guard_is_not_asked_again_for_its_copies_in_later_calls() {
    // The shortest come first, and four pairs a call at first: the copies are in several.
    let texts: Vec<String> =
        (0..40).map(|n| if n % 4 == 0 { "die".into() } else { format!("longer {n}") }).collect();
    let fixture = with_texts(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    let progress = label(&fixture, &engine).await;
    assert_eq!((progress.state, progress.judged, progress.failed), (RunState::Done, 30, 10));
    assert!(seen.started.load(Ordering::SeqCst) <= 5, "one item's deaths, not ten's: {:?}", seen.started);
}
