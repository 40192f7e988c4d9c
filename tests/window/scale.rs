//! What a reviewer waits for in a queue of a million items, inside the real window: from the key or the change to the painted answer. It
//! measures and prints JSON; no clock is asserted, since that would be about the machine. `make scale` makes the workspace.

use std::{env, path::PathBuf, time::Instant};

use fantoccini::key::Key;
use serde_json::{Value, json};

use super::{driver::Window, page::Page};

const ROUNDS: usize = 100;
const LANGUAGES: [&str; 8] = ["en", "id", "ms", "my", "ta", "th", "tl", "vi"];
/// What shows that an answer is there: other rows, another item, another count.
const ROWS: &str = "[...document.querySelectorAll('[data-testid=\"list-row\"]')].slice(0, 8) \
    .map((row) => row.dataset.item).join()";
/// The item and its task that keys are about, which are others once the act is on disk; of gold it is said there whether it agrees.
const WORK: &str = "[...document.querySelectorAll('[data-testid=\"item-seq\"], [data-active], [data-testid=\"gold\"]')] \
    .map((part) => part.dataset.active ?? part.innerText).join()";

#[tokio::test]
#[ignore = "measures, for minutes, a workspace of a million items: make scale"]
async fn what_a_reviewer_waits_for_in_a_very_large_queue() {
    let workspace =
        PathBuf::from(env::var_os("SARING_SCALE_WORKSPACE").expect("make scale says which workspace"));
    let began = Instant::now();
    let Some(window) = Window::open(&workspace).await else { return };
    let page = &window.page;
    page.see("queue-card").await;
    let usable_ms = began.elapsed().as_secs_f64() * 1000.0;
    page.click("queue-review").await;
    page.see("item").await;
    page.see("list-row").await;
    watch(page).await;
    let mut rows = Vec::new();
    items(page, &mut rows).await;
    filters(page, &mut rows).await;
    orders(page, &mut rows).await;
    searches(page, &mut rows).await;
    println!("{}", json!({"usable_ms": usable_ms, "memory_mib": window.memory_mib(), "rows": rows}));
    page.close().await;
}

/// `changed` does something and says how long it took until what is looked at was another and painted; `changedByKey` starts
/// the clock when the next key comes. A second frame after the change is when the first one has been painted.
async fn watch(page: &Page) {
    page.script(
        "const until = (look, before, began, done) => { \
           const frame = () => look() === before ? requestAnimationFrame(frame) \
             : requestAnimationFrame(() => done(performance.now() - began)); \
           requestAnimationFrame(frame) }; \
         window.changed = (look, act) => new Promise((done) => { \
           const before = look(), began = performance.now(); act(); until(look, before, began, done) }); \
         window.changedByKey = (look) => { window.answer = new Promise((done) => { \
           const before = look(); \
           addEventListener('keydown', (event) => until(look, before, Math.min(event.timeStamp, performance.now()), done), \
             { capture: true, once: true }) }) }; \
         window.say = (name, kind, value) => { \
           const field = document.querySelector(`[data-testid=\"${name}\"]`); \
           field.value = value; field.dispatchEvent(new Event(kind, { bubbles: true })) }",
    )
    .await;
}

/// From a key to what it changes.
async fn by_key(page: &Page, key: char, look: &str) -> f64 {
    page.script(&format!("window.changedByKey(() => {look})")).await;
    page.press(key).await;
    page.ask("window.answer").await.as_f64().expect("a time")
}

/// From what is said in a field to other rows.
async fn by_field(page: &Page, field: &str, kind: &str, value: &str) -> f64 {
    let said = page
        .ask(&format!("window.changed(() => {ROWS}, () => window.say('{field}', '{kind}', '{value}'))"))
        .await;
    said.as_f64().unwrap_or_else(|| panic!("{field} {value}: {said}"))
}

fn report(name: &str, mut ms: Vec<f64>) -> Value {
    ms.sort_by(f64::total_cmp);
    let at = |share: f64| ms[((ms.len() as f64 * share).ceil() as usize).clamp(1, ms.len()) - 1];
    json!({"name": name, "n": ms.len(), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "most": at(1.0)})
}

/// Suggestions about prompts are accepted: on the disk, and the next task or item there. Then items are walked through without a decision.
async fn items(page: &Page, rows: &mut Vec<Value>) {
    page.press('a').await;
    page.until("it is kept, or a name is asked for", async |page| {
        page.has("saved").await || page.has("reviewer-form").await
    })
    .await;
    // Who measures a second time has a name.
    if page.has("reviewer-form").await {
        page.write("reviewer-name", "ana").await;
        page.press(char::from(Key::Enter)).await;
        page.see("saved").await;
    }
    page.settle().await;
    let (mut kept, mut next) = (Vec::new(), Vec::new());
    while kept.len() < ROUNDS {
        // Of a response it is asked whether it refuses, which takes another key: it is left alone.
        if page.has("refusal").await {
            by_key(page, char::from(Key::Down), WORK).await;
        } else {
            kept.push(by_key(page, 'a', WORK).await);
        }
    }
    for _ in 0..ROUNDS {
        next.push(by_key(page, char::from(Key::Down), WORK).await);
    }
    rows.push(report("decision: from the key to on disk, and the next item on the screen", kept));
    rows.push(report("next item, without a decision", next));
}

/// Four conditions together, of which one is another each time.
async fn filters(page: &Page, rows: &mut Vec<Value>) {
    page.press_with_shift('F').await;
    page.see("filter-form").await;
    for (field, value) in
        [("filter-state", "pending"), ("filter-label", "unsafe"), ("filter-has_image", "false")]
    {
        page.script(&format!("window.say('{field}', 'change', '{value}')")).await;
        page.settle().await;
    }
    let mut ms = Vec::new();
    for round in 0..ROUNDS {
        ms.push(by_field(page, "filter-language", "change", LANGUAGES[round % LANGUAGES.len()]).await);
    }
    rows.push(report("filter: pending, unsafe, no image, a language", ms));
    page.click("filter-clear").await;
    page.settle().await;
}

async fn orders(page: &Page, rows: &mut Vec<Value>) {
    let mut ms = Vec::new();
    for round in 0..ROUNDS {
        let order = ["unsafe", "uncertain", "safe", "decided", "language"][round % 5];
        ms.push(by_field(page, "filter-sort", "change", order).await);
    }
    rows.push(report("order: by scores, decisions and language in turn", ms));
    page.click("filter-clear").await;
    page.settle().await;
    page.press(char::from(Key::Escape)).await;
}

async fn searches(page: &Page, rows: &mut Vec<Value>) {
    const WORDS: [(&str, [&str; 4]); 6] = [
        ("search: two characters, Latin", ["ri", "xo", "ng", "ba"]),
        ("search: three characters and more, Latin", ["rice", "bicycle", "teman", "người"]),
        ("search: two characters, Thai", ["ขา", "รถ", "แม", "โพ"]),
        ("search: three characters, Thai", ["ข้าว", "โทร", "เพื่อ", "รถไ"]),
        ("search: two characters, Burmese", ["မင", "လူ", "ကာ", "စာ"]),
        ("search: three characters, Burmese", ["သူင", "ဖုန", "ကား", "စာအ"]),
    ];
    for (name, words) in WORDS {
        let mut ms = Vec::new();
        for round in 0..ROUNDS {
            ms.push(by_field(page, "search", "input", words[round % words.len()]).await);
        }
        rows.push(report(name, ms));
    }
}
