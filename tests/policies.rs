//! Policies on the command line, and the database looked into afterwards.

use std::fs;

use serde_json::{Value, json};

use crate::{
    database::{self, number},
    program::Desk,
};

/// A desk with two items, and the text of a policy of the team's.
fn desk() -> (Desk, Value) {
    let desk = Desk::new();
    desk.import("q", &[json!({"id": "a", "prompt": "one"}), json!({"id": "b", "prompt": "two"})]);
    let out = desk.path("policy.json");
    desk.done(&["policies", "export", "qwen3guard", "--out", out.to_str().unwrap()]);
    let mut policy: Value = serde_json::from_str(&fs::read_to_string(out).unwrap()).unwrap();
    policy["name"] = "forum".into();
    policy["categories"][3]["rationale"] = true.into();
    policy["reasons"]["skip"]["codes"] =
        json!([{"code": "language", "text": "I do not read this"}, {"code": "cut-off", "text": "Cut off"}]);
    policy["reasons"]["skip"]["free_text"] = false.into();
    policy["reasons"]["skip"]["required"] = true.into();
    (desk, policy)
}

fn take(desk: &Desk, policy: &Value) -> Value {
    let file = desk.file("mine.json", policy.to_string());
    desk.json(&["policies", "import", file.to_str().unwrap(), "--reviewer", "lead"])
}

fn id_of(desk: &Desk, external: &str) -> String {
    database::texts(&desk.workspace(), &format!("SELECT id FROM items WHERE external_id = '{external}'"))
        .remove(0)
}

#[test]
fn a_policy_is_exported_imported_used_and_recorded_with_each_decision() {
    let (desk, policy) = desk();
    let kept = take(&desk, &policy);
    assert_eq!(kept["policy"]["categories"], policy["categories"], "as it is in the file");
    let out = desk.path("again.json");
    desk.done(&["policies", "export", "forum@1", "--out", out.to_str().unwrap()]);
    let again = desk.json(&["policies", "import", out.to_str().unwrap()]);
    assert_eq!(again["id"], kept["id"], "the same digest, so it is not kept twice");
    desk.refused(1, &["policies", "export", "forum", "--out", out.to_str().unwrap()]);

    let used = desk.json(&["policies", "use", "q", "forum", "--reviewer", "lead"]);
    assert_eq!((used["from"].as_str(), used["changed"].as_bool()), (Some("qwen3guard@1"), Some(true)));
    let item = id_of(&desk, "a");
    let decide = ["decide", &item, "--reviewer", "ana", "--label", "unsafe", "--category", "pii"];
    let bare = desk.refused(1, &decide);
    assert!(bare.err.contains("forum@1 wants a note that says why, with the category PII"), "{}", bare.err);
    assert_eq!(number(&desk.workspace(), "SELECT count(*) FROM decisions"), 0, "nothing was saved");
    desk.done(&[&decide[..], &["--note", "an address"]].concat());
    let ids = database::texts(&desk.workspace(), "SELECT policy_id FROM decisions");
    assert_eq!(ids, [kept["id"].as_str().unwrap()]);
    let history = desk.done(&["history", &item]);
    assert!(
        history.out.contains("\"an address\"") && history.out.contains("under forum@1"),
        "{}",
        history.out
    );

    let other = id_of(&desk, "b");
    let none = desk.refused(1, &["skip", &other, "--reviewer", "ana"]);
    assert!(none.err.contains("wants a reason to skip; the reasons are language, "), "{}", none.err);
    let unknown = desk.refused(1, &["skip", &other, "--reason", "tired", "--reviewer", "ana"]);
    assert!(unknown.err.contains("has no reason \"tired\" to skip"), "{}", unknown.err);
    desk.done(&["skip", &other, "--reason", "LANGUAGE", "--note", "Karen?", "--reviewer", "ana"]);
    let skipped = desk.json(&["history", &other]);
    let row = &skipped[0];
    assert_eq!((row["reason"].as_str(), row["note"].as_str()), (Some("language"), Some("Karen?")));
    assert_eq!(row["policy"], "forum@1");

    let folder = desk.path("out");
    desk.done(&["export", "--queue", "q", "--format", "decisions", "--out", folder.to_str().unwrap()]);
    let card = fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(card.contains("Policy of the queue: forum, version 1"), "{card}");
    assert!(card.contains("Decided under forum, version 1") && card.contains("2 rows"), "{card}");
    let lines = fs::read_to_string(folder.join("decisions.jsonl")).unwrap();
    assert!(lines.lines().all(|l| l.contains("\"policy\":\"forum@1\"")), "{lines}");
    assert_eq!(desk.json(&["audit", "verify"])["holds"], true);
}

#[test]
fn a_bad_policy_is_refused_with_its_place_and_nothing_is_kept() {
    let (desk, mut policy) = desk();
    policy["labels"][1]["label"] = "terrible".into();
    let file = desk.file("bad.json", serde_json::to_string_pretty(&policy).unwrap());
    let said = desk.refused(1, &["policies", "import", file.to_str().unwrap()]);
    for part in ["bad.json", "labels[1].label", "safe", "line"] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    let names = desk.json(&["policies", "list"]);
    let names: Vec<&str> = names.as_array().unwrap().iter().map(|l| l["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["qwen3guard", "sea-guard"]);
    desk.refused(1, &["policies", "show", "forum"]);
    desk.refused(1, &["policies", "use", "q", "forum"]);
}

#[test]
fn going_over_says_what_could_not_be_said_any_more_and_wants_a_word() {
    let (desk, mut policy) = desk();
    take(&desk, &policy);
    policy["about"] = "edited".into();
    let file = desk.file("mine.json", policy.to_string());
    let path = file.to_str().unwrap();
    let taken = desk.refused(1, &["policies", "import", path]);
    assert!(taken.err.contains("give yours the version 2"), "{}", taken.err);
    let next = desk.json(&["policies", "import", path, "--as-next-version"]);
    assert_eq!(next["policy"]["version"], 2);

    let item = id_of(&desk, "a");
    desk.done(&["decide", &item, "--label", "controversial", "--category", "PII", "--reviewer", "ana"]);
    let look = desk.json(&["policies", "use", "q", "sea-guard", "--dry-run"]);
    assert_eq!((look["decisions"].as_u64(), look["changed"].as_bool()), (Some(1), Some(false)));
    assert_eq!(look["unsayable"][0]["decisions"], 1, "{look}");
    let refused = desk.refused(1, &["policies", "use", "q", "sea-guard"]);
    assert!(refused.err.contains("--even-so") && refused.err.contains("controversial"), "{}", refused.err);
    desk.done(&["policies", "use", "q", "sea-guard", "--even-so", "--reviewer", "lead"]);
    desk.refused(1, &["decide", &item, "--label", "controversial", "--reviewer", "ana"]);
    let shown = desk.done(&["policies", "show", "sea-guard"]);
    assert!(shown.out.contains("Saring's own wording"), "{}", shown.out);
    let listed = desk.json(&["policies", "list"]);
    let sea = listed.as_array().unwrap().iter().find(|l| l["name"] == "sea-guard").unwrap();
    assert_eq!(sea["queues"], json!(["q"]));
    assert_eq!(desk.json(&["audit", "verify"])["holds"], true);
}
