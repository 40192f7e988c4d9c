//! Several reviewers in one window, by keys alone: a plan, two decisions that differ, adjudication, its undo, one label for many;
//! and a queue that is split for laptops.

use fantoccini::key::Key;
use serde_json::{Value, json};

use super::{driver::Window, page::Page};
use crate::{database::texts, program::Desk};

#[tokio::test]
async fn a_team_decides_twice_settles_what_differs_and_labels_many_at_once() {
    let desk = Desk::new();
    let rows: Vec<Value> =
        (1..=8).map(|n| json!({"id": n.to_string(), "prompt": format!("text {n}")})).collect();
    desk.import("forum", &rows);
    let Some(window) = Window::open(&desk.workspace()).await else { return };
    let page = &window.page;
    page.see("queue-card").await;
    plan_second(page, "100", "100% of the items go to two reviewers").await;
    is_reviewer(page, "ana").await;
    decide_two(page, &["1", "1"]).await;
    is_reviewer(page, "ben").await;
    decide_two(page, &["3\n", "1"]).await;
    is_reviewer(page, "lead").await;
    settle(page).await;
    label_many(page).await;
    split(page, &desk).await;
    look(page).await;
    page.close().await;
    drop(window);

    let done = texts(
        &desk.workspace(),
        "SELECT reviewer || ' ' || kind || coalesce(' ' || label, '') FROM decisions WHERE kind <> 'undo' AND reason IS NULL \
         ORDER BY seq",
    );
    assert_eq!(
        done,
        [
            "ana label safe",
            "ana label safe",
            "ben label unsafe",
            "ben label safe",
            "lead adjudicate safe",
            "lead adjudicate safe"
        ]
    );
    let unseen = "SELECT reviewer || ' ' || label FROM decisions WHERE reason IS NOT NULL";
    assert_eq!(texts(&desk.workspace(), unseen), ["lead safe"; 3], "and it is recorded that nobody looked");
    let undone = texts(&desk.workspace(), "SELECT id FROM decisions WHERE kind = 'undo'");
    assert_eq!(undone.len(), 4, "one adjudication, and all three of one act");
    desk.done(&["audit", "verify"]);
}

/// Plans which share of the items two reviewers decide.
async fn plan_second(page: &Page, percent: &str, said: &str) {
    page.tab_and_press("queue-plan").await;
    page.write_over("plan-second", percent).await;
    page.press(char::from(Key::Tab)).await;
    page.until("it says what that changes", async |page| page.text("plan-said").await.contains(said)).await;
    page.shot(&format!("team-plan-{percent}")).await;
}

async fn is_reviewer(page: &Page, name: &str) {
    page.command_reviewer(name).await;
    page.command_queue("forum").await;
}

/// Decides two items by these keys, each of which is saved before the next.
async fn decide_two(page: &Page, keys: &[&str; 2]) {
    for (number, keys) in (1..).zip(keys) {
        page.until("the item is there", async |page| page.text("item-seq").await == format!("#{number}"))
            .await;
        for key in keys.chars() {
            page.press(if key == '\n' { char::from(Key::Enter) } else { key }).await;
        }
        page.until("it is saved", async |page| page.has("decided-by").await).await;
        page.enter().await;
    }
    page.until("the third is next", async |page| page.text("item-seq").await == "#3").await;
}

async fn settle(page: &Page) {
    page.press_with_shift('A').await;
    page.see("side-by-side").await;
    page.until("both decisions are there", async |page| {
        let text = page.text("side-by-side").await;
        text.contains("ana") && text.contains("ben")
    })
    .await;
    page.see("item").await;
    page.press('1').await;
    page.shot("team-adjudicate-light").await;
    page.enter().await;
    page.see("adjudicate-empty").await;
    page.press(char::from(Key::Backspace)).await;
    page.see("side-by-side").await;
    page.see("item").await;
    for theme in ["dark", "light"] {
        page.command_theme(theme).await;
        page.press_with_shift('A').await;
        page.see("side-by-side").await;
        page.see("item").await;
        page.shot(&format!("team-adjudicate-again-{theme}")).await;
    }
    page.press('1').await;
    page.enter().await;
    page.see("adjudicate-empty").await;
}

async fn label_many(page: &Page) {
    page.command_to("queues").await;
    plan_second(page, "0", "One decision settles an item").await;
    page.command_to("review").await;
    page.see("list-row").await;
    for _ in 0..3 {
        page.press_with_shift(char::from(Key::Down)).await;
    }
    page.until("three are selected", async |page| page.text("selected").await.contains("3 items")).await;
    page.press('1').await;
    page.see("selection-preview").await;
    page.shot("team-selection-light").await;
    page.enter().await;
    page.until("they are decided", async |page| page.text("message").await.contains("3 items decided")).await;
    page.press_with_control('z').await;
    page.until("all is taken back", async |page| page.text("message").await.contains("2 more items")).await;
}

async fn split(page: &Page, desk: &Desk) {
    page.command_to("team").await;
    let out = desk.path("out");
    page.answer_dialogs(json!(out)).await;
    page.tab_to("split-names").await;
    page.type_out("cem, dan").await;
    page.enter().await;
    page.see("team-result").await;
    page.shot("team-split-light").await;
    for name in ["cem", "dan"] {
        assert!(out.join(format!("forum-{name}.saring")).is_file(), "a bundle for {name}");
    }
}

/// The same screens in the dark.
async fn look(page: &Page) {
    page.command_theme("dark").await;
    page.command_to("team").await;
    page.settle().await;
    page.shot("team-dark").await;
    page.command_to("queues").await;
    page.tab_and_press("queue-plan").await;
    page.see("plan-second").await;
    page.shot("team-plan-dark").await;
    page.command_to("review").await;
    page.see("list-row").await;
    for _ in 0..3 {
        page.press_with_shift(char::from(Key::Down)).await;
    }
    page.press('3').await;
    page.see("selection-preview").await;
    page.shot("team-selection-dark").await;
}
