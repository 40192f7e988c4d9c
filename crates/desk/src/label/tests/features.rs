//! What a guard keeps of the pictures of items that go into quarantine: nothing, whenever that is.

use std::time::Duration;

use saring_verdict::Cancel;

use super::{
    images::{fixture, fixture_of, guard},
    *,
};
use crate::media::Keeping;

const ITEM: &str = r#"{"id":"item","prompt":"bad","images":["a.png"]}"#;
/// An item on which the engine's call fails as a whole.
const HALTING: &str = r#"{"id":"item","prompt":"halt","images":["a.png"]}"#;
const OTHER: &str = r#"{"id":"other","prompt":"good","images":["b.png"]}"#;

/// Puts the first item into quarantine while a guard thinks about it; if this comes before or after that, nothing remains either.
async fn quarantine_meanwhile(fixture: &Fixture) {
    let id = &fixture.ids().await[0];
    tokio::time::sleep(Duration::from_millis(150)).await;
    fixture.workspace.quarantine(&Gesture::new(id, "ana")).await.unwrap();
}

/// How many images a guard has kept something of.
fn kept(fixture: &Fixture) -> usize {
    std::fs::read_dir(fixture.workspace.features_dir()).map_or(0, Iterator::count)
}

#[tokio::test]
async fn what_a_guard_kept_of_a_picture_goes_with_its_quarantine() {
    let fixture = fixture(Keeping::Copy).await;
    let ids = fixture.ids().await;
    let item = fixture.workspace.item(&ids[1]).await.unwrap();
    let features = fixture.workspace.features_dir();
    let kept = |n: usize| features.join(&item.images[n].sha256);
    let other = features.join("0".repeat(64));
    for folder in [kept(0), kept(1), other.clone()] {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("key.safetensors"), "features").unwrap();
    }
    fixture.workspace.quarantine(&Gesture::new(&ids[1], "ana")).await.unwrap();
    assert!(!kept(0).exists() && !kept(1).exists(), "every image of the item");
    assert!(other.exists(), "and no other one");
}

#[tokio::test]
async fn a_run_leaves_nothing_of_a_picture_in_quarantine_even_where_it_fails() {
    for (row, fails) in [(ITEM, false), (HALTING, true)] {
        let fixture = fixture_of(&[row, OTHER], Keeping::Copy).await;
        let (engine, seen) = guard(&fixture, "eyes", true).await;
        seen.batch_ms.store(300, Ordering::SeqCst);
        let run = fixture.workspace.start_label_run(&engine, images::order("eyes")).await.unwrap();
        quarantine_meanwhile(&fixture).await;
        assert_eq!(run.finish().await.is_err(), fails, "{row}");
        // The other one is the heavier, and has its turn in a call of its own unless the run has failed before.
        assert_eq!(kept(&fixture), usize::from(!fails), "of the other one alone: {row}");
    }
}

#[tokio::test]
async fn a_check_leaves_and_tells_nothing_of_a_picture_in_quarantine_even_where_it_fails() {
    for (row, fails) in [(ITEM, false), (HALTING, true)] {
        let fixture = fixture_of(&[row, OTHER], Keeping::Copy).await;
        let (engine, seen) = guard(&fixture, "eyes", true).await;
        seen.batch_ms.store(300, Ordering::SeqCst);
        let order = PrecisionOrder {
            guard: "eyes".into(),
            queue: QUEUE.into(),
            device: DeviceChoice::Cpu,
            precision: PrecisionChoice::Int8,
            against: PrecisionChoice::F32,
            pairs_max: None,
        };
        let (mut tell, cancel) = (|_, _| (), Cancel::new());
        let checking = fixture.workspace.check_precision(&engine, &order, &mut tell, &cancel);
        let (check, ()) = tokio::join!(checking, quarantine_meanwhile(&fixture));
        assert_eq!(check.is_err(), fails, "{row}");
        assert_eq!(kept(&fixture), 1, "of the other one alone: {row}");
        let rows = check.map(|check| check.rows).unwrap_or_default();
        let visible = fixture.ids().await;
        assert!(rows.iter().all(|row| visible.contains(&row.item_id)), "it is not named: {rows:?}");
    }
}

#[tokio::test]
async fn what_a_process_that_was_killed_left_of_a_quarantine_is_removed_when_the_workspace_is_opened() {
    let fixture = fixture_of(&[ITEM, OTHER], Keeping::Copy).await;
    let ids = fixture.ids().await;
    let item = fixture.workspace.item(&ids[0]).await.unwrap();
    fixture.workspace.quarantine(&Gesture::new(&ids[0], "ana")).await.unwrap();
    let features = fixture.workspace.features_dir();
    let (left, other) = (features.join(&item.images[0].sha256), features.join("0".repeat(64)));
    std::fs::create_dir_all(&left).unwrap();
    std::fs::create_dir_all(&other).unwrap();
    Workspace::open(fixture.workspace.dir()).await.unwrap();
    assert!(!left.exists() && other.exists(), "of what is in quarantine, and of nothing else");
}
