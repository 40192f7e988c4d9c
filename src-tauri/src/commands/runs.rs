//! The run screen.

use std::collections::HashSet;

use saring_desk::label::LabelOrder;
use tauri::State;

use crate::{
    convert::run::{live, recorded},
    failure::Answer,
    session::Session,
    wire::{Failure, RunOrder, RunView},
};

/// Runs that are listed; older ones are history.
const LISTED: u32 = 20;

#[tauri::command]
#[specta::specta]
pub(crate) async fn start_run(session: State<'_, Session>, order: RunOrder) -> Answer<RunView> {
    let workspace = session.workspace().await?;
    let engine = session.labelling().await?;
    let order = LabelOrder {
        queue: order.queue_id,
        guard: order.guard_id,
        device: order.device.parse().map_err(|e| Failure::unknown_word(&e))?,
        precision: order.precision.parse().map_err(|e| Failure::unknown_word(&e))?,
        pixels_max: order.pixels_max.map(u64::from),
    };
    session.release_assistant().await;
    let run = workspace.start_label_run(engine, order).await?;
    let progress = run.progress().borrow().clone();
    session.runs.watch(workspace.clone(), engine.clone(), session.notices.clone(), run);
    live(workspace, &progress).await
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn pause_run(session: State<'_, Session>, run_id: String) -> Answer<()> {
    session.runs.get(&run_id)?.pause();
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn resume_run(session: State<'_, Session>, run_id: String) -> Answer<()> {
    session.runs.get(&run_id)?.resume();
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel_run(session: State<'_, Session>, run_id: String) -> Answer<()> {
    session.runs.get(&run_id)?.cancel();
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn runs(session: State<'_, Session>) -> Answer<Vec<RunView>> {
    let workspace = session.workspace().await?;
    let mut views = session.runs.views(workspace).await?;
    let known: HashSet<String> = views.iter().map(|view| view.id.clone()).collect();
    for row in workspace.runs(LISTED).await?.into_iter().filter(|row| !known.contains(&row.id)) {
        views.push(recorded(workspace, row).await?);
    }
    Ok(views)
}
