//! A team's policy in the window: its reasons by digit, the note that it wants, the clause that matters, and the editor.

use std::fs;

use serde_json::{Value, json};

use super::{driver::Window, page::Page};
use crate::{
    database::texts,
    program::{Desk, lines},
};

/// A queue of six under a policy that wants a note with one category and has reasons to skip.
fn with_policy(desk: &Desk) {
    let file = desk.path("policy.json");
    desk.done(&["policies", "export", "qwen3guard", "--out", file.to_str().unwrap()]);
    let mut policy: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    policy["name"] = "forum".into();
    policy["categories"][3]["rationale"] = true.into();
    policy["reasons"]["skip"] = json!({
        "codes": [{"code": "language", "text": "I do not read this"}, {"code": "cut-off", "text": "Cut off"}],
        "free_text": false, "required": true, "rationale": false
    });
    let file = desk.file("forum.json", policy.to_string());
    desk.done(&["policies", "import", file.to_str().unwrap(), "--reviewer", "lead"]);
    let rows: Vec<Value> =
        (1..=6).map(|n| json!({"id": n.to_string(), "prompt": format!("text {n}")})).collect();
    let file = desk.file("rows.jsonl", lines(&rows));
    desk.done(&["import", file.to_str().unwrap(), "--queue", "forum", "--policy", "forum"]);
}

#[tokio::test]
async fn a_teams_policy_is_met_in_review_and_edited_in_the_settings() {
    let desk = Desk::new();
    with_policy(&desk);
    let Some(window) = Window::open(&desk.workspace()).await else { return };
    let page = &window.page;
    page.go("queues").await;
    page.click("queue-review").await;
    page.see("item").await;
    skip_for_a_reason(page).await;
    decide_with_the_note_that_is_wanted(page).await;
    edit(page).await;
    page.close().await;
    drop(window);

    let said = texts(
        &desk.workspace(),
        "SELECT kind || ' ' || coalesce(reason, note) || ' ' || p.name || p.version FROM decisions AS d \
         JOIN policies AS p ON p.id = d.policy_id ORDER BY d.seq",
    );
    assert_eq!(said, ["skip cut-off forum1", "label an address forum1"]);
    let versions = texts(&desk.workspace(), "SELECT name || version FROM policies WHERE kept_by = 'ana'");
    assert_eq!(versions, ["forum2"], "saving made a version and changed none");
    let item = texts(&desk.workspace(), "SELECT item_id FROM decisions LIMIT 1").remove(0);
    let history = desk.done(&["history", &item]);
    assert!(history.out.contains("under forum@1"), "the queue stays with its own: {}", history.out);
    desk.done(&["audit", "verify"]);
}

async fn skip_for_a_reason(page: &Page) {
    page.press(' ').await;
    page.see("reasons").await;
    page.shot("policy-reasons-light").await;
    page.enter().await;
    page.until("it says that a reason is wanted", async |page| {
        page.text("message").await.contains("wants a reason")
    })
    .await;
    page.press(char::from(fantoccini::key::Key::Escape)).await;
    page.until("the note is left", async |page| {
        page.script("return document.activeElement?.dataset.testid !== 'note'").await == json!(true)
    })
    .await;
    page.press('2').await;
    page.write("reviewer-name", "ana").await;
    page.enter().await;
    page.until("the next item is there", async |page| page.text("item-seq").await.contains('2')).await;
}

async fn decide_with_the_note_that_is_wanted(page: &Page) {
    page.press('3').await;
    page.press('h').await;
    page.until("the clause of the label is shown", async |page| {
        page.text("policy-matters").await.contains("Harmful in most settings")
    })
    .await;
    page.press('4').await;
    page.until("the clause of the category is shown", async |page| {
        page.text("policy-matters").await.contains("Personal data")
    })
    .await;
    page.shot("policy-clause-light").await;
    page.enter().await;
    page.until("it says that a note is wanted", async |page| {
        page.text("message").await.contains("The policy wants a note with PII")
    })
    .await;
    page.write("note", "an address").await;
    page.shot("policy-note-light").await;
    page.enter().await;
    page.until("it is saved", async |page| page.number("queue-decided").await == 1).await;
}

async fn edit(page: &Page) {
    for theme in ["light", "dark"] {
        page.go("settings").await;
        page.click(&format!("theme-{theme}")).await;
        page.see("policy-forum-1").await;
        let script = "document.querySelector('[data-testid=settings-policies]').scrollIntoView()";
        page.script(script).await;
        page.shot(&format!("policies-{theme}")).await;
    }
    let script = "document.querySelector('[data-testid=policy-forum-1] [data-testid=policy-edit]').click()";
    page.script(script).await;
    page.see("policy-editor").await;
    page.shot("policy-editor-dark").await;
    page.click("policy-add-category").await;
    page.see("policy-category-10").await;
    let name = "[data-testid=policy-category-10] input";
    page.script(&format!("document.querySelector('{name}').focus()")).await;
    for letter in "Spam".chars() {
        page.press(letter).await;
    }
    page.click("policy-save").await;
    page.see("policy-forum-2").await;
}
