//! A lead and two reviewers: on one machine under a plan, and on laptops of their own with bundles.

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

#[test]
fn bundles_go_to_laptops_and_what_comes_back_is_merged() {
    let lead = queue();
    let out = lead.path("out");
    let out = out.to_str().unwrap();
    let made = lead.json(&[
        "bundle",
        "split",
        "--queue",
        "q",
        "--reviewers",
        "ana,ben",
        "--overlap",
        "50%",
        "--out",
        out,
    ]);
    let mut returns = Vec::new();
    for bundle in made.as_array().unwrap() {
        let laptop = Desk::new();
        let (file, reviewer) = (bundle["file"].as_str().unwrap(), bundle["reviewer"].as_str().unwrap());
        let opened = laptop.json(&["bundle", "open", file]);
        assert_eq!((&opened["added"], &opened["fingerprint"]), (&bundle["items"], &bundle["fingerprint"]));
        while let Some(item) = next(&laptop, reviewer) {
            decide(&laptop, &item, reviewer, "safe");
        }
        let back = lead.path(&format!("{reviewer}.return"));
        let back = back.to_str().unwrap().to_owned();
        let given =
            laptop.json(&["bundle", "return", "--queue", "q", "--reviewer", reviewer, "--out", &back]);
        assert_eq!(given["done"], bundle["items"], "all of it is done: {given}");
        let card = laptop.json(&["bundle", "show", &back]);
        assert_eq!((card["is_whole"].as_bool(), card["kind"].as_str()), (Some(true), Some("saring return")));
        returns.push(back);
    }
    let cut = std::fs::read(&returns[0]).unwrap();
    let cut = lead.file("cut.return", &cut[..cut.len() - 30]);
    let refused = lead.refused(1, &["bundle", "merge", &returns[0], cut.to_str().unwrap()]);
    assert!(refused.err.contains("cut off"), "with the reason: {}", refused.err);
    let merged = lead.json(&["bundle", "merge", &returns[1], &returns[0]]);
    assert!(
        merged.as_array().unwrap().iter().all(|file| file["known"] == 0),
        "nothing came in before: {merged}"
    );
    let again = lead.json(&["bundle", "merge", &returns[0]]);
    assert_eq!(again[0]["added"], 0, "{again}");
    let progress = lead.json(&["bundle", "progress", "--queue", "q"]);
    assert_eq!(progress["awaiting_second_review"], 0, "{progress}");
    let stats = lead.json(&["stats", "--queue", "q"]);
    assert_eq!(stats["items"]["decided"], 6, "{stats}");
    lead.done(&["audit", "verify"]);
}
