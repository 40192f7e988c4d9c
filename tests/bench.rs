//! `saring bench`: a guard is measured, a run says by it how long it will take, and others can run the same items.

use std::collections::HashSet;

use crate::program::{Desk, demo_queue, read_lines};

#[test]
fn a_measured_guard_says_how_long_a_run_will_take() {
    let desk = Desk::new();
    let rows: Vec<_> = demo_queue().into_iter().take(30).collect();
    desk.import("forum", &rows);
    let first = desk.done(&["bench", "--workload-items", "40"]);
    assert!(first.out.contains("items/s") && first.out.contains("Remembered"), "{}", first.out);
    let bench = desk.json(&["bench", "--workload-items", "20"]);
    assert_eq!((&bench["pace"]["items"], &bench["remembered"]), (&20.into(), &true.into()), "{bench}");

    let labelled = desk.done(&["--json", "label", "--queue", "forum"]);
    assert!(
        labelled.err.contains("saring: about ") && labelled.err.contains("by a bench"),
        "{}",
        labelled.err
    );
    let view: serde_json::Value = serde_json::from_str(&labelled.out).unwrap();
    let (tasks, seconds) = (view["forecast"]["tasks"].as_f64(), view["forecast"]["seconds"].as_f64());
    let expected = tasks.unwrap() / bench["items_per_second"].as_f64().unwrap();
    assert!((seconds.unwrap() - expected).abs() < 1e-6, "the newest measurement counts: {view}");
    assert!(view["cached_share"].as_f64().is_some_and(|share| share > 0.0 && share < 1.0), "{view}");
}

#[test]
fn a_guard_that_was_not_measured_is_said_to_be_and_equal_items_are_counted() {
    let desk = Desk::new();
    let mut rows: Vec<_> =
        demo_queue().into_iter().filter(|row| row.get("response").is_none()).take(12).collect();
    for n in 0..3 {
        let mut copy = rows[n].clone();
        copy["id"] = format!("copy-{n}").into();
        rows.push(copy);
    }
    desk.import("forum", &rows);
    let labelled = desk.done(&["label", "--queue", "forum"]);
    assert!(labelled.err.contains("15 tasks") && labelled.err.contains("`saring bench`"), "{}", labelled.err);
    assert!(labelled.out.contains("15 judged by saring-demo (3 of them repeat"), "{}", labelled.out);
}

#[test]
fn the_workload_is_written_as_the_guard_is_fed_it() {
    let desk = Desk::new();
    let file = desk.path("workload.jsonl");
    let path = file.to_str().unwrap();
    let said = desk.json(&["bench", "--export-workload", path, "--items", "300"]);
    let lines = read_lines(&file);
    assert_eq!((lines.len(), &said["items"]), (300, &300.into()), "more than one call renders");
    let prompts: HashSet<&str> = lines.iter().map(|line| line["prompt"].as_str().unwrap()).collect();
    assert_eq!(prompts.len(), 300, "no two are alike");
    for line in &lines {
        let prompt = line["prompt"].as_str().unwrap();
        assert!(prompt.contains("<|im_start|>"), "with its control tokens: {prompt}");
        assert!(line["tokens"].as_u64().unwrap() > 20, "{line}");
        assert_eq!(line["answer_tokens"], 10, "label and categories");
    }
    desk.refused(1, &["bench", "--export-workload", desk.workspace().join("no/folder").to_str().unwrap()]);
    desk.refused(2, &["bench", "--items", "5"]);
    desk.refused(2, &["bench", "--workload-items", "5", "--seconds", "9"]);
}
