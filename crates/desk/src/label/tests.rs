//! Runs against a scripted engine and a real database.

mod features;
mod flow;
mod forecast;
mod images;
mod precision;
mod repeats;
mod zawgyi;

use std::sync::atomic::Ordering;

use saring_verdict::{DeviceChoice, Family, PrecisionChoice};

use super::*;
use crate::{
    Error, Workspace,
    engine::{EngineHandle, scripted},
    fixture::{Fixture, QUEUE},
    review::Gesture,
};

fn order() -> LabelOrder {
    LabelOrder {
        queue: QUEUE.into(),
        guard: None,
        device: DeviceChoice::Cpu,
        precision: PrecisionChoice::Auto,
        pixels_max: None,
    }
}

async fn label(fixture: &Fixture, engine: &EngineHandle) -> RunProgress {
    fixture.workspace.start_label_run(engine, order()).await.unwrap().finish().await.unwrap()
}

async fn verified(fixture: &Fixture) {
    let report = fixture.workspace.verify(None).await.unwrap();
    assert_eq!(report.problems_found, 0, "the chain holds: {:?}", report.problems);
}

/// Rows with these texts as prompts.
async fn with_texts(texts: &[&str]) -> Fixture {
    let rows: Vec<String> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| format!("{{\"id\":\"{n}\",\"prompt\":\"{text}\",\"language\":\"en\"}}"))
        .collect();
    Fixture::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await
}

#[tokio::test]
async fn every_pair_gets_one_verdict_and_a_second_run_has_nothing_to_do() {
    let row = r#"{"id":"a","prompt":"good","response":"bad answer"}"#;
    let fixture = Fixture::with_rows(&[row, r#"{"id":"b","prompt":"bad"}"#]).await;
    let (engine, seen) = scripted::handle(Family::Qwen3guardGen);
    let progress = label(&fixture, &engine).await;
    assert_eq!(
        (progress.state, progress.total, progress.judged),
        (RunState::Done, 3, 3),
        "both tasks of the first"
    );
    assert!(progress.recent.iter().any(|r| r.label == "Unsafe" && r.p_unsafe == 0.9));
    let again = label(&fixture, &engine).await;
    assert_eq!((again.total, again.judged), (0, 0));
    assert_eq!(seen.judged.load(Ordering::SeqCst), 3, "nothing is judged twice");
    let runs = fixture.workspace.runs(10).await.unwrap();
    assert_eq!((runs.len(), runs[1].judged, runs[1].state.as_str()), (2, 3, "done"), "newest first");
    verified(&fixture).await;
}

#[tokio::test]
async fn what_lists_are_sorted_by_follows_from_the_verdicts() {
    let fixture = with_texts(&["good", "bad", "good too"]).await;
    let (engine, _) = scripted::handle(Family::SeaGuard);
    label(&fixture, &engine).await;
    fixture.workspace.set_ordering(QUEUE, crate::queue::Ordering::Unsafe).await.unwrap();
    let first = fixture.workspace.next(QUEUE, None).await.unwrap().unwrap();
    assert_eq!(first.external_id.as_deref(), Some("1"), "the most unsafe item comes first");
}

#[tokio::test]
async fn a_pair_that_cannot_be_judged_fails_once_a_run_and_is_tried_again_by_the_next() {
    let fixture = with_texts(&["good", "refuse", "bad"]).await;
    let (engine, _) = scripted::handle(Family::SeaGuard);
    let progress = label(&fixture, &engine).await;
    assert_eq!((progress.judged, progress.failed, progress.state), (2, 1, RunState::Done));
    let again = label(&fixture, &engine).await;
    assert_eq!((again.total, again.failed), (1, 1), "only the failed one is tried again");
    let mut read = fixture.workspace.store().read().await.unwrap();
    let ids = fixture.ids().await;
    let failure = crate::store::failures::newest(&mut read, &ids[1], "prompt").await.unwrap().unwrap();
    assert_eq!(failure.0, "several_turns");
    drop(read);
    verified(&fixture).await;
}

#[tokio::test]
async fn an_item_that_kills_the_engine_fails_and_the_run_goes_on() {
    let fixture = with_texts(&["good", "die", "bad", "good again"]).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    let progress = label(&fixture, &engine).await;
    assert_eq!((progress.judged, progress.failed, progress.state), (3, 1, RunState::Done));
    assert!(
        progress.notes.iter().any(|n| n.contains("started again")),
        "deaths are told: {:?}",
        progress.notes
    );
    assert!(seen.started.load(Ordering::SeqCst) >= 3);
    let runs = fixture.workspace.runs(1).await.unwrap();
    assert!(
        runs[0].note.as_deref().unwrap_or_default().contains("started again"),
        "and kept: {:?}",
        runs[0].note
    );
}

#[tokio::test]
async fn a_run_is_cancelled_and_continued() {
    let fixture = Fixture::with_prompts(60).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    seen.batch_ms.store(20, Ordering::SeqCst);
    let run = fixture.workspace.start_label_run(&engine, order()).await.unwrap();
    let mut progress = run.progress();
    progress.wait_for(|p| p.judged > 0).await.unwrap();
    run.cancel();
    let stopped = run.finish().await.unwrap();
    assert_eq!(stopped.state, RunState::Cancelled);
    assert!(stopped.judged > 0 && stopped.judged < 60, "it stopped in between: {}", stopped.judged);
    seen.batch_ms.store(0, Ordering::SeqCst);
    let rest = label(&fixture, &engine).await;
    assert_eq!(rest.judged + stopped.judged, 60, "the rest, and nothing twice");
    verified(&fixture).await;
}

#[tokio::test]
async fn a_paused_run_waits_and_goes_on() {
    let fixture = Fixture::with_prompts(60).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    seen.batch_ms.store(20, Ordering::SeqCst);
    let run = fixture.workspace.start_label_run(&engine, order()).await.unwrap();
    let mut progress = run.progress();
    progress.wait_for(|p| p.judged > 0).await.unwrap();
    run.pause();
    progress.wait_for(|p| p.state == RunState::Paused).await.unwrap();
    assert_eq!(fixture.workspace.runs(1).await.unwrap()[0].state, "paused");
    let judged = seen.judged.load(Ordering::SeqCst);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(seen.judged.load(Ordering::SeqCst), judged, "nothing is judged during a pause");
    run.resume();
    assert_eq!(run.finish().await.unwrap().judged, 60);
}

#[tokio::test]
async fn what_goes_into_quarantine_during_a_run_gets_no_verdict() {
    let fixture = Fixture::with_prompts(300).await;
    let ids = fixture.ids().await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    seen.batch_ms.store(20, Ordering::SeqCst);
    let run = fixture.workspace.start_label_run(&engine, order()).await.unwrap();
    run.progress().wait_for(|p| p.judged > 0).await.unwrap();
    run.pause();
    run.progress().wait_for(|p| p.state == RunState::Paused).await.unwrap();
    let judged = run.progress().borrow().judged;
    fixture.workspace.quarantine(&Gesture::new(&ids[299], "ana")).await.unwrap();
    run.resume();
    let progress = run.finish().await.unwrap();
    assert!(judged < 299, "the last item was not judged before the quarantine");
    assert_eq!((progress.judged, progress.total), (299, 299), "all but the one in quarantine");
    verified(&fixture).await;
}

#[tokio::test]
async fn one_queue_is_labelled_once_at_a_time_by_a_guard() {
    let fixture = Fixture::with_prompts(40).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    seen.batch_ms.store(50, Ordering::SeqCst);
    let run = fixture.workspace.start_label_run(&engine, order()).await.unwrap();
    let second = fixture.workspace.start_label_run(&engine, order()).await;
    assert!(matches!(second, Err(Error::Conflict { .. })), "{:?}", second.err());
    run.cancel();
    run.finish().await.unwrap();
}

#[tokio::test]
async fn a_run_whose_process_was_killed_is_marked_and_a_living_one_is_not() {
    let fixture = Fixture::with_prompts(20).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    label(&fixture, &engine).await;
    fixture.tamper("UPDATE runs SET state = 'running', ended_at = NULL").await;
    assert_eq!(fixture.workspace.settle_dead_runs().await.unwrap(), 1);
    let run = &fixture.workspace.runs(1).await.unwrap()[0];
    assert_eq!(run.state, "failed");
    assert!(run.note.as_deref().unwrap_or_default().contains("run again"), "{:?}", run.note);

    fixture.import("more.jsonl", b"{\"id\":\"x\",\"prompt\":\"more\"}").await;
    seen.batch_ms.store(100, Ordering::SeqCst);
    let alive = fixture.workspace.start_label_run(&engine, order()).await.unwrap();
    assert_eq!(fixture.workspace.settle_dead_runs().await.unwrap(), 0, "its lock is held");
    assert_eq!(alive.finish().await.unwrap().state, RunState::Done);
}

#[tokio::test]
async fn a_run_that_ends_while_dead_ones_are_looked_for_stays_as_it_ended() {
    let fixture = Fixture::with_prompts(2).await;
    let (engine, _) = scripted::handle(Family::SeaGuard);
    label(&fixture, &engine).await;
    let mut seen = fixture.workspace.runs(1).await.unwrap();
    // As it was a moment ago, when the list of unended runs was read.
    seen[0].ended_at = None;
    assert_eq!(fixture.workspace.settle_these(seen, None).await.unwrap(), 0, "nothing is left to settle");
    let run = &fixture.workspace.runs(1).await.unwrap()[0];
    assert_eq!((run.state.as_str(), run.judged, run.note.as_deref()), ("done", 2, None));
}

#[tokio::test]
async fn a_guard_that_changed_on_disk_is_not_run() {
    let fixture = Fixture::with_prompts(2).await;
    let folder = fixture.dir.path().join("mine");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("weights"), "one").unwrap();
    let (engine, _) = scripted::handle(Family::SeaGuard);
    let new = crate::guards::NewGuard { path: folder.clone(), ..Default::default() };
    fixture.workspace.add_guard(&engine, new, |_| ()).await.unwrap();
    std::fs::write(folder.join("weights"), "two").unwrap();
    let order = LabelOrder { guard: Some("mine".into()), ..order() };
    let run = fixture.workspace.start_label_run(&engine, order).await.unwrap();
    let error = run.finish().await.unwrap_err();
    assert!(error.to_string().contains("changed on disk"), "{error}");
    assert_eq!(fixture.workspace.runs(1).await.unwrap()[0].state, "failed");
}

#[tokio::test]
async fn a_guard_that_changed_on_disk_during_a_run_gives_no_verdict_after_it_was_loaded_again() {
    // Of one length, so that they are judged as they were imported.
    let mut texts: Vec<String> = (10..30).map(|n| format!("good {n}")).collect();
    texts.push("die now".into());
    texts.extend((10..30).map(|n| format!("bad  {n}")));
    let fixture = with_texts(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let weights = fixture.write("mine/weights", b"one");
    let (engine, _) = scripted::handle(Family::SeaGuard);
    let path = weights.parent().unwrap().to_owned();
    let new = crate::guards::NewGuard { path, ..Default::default() };
    fixture.workspace.add_guard(&engine, new, |_| ()).await.unwrap();
    let order = LabelOrder { guard: Some("mine".into()), ..order() };
    let run = fixture.workspace.start_label_run(&engine, order).await.unwrap();
    // Before the first batch: the guard is loaded by then, as it was added.
    run.pause();
    let mut progress = run.progress();
    progress.wait_for(|p| p.state == RunState::Paused).await.unwrap();
    std::fs::write(weights, "two").unwrap();
    run.resume();
    let error = run.finish().await.unwrap_err();
    assert!(error.to_string().contains("changed on disk"), "{error}");
    let judged = progress.borrow().judged;
    assert!(judged > 0 && judged <= 20, "what came before the death stays, and nothing follows: {judged}");
}

#[tokio::test]
async fn what_went_into_quarantine_does_not_pass_by_any_more() {
    let fixture = with_texts(&["good", "bad"]).await;
    let ids = fixture.ids().await;
    let (engine, _) = scripted::handle(Family::SeaGuard);
    let progress = label(&fixture, &engine).await;
    let shown = async || {
        let recent = fixture.workspace.recent_verdicts(&progress).await.unwrap();
        recent.into_iter().map(|verdict| verdict.item_id).collect::<Vec<_>>()
    };
    let before = shown().await;
    assert!(before.contains(&ids[1]), "{before:?}");
    fixture.workspace.quarantine(&Gesture::new(&ids[1], "ana")).await.unwrap();
    assert!(!shown().await.contains(&ids[1]), "its text is not shown");
}

/// A run over the fixture's queue, in which an item goes into quarantine while the guard thinks. If that comes before or
/// after, nothing passes by either.
async fn quarantined_while_judged(fixture: &Fixture, item_id: &str) -> RunProgress {
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    fixture.workspace.default_guard(&engine).await.unwrap();
    seen.batch_ms.store(300, Ordering::SeqCst);
    let run = fixture.workspace.start_label_run(&engine, order()).await.unwrap();
    run.progress().wait_for(|p| p.device.is_some()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    fixture.workspace.quarantine(&Gesture::new(item_id, "ana")).await.unwrap();
    run.finish().await.unwrap()
}

#[tokio::test]
async fn what_goes_into_quarantine_while_it_is_judged_does_not_pass_by() {
    let fixture = with_texts(&["good"]).await;
    let ids = fixture.ids().await;
    let progress = quarantined_while_judged(&fixture, &ids[0]).await;
    assert_eq!((progress.judged, progress.recent), (0, vec![]));
}

#[tokio::test]
async fn a_run_is_cancelled_while_its_guard_is_loaded() {
    let fixture = Fixture::with_prompts(3).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    // The demo guard is added beforehand, so that only loading waits for the engine.
    fixture.workspace.default_guard(&engine).await.unwrap();
    let (let_go, held) = std::sync::mpsc::channel::<()>();
    let busy = engine.clone();
    let holding = tokio::spawn(async move {
        busy.call(move |_| {
            let _ = held.recv();
            Ok(())
        })
        .await
    });
    let run = fixture.workspace.start_label_run(&engine, order()).await.unwrap();
    run.cancel();
    assert_eq!(run.finish().await.unwrap().state, RunState::Cancelled, "it does not wait for the engine");
    let_go.send(()).unwrap();
    holding.await.unwrap().unwrap();
    assert_eq!(seen.judged.load(Ordering::SeqCst), 0);
}

#[tokio::test]
#[ignore = "measures how fast verdicts are written; run by hand, in release"]
async fn measure_writing() {
    let fixture = Fixture::with_prompts(20_000).await;
    let (engine, _) = scripted::handle(Family::Qwen3guardGen);
    let started = std::time::Instant::now();
    let progress = label(&fixture, &engine).await;
    println!("{} pairs in {:?}", progress.judged, started.elapsed());
}
