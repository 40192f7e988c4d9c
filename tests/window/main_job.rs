//! The main job, from a file to an export, with keys where a reviewer uses keys.

use serde_json::{Value, json};

use super::{driver::Window, page::Page};
use crate::{
    database::{number, texts},
    program::{Desk, demo_queue, lines, read_lines},
};

const SCREENS: [&str; 8] = ["queues", "review", "import", "run", "guards", "export", "insight", "settings"];

/// Rows with a prompt alone, so that one label decides an item.
fn prompts(n: usize) -> Vec<Value> {
    let rows = demo_queue().into_iter().filter(|row| row.get("response").is_none());
    rows.step_by(3).take(n).collect()
}

#[tokio::test]
async fn a_file_is_imported_labelled_decided_by_key_and_exported_in_the_window() {
    let desk = Desk::new();
    let Some(window) = Window::open(&desk.workspace()).await else { return };
    let page = &window.page;
    page.see("first-start").await;
    page.shot("first-start-light").await;

    let rows = prompts(40);
    let file = desk.file("forum.jsonl", lines(&rows) + "{\"id\": \"bad\", \"prompt\": \n");
    import(page, &file.to_string_lossy()).await;
    label(page).await;
    decide_blind(page).await;
    decide_by_suggestion(page).await;
    take_back_three_and_quarantine_one(page).await;
    let folder = desk.path("out");
    export(page, &folder.to_string_lossy()).await;
    for theme in ["light", "dark"] {
        every_screen(page, theme).await;
    }

    assert_eq!(page.refused().await, json!([]), "the page needs nothing that its policy refuses");
    assert!(page.network_is_refused().await, "no request leaves the page");
    assert_ne!(page.refused().await, json!([]), "and that was the policy's doing: it is seen to work");
    page.close().await;
    drop(window);

    let workspace = desk.workspace();
    let count = |sql: &str| number(&workspace, sql);
    assert_eq!(count("SELECT count(*) FROM items"), 40);
    assert_eq!(count("SELECT count(*) FROM import_errors"), 1, "the broken row is kept with its line");
    assert_eq!(count("SELECT count(*) FROM verdicts"), 40);
    assert_eq!(count("SELECT count(*) FROM decisions WHERE kind = 'label'"), 20);
    assert_eq!(
        count("SELECT count(*) FROM decisions WHERE kind = 'label' AND verdict_visible = 0"),
        10,
        "blind"
    );
    assert_eq!(count("SELECT count(*) FROM decisions WHERE kind = 'undo'"), 3);
    assert_eq!(count("SELECT count(*) FROM decisions WHERE kind = 'quarantine'"), 1);
    assert_eq!(
        count(
            "SELECT count(*) FROM decisions WHERE label = 'unsafe' AND categories <> '[]' AND verdict_visible = 0"
        ),
        1
    );
    assert_eq!(count("SELECT count(*) FROM decisions WHERE verdict_id IS NULL AND kind = 'label'"), 0);
    assert_eq!(count("SELECT count(*) FROM items WHERE state = 'decided' AND quarantined = 0"), 17);
    assert_eq!(texts(&workspace, "SELECT DISTINCT reviewer FROM decisions"), ["ana"]);
    assert_eq!(count("SELECT count(*) FROM decisions WHERE duration_ms IS NULL AND kind = 'label'"), 0);
    let exported = read_lines(&folder.join("decisions.jsonl"));
    assert_eq!(exported.len(), 17, "what was taken back and what is in quarantine is not exported");
    desk.done(&["audit", "verify"]);
}

async fn import(page: &Page, file: &str) {
    page.answer_dialogs(json!([file])).await;
    page.click("start-import").await;
    page.see("import-preview").await;
    page.shot("import-preview-light").await;
    page.click("import-start").await;
    page.see("import-report").await;
    page.shot("import-report-light").await;
    page.click("report-label").await;
}

async fn label(page: &Page) {
    page.click("run-start").await;
    page.until("the run is done", async |page| page.attribute("run-state", "data-state").await == "done")
        .await;
    page.shot("run-done-light").await;
    page.click("run-review").await;
    page.see("item").await;
}

/// Ten items without seeing the verdict before.
async fn decide_blind(page: &Page) {
    assert!(page.has("verdict-hidden").await, "a new queue is reviewed blind");
    page.shot("review-blind-light").await;
    for n in 1..=10 {
        let before = page.text("item-seq").await;
        if n == 3 {
            page.press('3').await;
            page.press('1').await;
            page.until("a category is chosen", async |page| page.has("categories").await).await;
            page.shot("review-categories-light").await;
            page.enter().await;
        } else {
            page.press('1').await;
        }
        if n == 1 {
            page.write("reviewer-name", "ana").await;
            page.enter().await;
        }
        page.until("the decision is saved", async |page| page.number("queue-decided").await == n).await;
        page.until("the verdict is revealed", async |page| page.has("verdict").await).await;
        if n == 1 {
            page.shot("review-revealed-light").await;
        }
        page.until("Enter goes on", async |page| {
            page.enter().await;
            page.text("item-seq").await != before
        })
        .await;
    }
}

/// Ten items with the verdict in view: what the guard suggests is accepted.
async fn decide_by_suggestion(page: &Page) {
    page.press_with_control('k').await;
    page.write("palette-input", "Go to queues").await;
    page.shot("palette-light").await;
    page.enter().await;
    page.click("queue-mode-suggestion").await;
    page.until("the mode is saved", async |page| {
        let script = "return document.querySelector('[data-testid=queue-mode-suggestion]').checked \
                      && !document.querySelector('[data-testid=queue-review]').disabled";
        page.script(script).await == json!(true)
    })
    .await;
    page.click("queue-review").await;
    page.until("the verdict is in view", async |page| page.has("verdict").await).await;
    page.shot("review-suggestion-light").await;
    for n in 11..=20 {
        page.until("an item is there to decide", async |page| {
            page.has("item").await && page.attribute("label-1", "disabled").await.is_empty()
        })
        .await;
        page.press('a').await;
        page.until("the suggestion is accepted", async |page| page.number("queue-decided").await == n).await;
    }
}

async fn take_back_three_and_quarantine_one(page: &Page) {
    for n in [19, 18, 17] {
        page.press_with_control('z').await;
        page.until("it is taken back", async |page| page.number("queue-decided").await == n).await;
    }
    let left = page.number("queue-left").await;
    page.press('q').await;
    page.until("it is gone", async |page| page.number("queue-left").await == left - 1).await;
    page.press('?').await;
    page.see("key-sheet").await;
    page.shot("key-sheet-light").await;
    page.press(char::from(fantoccini::key::Key::Escape)).await;
}

async fn export(page: &Page, folder: &str) {
    page.go("export").await;
    page.click("export-format-decisions").await;
    page.until("17 rows would be written", async |page| page.text("export-rows").await.contains("17")).await;
    page.answer_dialogs(json!(folder)).await;
    page.click("export-start").await;
    page.see("export-result").await;
    page.shot("export-result-light").await;
}

async fn every_screen(page: &Page, theme: &str) {
    page.go("settings").await;
    page.click(&format!("theme-{theme}")).await;
    for screen in SCREENS {
        page.go(screen).await;
        page.until("it has loaded", async |page| !page.has("waiting").await).await;
        assert!(!page.has("failure").await, "{screen} shows a failure: {}", page.text("failure").await);
        page.shot(&format!("{screen}-{theme}")).await;
    }
}
