//! `saring score`: a file in, a file out, one line for each judged task, in the order of the input.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};

use crate::program::{Desk, demo_queue, lines, read_lines};

const DEMO_GUARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/guard");

fn score(desk: &Desk, input: &Path, more: &[&str]) -> Vec<Value> {
    let output = desk.path("out.jsonl");
    let fixed = ["score", "--guard", DEMO_GUARD, "--input", input.to_str().unwrap(), "--output"];
    desk.done(&[&fixed, &[output.to_str().unwrap()][..], more].concat());
    read_lines(&output)
}

#[cfg(unix)]
fn score_to(desk: &Desk, input: &Path, output: &Path) {
    let fixed = ["score", "--guard", DEMO_GUARD, "--input", input.to_str().unwrap(), "--output"];
    desk.done(&[&fixed, &[output.to_str().unwrap()][..]].concat());
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_line_has_exactly_the_agreed_fields_in_the_order_of_the_input() {
    let desk = Desk::new();
    let queue: Vec<Value> = demo_queue().into_iter().take(40).collect();
    let scored = score(&desk, &desk.file("in.jsonl", lines(&queue)), &[]);
    assert_eq!(scored.len(), queue.len(), "one line for each item");
    let agreed = [
        "id",
        "task",
        "label",
        "p_unsafe",
        "probabilities",
        "label_mass",
        "categories",
        "refusal",
        "tokens",
        "truncated",
        "error",
    ];
    for (item, line) in queue.iter().zip(&scored) {
        assert_eq!(keys(line), agreed.into_iter().collect(), "the fields are a contract");
        assert_eq!(line["id"], item["id"], "the order is that of the input");
        let task = if item.get("response").is_some_and(|r| !r.is_null()) { "response" } else { "prompt" };
        assert_eq!(line["task"], task, "the response where there is one, else the prompt");
        assert_eq!(line["error"], Value::Null);
        let probabilities = line["probabilities"].as_object().unwrap();
        let p = |label: &str| probabilities[label].as_f64().unwrap();
        let total: f64 = probabilities.values().map(|p| p.as_f64().unwrap()).sum();
        assert!((total - 1.0).abs() < 1e-6, "the probabilities of all labels add up to one: {total}");
        let strict = p("Unsafe") + p("Controversial");
        assert!((line["p_unsafe"].as_f64().unwrap() - strict).abs() < 1e-9, "strict: controversial is added");
        let label = line["label"].as_str().unwrap();
        assert!(probabilities.keys().all(|other| p(other) <= p(label)), "the label is the most probable one");
        let mass = line["label_mass"].as_f64().unwrap();
        assert!((0.0..=1.0 + 1e-9).contains(&mass), "a share of the whole vocabulary: {mass}");
        let tokens = &line["tokens"];
        assert_eq!(keys(tokens), ["prompt", "cached", "computed"].into_iter().collect());
        let count = |of: &str| tokens[of].as_u64().unwrap();
        assert_eq!(count("prompt"), count("cached") + count("computed"), "every token is one or the other");
        assert_eq!(line["refusal"].is_null(), task == "prompt", "a refusal is something that responses have");
    }
}

#[test]
fn the_guard_reads_its_own_queue_better_than_chance() {
    let desk = Desk::new();
    let queue: Vec<Value> = demo_queue().into_iter().filter(|i| i.get("response").is_none()).collect();
    let scored = score(&desk, &desk.file("in.jsonl", lines(&queue)), &["--task", "prompt"]);
    let mean = |safe: bool| {
        let of = queue.iter().zip(&scored).filter(|(item, _)| {
            item["labels"]["prompt"]["label"].as_str().unwrap().eq_ignore_ascii_case("safe") == safe
        });
        let p: Vec<f64> = of.map(|(_, line)| line["p_unsafe"].as_f64().unwrap()).collect();
        p.iter().sum::<f64>() / p.len() as f64
    };
    assert!(
        mean(false) > mean(true) + 0.45,
        "unsafe items score far higher: {} and {}",
        mean(false),
        mean(true)
    );
}

#[test]
fn an_item_scores_the_same_alone_and_among_others() {
    let desk = Desk::new();
    let queue: Vec<Value> = demo_queue().into_iter().step_by(29).collect();
    let precise = ["--precision", "f32", "--task", "all"];
    let together = score(&desk, &desk.file("in.jsonl", lines(&queue)), &precise);
    let mut apart = Vec::new();
    for item in queue.iter().take(6) {
        apart.extend(score(&desk, &desk.file("one.jsonl", lines(std::slice::from_ref(item))), &precise));
    }
    for (alone, among) in apart.iter().zip(&together) {
        assert_eq!((&alone["id"], &alone["task"]), (&among["id"], &among["task"]));
        assert_eq!(alone["categories"], among["categories"]);
        let difference = (alone["p_unsafe"].as_f64().unwrap() - among["p_unsafe"].as_f64().unwrap()).abs();
        assert!(difference < 2e-5, "a neighbour in the batch changed a verdict by {difference}");
    }
}

#[test]
fn a_bad_row_gets_an_error_and_the_rest_goes_on() {
    let desk = Desk::new();
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    bytes.extend_from_slice(b"{\"id\": \"a\", \"prompt\": \"hello\"}\r\n");
    bytes.extend_from_slice(b"{\"id\": \"b\"\r\n");
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(b"{\"id\": \"c\", \"note\": 1}\n");
    bytes.extend_from_slice(b"{\"id\": \"d\", \"prompt\": \"caf\xe9\"}\n");
    bytes.extend_from_slice(b"[1, 2]\n");
    bytes.extend_from_slice(
        format!("{{\"id\": \"e\", \"prompt\": \"{}\"}}\n", "x".repeat(20_000_000)).as_bytes(),
    );
    bytes.extend_from_slice(b"{\"id\": \"f\", \"prompt\": \"good bye\"}");
    let scored = score(&desk, &desk.file("in.jsonl", bytes), &[]);
    let failed: Vec<bool> = scored.iter().map(|line| !line["error"].is_null()).collect();
    assert_eq!(failed, [false, true, true, true, true, true, false], "an empty line is no row: {scored:?}");
    assert_eq!(scored[2]["id"], "c", "the id is kept where it can be read");
    for (line, number) in scored[1..6].iter().zip([2, 4, 5, 6, 7]) {
        let error = line["error"].as_str().unwrap();
        assert!(error.contains(&format!("line {number} ")), "an error says where: {error}");
        assert!(line["label"].is_null() && line["p_unsafe"].is_null(), "an error is no verdict");
    }
}

#[test]
fn the_wanted_task_is_judged_and_its_absence_is_said() {
    let desk = Desk::new();
    let rows = [json!({"id": 1, "prompt": "hello"}), json!({"id": 2, "prompt": "hello", "response": "hi"})];
    let input = desk.file("in.jsonl", lines(&rows));
    let tasks = |more: &[&str]| -> Vec<(String, String, bool)> {
        let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
        let line = |l: &Value| (text(&l["id"]), text(&l["task"]), l["error"].is_null());
        score(&desk, &input, more).iter().map(line).collect()
    };
    let of = |list: &[(&str, &str, bool)]| -> Vec<(String, String, bool)> {
        list.iter().map(|(id, task, good)| ((*id).to_owned(), (*task).to_owned(), *good)).collect()
    };
    assert_eq!(
        tasks(&["--task", "all"]),
        of(&[("1", "prompt", true), ("2", "prompt", true), ("2", "response", true)])
    );
    assert_eq!(tasks(&["--task", "prompt"]), of(&[("1", "prompt", true), ("2", "prompt", true)]));
    assert_eq!(tasks(&["--task", "response"]), of(&[("1", "response", false), ("2", "response", true)]));
}

#[test]
fn an_item_longer_than_the_context_is_cut_and_the_verdict_says_so() {
    let desk = Desk::new();
    let long = format!("hello {} good bye", "and again ".repeat(20_000));
    let rows = [json!({"id": "long", "prompt": long}), json!({"id": "short", "prompt": "hello"})];
    let scored = score(&desk, &desk.file("in.jsonl", lines(&rows)), &[]);
    assert_eq!(scored[0]["truncated"], true);
    assert_eq!(scored[0]["error"], Value::Null, "cut, not refused");
    assert_eq!(scored[1]["truncated"], false);
}

#[test]
fn scoring_a_folder_of_a_checkpoint_makes_no_workspace() {
    let desk = Desk::new();
    score(&desk, &desk.file("in.jsonl", lines(&[json!({"prompt": "hello"})])), &[]);
    assert!(!desk.workspace().exists(), "nothing was asked of the workspace");
}

#[test]
fn a_run_that_fails_leaves_the_old_output_and_nothing_beside_it() {
    let desk = Desk::new();
    let output = desk.file("out/scores.jsonl", "what was there before\n");
    let input = desk.file("in.jsonl", lines(&[json!({"prompt": "hello"})]));
    let arguments = [
        "score",
        "--guard",
        "no/such/guard",
        "--input",
        input.to_str().unwrap(),
        "--output",
        output.to_str().unwrap(),
    ];
    desk.refused(1, &arguments);
    assert_eq!(fs::read_to_string(&output).unwrap(), "what was there before\n");
    let beside: Vec<_> = fs::read_dir(output.parent().unwrap()).unwrap().collect();
    assert_eq!(beside.len(), 1, "no half file is left: {beside:?}");
}

#[test]
#[cfg(unix)]
fn a_device_is_written_to_and_never_replaced() {
    let desk = Desk::new();
    let input = desk.file("in.jsonl", lines(&[json!({"prompt": "hello"})]));
    // Through a link, so that a program which moves a file there replaces the link and not the machine's device.
    let folder = desk.path("out");
    fs::create_dir(&folder).unwrap();
    let null = folder.join("null");
    std::os::unix::fs::symlink("/dev/null", &null).unwrap();
    score_to(&desk, &input, &null);
    assert_eq!(fs::read_link(&null).unwrap(), Path::new("/dev/null"), "the device is still at its place");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
#[cfg(unix)]
fn a_link_to_a_file_stays_a_link_and_the_file_behind_it_is_replaced() {
    let desk = Desk::new();
    let input = desk.file("in.jsonl", lines(&[json!({"id": "a", "prompt": "hello"})]));
    let file = desk.file("elsewhere/scores.jsonl", "what was there before\n");
    let link = desk.path("out.jsonl");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    score_to(&desk, &input, &link);
    assert_eq!(fs::read_link(&link).unwrap(), file, "the link is kept");
    assert_eq!(read_lines(&file)[0]["id"], "a", "the scores are where it leads to");
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");

    fs::remove_file(&file).unwrap();
    let arguments = ["score", "--guard", DEMO_GUARD, "--input", input.to_str().unwrap(), "--output"];
    desk.refused(2, &[&arguments, &[link.to_str().unwrap()][..]].concat());
    assert!(!file.exists() && link.is_symlink(), "a link that leads nowhere is left as it is");
}

#[test]
fn the_summary_is_json_when_asked_for() {
    let desk = Desk::new();
    let input = desk.file("in.jsonl", lines(&[json!({"prompt": "hello"}), json!({"no": "prompt"})]));
    let output = desk.path("out.jsonl");
    let arguments = [
        "score",
        "--guard",
        DEMO_GUARD,
        "--input",
        input.to_str().unwrap(),
        "--output",
        output.to_str().unwrap(),
    ];
    let report = desk.json(&arguments);
    assert_eq!(
        (report["rows"].as_u64(), report["lines"].as_u64(), report["errors"].as_u64()),
        (Some(2), Some(2), Some(1))
    );
    assert!(report["device"].as_str().unwrap().starts_with("cpu"), "where it ran is said: {report}");
    assert_eq!(report["weights_sha256"].as_str().map(str::len), Some(64));
}

#[test]
fn the_input_is_never_written_over() {
    let desk = Desk::new();
    let rows = lines(&[json!({"prompt": "hello"})]);
    let input = desk.file("in.jsonl", rows.clone());
    let output = input.parent().unwrap().join(".").join("in.jsonl");
    let paths = [input.to_str().unwrap(), output.to_str().unwrap()];
    desk.refused(2, &["score", "--guard", DEMO_GUARD, "--input", paths[0], "--output", paths[1]]);
    assert_eq!(fs::read_to_string(&input).unwrap(), rows, "the questions are still there");
}
