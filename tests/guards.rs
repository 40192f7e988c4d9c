//! Guards of every family on the command line: compared with each other and with themselves, and the one that only explains.

use std::path::Path;

use crate::{
    database::number,
    program::{Desk, demo_queue},
};

fn golden(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/golden").join(name);
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_precision_and_another_guard_are_held_against_each_other_and_nothing_is_told_before_its_time() {
    let desk = Desk::new();
    desk.import("q", &demo_queue()[..24]);
    let check = ["models", "check", "saring-demo", "--precision", "int8", "--against", "f32", "--queue", "q"];
    let found = desk.json(&check);
    assert_eq!((found["precision"].as_str(), found["against"].as_str()), (Some("int8"), Some("f32")));
    let judged = found["judged"].as_u64().unwrap();
    assert!(judged >= 24, "{found}");
    let largest = found["difference_largest"].as_f64().unwrap();
    assert!(largest > 0.0 && largest < 0.2, "eight bits change a little: {largest}");
    assert_eq!(found["rows"].as_array().map(Vec::len), Some(0), "a blind queue tells no labels");
    assert_eq!(number(&desk.workspace(), "SELECT count(*) FROM verdicts"), 0, "nothing is stored");
    desk.refused(1, &["models", "check", "saring-demo", "--precision", "f32", "--against", "f32", "-q", "q"]);

    for guard in ["saring-demo", "saring-demo-pictures"] {
        desk.done(&["label", "--queue", "q", "--guard", guard]);
    }
    let compared = desk.json(&["compare", "--queue", "q", "saring-demo", "saring-demo-pictures"]);
    assert_eq!((compared["judged_by_both"].as_u64(), compared["hidden"].as_u64()), (Some(0), Some(judged)));
    let item = desk.json(&["next", "--queue", "q"])["id"].as_str().unwrap().to_owned();
    desk.done(&["decide", &item, "--label", "safe", "--reviewer", "ana", "--task", "prompt"]);
    let compared = desk.json(&["compare", "--queue", "q", "saring-demo", "saring-demo-pictures"]);
    assert_eq!(compared["judged_by_both"].as_u64(), Some(1), "what is decided may be told: {compared}");
}

#[test]
fn an_assistant_explains_an_item_judges_none_and_leaves_nothing_behind() {
    let desk = Desk::new();
    desk.import("q", &demo_queue()[..1]);
    desk.refused(1, &["assist", "nobody"]);
    desk.done(&["models", "add", &golden("apertus-grouped-f32"), "--name", "helper"]);
    desk.refused(1, &["label", "--queue", "q", "--guard", "helper"]);
    let item = desk.json(&["next", "--queue", "q"])["id"].as_str().unwrap().to_owned();
    let before = number(&desk.workspace(), "SELECT count(*) FROM events");
    let answer = desk.json(&["assist", &item, "--task", "explain"]);
    assert_eq!(answer["generated_by"], "helper");
    assert!(!answer["text"].as_str().unwrap().is_empty(), "{answer}");
    desk.refused(1, &["assist", &item, "--task", "policy"]);
    assert_eq!(number(&desk.workspace(), "SELECT count(*) FROM verdicts"), 0);
    assert_eq!(number(&desk.workspace(), "SELECT count(*) FROM events"), before, "no row of any kind");
}
