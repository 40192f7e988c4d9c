//! A day in front of the window without a mouse: a file becomes a queue under a policy and a plan, two reviewers decide, a lead settles
//! what they do not agree on, decides fifty copies at once and takes that back, keeps a filter, and reads the dashboard.
//!
//! Keys alone go in: nothing is clicked, and no script goes anywhere. Only the system's dialog for files, which nobody can drive from
//! here, is answered for it. After each act the database or the command line says whether what was meant is what is kept.

mod deciding;
mod reading;
mod setting_up;

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{driver::Window, page::Page};
use crate::{
    database::{number, texts},
    program::{Desk, demo_queue},
};

/// Where everything is decided with gold and a second review.
const FORUM: &str = "forum";
/// Copies of one text, in a queue of their own: what two reviewers decide apart is never decided unseen.
const WAVE: &str = "wave";
/// What the first reviewer decides.
const DECIDED: usize = 100;
/// What the second one decides otherwise.
const DISPUTED: usize = 5;
/// What the second one decides alike.
const AGREED: usize = 5;
/// Copies of the item that is looked at.
const COPIES: usize = 50;
/// Items that come with a gold label.
const GOLD: usize = 36;

/// The window, and what is known of the items in it.
struct Day<'a> {
    desk: &'a Desk,
    page: &'a Page,
    /// By the item's id.
    items: HashMap<String, Item>,
}

/// What the item is, as whoever wrote it says.
#[derive(Clone, Copy)]
struct Item {
    is_unsafe: bool,
    is_gold: bool,
}

#[tokio::test]
async fn a_day_of_reviewing_needs_no_mouse() {
    let desk = Desk::new();
    let rows = forum();
    let Some(window) = Window::open(&desk.workspace()).await else { return };
    let mut day = Day { desk: &desk, page: &window.page, items: HashMap::new() };
    day.import_under_a_policy(&rows).await;
    day.let_the_guard_judge().await;
    day.plan_gold_and_a_second_review().await;
    day.decide_a_hundred().await;
    day.review_a_second_time().await;
    day.settle_what_differs().await;
    day.decide_copies_at_once_and_undo().await;
    day.keep_a_filter_as_a_queue().await;
    day.read_the_dashboard().await;
    assert_eq!(window.page.refused().await, json!([]), "the page needs nothing that its policy refuses");
    window.page.close().await;
    drop(window);
    desk.done(&["audit", "verify"]);
}

/// Prompts in eight languages, and what they are. The last ones are gold, the others come without a label.
fn forum() -> Vec<(Value, Item)> {
    let is_binary = |row: &Value| row["labels"]["prompt"]["label"] != "Controversial";
    let rows = demo_queue().into_iter().filter(|row| row.get("response").is_none() && is_binary(row));
    let ordered: Vec<Value> = rows.collect();
    let count = DECIDED + GOLD + 4;
    let item = |n: usize| {
        // Languages and labels take turns: 75 has no divisor in common with how many there are.
        let mut row = ordered[n * 75 % ordered.len()].clone();
        let (is_unsafe, is_gold) = (row["labels"]["prompt"]["label"] == "Unsafe", n + GOLD >= count);
        if !is_gold {
            row.as_object_mut().unwrap().retain(|key, _| key != "labels" && key != "labels_role");
        }
        (row, Item { is_unsafe, is_gold })
    };
    (0..count).map(item).collect()
}

impl Day<'_> {
    fn count(&self, sql: &str) -> i64 {
        number(&self.desk.workspace(), sql)
    }

    fn texts(&self, sql: &str) -> Vec<String> {
        texts(&self.desk.workspace(), sql)
    }

    /// What the command line counts in a queue.
    fn stats(&self, queue: &str) -> Value {
        self.desk.json(&["stats", "--queue", queue])
    }

    /// The id of the item on screen, which can be seen there and not only be found in the page.
    async fn on_screen(&self) -> String {
        let seen = "return document.elementFromPoint(640, 160)?.closest('[data-testid=\"item\"]') != null";
        assert_eq!(self.page.script(seen).await, json!(true), "the item is in sight");
        self.page.attribute("item", "data-item").await
    }
}
