//! The dashboard: what crosses is what the desk computes, and what leaves as a file is a chart or its numbers.

use std::fs;

use saring_desk::{
    Workspace,
    metrics::{Figure, Insight, InsightOrder, Yardstick},
};
use saring_verdict::Task;
use serde::Serialize;
use serde_json::{Value, json};

use crate::window::Window;

/// A queue of which all was drawn, most of it decided blind, by somebody who does not always say what the guard says.
fn reviewed() -> (Window, String) {
    let prompts: Vec<String> = (0..24)
        .map(|n| if n % 3 == 0 { format!("this is unsafe, {n}") } else { format!("hello, {n}") })
        .collect();
    let (window, queue) = Window::with_queue(&prompts.iter().map(String::as_str).collect::<Vec<_>>());
    window.label(&queue);
    window.call("draw", json!({ "queueId": queue, "size": 24 }));
    for n in 0..20 {
        let item = window.next(&queue);
        let says_unsafe = item["turns"][0]["content"].as_str().unwrap().contains("unsafe");
        window.decide(&item, if says_unsafe != (n % 5 == 0) { "unsafe" } else { "safe" });
    }
    (window, queue)
}

fn ask(window: &Window, queue: &str, by: &str) -> Value {
    let query = json!({ "queue_id": queue, "guard_id": null, "by": by, "threshold": 0.5 });
    window.call("insight", json!({ "query": query }))
}

/// The same workspace, asked without a window.
fn of_the_desk(window: &Window, queue: &str) -> Insight {
    tauri::async_runtime::block_on(async {
        let workspace = Workspace::open(window.path("workspace")).await.unwrap();
        let insight = workspace.insight(queue, &InsightOrder::default()).await.unwrap();
        workspace.close().await;
        insight
    })
}

/// As it is read on the other side.
fn crossed(value: &impl Serialize) -> Value {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

fn of_estimate<'a>(list: &'a Value, what: &str) -> &'a Value {
    let wanted = |row: &&Value| row["task"] == "prompt" && row["against"] == "estimate";
    list[what].as_array().unwrap().iter().find(wanted).unwrap()
}

#[test]
fn the_page_is_given_the_numbers_that_the_desk_computes() {
    let (window, queue) = reviewed();
    let view = ask(&window, &queue, "language");
    let insight = of_the_desk(&window, &queue);
    let wanted = |task: Task, against: Yardstick| task == Task::Prompt && against == Yardstick::Estimate;
    let row = insight.quality.iter().find(|row| wanted(row.task, row.against)).unwrap();
    let shown = of_estimate(&view, "quality");
    assert_eq!((row.n, &shown["n"], &shown["group"]), (20, &json!(20), &json!(null)));
    let figures: [(&str, &Figure); 7] = [
        ("auprc", &row.auprc),
        ("average_precision", &row.average_precision),
        ("auroc", &row.auroc),
        ("precision", &row.precision),
        ("recall", &row.recall),
        ("f1", &row.f1),
        ("calibration_error", &row.calibration_error),
    ];
    for (name, figure) in figures {
        let Figure { value, low, high, note, .. } = figure;
        assert!(value.is_some() && low.is_some(), "{name} is defined here: {figure:?}");
        let figure = json!({ "value": value, "low": low, "high": high, "note": note });
        assert_eq!(shown[name], crossed(&figure), "{name} with its interval");
    }
    let curves = insight.curves.iter().find(|found| wanted(found.task, found.against)).unwrap();
    let drawn = of_estimate(&view, "curves");
    assert_eq!(drawn["precision_recall"], crossed(&curves.precision_recall));
    assert_eq!(drawn["reliability"], crossed(&curves.reliability));
    assert_eq!(drawn["judged_in_queue"], 24, "the load is that of the whole queue, decided or not");
    assert_eq!(drawn["thresholds"].as_array().unwrap().len(), curves.thresholds.len());
    for (shown, row) in drawn["thresholds"].as_array().unwrap().iter().zip(&curves.thresholds) {
        let mut expected = crossed(row);
        let confusion = expected.as_object_mut().unwrap().remove("confusion").unwrap();
        expected.as_object_mut().unwrap().extend(confusion.as_object().unwrap().clone());
        assert_eq!(*shown, expected, "counts and load at {}", row.threshold);
    }
    let at_half = drawn["thresholds"].as_array().unwrap().iter().find(|row| row["threshold"] == 0.5).unwrap();
    assert_eq!(at_half["review_load"], 8, "every third of 24");
    assert_eq!(at_half["precision"], shown["precision"]["value"], "the slider and the table say the same");
}

#[test]
fn a_table_by_guard_has_a_row_for_each_that_has_judged() {
    let (window, queue) = reviewed();
    let view = ask(&window, &queue, "guard");
    let rows = view["quality"].as_array().unwrap();
    let named: Vec<&Value> = rows.iter().filter(|row| !row["group"].is_null()).collect();
    let [row] = named[..] else { panic!("one guard, one task, one yardstick: {named:?}") };
    assert_eq!(row["group"], view["guard"]);
    assert_eq!(row["auprc"], of_estimate(&view, "quality")["auprc"]);
    let query = json!({ "queue_id": queue, "guard_id": null, "by": "colour", "threshold": 0.5 });
    assert_eq!(window.ask("insight", json!({ "query": query })).unwrap_err()["code"], "invalid");
}

#[test]
fn a_temperature_is_fitted_where_it_can_be_and_said_where_not() {
    let (window, queue) = reviewed();
    assert_eq!(ask(&window, &queue, "language")["calibrations"], json!([]), "nothing is fitted unasked");
    let missing = window.call("calibrate", json!({ "queueId": queue, "guardId": null }));
    assert_eq!(missing[0]["task"], "response", "no response was judged: {missing}");
    let view = ask(&window, &queue, "language");
    let found = &view["calibrations"][0];
    assert_eq!(
        (&found["task"], &found["n"], &found["against"]),
        (&json!("prompt"), &json!(20), &json!("estimate"))
    );
    assert!(found["temperature"].as_f64().unwrap() > 1.0, "who is wrong in one of five is too sure at 0.9");
    assert!(!of_estimate(&view, "curves")["reliability_scaled"].as_array().unwrap().is_empty());
}

#[test]
fn a_guard_is_not_tested_against_itself() {
    let (window, queue) = reviewed();
    let guard = window.call("guards", json!({}))[0]["id"].clone();
    let query = json!({ "queue_id": queue, "guard_a": guard, "guard_b": guard, "threshold": 0.5 });
    let failure = window.ask("paired_tests", json!({ "query": query })).unwrap_err();
    assert_eq!(failure["code"], "invalid");
}

#[test]
fn a_chart_and_its_numbers_are_saved_and_nothing_else_is() {
    let window = Window::open();
    let save = |name: &str, format: &str, bytes: &[u8]| {
        let path = window.path(name);
        (window.ask("save_figure", json!({ "path": path, "format": format, "bytes": bytes })), path)
    };
    let (saved, path) = save("curve.csv", "csv", "recall,precision\n0,1\n".as_bytes());
    saved.unwrap();
    assert_eq!(fs::read_to_string(path).unwrap(), "recall,precision\n0,1\n");
    let (saved, path) = save("curve.PNG", "png", b"\x89PNG\r\n\x1a\nand so on");
    saved.unwrap();
    assert!(path.is_file());
    for (name, format, bytes) in [
        ("curve.sh", "csv", b"#!/bin/sh".as_slice()),
        ("curve.csv", "png", b"\x89PNG\r\n\x1a\n"),
        ("curve.png", "png", b"#!/bin/sh"),
        ("other.csv", "csv", b"\xff\xfe"),
    ] {
        let (refused, path) = save(name, format, bytes);
        assert_eq!(refused.unwrap_err()["code"], "invalid", "{name} as {format}");
        let kept = fs::read(path).unwrap_or_default();
        assert!(kept != bytes, "{name} was not written over");
    }
}
