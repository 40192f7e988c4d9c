//! The registry against a scripted engine and a real database.

use saring_verdict::{DeviceChoice, Family, PrecisionChoice};

use super::*;
use crate::{Error, engine::scripted, fixture::Fixture};

fn checkpoint(fixture: &Fixture, name: &str, weights: &str) -> NewGuard {
    let path = fixture.dir.path().join(name);
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("weights"), weights).unwrap();
    NewGuard { path, ..NewGuard::default() }
}

#[tokio::test]
async fn a_guard_is_added_listed_removed_and_brought_back() {
    let fixture = Fixture::new().await;
    let workspace = &fixture.workspace;
    let (engine, _) = scripted::handle(Family::SeaGuard);
    let new = checkpoint(&fixture, "mine", "w1");
    let guard = workspace.add_guard(&engine, new.clone(), |_| ()).await.unwrap();
    assert_eq!(
        (guard.name.as_str(), guard.card.weights_sha256.as_str()),
        ("mine", "w1"),
        "named by its folder"
    );
    let twice = workspace.add_guard(&engine, new.clone(), |_| ()).await;
    assert!(matches!(twice, Err(Error::Exists { .. })));

    workspace.set_default_guard("mine").await.unwrap();
    workspace.remove_guard("mine").await.unwrap();
    assert!(workspace.guards().await.unwrap().is_empty());
    assert!(matches!(workspace.guard_in_use("mine").await, Err(Error::Conflict { .. })));
    assert_eq!(workspace.guard(&guard.id).await.unwrap().name, "mine", "its verdicts still refer to it");
    assert_eq!(workspace.default_guard_id().await.unwrap(), None, "a removed guard is not the default");

    let back = workspace.add_guard(&engine, new, |_| ()).await.unwrap();
    assert_eq!(back.id, guard.id, "the same files are the same guard");
    let report = workspace.verify(None).await.unwrap();
    assert_eq!(report.problems_found, 0, "{:?}", report.problems);
}

#[tokio::test]
async fn other_files_under_the_name_of_a_removed_guard_are_another_guard() {
    let fixture = Fixture::new().await;
    let (engine, _) = scripted::handle(Family::SeaGuard);
    fixture.workspace.add_guard(&engine, checkpoint(&fixture, "mine", "w1"), |_| ()).await.unwrap();
    fixture.workspace.remove_guard("mine").await.unwrap();
    let other = fixture.workspace.add_guard(&engine, checkpoint(&fixture, "mine", "w2"), |_| ()).await;
    assert!(matches!(other, Err(Error::Exists { .. })), "its old verdicts must not seem to be the new one's");
}

#[tokio::test]
async fn the_demo_guard_for_text_is_the_default_and_is_added_once() {
    let fixture = Fixture::new().await;
    let (engine, _) = scripted::handle(Family::Qwen3guardGen);
    let guard = fixture.workspace.default_guard(&engine).await.unwrap();
    assert!(guard.is_toy && guard.name == demo::NAME);
    assert!(guard.source.path.join("model.safetensors").is_file());
    assert_eq!(fixture.workspace.default_guard(&engine).await.unwrap().id, guard.id);
    assert_eq!(fixture.workspace.guards().await.unwrap().len(), demo::ALL.len(), "the others are there too");
}

#[tokio::test]
async fn removed_demo_guards_stay_away_until_they_are_asked_for() {
    let fixture = Fixture::new().await;
    let workspace = &fixture.workspace;
    let (engine, _) = scripted::handle(Family::Qwen3guardGen);
    workspace.add_demo_guards(&engine).await.unwrap();
    for demo in demo::ALL {
        workspace.remove_guard(demo.name).await.unwrap();
    }
    workspace.add_demo_guards(&engine).await.unwrap();
    assert!(workspace.guards().await.unwrap().is_empty());
    let none = workspace.default_guard(&engine).await.unwrap_err();
    assert!(none.to_string().contains("add one"), "{none}");
    let mine = workspace.add_guard(&engine, checkpoint(&fixture, "mine", "w1"), |_| ()).await.unwrap();
    assert_eq!(workspace.default_guard(&engine).await.unwrap().id, mine.id, "what there is");
    workspace.add_demo_guard(&engine, &demo::TEXT).await.unwrap();
    assert_eq!(workspace.default_guard(&engine).await.unwrap().name, demo::NAME, "it was asked for");
    assert!(workspace.verify(None).await.unwrap().holds());
}

#[tokio::test]
async fn a_copy_of_a_toy_is_a_toy_under_any_name() {
    let fixture = Fixture::new().await;
    let (engine, _) = scripted::handle(Family::Qwen3guardGen);
    let copy = checkpoint(&fixture, "serious", demo::TEXT.weights_sha256());
    assert!(fixture.workspace.add_guard(&engine, copy, |_| ()).await.unwrap().is_toy);
    let other = checkpoint(&fixture, "other", "w1");
    assert!(!fixture.workspace.add_guard(&engine, other, |_| ()).await.unwrap().is_toy);
}

#[tokio::test]
async fn the_self_test_says_what_changed_on_disk() {
    let fixture = Fixture::new().await;
    let (engine, _) = scripted::handle(Family::SeaGuard);
    let new = checkpoint(&fixture, "mine", "w1");
    fixture.workspace.add_guard(&engine, new.clone(), |_| ()).await.unwrap();
    let check =
        || fixture.workspace.check_guard(&engine, "mine", DeviceChoice::Cpu, PrecisionChoice::Auto, |_| ());
    let passed = check().await.unwrap();
    assert!(passed.problems.is_empty(), "{:?}", passed.problems);
    assert!(passed.rows.len() >= 5 && passed.rows.iter().all(|r| r.label == "safe"));
    std::fs::write(new.path.join("weights"), "w2").unwrap();
    let changed = check().await.unwrap();
    assert!(changed.problems[0].starts_with("The weights changed on disk"), "{:?}", changed.problems);
}

#[tokio::test]
async fn a_path_that_is_no_checkpoint_is_refused() {
    let fixture = Fixture::new().await;
    let (engine, _) = scripted::handle(Family::SeaGuard);
    let new = NewGuard { path: fixture.dir.path().join("nowhere"), ..NewGuard::default() };
    assert!(matches!(fixture.workspace.add_guard(&engine, new, |_| ()).await, Err(Error::Io { .. })));
    let reserved = NewGuard { name: Some("saring-demo".into()), ..checkpoint(&fixture, "x", "w") };
    assert!(matches!(
        fixture.workspace.add_guard(&engine, reserved, |_| ()).await,
        Err(Error::Invalid { .. })
    ));
}
