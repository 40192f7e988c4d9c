//! Guards and label runs.

use std::{fs, sync::atomic::Ordering};

use serde_json::json;

use crate::window::{CHANNEL, Window};

#[test]
fn guards_are_added_checked_made_the_default_and_removed() {
    let window = Window::open();
    let toy = &window.call("guards", json!({}))[0];
    assert_eq!((&toy["is_toy"], &toy["is_default"]), (&json!(true), &json!(true)), "there from the start");
    assert_eq!(window.call("devices", json!({}))[0]["kind"], "cpu");

    let folder = window.path("my-guard");
    fs::create_dir(&folder).unwrap();
    let added = window.call("add_guard", json!({ "path": folder, "family": null, "onProgress": CHANNEL }));
    assert_eq!((&added["name"], &added["is_toy"]), (&json!("my-guard"), &json!(false)));
    let test = window.call("check_guard", json!({ "guardId": added["id"], "onLoading": CHANNEL }));
    assert_eq!((&test["passed"], &test["problems"]), (&json!(true), &json!([])));
    assert_eq!(test["device"], "CPU · Test · f32");

    window.call("set_default_guard", json!({ "guardId": added["id"] }));
    let defaults: Vec<_> = default_names(&window);
    assert_eq!(defaults, ["my-guard"], "there is one default");
    window.call("remove_guard", json!({ "guardId": added["id"] }));
    assert_eq!(default_names(&window), ["saring-demo"], "without it the toy is the default again");
    let nothing = json!({ "path": window.path("nothing"), "family": "odd", "onProgress": CHANNEL });
    assert_eq!(window.ask("add_guard", nothing).unwrap_err()["code"], "invalid");
}

fn default_names(window: &Window) -> Vec<String> {
    let guards = window.call("guards", json!({}));
    let defaults = guards.as_array().unwrap().iter().filter(|guard| guard["is_default"] == true);
    defaults.map(|guard| guard["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_item_of_a_run_ends_with_a_verdict_or_an_error() {
    let (window, queue) = Window::with_queue(&["one", "broken", "three is unsafe"]);
    let run = window.label(&queue);
    assert_eq!((&run["done"], &run["failed"], &run["total"]), (&json!(3), &json!(1), &json!(3)));
    let card = window.call("queue", json!({ "queueId": queue }));
    assert_eq!((&card["labelled"], &card["unlabelled"]), (&json!(2), &json!(1)));
    let again = window.label(&queue);
    assert_eq!(again["total"], 1, "a second run judges only what has no verdict");
}

#[test]
fn a_run_that_has_ended_can_be_neither_paused_nor_stopped() {
    let (window, queue) = Window::with_queue(&["one"]);
    let run = window.label(&queue);
    // The run is let go of a moment after its last word.
    for command in ["pause_run", "resume_run", "cancel_run"] {
        let gone = (0..500).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            window.ask(command, json!({ "runId": run["id"] })).is_err()
        });
        assert!(gone, "{command} must say that there is no such run any more");
    }
    let bad = json!({ "queue_id": queue, "guard_id": null, "device": "abacus", "precision": "auto" });
    assert_eq!(window.ask("start_run", json!({ "order": bad })).unwrap_err()["code"], "invalid");
}

#[test]
fn a_run_has_the_memory_that_the_assistant_had() {
    let (window, queue) = Window::with_queue(&["one"]);
    let folder = window.path("assistant");
    fs::create_dir(&folder).unwrap();
    window.call("add_guard", json!({ "path": folder, "family": null, "onProgress": CHANNEL }));
    let item = window.next(&queue);
    let order = json!({ "item_id": item["id"], "task": "explain", "question": null, "language": "en" });
    let asked = json!({ "order": order, "onLoading": CHANNEL, "onText": CHANNEL });
    assert_eq!(window.call("assist", asked)["text"], "an answer");
    assert_eq!(window.assistants.load(Ordering::SeqCst), 1, "it stays loaded for the next question");
    assert_eq!(window.label(&queue)["state"], "done");
    assert_eq!(window.assistants.load(Ordering::SeqCst), 0, "it was unloaded before the guard was loaded");
}

#[test]
fn a_run_says_how_long_it_will_take_once_its_guard_was_measured() {
    let (window, queue) = Window::with_queue(&["one", "two", "three"]);
    let order = json!({
        "order": { "queue_id": queue, "guard_id": null, "device": "auto", "precision": "auto", "pixels_max": null }
    });
    let before = window.call("forecast_run", order.clone());
    assert_eq!((&before["tasks"], &before["seconds"]), (&json!(3), &json!(null)), "nothing was measured yet");
    let measured = window.call("measure_run", order.clone());
    assert_eq!((&measured["seconds"], &measured["measured_by"]), (&json!(1.5), &json!("bench")));
    assert_eq!(window.call("forecast_run", order), measured, "it is remembered");
}
