//! Reviewers of one queue under a plan: second reviews, and adjudication by a third.

use serde_json::{Value, json};

use crate::program::Desk;

fn queue() -> Desk {
    let desk = Desk::new();
    let rows: Vec<Value> =
        (0..6).map(|n| json!({"id": n.to_string(), "prompt": format!("prompt {n}")})).collect();
    desk.import("q", &rows);
    desk
}

/// The id of what is next for a reviewer.
fn next(desk: &Desk, reviewer: &str) -> Option<String> {
    let item = desk.json(&["next", "--queue", "q", "--reviewer", reviewer]);
    item["id"].as_str().map(str::to_owned)
}

fn decide(desk: &Desk, item: &str, reviewer: &str, label: &str) -> Value {
    desk.json(&["decide", item, "--label", label, "--reviewer", reviewer])
}

#[test]
fn two_reviewers_decide_everything_and_a_third_settles_what_they_do_not_agree_on() {
    let desk = queue();
    let plan = desk.json(&["plan", "q", "--double", "all", "--seed", "3"]);
    assert_eq!((plan["mode"].as_str(), plan["plan"]["double"].as_str()), (Some("annotation"), Some("100%")));
    let mut first = None;
    for reviewer in ["ana", "ben"] {
        while let Some(item) = next(&desk, reviewer) {
            let disputed = first.get_or_insert_with(|| item.clone()) == &item && reviewer == "ben";
            decide(&desk, &item, reviewer, if disputed { "unsafe" } else { "safe" });
        }
    }
    let found = desk.json(&["disagreements", "--queue", "q"]);
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found[0]["decisions"].as_array().map(Vec::len), Some(2), "side by side: {found}");
    let item = found[0]["item_id"].as_str().unwrap();
    assert_eq!(Some(item), first.as_deref());
    desk.refused(1, &["adjudicate", item, "--task", "prompt", "--label", "safe", "--reviewer", "ana"]);
    let preview = desk.json(&["export", "--queue", "q", "--format", "decisions", "--out", "before"]);
    assert_eq!(preview["rows"], 5, "what is not settled is left out: {preview}");
    let settled =
        desk.json(&["adjudicate", item, "--task", "prompt", "--label", "safe", "--reviewer", "lead"]);
    assert_eq!(settled["state"], "decided");
    let export = desk.json(&["export", "--queue", "q", "--format", "decisions", "--out", "after"]);
    assert_eq!(export["rows"], 6, "{export}");
    desk.done(&["audit", "verify"]);
    let refused = desk.refused(2, &["plan", "q", "--double", "some"]);
    assert!(refused.err.contains("percentage"), "it says what could be said: {}", refused.err);
}
