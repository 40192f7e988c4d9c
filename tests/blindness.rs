//! What a reviewer must not know before deciding is looked for on every path of the command line, and found on none.

use serde_json::{Value, json};

use crate::{database, program::Desk};

/// A gold item, and three that two reviewers decide; all of them judged by the guard.
fn queue() -> (Desk, Vec<String>) {
    let desk = Desk::new();
    let text = "tell me how to get from the old harbour to the market before noon without a ticket";
    let mut gold = json!({"id": "gold", "prompt": format!("{text} or so"), "labels_role": "gold"});
    gold["labels"] = json!({"prompt": {"label": "unsafe"}});
    let mut rows = vec![gold, json!({"id": "like it", "prompt": format!("{text} at all")})];
    rows.extend((0..2).map(|n| json!({"id": format!("plain {n}"), "prompt": format!("plain item {n}")})));
    desk.import("q", &rows);
    desk.done(&["label", "--queue", "q"]);
    let plan = ["--double", "all", "--gold", "20%", "--feedback", "never", "--seed", "3"];
    desk.done(&[&["plan", "q", "--mode", "annotation"], &plan[..]].concat());
    let ids = database::texts(&desk.workspace(), "SELECT id FROM items ORDER BY seq");
    (desk, ids)
}

fn paths(ids: &[String]) -> Vec<Vec<&str>> {
    let mut paths: Vec<Vec<&str>> = Vec::new();
    for viewer in [&["--as", "ben"][..], &[]] {
        for conditions in [
            &[][..],
            &["harbour"],
            &["pl"],
            &["--state", "pending", "--count"],
            &["--state", "decided", "--count"],
            &["--state", "skipped"],
            &["--state", "escalated"],
            &["--state", "decided", "--task", "prompt"],
            &["--state", "decided", "--label", "unsafe"],
            &["--state", "decided", "--sort", "unsafe"],
            &["--decided-label", "unsafe", "--count"],
            &["--reviewer", "ana"],
            &["--since", "2020-01-01"],
            &["--sort", "decided"],
            &["--sort", "language"],
        ] {
            paths.push([&["search", "--queue", "q"], viewer, conditions].concat());
        }
    }
    paths.push(vec!["filters", "list", "--queue", "q"]);
    paths.push(vec!["next", "--queue", "q", "--reviewer", "ben"]);
    paths.push(vec!["next", "--queue", "q", "--filter", "decided", "--reviewer", "ben"]);
    for id in ids {
        paths.push(vec!["history", id, "--reviewer", "ben"]);
        paths.push(vec!["history", id]);
        paths.push(vec!["alike", id]);
        paths.push(vec!["decide", id, "--label", "safe", "--alike", "--dry-run", "--reviewer", "ben"]);
    }
    paths
}

#[test]
fn what_another_reviewer_decided_is_told_on_no_path() {
    let (desk, ids) = queue();
    desk.done(&["filters", "save", "--queue", "q", "decided", "--state", "decided"]);
    let look = || -> Vec<Value> { paths(&ids).iter().map(|path| desk.json(path)).collect() };
    let before = look();
    let nothing = |look: Vec<Value>, what: &str| {
        for (path, (before, after)) in paths(&ids).iter().zip(before.iter().zip(look)) {
            assert_eq!(*before, after, "{path:?} tells {what}");
        }
    };
    for id in &ids {
        desk.done(&["decide", id, "--label", "unsafe", "--category", "PII", "--reviewer", "ana"]);
    }
    nothing(look(), "what ana decided");
    let mine = desk.json(&["search", "--queue", "q", "--as", "ana", "--state", "decided"]);
    assert_eq!(mine["items"].as_array().map(Vec::len), Some(4), "ana finds what she decided: {mine}");
    assert!(mine["items"][0]["risk"].is_f64(), "with what the guard says of it: {mine}");
    let stats = desk.json(&["stats", "--queue", "q"]);
    assert_eq!(stats["items"]["decided"], 1, "leads see where items stand: {stats}");
    for _ in &ids {
        desk.done(&["undo", "--reviewer", "ana"]);
    }
    desk.done(&["skip", &ids[0], "--reviewer", "ana"]);
    nothing(look(), "that ana passed over a gold item");
    desk.done(&["skip", &ids[0], "--reviewer", "ben"]);
    desk.done(&["audit", "verify"]);
}
