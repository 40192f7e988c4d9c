//! The guard's process is killed during runs that the window has started: the window stays, the run goes on by itself.

use std::{env, process::Command, time::Duration};

use serde_json::json;

use super::{driver::Window, page::Page};
use crate::{
    database::number,
    program::{Desk, demo_queue},
};

/// How often the process is killed; `make engine-deaths` asks for 50.
fn rounds() -> i64 {
    env::var("SARING_ENGINE_DEATHS").ok().and_then(|n| n.parse().ok()).unwrap_or(2)
}

#[tokio::test]
async fn a_run_goes_on_by_itself_however_often_the_guards_process_is_killed() {
    let desk = Desk::new();
    let workspace = desk.workspace();
    // Enough that a run still goes on when its process is killed, several times over.
    let rows = demo_queue();
    let mut kills = 0;
    let mut round = 0;
    let wanted = rounds();
    while kills < wanted {
        round += 1;
        assert!(
            round <= wanted * 3,
            "the process was hardly ever caught alive: {kills} kills in {round} runs"
        );
        let queue = format!("round-{round}");
        desk.import(&queue, &rows);
        let Some(window) = Window::open(&workspace).await else { return };
        start_run(&window.page, &queue).await;
        kills += kill_while_it_runs(&window, wanted - kills).await;
        wait_for_the_end(&window.page).await;
        assert_eq!(window.page.attribute("run-state", "data-state").await, "done", "it goes on by itself");
        window.page.close().await;
        drop(window);
        let pairs = format!(
            "FROM tasks t JOIN items i ON i.id = t.item_id JOIN queues q ON q.id = i.queue_id WHERE q.name = '{queue}'"
        );
        let all = number(&workspace, &format!("SELECT count(*) {pairs}"));
        let answers = number(
            &workspace,
            &format!(
                "SELECT count(*) {pairs} AND (SELECT count(*) FROM verdicts v WHERE v.item_id = t.item_id AND v.task = t.task) \
                 + (SELECT count(*) FROM failures f WHERE f.item_id = t.item_id AND f.task = t.task) = 1"
            ),
        );
        assert_eq!(answers, all, "every pair ends with one verdict or one error");
    }
    println!("{kills} kills of the guard's process in {round} runs");
    desk.done(&["audit", "verify"]);
}

async fn start_run(page: &Page, queue: &str) {
    let script =
        format!("document.querySelector('[data-queue=\"{queue}\"] [data-testid=\"queue-label\"]').click()");
    page.until("the queue is there", async |page| {
        page.script(&format!("return document.querySelector('[data-queue=\"{queue}\"]') !== null")).await
            == json!(true)
    })
    .await;
    page.script(&script).await;
    page.click("run-start").await;
}

/// As long as the run comes further it is waited for, however slow the machine is.
async fn wait_for_the_end(page: &Page) {
    while !ended(page).await {
        let done = page.text("run-done").await;
        page.until("the run has come further", async |page| {
            page.text("run-done").await != done || ended(page).await
        })
        .await;
    }
}

async fn ended(page: &Page) -> bool {
    ["done", "failed", "cancelled"].contains(&page.attribute("run-state", "data-state").await.as_str())
}

/// Kills the process whenever the run has come further since, at most `times`; how often it did.
async fn kill_while_it_runs(window: &Window, times: i64) -> i64 {
    let page = &window.page;
    let mut kills = 0;
    let mut last = String::new();
    while kills < times && !ended(page).await {
        let done = page.text("run-done").await;
        let state = page.attribute("run-state", "data-state").await;
        if state == "running" && done != last {
            // The run's process, and the one that only describes guards if there is one: both must be got over.
            let ids: Vec<String> = window.engine_ids().iter().map(u32::to_string).collect();
            let killed =
                !ids.is_empty() && Command::new("kill").arg("-9").args(&ids).status().unwrap().success();
            kills += i64::from(killed);
            last = done;
            assert!(page.has("run-state").await, "the window stays");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    kills
}
