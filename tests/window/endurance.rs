//! 300 items of the demo queue by keys, one a second whatever the window does: which keys were lost, what moved on the screen, and what
//! memory it took. It measures and prints; that no key is lost and nothing moves is asserted, a clock and memory are not.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{driver::Window, page::Page};
use crate::program::{Desk, demo_prompts};

const ITEMS: usize = 300;
/// What may never move while items come and go.
const FIXED: &str = "['item', 'item-seq', 'labels', 'verdict-card', 'action-bar', 'queue-bar']";

#[tokio::test]
#[ignore = "measures, for five minutes: make endurance"]
async fn three_hundred_items_at_one_a_second_lose_no_key_and_move_nothing() {
    let desk = Desk::new();
    desk.import("demo", &demo_prompts(ITEMS + 1));
    let Some(window) = Window::open(&desk.workspace()).await else { return };
    let page = &window.page;
    page.go("queues").await;
    page.click("queue-review").await;
    page.see("item").await;
    page.press('1').await;
    page.write("reviewer-name", "ana").await;
    page.enter().await;
    page.until("the first decision is saved", async |page| page.number("queue-decided").await == 1).await;
    page.enter().await;
    page.settle().await;

    let (places, before) = (places(page).await, window.memory_mib());
    let (mut moved, mut memory) = (0.0_f64, vec![before]);
    let began = Instant::now();
    for n in 0..u32::try_from(ITEMS).unwrap() {
        // A label, and half a second later on to the next item; nobody looks whether the window has caught up.
        at(began, 2 * n).await;
        page.press('1').await;
        at(began, 2 * n + 1).await;
        page.enter().await;
        if n % 10 == 9 {
            moved = moved.max(farthest(&places, &self::places(page).await));
        }
        if n % 60 == 59 {
            memory.push(window.memory_mib());
        }
    }
    let took = began.elapsed().as_secs_f64();
    page.settle().await;
    let wanted = i64::try_from(ITEMS + 1).unwrap();
    let decided = page.number("queue-decided").await;
    println!(
        "{ITEMS} items in {took:.0} s; decided {} of {ITEMS}; moved by {moved:.1} px at most",
        decided - 1
    );
    let memory: Vec<String> = memory.iter().map(|mib| format!("{mib:.0}")).collect();
    println!("memory of the window and its page, MiB, every 60 items: {}", memory.join(", "));
    assert_eq!(decided, wanted, "a key was lost");
    let stats = desk.json(&["stats", "--queue", "demo"]);
    assert_eq!(stats["items"]["decided"].as_i64(), Some(wanted), "what the window says is on disk");
    assert!(moved < 1.0, "something moved by {moved} px");
    page.close().await;
}

/// Waits for so many halves of a second after `began`.
async fn at(began: Instant, halves: u32) {
    tokio::time::sleep_until((began + halves * Duration::from_millis(500)).into()).await;
}

/// Left and top of what is fixed, in CSS pixels.
async fn places(page: &Page) -> Vec<f64> {
    let script = format!(
        "return {FIXED}.flatMap((name) => {{ \
           const box = document.querySelector(`[data-testid=\"${{name}}\"]`)?.getBoundingClientRect(); \
           return box ? [box.left, box.top] : [-1, -1] }})"
    );
    let found = page.script(&script).await;
    found.as_array().unwrap().iter().filter_map(Value::as_f64).collect()
}

fn farthest(before: &[f64], after: &[f64]) -> f64 {
    before.iter().zip(after).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}
