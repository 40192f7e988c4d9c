//! Queues and the review screen.

use serde_json::json;

use crate::window::Window;

#[test]
fn a_new_workspace_says_that_it_is_new_and_what_the_toy_scores() {
    let window = Window::open();
    let start = window.call("start", json!({}));
    assert_eq!(start["first_start"], true);
    assert_eq!(start["reviewer"], json!(null));
    assert!(
        start["demo"]["warning"].as_str().unwrap().contains("toy"),
        "the demo guard is never shown without it"
    );
    assert!(start["demo"]["scores"].as_array().unwrap().len() > 8, "all languages are there");

    window.call("watch", json!({ "onNotice": crate::window::CHANNEL }));
    let card = window.call("open_demo", json!({}));
    assert!(card["counts"]["total"].as_u64().unwrap() >= 240, "the demo queue is embedded");
    assert_eq!(card["unlabelled"], card["counts"]["total"], "nothing has judged it yet");
    assert_eq!(window.call("open_demo", json!({}))["id"], card["id"], "opened twice, it is there once");
    assert_eq!(window.call("start", json!({}))["first_start"], false);
}

#[test]
fn preferences_and_the_reviewers_name_are_kept_apart() {
    let window = Window::open();
    window.call("set_reviewer", json!({ "name": "  ana " }));
    window.call("save_preferences", json!({ "preferences": "{\"theme\":\"dark\"}" }));
    let start = window.call("start", json!({}));
    assert_eq!(start["reviewer"], "ana", "saving preferences does not forget the name");
    assert_eq!(start["preferences"], "{\"theme\":\"dark\"}");
    let failure = window.ask("set_reviewer", json!({ "name": "  " })).unwrap_err();
    assert_eq!(failure["code"], "invalid");
}

#[test]
fn a_decision_without_a_reviewer_is_refused() {
    let window = Window::open();
    let report = window.import("{\"id\": \"a\", \"prompt\": \"hello\"}\n");
    let item = window.next(report["queue_id"].as_str().unwrap());
    let decision = json!({
        "item_id": item["id"], "task": "prompt", "label": "safe", "categories": [], "refusal": null, "note": null,
        "duration_ms": 0, "verdict_visible": false, "draw_id": null,
    });
    let failure = window.ask("decide", json!({ "decision": decision })).unwrap_err();
    assert!(failure["message"].as_str().unwrap().contains("reviewer"), "{failure}");
}

#[test]
fn an_item_goes_from_pending_to_decided_and_back() {
    let (window, queue) = Window::with_queue(&["one", "two", "three"]);
    let item = window.next(&queue);
    assert_eq!(item["turns"][0]["content"], "one");
    let saved = window.decide(&item, "safe");
    assert_eq!(saved["counts"]["decided"], 1);
    assert_eq!(saved["item"]["tasks"][0]["decision"]["reviewer"], "ana");
    assert_eq!(window.next(&queue)["turns"][0]["content"], "two", "the next one comes up");

    let history = window.call("history", json!({ "itemId": item["id"] }));
    assert_eq!(history[0]["what"], "label safe");
    let undone = window.call("undo", json!({ "queueId": queue }));
    assert_eq!(undone["what"], "label of the prompt");
    assert_eq!(undone["item"]["id"], item["id"]);
    assert_eq!(undone["counts"]["pending"], 3);
    let failure = window.ask("undo", json!({ "queueId": queue })).unwrap_err();
    assert!(failure["message"].as_str().unwrap().contains("nothing left to undo"), "{failure}");
}

#[test]
fn gestures_change_the_counts_and_a_quarantined_item_is_gone() {
    let (window, queue) = Window::with_queue(&["one", "two", "three", "four"]);
    let first = window.next(&queue);
    assert_eq!(window.gesture(&first, "flag")["item"]["flagged"], true);
    assert_eq!(window.gesture(&first, "flag")["item"]["flagged"], false, "the same key takes it off");
    assert_eq!(window.gesture(&first, "skip")["counts"]["skipped"], 1);
    let second = window.next(&queue);
    assert_eq!(window.gesture(&second, "escalate")["counts"]["escalated"], 1);
    let third = window.next(&queue);
    let saved = window.gesture(&third, "quarantine");
    assert_eq!(saved["item"], json!(null));
    assert_eq!((&saved["counts"]["quarantined"], &saved["counts"]["total"]), (&json!(1), &json!(3)));
    let failure = window.ask("item", json!({ "itemId": third["id"] })).unwrap_err();
    assert_eq!(failure["code"], "not_found", "it is on no path");
    assert!(!failure.to_string().contains("three"), "no failure carries item text");
}

#[test]
fn lists_search_and_neighbours_show_what_is_there() {
    let (window, queue) = Window::with_queue(&["apple pie", "banana", "apple tart"]);
    let query = json!({ "queue_id": queue, "tab": "pending", "cursor": null, "limit": 2 });
    let page = window.call("list_items", json!({ "query": query }));
    assert_eq!(page["rows"].as_array().unwrap().len(), 2);
    let query = json!({ "queue_id": queue, "tab": "pending", "cursor": page["cursor"], "limit": 2 });
    let rest = window.call("list_items", json!({ "query": query }));
    assert_eq!(rest["rows"][0]["excerpt"], "apple tart", "the cursor goes on where the page ended");
    let found = window.call("search", json!({ "queueId": queue, "text": "apple", "limit": 1 }));
    assert_eq!((found["rows"].as_array().unwrap().len(), &found["capped"]), (1, &json!(true)));

    let first = window.next(&queue);
    let second = window.call("next_item", json!({ "queueId": queue, "after": first["id"] }));
    let before = window.call("previous_item", json!({ "queueId": queue, "before": second["id"] }));
    assert_eq!(before["id"], first["id"]);
    let none = window.call("previous_item", json!({ "queueId": queue, "before": first["id"] }));
    assert_eq!(none, json!(null), "there is nothing before the first");
    let bad = json!({ "queue_id": queue, "tab": "everything", "cursor": null, "limit": 2 });
    assert_eq!(window.ask("list_items", json!({ "query": bad })).unwrap_err()["code"], "invalid");
}

#[test]
fn a_queue_is_reviewed_in_the_order_and_mode_that_was_set() {
    let (window, queue) = Window::with_queue(&["one", "two", "three"]);
    let change = json!({ "order": "newest", "mode": "suggestion" });
    let card = window.call("change_queue", json!({ "queueId": queue, "change": change }));
    assert_eq!((&card["order"], &card["mode"]), (&json!("newest"), &json!("suggestion")));
    assert_eq!(window.next(&queue)["turns"][0]["content"], "three");
    let card = window.call("draw", json!({ "queueId": queue, "size": 2 }));
    assert_eq!((&card["order"], &card["draw"]["size"]), (&json!("draw"), &json!(2)));
    assert_eq!(window.next(&queue)["draw_id"], card["draw"]["id"], "the draw that brought it up is recorded");
    assert_eq!(window.call("queues", json!({})).as_array().unwrap().len(), 1);
    assert_eq!(window.call("queue", json!({ "queueId": queue }))["id"], json!(queue));
}

#[test]
fn a_blind_queue_shows_the_verdict_only_after_the_decision() {
    let (window, queue) = Window::with_queue(&["this is unsafe"]);
    let run = window.label(&queue);
    assert_eq!((&run["state"], &run["done"]), (&json!("done"), &json!(1)));
    let item = window.next(&queue);
    assert_eq!(item["tasks"][0]["verdict"], json!({ "kind": "hidden" }), "nothing of it crosses before");
    let saved = window.decide(&item, "safe");
    let shown = &saved["item"]["tasks"][0]["verdict"];
    assert_eq!((&shown["kind"], &shown["verdict"]["label"]), (&json!("shown"), &json!("Unsafe")));
    assert_eq!(shown["verdict"]["suggestion"], "unsafe");
    assert_eq!(saved["item"]["tasks"][0]["decision"]["anchored"], false);
    assert_eq!(window.call("queue", json!({ "queueId": queue }))["unlabelled"], 0);
}
