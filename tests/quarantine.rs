//! A quarantined item is looked for on every path, and found on none.

use std::fs;

use serde_json::{Value, json};

use crate::{
    database,
    program::{Desk, files_below},
};

/// Stands in the item's text, its id and its source, and nowhere else.
const MARK: &str = "zebrafinch";

fn queue() -> Vec<Value> {
    let item = |i: usize| json!({ "id": format!("plain-{i}"), "prompt": format!("plain item number {i}") });
    let mut rows: Vec<Value> = (0..6).map(item).collect();
    rows.insert(
        3,
        json!({
            "id": format!("{MARK}-id"), "prompt": format!("a {MARK} prompt"), "response": format!("a {MARK} response"),
            "group": "g", "language": "en", "source": {"from": MARK}
        }),
    );
    rows
}

/// A queue that is labelled and decided, with the marked item decided before it goes into quarantine.
fn reviewed() -> (Desk, String) {
    let desk = Desk::new();
    desk.import("q", &queue());
    desk.done(&["label", "--queue", "q"]);
    let found = desk.json(&["search", "--queue", "q", MARK]);
    let marked = found["items"][0]["id"].as_str().unwrap().to_owned();
    for item in database::texts(&desk.workspace(), "SELECT id FROM items") {
        for task in
            database::texts(&desk.workspace(), &format!("SELECT task FROM tasks WHERE item_id = '{item}'"))
        {
            let mut decide = vec!["decide", &item, "--task", &task, "--label", "safe", "--reviewer", "r"];
            if task == "response" {
                decide.extend(["--refusal", "no"]);
            }
            desk.done(&decide);
        }
    }
    (desk, marked)
}

#[test]
fn a_quarantined_item_is_found_on_no_path() {
    let (desk, marked) = reviewed();
    let visible = |desk: &Desk| {
        let export = desk.path("before");
        desk.done(&["export", "--queue", "q", "--format", "decisions", "--out", export.to_str().unwrap()]);
        files_below(&export).iter().any(|file| fs::read_to_string(file).unwrap().contains(MARK))
    };
    assert!(visible(&desk), "before the quarantine an export has it, or this test would prove nothing");

    desk.done(&["quarantine", &marked, "--reviewer", "r", "--reason", "must be gone"]);
    for arguments in [
        &["search", "--queue", "q", MARK][..],
        &["search", "--queue", "q", "ze"],
        &["search", "--queue", "q", "prompt"],
        &["search", "--queue", "q", "--language", "en", "--decided-label", "safe"],
        &["search", "--queue", "q", "--state", "decided", "--sort", "unsafe", "--count"],
        &["search", "--queue", "q", "--sort", "decided", MARK],
        &["next", "--queue", "q"],
        &["next", "--queue", "q", "--after", &marked],
        &["stats", "--queue", "q"],
        &["doctor"],
        &["label", "--queue", "q"],
    ] {
        let said = desk.done(&[&["--json"], arguments].concat());
        for trace in [MARK, marked.as_str()] {
            // `--after` repeats nothing of what it was given.
            assert!(
                !said.out.contains(trace) && !said.err.contains(trace),
                "{arguments:?} shows {trace}: {}",
                said.out
            );
        }
    }
    for arguments in [
        &["history", &marked][..],
        &["alike", &marked],
        &["language", &marked, "th", "--reviewer", "r"],
        &["decide", &marked, "--label", "safe", "--reviewer", "r"],
        &["skip", &marked, "--reviewer", "r"],
        &["escalate", &marked, "--reviewer", "r"],
        &["flag", &marked, "--reviewer", "r"],
        &["quarantine", &marked, "--reviewer", "r"],
    ] {
        let said = desk.refused(1, arguments);
        assert!(!said.err.contains(MARK), "a refusal shows nothing of the item: {}", said.err);
    }
    for format in ["decisions", "llama-factory"] {
        let out = desk.path(format);
        desk.done(&["export", "--queue", "q", "--format", format, "--out", out.to_str().unwrap()]);
        for file in files_below(&out) {
            let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
            assert!(!text.contains(MARK) && !text.contains(&marked), "{} has it", file.display());
        }
    }
    let stats = desk.json(&["stats", "--queue", "q"]);
    assert_eq!(
        (stats["items"]["decided"].as_u64(), stats["items"]["quarantined"].as_u64()),
        (Some(6), Some(1))
    );
}

#[test]
fn a_quarantined_item_is_judged_by_no_guard() {
    let desk = Desk::new();
    desk.import("q", &queue());
    let marked = desk.json(&["search", "--queue", "q", MARK])["items"][0]["id"].as_str().unwrap().to_owned();
    desk.done(&["quarantine", &marked, "--reviewer", "r"]);
    desk.done(&["label", "--queue", "q"]);
    let judged = format!("SELECT count(*) FROM verdicts WHERE item_id = '{marked}'");
    assert_eq!(database::number(&desk.workspace(), &judged), 0);
    assert_eq!(database::number(&desk.workspace(), "SELECT count(*) FROM verdicts"), 6);
}

#[test]
fn the_same_content_does_not_come_back_by_another_import() {
    let (desk, marked) = reviewed();
    desk.done(&["quarantine", &marked, "--reviewer", "r"]);
    let again = json!({ "id": "other-id", "prompt": format!("a {MARK} prompt"), "response": format!("a {MARK} response") });
    let file = desk.file("again.jsonl", format!("{again}\n"));
    let said = desk.run(&["--json", "import", file.to_str().unwrap(), "--queue", "q"]);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((report["added"].as_u64(), report["failed"].as_u64()), (Some(0), Some(1)), "{report}");
    assert!(desk.json(&["search", "--queue", "q", MARK])["items"].as_array().unwrap().is_empty());
}

#[test]
fn it_is_in_no_bundle_in_no_disagreement_and_beside_no_near_duplicate() {
    let desk = Desk::new();
    let text = |street: &str| {
        format!(
            "Tell me how to get from the old harbour to the {street} before noon without a ticket and without being seen by anybody at all"
        )
    };
    let marked = json!({ "id": format!("{MARK}-id"), "prompt": text("market"), "source": {"from": MARK} });
    let mut rows = vec![marked, json!({ "id": "twin", "prompt": text("market hall") })];
    rows.extend(
        (0..4).map(|i| json!({ "id": format!("plain-{i}"), "prompt": format!("plain item number {i}") })),
    );
    desk.import("q", &rows);
    let id_of = |external: &str| {
        database::texts(&desk.workspace(), &format!("SELECT id FROM items WHERE external_id = '{external}'"))
            .remove(0)
    };
    let (marked, twin) = (id_of(&format!("{MARK}-id")), id_of("twin"));
    desk.done(&["plan", "q", "--double", "all"]);
    for (reviewer, label) in [("ana", "safe"), ("ben", "unsafe")] {
        desk.done(&["decide", &marked, "--label", label, "--reviewer", reviewer]);
    }
    let paths = [
        &["alike", &twin][..],
        &["disagreements", "--queue", "q"],
        &["next", "--queue", "q", "--reviewer", "ana"],
        &["next", "--queue", "q", "--reviewer", "carl"],
        &["bundle", "progress", "--queue", "q"],
    ];
    let said = |arguments: &[&str]| desk.done(&[&["--json"], arguments].concat()).out;
    for shown in &paths[..2] {
        assert!(said(shown).contains(&marked), "before, {shown:?} has it, or this test would prove nothing");
    }
    desk.done(&["quarantine", &marked, "--reviewer", "ana"]);
    for arguments in paths {
        let said = said(arguments);
        assert!(!said.contains(MARK) && !said.contains(&marked), "{arguments:?} shows it: {said}");
    }
    let out = desk.path("bundles");
    let made = desk.json(&[
        "bundle",
        "split",
        "--queue",
        "q",
        "--reviewers",
        "ana,ben",
        "--out",
        out.to_str().unwrap(),
    ]);
    let items: u64 = made.as_array().unwrap().iter().filter_map(|bundle| bundle["items"].as_u64()).sum();
    assert_eq!(items, 10, "the others go to both: {made}");
    for file in files_below(&out) {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        assert!(!text.contains(MARK) && !text.contains(&marked), "{} has it", file.display());
    }
}

#[test]
fn undo_brings_it_back_for_the_one_who_put_it_there() {
    let (desk, marked) = reviewed();
    desk.done(&["quarantine", &marked, "--reviewer", "r"]);
    desk.done(&["undo", "--reviewer", "r"]);
    assert_eq!(desk.json(&["search", "--queue", "q", MARK])["items"][0]["id"], marked.as_str());
    desk.done(&["audit", "verify"]);
}

#[test]
fn a_lead_finds_it_by_its_id_and_brings_it_back_whoever_put_it_there() {
    let (desk, marked) = reviewed();
    desk.done(&["quarantine", &marked, "--reviewer", "r"]);
    let listed = desk.json(&["quarantined", "--queue", "q"]);
    assert_eq!((listed[0]["id"].as_str(), listed.as_array().map(Vec::len)), (Some(marked.as_str()), Some(1)));
    assert!(!listed.to_string().contains("prompt"), "without its text: {listed}");
    desk.done(&["release", &marked, "--reviewer", "lead", "--reason", "a mistake"]);
    assert_eq!(desk.json(&["search", "--queue", "q", MARK])["items"][0]["id"], marked.as_str());
    assert_eq!(desk.json(&["quarantined", "--queue", "q"]), json!([]));
    assert_eq!(desk.json(&["stats", "--queue", "q"])["items"]["decided"], 7, "with the decisions it had");
    let again = desk.refused(1, &["release", &marked, "--reviewer", "lead"]);
    assert!(again.err.contains(&marked), "{}", again.err);
    desk.done(&["audit", "verify"]);
}
