//! How items flow through a run: by length, written while the guard goes on, and nothing lost when it is stopped.

use tokio::sync::{mpsc, watch};

use super::{
    super::{batch, pace},
    *,
};

#[tokio::test]
async fn calls_hold_items_of_like_length_and_a_long_one_comes_last_and_alone() {
    let long = "long ".repeat(4000);
    let texts: Vec<String> = (0..30)
        .map(|n| match n {
            0 => long.clone(),
            n if n % 3 == 0 => format!("middling {n} ").repeat(40),
            n => format!("short {n}"),
        })
        .collect();
    let fixture = with_texts(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (engine, _) = scripted::handle(Family::SeaGuard);
    let guard = fixture.workspace.default_guard(&engine).await.unwrap();
    let queue_id = fixture.workspace.queue(QUEUE).await.unwrap().id;
    let (_budget, budget) = watch::channel(pace::Budget { pairs: 8, weight: 8 * 512 });
    let (sender, mut batches) = mpsc::channel(1);
    tokio::spawn(batch::fetch_all(fixture.workspace.clone(), queue_id, guard, budget, sender));
    let mut calls = Vec::new();
    while let Some(batch) = batches.recv().await {
        calls.push(batch.unwrap().pairs.iter().map(batch::Pair::weight).collect::<Vec<_>>());
    }
    assert_eq!(calls.iter().map(Vec::len).sum::<usize>(), 30, "all of them");
    let weights = calls.concat();
    assert!(weights.is_sorted(), "the short ones first: {weights:?}");
    assert_eq!(calls.last().map(Vec::len), Some(1), "nothing waits for the long one");
    assert!(calls.iter().all(|call| call.len() == 1 || call.iter().sum::<u64>() <= 8 * 512));
}

#[tokio::test]
async fn what_is_told_as_judged_is_on_disk_while_the_guard_goes_on() {
    let fixture = Fixture::with_prompts(200).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    seen.batch_ms.store(30, Ordering::SeqCst);
    let run = fixture.workspace.start_label_run(&engine, order()).await.unwrap();
    let mut progress = run.progress();
    let mut met_at_work = 0;
    loop {
        let now = progress.borrow_and_update().clone();
        let on_disk = fixture.workspace.runs(1).await.unwrap()[0].judged;
        assert!(u64::try_from(on_disk).unwrap() >= now.judged, "{on_disk} on disk, {} told", now.judged);
        met_at_work += usize::from(now.judged > 0 && now.judged < 200);
        if now.state.is_final() || progress.changed().await.is_err() {
            break;
        }
    }
    assert!(met_at_work > 0, "it was looked at in between");
    assert_eq!(run.finish().await.unwrap().judged, 200);
}

#[tokio::test]
async fn what_was_answered_when_a_run_is_stopped_is_written() {
    let fixture = Fixture::with_prompts(300).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    seen.batch_ms.store(20, Ordering::SeqCst);
    let run = fixture.workspace.start_label_run(&engine, order()).await.unwrap();
    run.progress().wait_for(|p| p.judged > 0).await.unwrap();
    run.cancel();
    let stopped = run.finish().await.unwrap();
    assert_eq!(stopped.state, RunState::Cancelled);
    assert_eq!(stopped.judged, seen.judged.load(Ordering::SeqCst), "every answer of the guard is kept");
    verified(&fixture).await;
}
