//! What a run says before it starts.

use super::*;

#[tokio::test]
async fn a_run_says_how_long_it_takes_once_the_machine_was_measured() {
    let fixture = Fixture::with_prompts(50).await;
    let (engine, _) = scripted::handle(Family::SeaGuard);
    let before = fixture.workspace.forecast(&engine, &order()).await.unwrap();
    assert_eq!((before.tasks, before.pace.as_ref(), before.seconds()), (50, None, None));

    let budget = std::time::Duration::from_millis(1);
    let after = fixture.workspace.measure(&engine, &order(), budget).await.unwrap();
    assert_eq!((after.tasks, after.seconds()), (50, Some(2.0)), "25 a second");
    assert_eq!(after.pace.as_ref().unwrap().source, "bench");
    assert_eq!(fixture.workspace.forecast(&engine, &order()).await.unwrap(), after, "it is remembered");

    let int8 = LabelOrder { precision: PrecisionChoice::Int8, ..order() };
    let other = fixture.workspace.forecast(&engine, &int8).await.unwrap();
    assert_eq!(other.pace, None, "another precision was not measured");
    let cuda = LabelOrder { device: DeviceChoice::Cuda, ..order() };
    assert_eq!(fixture.workspace.forecast(&engine, &cuda).await.unwrap().pace, None, "nor another device");
}

#[tokio::test]
async fn a_run_of_many_items_is_the_better_measurement_and_one_of_few_is_none() {
    let fixture = Fixture::with_prompts(63).await;
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    seen.batch_ms.store(5, Ordering::SeqCst);
    label(&fixture, &engine).await;
    let forecast = fixture.workspace.forecast(&engine, &order()).await.unwrap();
    assert_eq!((forecast.tasks, forecast.pace), (0, None), "too few to mean something");

    let rows: String =
        (0..90).map(|n| format!("{{\"id\":\"more-{n}\",\"prompt\":\"more {n}\"}}\n")).collect();
    fixture.import("more.jsonl", rows.as_bytes()).await;
    label(&fixture, &engine).await;
    let pace = fixture.workspace.forecast(&engine, &order()).await.unwrap().pace.expect("a measurement");
    assert_eq!((pace.source.as_str(), pace.items), ("run", 90));
    assert!(pace.items_per_second > 0.0 && pace.tokens_per_second > pace.items_per_second, "{pace:?}");
}

#[tokio::test]
async fn what_was_only_repeated_is_no_measurement() {
    let texts = vec!["the same"; 200];
    let fixture = with_texts(&texts).await;
    let (engine, _) = scripted::handle(Family::SeaGuard);
    assert_eq!(label(&fixture, &engine).await.repeated, 199);
    let forecast = fixture.workspace.forecast(&engine, &order()).await.unwrap();
    assert_eq!(forecast.pace, None, "the guard was asked about one item");
}
