//! One guard in two precisions.

use saring_verdict::Cancel;

use super::*;
use crate::queue::Mode;

fn precision_order(pairs_max: Option<u64>) -> PrecisionOrder {
    PrecisionOrder {
        guard: crate::guards::demo::NAME.into(),
        queue: QUEUE.into(),
        device: DeviceChoice::Cpu,
        precision: PrecisionChoice::Int8,
        against: PrecisionChoice::F32,
        pairs_max,
    }
}

#[tokio::test]
async fn flips_and_differences_are_told_for_each_item_and_nothing_is_stored() {
    let fixture = with_texts(&["good", "edge", "refuse", "bad"]).await;
    let (engine, _) = scripted::handle(Family::SeaGuard);
    label(&fixture, &engine).await;
    fixture.workspace.set_mode(QUEUE, Mode::Suggestion).await.unwrap();
    let head = async || {
        crate::store::chain::get(&mut fixture.workspace.store().read().await.unwrap()).await.unwrap().hash
    };
    let before = head().await;
    let mut told = Vec::new();
    let (order, mut tell) = (precision_order(None), |done, all| told.push((done, all)));
    let check = fixture.workspace.check_precision(&engine, &order, &mut tell, &Cancel::new()).await.unwrap();
    assert_eq!((check.precision.as_str(), check.against.as_str()), ("int8", "f32"));
    assert_eq!((check.rows.len(), check.failed), (3, 1), "what has a verdict already is judged too");
    let flips: Vec<&PrecisionRow> = check.rows.iter().filter(|row| row.is_flip()).collect();
    assert_eq!((check.judged, check.flips, flips.len(), flips[0].seq), (3, 1, 1, check.rows[1].seq));
    assert_eq!((flips[0].said.label.as_str(), flips[0].against.label.as_str()), ("safe", "unsafe"));
    assert!((check.largest.unwrap() - 0.1).abs() < 1e-9, "0.45 and 0.55: {:?}", check.largest);
    assert!((check.mean.unwrap() - 0.1 / 3.0).abs() < 1e-9, "{:?}", check.mean);
    assert_eq!(told.last(), Some(&(8, 8)), "four pairs, twice");
    assert_eq!(head().await, before, "the history does not know of it");
}

#[tokio::test]
async fn a_precision_is_not_held_against_itself_or_on_nothing() {
    let fixture = with_texts(&["good", "bad"]).await;
    let (engine, _) = scripted::handle(Family::SeaGuard);
    fixture.workspace.add_demo_guards(&engine).await.unwrap();
    let check = async |order: &PrecisionOrder, cancel: &Cancel| {
        fixture.workspace.check_precision(&engine, order, &mut |_, _| (), cancel).await
    };
    let same = PrecisionOrder { against: PrecisionChoice::Int8, ..precision_order(None) };
    assert!(matches!(check(&same, &Cancel::new()).await, Err(Error::Invalid { .. })));
    let first = check(&precision_order(Some(1)), &Cancel::new()).await.unwrap();
    assert_eq!(first.judged, 1, "no more than was asked for");
    let cancel = Cancel::new();
    cancel.cancel();
    assert!(matches!(check(&precision_order(None), &cancel).await, Err(Error::Cancelled)));
    for id in fixture.ids().await {
        fixture.workspace.quarantine(&Gesture::new(&id, "ana")).await.unwrap();
    }
    let nothing = check(&precision_order(None), &Cancel::new()).await.unwrap_err();
    assert!(nothing.to_string().contains("no item"), "{nothing}");
}

#[tokio::test]
async fn what_must_be_decided_blind_is_counted_and_not_named() {
    let fixture = with_texts(&["good", "edge", "bad"]).await;
    let ids = fixture.ids().await;
    let (engine, _) = scripted::handle(Family::SeaGuard);
    fixture.workspace.add_demo_guards(&engine).await.unwrap();
    fixture.workspace.decide(&fixture.decision(&ids[0], "safe")).await.unwrap();
    let (order, cancel) = (precision_order(None), Cancel::new());
    let check = fixture.workspace.check_precision(&engine, &order, &mut |_, _| (), &cancel).await.unwrap();
    assert_eq!((check.judged, check.flips, check.hidden), (3, 1, 2), "all are counted");
    let named: Vec<&str> = check.rows.iter().map(|row| row.item_id.as_str()).collect();
    assert_eq!(named, [ids[0].as_str()], "the decided one alone");
}

#[tokio::test]
async fn two_precisions_that_a_checkpoint_runs_as_one_are_refused_before_anything_is_judged() {
    let fixture = with_texts(&["good", "bad"]).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    for name in ["whole", "packed"] {
        let path = fixture.write(&format!("{name}/weights"), name.as_bytes()).parent().unwrap().to_owned();
        fixture.write(&format!("{name}/{name}"), b"");
        let new = crate::guards::NewGuard { path, ..Default::default() };
        fixture.workspace.add_guard(&engine, new, |_| ()).await.unwrap();
    }
    let auto = PrecisionChoice::Auto;
    for (guard, precision, ran) in [("packed", PrecisionChoice::Int8, "q4_k"), ("whole", auto, "f32")] {
        let order = PrecisionOrder { guard: guard.into(), precision, ..precision_order(None) };
        let (mut tell, cancel) = (|_, _| (), Cancel::new());
        let refused =
            fixture.workspace.check_precision(&engine, &order, &mut tell, &cancel).await.unwrap_err();
        assert_eq!(refused.code(), crate::Code::Invalid, "{refused}");
        assert!(refused.to_string().contains(&format!("runs as {ran} either way")), "{refused}");
    }
    assert_eq!(seen.judged.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_into_quarantine_between_the_passes_is_not_read_again() {
    let fixture = with_texts(&["good", "edge", "bad", "good too"]).await;
    fixture.workspace.set_mode(QUEUE, Mode::Suggestion).await.unwrap();
    let ids = fixture.ids().await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    fixture.workspace.add_demo_guards(&engine).await.unwrap();
    let gesture = Gesture::new(&ids[2], "ana");
    let mut tell = |done: u64, _: u64| {
        if done == 4 {
            let quarantine = fixture.workspace.quarantine(&gesture);
            let now = tokio::runtime::Handle::current();
            tokio::task::block_in_place(|| now.block_on(quarantine)).unwrap();
        }
    };
    let (order, cancel) = (precision_order(None), Cancel::new());
    let check = fixture.workspace.check_precision(&engine, &order, &mut tell, &cancel).await.unwrap();
    assert_eq!(seen.judged.load(Ordering::SeqCst), 7, "four, and then the three that are left");
    assert_eq!((check.judged, check.failed), (3, 0));
    assert!(check.rows.iter().all(|row| row.item_id != ids[2]), "{:?}", check.rows);
}

#[tokio::test]
async fn a_queue_of_several_pages_is_compared_whole() {
    let fixture = Fixture::with_prompts(501).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    fixture.workspace.add_demo_guards(&engine).await.unwrap();
    let (order, cancel) = (precision_order(None), Cancel::new());
    let check = fixture.workspace.check_precision(&engine, &order, &mut |_, _| (), &cancel).await.unwrap();
    assert_eq!((check.judged, seen.judged.load(Ordering::SeqCst)), (501, 1002));
}
