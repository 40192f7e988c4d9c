//! How soon the window paints after a key, with the machine idle and while a guard takes all cores. It measures and prints; no clock
//! is asserted, since that would be about the machine.

use serde_json::Value;

use super::{driver::Window, page::Page};
use crate::program::{Desk, demo_prompts};

/// Items that are decided in each of the two measurements; two keys each.
const DECISIONS: usize = 100;
/// The run must outlive its measurement.
const ITEMS: usize = 12_000;

#[tokio::test]
#[ignore = "measures, for minutes: make responsiveness"]
async fn how_soon_keys_are_painted_while_a_run_uses_all_cores() {
    let desk = Desk::new();
    desk.import("long", &demo_prompts(ITEMS));
    let Some(window) = Window::open(&desk.workspace()).await else { return };
    let page = &window.page;
    watch_keys(page).await;

    review(page).await;
    page.press('1').await;
    page.write("reviewer-name", "ana").await;
    page.enter().await;
    page.until("the first decision is saved", async |page| page.number("queue-decided").await == 1).await;
    go_on(page).await;
    let idle = measure(page, 1).await;

    page.go("queues").await;
    page.click("queue-label").await;
    page.click("run-start").await;
    page.until("the guard has judged something", async |page| page.has("run-rate").await).await;
    page.shot("responsiveness-run").await;
    page.go("review").await;
    page.see("item").await;
    let busy = measure(page, 1 + DECISIONS).await;
    page.go("run").await;
    page.see("run-state").await;
    assert_eq!(
        page.attribute("run-state", "data-state").await,
        "running",
        "the run ended before it was measured beside it; the queue is too short for this machine"
    );
    println!("input to paint, {} cores, ms:", std::thread::available_parallelism().unwrap());
    for (what, times) in [("without a run", idle), ("with a run", busy)] {
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        let (p50, p95, p99) = (at(0.50), at(0.95), at(0.99));
        println!("  {what}: p50 {p50:.1}, p95 {p95:.1}, p99 {p99:.1} of {} keys", times.len());
    }
    page.click("run-stop").await;
    page.close().await;
}

/// From each key on: the time until the frame after it has been painted, which is when the second callback comes.
async fn watch_keys(page: &Page) {
    page.script(
        "window.paints = []; window.addEventListener('keydown', (event) => { \
           const began = Math.min(event.timeStamp, performance.now()); \
           requestAnimationFrame(() => requestAnimationFrame(() => window.paints.push(performance.now() - began))) \
         }, true)",
    )
    .await;
}

async fn review(page: &Page) {
    page.go("queues").await;
    page.click("queue-review").await;
    page.see("item").await;
}

/// From a decided item to the next.
async fn go_on(page: &Page) {
    let item = page.text("item-seq").await;
    page.until("Enter goes on", async |page| {
        page.enter().await;
        page.text("item-seq").await != item
    })
    .await;
}

/// Decides items by keys; milliseconds to paint for each key, ascending. `before` is how many are decided already.
async fn measure(page: &Page, before: usize) -> Vec<f64> {
    page.script("window.paints.length = 0").await;
    for n in 0..DECISIONS {
        page.press('1').await;
        let wanted = i64::try_from(before + n + 1).unwrap();
        page.until("the decision is saved", async |page| page.number("queue-decided").await == wanted).await;
        go_on(page).await;
    }
    page.until("every key is painted", async |page| {
        page.script("return window.paints.length").await.as_u64() >= u64::try_from(2 * DECISIONS).ok()
    })
    .await;
    let paints = page.script("return window.paints").await;
    let mut times: Vec<f64> = paints.as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    times.sort_by(f64::total_cmp);
    times
}
