//! Near-duplicates and languages on the command line: found, previewed, decided as one, taken back as one.

use serde_json::{Value, json};

use crate::program::Desk;

fn queue() -> Vec<Value> {
    let row = |id: &str, prompt: &str| json!({ "id": id, "prompt": prompt });
    vec![
        row("first", "Win a free phone today! Send your card number to this address and wait for the call."),
        row("other", "How do I get to the central station from here without paying for a ticket?"),
        row("near", "WIN A FREE PHONE TODAY. Send your card number to this adress, and wait for the call!!"),
        row(
            "nearer",
            "Win a free phone today... Send your card number to this address and wait for the call!",
        ),
    ]
}

fn id_of(desk: &Desk, external: &str) -> String {
    let found = desk.json(&["search", "--queue", "q", if external == "other" { "station" } else { "phone" }]);
    let items = found["items"].as_array().unwrap();
    let item = items.iter().find(|item| item["external_id"] == external).unwrap();
    item["id"].as_str().unwrap().to_owned()
}

fn decided(desk: &Desk) -> u64 {
    desk.json(&["stats", "--queue", "q"])["items"]["decided"].as_u64().unwrap()
}

#[test]
fn what_is_nearly_the_same_is_previewed_decided_as_one_and_taken_back_as_one() {
    let desk = Desk::new();
    desk.import("q", &queue());
    let (first, near) = (id_of(&desk, "first"), id_of(&desk, "near"));
    let alike = desk.json(&["alike", &first]);
    let found: Vec<&str> =
        alike["items"].as_array().unwrap().iter().map(|item| item["external_id"].as_str().unwrap()).collect();
    assert_eq!(found, ["nearer", "near"], "the nearest first: {alike}");
    desk.done(&["decide", &near, "--label", "safe", "--reviewer", "ana"]);

    let decide = ["decide", &first, "--label", "safe", "--reviewer", "ana", "--alike"];
    let preview = desk.json(&[&decide[..], &["--dry-run"]].concat());
    assert_eq!(preview["items"].as_array().unwrap().len(), 1, "what is decided stays as it is: {preview}");
    let refused = desk.refused(2, &decide);
    assert!(refused.err.contains("--yes") && refused.err.contains("1 more"), "{}", refused.err);
    assert_eq!(decided(&desk), 1, "neither decides anything");

    let saved = desk.json(&[&decide[..], &["--yes"]].concat());
    assert_eq!((saved["items"].as_u64(), decided(&desk)), (Some(2), 3));
    let undone = desk.json(&["undo", "--reviewer", "ana"]);
    assert_eq!((undone["others"].as_u64(), decided(&desk)), (Some(1), 1), "one undo takes all of it back");
    desk.done(&["audit", "verify"]);
}

#[test]
fn a_language_is_detected_and_corrected_and_wrong_ones_are_refused() {
    let desk = Desk::new();
    desk.import("q", &queue());
    let id = id_of(&desk, "other");
    let next = || desk.json(&["next", "--queue", "q"]);
    assert_eq!(
        (next()["language"].as_str(), next()["language_from"].as_str()),
        (Some("en"), Some("detected"))
    );
    let corrected = desk.json(&["language", &id, "MS", "--reviewer", "ana"]);
    assert_eq!(corrected["language"], "ms");
    let found = desk.json(&["search", "--queue", "q", "station"]);
    assert_eq!(found["items"][0]["language"], "ms");
    let refused = desk.refused(1, &["language", &id, "burmese", "--reviewer", "ana"]);
    assert!(refused.err.contains("language tag"), "{}", refused.err);
    desk.done(&["audit", "verify"]);
}
