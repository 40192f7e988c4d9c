//! The dashboard: it says when there is nothing to rest on, shows what the command line computes, and is read by key.

use std::fs;

use fantoccini::key::Key;
use serde_json::{Value, json};

use super::{driver::Window, page::Page};
use crate::{
    database::texts,
    program::{Desk, demo_queue},
};

const QUEUE: &str = "forum";
/// Items of the queue; all of them are drawn and decided.
const ITEMS: usize = 24;

/// Prompts of the demo queue, without the labels that came with them, and whether each is unsafe by that label.
fn prompts() -> Vec<(Value, bool)> {
    let rows = demo_queue().into_iter().filter(|row| row.get("response").is_none());
    let mut chosen: Vec<(Value, bool)> = Vec::new();
    for mut row in rows {
        let is_unsafe = row["labels"]["prompt"]["label"] == "Unsafe";
        // One of each in turn, so that there are both.
        if is_unsafe == chosen.len().is_multiple_of(2) {
            row.as_object_mut().unwrap().retain(|key, _| key != "labels" && key != "labels_role");
            chosen.push((row, is_unsafe));
        }
    }
    // From all languages; every second one would be of one kind alone.
    let step = chosen.len() / ITEMS;
    chosen.into_iter().step_by(if step.is_multiple_of(2) { step - 1 } else { step }).take(ITEMS).collect()
}

/// Draws the whole queue.
async fn draw(page: &Page) {
    page.go("queues").await;
    page.see("queue-order").await.select_by_value("draw").await.unwrap();
    page.click("draw-confirm").await;
    page.see("draw-info").await;
}

/// Decides everything as the labels said, but for every seventh item; blind, since nobody has looked at the verdicts.
fn decide_all(desk: &Desk, rows: &[(Value, bool)]) {
    let ids = texts(&desk.workspace(), "SELECT id FROM items ORDER BY seq");
    for (n, (id, (_, is_unsafe))) in ids.iter().zip(rows).enumerate() {
        let label = if *is_unsafe != (n % 7 == 3) { "unsafe" } else { "safe" };
        desk.done(&["decide", id, "--label", label, "--reviewer", "ana"]);
    }
}

/// What the command line says of the prompts' estimate at a threshold.
fn expected(desk: &Desk, threshold: f64) -> Value {
    let stats = desk.json(&["stats", "--queue", QUEUE, "--threshold", &threshold.to_string()]);
    let curves = stats["insight"]["curves"].as_array().unwrap();
    let wanted = |found: &&Value| found["task"] == "prompt" && found["against"] == "estimate";
    let rows = curves.iter().find(wanted).unwrap()["thresholds"].as_array().unwrap();
    rows.iter().find(|row| row["threshold"] == threshold).unwrap().clone()
}

/// What the page says there.
async fn shown(page: &Page) -> Value {
    let mut counts = Vec::new();
    for name in ["true-positives", "false-positives", "false-negatives", "true-negatives"] {
        counts.push(page.number(name).await);
    }
    json!(counts)
}

fn counts(row: &Value) -> Value {
    let names = ["true_positives", "false_positives", "false_negatives", "true_negatives"];
    json!(names.map(|name| row["confusion"][name].as_i64().unwrap()))
}

async fn pictures(page: &Page, theme: &str) {
    page.go("settings").await;
    page.click(&format!("theme-{theme}")).await;
    page.go("insight").await;
    page.see("threshold").await;
    for part in ["basis", "quality", "curve", "calibration", "agreement"] {
        page.script(&format!("document.querySelector('[data-testid=insight-{part}]').scrollIntoView()"))
            .await;
        page.shot(&format!("insight-{part}-{theme}")).await;
    }
}

#[tokio::test]
async fn the_dashboard_shows_what_the_command_line_computes_and_its_threshold_moves_by_key() {
    let desk = Desk::new();
    let rows = prompts();
    assert_eq!(rows.len(), ITEMS, "the demo queue has enough of both");
    desk.import(QUEUE, &rows.iter().map(|(row, _)| row.clone()).collect::<Vec<_>>());
    desk.done(&["label", "--queue", QUEUE]);
    let Some(window) = Window::open(&desk.workspace()).await else { return };
    let page = &window.page;
    page.go("insight").await;
    page.see("insight-no-basis").await;
    assert!(!page.has("quality-table").await, "no number where there is nothing to rest on");
    page.shot("insight-nothing-light").await;

    draw(page).await;
    decide_all(&desk, &rows);
    page.go("insight").await;
    page.see("threshold").await;
    assert!(page.text("insight-basis").await.contains(&format!("({ITEMS})")), "all of the draw counts");
    assert_eq!(shown(page).await, counts(&expected(&desk, 0.5)));

    page.script("document.querySelector('[data-testid=threshold]').focus()").await;
    for _ in 0..7 {
        page.press(char::from(Key::Right)).await;
    }
    assert_eq!(page.text("threshold-value").await, "0.57", "a key is a step");
    let row = expected(&desk, 0.57);
    assert_eq!(shown(page).await, counts(&row), "the matrix follows at once");
    let load = format!("{} of {ITEMS}", row["review_load"]);
    assert!(page.text("load").await.contains(&load), "{load}: {}", page.text("load").await);
    page.until("the intervals follow", async |page| page.text("quality-text").await.contains("0.57")).await;

    page.click("temperature-fit").await;
    page.until("a temperature or a reason is there", async |page| {
        page.has("temperature").await || page.has("temperature-missing").await
    })
    .await;
    for (kind, begin) in [("png", b"\x89PNG".as_slice()), ("csv", b"threshold,recall,precision".as_slice())] {
        let file = desk.path(&format!("curve.{kind}"));
        page.answer_dialogs(json!(file)).await;
        page.click(&format!("curve-{kind}")).await;
        let written = async |page: &Page| page.text("figure-saved").await.contains(&format!("curve.{kind}"));
        page.until("the chart is saved", written).await;
        assert!(fs::read(file).unwrap().starts_with(begin), "{kind}");
    }
    assert_eq!(page.refused().await, json!([]), "charts need nothing that the page's policy refuses");
    for theme in ["light", "dark"] {
        pictures(page, theme).await;
    }
    page.close().await;
}
