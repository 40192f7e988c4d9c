//! How soon the window paints after a key, with the machine idle and while a guard takes all cores. It measures and prints; no clock
//! is asserted, since that would be about the machine.

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
    println!("from a key to its frame, {} cores, ms:", std::thread::available_parallelism().unwrap());
    for (run, [drawn, next]) in [("without a run", idle), ("with a run", busy)] {
        for (what, times) in [("drawn", drawn), ("the next begins", next)] {
            let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
            let (p50, p95, p99) = (at(0.50), at(0.95), at(0.99));
            println!("  {run}, {what}: p50 {p50:.1}, p95 {p95:.1}, p99 {p99:.1} of {} keys", times.len());
        }
    }
    page.click("run-stop").await;
    page.close().await;
}

/// From each key on, in milliseconds: until the frame that answers it is drawn, and until the frame after that begins. Without a
/// graphics card the page itself draws between the two callbacks and the first is the one that counts; with one the page only says
/// what is to be drawn, and nothing but the second tells that it was.
async fn watch_keys(page: &Page) {
    page.script(
        "window.paints = []; window.addEventListener('keydown', (event) => { \
           const began = Math.min(event.timeStamp, performance.now()), since = () => performance.now() - began; \
           requestAnimationFrame(() => { \
             const drawn = new Promise((done) => setTimeout(() => done(since()), 0)); \
             requestAnimationFrame(async () => { const next = since(); window.paints.push([await drawn, next]) }) }) \
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

/// Decides items by keys; for each key the two times of [`watch_keys`], each ascending. `before` is how many are decided already.
async fn measure(page: &Page, before: usize) -> [Vec<f64>; 2] {
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
    [0, 1].map(|which| {
        let mut times: Vec<f64> =
            paints.as_array().unwrap().iter().map(|pair| pair[which].as_f64().expect("a time")).collect();
        times.sort_by(f64::total_cmp);
        times
    })
}
