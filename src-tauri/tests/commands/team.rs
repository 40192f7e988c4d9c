//! Several reviewers in the window: plans, gold, adjudication, decisions for many, bundles.

use serde_json::{Value, json};

use crate::window::Window;

fn plan(window: &Window, queue: &str, order: Value) -> Value {
    let mut whole =
        json!({ "second": null, "gold": null, "blind": null, "feedback": null, "own_adjudication": null });
    whole.as_object_mut().unwrap().extend(order.as_object().unwrap().clone());
    window.call("set_plan", json!({ "queueId": queue, "order": whole }))
}

fn decision(item: &Value, label: &str) -> Value {
    json!({
        "item_id": item["id"], "task": "prompt", "label": label, "categories": [], "refusal": null, "note": null,
        "duration_ms": 700, "verdict_visible": false, "draw_id": null,
    })
}

fn becomes(window: &Window, reviewer: &str) {
    window.call("set_reviewer", json!({ "name": reviewer }));
}

#[test]
fn what_two_reviewers_decide_differently_is_settled_by_a_third() {
    let (window, queue) = Window::with_queue(&["one", "two"]);
    let card = plan(&window, &queue, json!({ "second": 100.0 }));
    assert_eq!((&card["plan"]["second"], &card["plan"]["feedback"]), (&json!(100.0), &json!("immediate")));
    let item = window.next(&queue);
    window.decide(&item, "unsafe");
    becomes(&window, "ben");
    let same = window.next(&queue);
    assert_eq!(
        (&same["id"], &same["tasks"][0]["state"]),
        (&item["id"], &json!("pending")),
        "as if untouched"
    );
    window.decide(&same, "safe");
    let card = window.call("queue", json!({ "queueId": queue }));
    assert_eq!(card["plan"]["awaiting_adjudication"], 1, "{card}");
    assert_eq!(card["plan"]["disputed"], 0, "for ben it is decided");

    let found = window.call("disagreements", json!({ "queueId": queue, "limit": 50 }));
    let sides: Vec<_> =
        found[0]["decisions"].as_array().unwrap().iter().filter_map(|d| d["reviewer"].as_str()).collect();
    assert_eq!((found[0]["task"].as_str(), sides), (Some("prompt"), vec!["ana", "ben"]));
    let refused = window.ask("adjudicate", json!({ "decision": decision(&item, "safe") })).unwrap_err();
    assert!(refused["message"].as_str().unwrap().contains("decided by this reviewer"), "{refused}");
    assert!(refused["advice"].as_str().unwrap().contains("somebody else"), "{refused}");
    becomes(&window, "lead");
    let card = window.call("queue", json!({ "queueId": queue }));
    assert_eq!((&card["plan"]["disputed"], &card["counts"]["pending"]), (&json!(1), &json!(2)), "{card}");
    let saved = window.call("adjudicate", json!({ "decision": decision(&item, "safe") }));
    assert_eq!(saved["counts"]["decided"], 1);
    assert_eq!(window.call("disagreements", json!({ "queueId": queue, "limit": 50 })), json!([]));
    let undone = window.call("undo", json!({ "queueId": queue }));
    assert_eq!((&undone["others"], &undone["item"]["id"]), (&json!(0), &item["id"]));
    assert_eq!(window.call("queue", json!({ "queueId": queue }))["plan"]["awaiting_adjudication"], 1);
}

#[test]
fn a_plan_that_cannot_be_is_refused_with_its_reason() {
    let (window, queue) = Window::with_queue(&["one"]);
    let order = |gold: f64| json!({ "second": null, "gold": gold, "blind": null, "feedback": null, "own_adjudication": null });
    for (gold, says) in [(5.0, "gold label"), (140.0, "no share")] {
        let failure = window.ask("set_plan", json!({ "queueId": queue, "order": order(gold) })).unwrap_err();
        assert!(failure["message"].as_str().unwrap().contains(says), "{failure}");
    }
    assert_eq!(window.call("queue", json!({ "queueId": queue }))["plan"]["gold"], 0.0, "nothing was planned");
}

#[test]
fn gold_is_told_after_the_decision_and_to_nobody_before() {
    let window = Window::open();
    let gold = json!({
        "id": "g", "prompt": "gold", "labels": { "prompt": { "label": "unsafe" } }, "labels_role": "gold"
    });
    let report = window.import(&format!("{gold}\n{}\n", json!({ "id": "1", "prompt": "one" })));
    let queue = report["queue_id"].as_str().unwrap().to_owned();
    becomes(&window, "ana");
    plan(&window, &queue, json!({ "gold": 50.0, "feedback": "immediate" }));
    let query = json!({ "queue_id": queue, "tab": "all", "cursor": null, "limit": 2 });
    let rows = window.call("list_items", json!({ "query": query }));
    let item = window.call("item", json!({ "itemId": rows["rows"][0]["id"] }));
    assert_eq!(item["tasks"][0]["gold"], json!(null));
    let saved = window.decide(&item, "safe");
    assert_eq!(saved["item"]["tasks"][0]["gold"]["label"], "unsafe");
}

#[test]
fn one_label_for_many_is_one_act_that_leaves_what_was_touched_and_says_so() {
    let (window, queue) = Window::with_queue(&["one", "two", "three"]);
    let query = json!({ "queue_id": queue, "tab": "pending", "cursor": null, "limit": 9 });
    let rows = window.call("list_items", json!({ "query": query }))["rows"].clone();
    window.decide(&rows[1], "unsafe");
    let ids = json!([rows[0]["id"], rows[1]["id"], rows[2]["id"]]);
    let preview = window.call("preview_bulk", json!({ "task": "prompt", "itemIds": ids }));
    let touched = json!([{ "item_id": rows[1]["id"], "state": "decided", "label": "unsafe" }]);
    assert_eq!(preview, json!({ "items": 2, "touched": touched, "apart": 0 }));
    let others = json!([rows[1]["id"], rows[2]["id"]]);
    let arguments = json!({ "decision": decision(&rows[0], "safe"), "others": others, "lookedAt": false });
    let saved = window.call("decide_all", arguments);
    assert_eq!((&saved["counts"]["decided"], &saved["left_out"]), (&json!(3), &json!(1)));
    let undone = window.call("undo", json!({ "queueId": queue }));
    assert_eq!((&undone["others"], &undone["counts"]["pending"]), (&json!(1), &json!(2)));
}

#[test]
fn a_queue_goes_to_a_laptop_and_comes_back() {
    let (lead, queue) = Window::with_queue(&["one", "two"]);
    let folder = lead.path("out");
    let order = json!({ "queue_id": queue, "reviewers": ["ben"], "overlap": null, "folder": folder });
    let made = lead.call("split_queue", json!({ "order": order }));
    assert_eq!((&made[0]["reviewer"], &made[0]["items"]), (&json!("ben"), &json!(2)), "{made}");

    let laptop = Window::open();
    let opened = laptop.call("open_bundle", json!({ "path": made[0]["path"] }));
    assert_eq!((&opened["added"], &opened["fingerprint"]), (&json!(2), &made[0]["fingerprint"]));
    becomes(&laptop, "ben");
    let here = laptop.call("queues", json!({}))[0].clone();
    assert_eq!(here["name"], opened["queue"]);
    let here = here["id"].as_str().unwrap();
    laptop.decide(&laptop.next(here), "safe");
    let team = laptop.call("team", json!({ "queueId": here }));
    assert_eq!((&team["named"], &team["reviewers"][0]["reviewer"]), (&json!(false), &json!("reviewer 1")));
    let back = lead.path("ben.return");
    let given = laptop.call("give_back", json!({ "queueId": here, "path": back }));
    assert_eq!((&given["done"], &given["items"]), (&json!(1), &json!(2)));

    let broken = lead.file("broken.return", "no bundle");
    let failure = lead.ask("merge_returns", json!({ "paths": [back, broken] })).unwrap_err();
    assert!(failure["advice"].as_str().unwrap().contains("Nothing of it was taken in"), "{failure}");
    let merged = lead.call("merge_returns", json!({ "paths": [back] }));
    assert_eq!((&merged[0]["added"], &merged[0]["known"]), (&json!(1), &json!(0)), "none came in before");
    let team = lead.call("team", json!({ "queueId": queue }));
    assert_eq!(team["reviewers"], json!([{ "reviewer": "ben", "done": 1, "items": 2 }]));
}
