//! A list that is filtered by keys alone, kept under a name, and opened again like a queue.

use fantoccini::key::Key;
use serde_json::{Value, json};

use super::{driver::Window, page::Page};
use crate::{
    database::texts,
    program::{Desk, lines},
};

/// Twelve items in two languages.
fn filled(desk: &Desk) {
    let row = |n: u32| {
        let (language, text) =
            if n.is_multiple_of(3) { ("th", "ข้อความ") } else { ("en", "text") };
        json!({"id": n.to_string(), "prompt": format!("{text} {n}"), "language": language})
    };
    let rows: Vec<Value> = (1..=12).map(row).collect();
    let file = desk.file("rows.jsonl", lines(&rows));
    desk.done(&["import", file.to_str().unwrap(), "--queue", "forum"]);
}

#[tokio::test]
async fn a_list_is_filtered_by_keys_kept_as_a_queue_and_opened_again() {
    let desk = Desk::new();
    filled(&desk);
    let Some(window) = Window::open(&desk.workspace()).await else { return };
    let page = &window.page;
    page.go("queues").await;
    page.click("queue-review").await;
    page.see("item").await;
    filter_by_language(page).await;
    keep(page).await;
    open_again(page).await;
    page.close().await;
    drop(window);
    let kept = texts(&desk.workspace(), "SELECT name || ' ' || terms FROM saved_filters");
    assert_eq!(kept, [r#"Thai {"version":1,"filter":{"language":"th"},"sort":"imported"}"#]);
    assert_eq!(texts(&desk.workspace(), "SELECT id FROM items").len(), 12, "a view, not a copy");
    let decided = "SELECT i.external_id || ' ' || (d.draw_id IS NULL) FROM decisions AS d JOIN items AS i ON i.id = d.item_id";
    assert_eq!(texts(&desk.workspace(), decided), ["3 1"], "the first of what the filter finds");
    desk.done(&["audit", "verify"]);
}

async fn filter_by_language(page: &Page) {
    page.press_with_shift('F').await;
    page.focused("filter-state").await;
    page.shot("filter-open-light").await;
    page.tab_to("filter-language").await;
    // A select goes to the option that begins with what is typed.
    page.press('T').await;
    page.until("the list has the four Thai items", async |page| {
        page.text("filter-found").await.starts_with("4 ")
    })
    .await;
    assert_eq!(page.text("filter-chips").await.trim(), "Language: Thai");
}

async fn keep(page: &Page) {
    page.tab_to("filter-save-name").await;
    for letter in "Thai".chars() {
        page.press(letter).await;
    }
    page.enter().await;
    page.until("it has its name", async |page| page.text("filter-name").await == "Thai").await;
    page.press(char::from(Key::Escape)).await;
    page.until("the form is closed", async |page| !page.has("filter-form").await).await;
}

async fn open_again(page: &Page) {
    for theme in ["dark", "light"] {
        page.go("settings").await;
        page.click(&format!("theme-{theme}")).await;
        page.go("queues").await;
        page.see("saved-filter").await;
        page.shot(&format!("saved-filter-{theme}")).await;
    }
    page.click("saved-filter").await;
    page.until("its first item is there", async |page| page.text("item-seq").await.contains('3')).await;
    page.press('1').await;
    page.write("reviewer-name", "ana").await;
    page.enter().await;
    page.until("it is saved", async |page| page.number("queue-decided").await == 1).await;
    page.press_with_shift('F').await;
    page.see("filter-form").await;
    page.shot("filter-in-force-light").await;
}
