//! The run screen.

use std::{collections::HashSet, time::Duration};

use saring_desk::label::LabelOrder;
use tauri::State;

use crate::{
    convert::run::{forecast, live, recorded},
    failure::Answer,
    session::Session,
    wire::{Failure, ForecastView, RunOrder, RunView},
};

/// Runs that are listed; older ones are history.
const LISTED: u32 = 20;

/// How long measuring may take beside loading the guard.
const MEASURED_FOR: Duration = Duration::from_secs(10);

fn ordered(order: RunOrder) -> Answer<LabelOrder> {
    Ok(LabelOrder {
        queue: order.queue_id,
        guard: order.guard_id,
        device: order.device.parse().map_err(|e| Failure::unknown_word(&e))?,
        precision: order.precision.parse().map_err(|e| Failure::unknown_word(&e))?,
        pixels_max: order.pixels_max.map(u64::from),
    })
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn forecast_run(session: State<'_, Session>, order: RunOrder) -> Answer<ForecastView> {
    let workspace = session.workspace().await?;
    Ok(forecast(workspace.forecast(session.errands().await?, &ordered(order)?).await?))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn measure_run(session: State<'_, Session>, order: RunOrder) -> Answer<ForecastView> {
    let workspace = session.workspace().await?;
    session.release_assistant().await;
    let measured = workspace.measure(&session.own_engine()?, &ordered(order)?, MEASURED_FOR).await?;
    Ok(forecast(measured))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn start_run(session: State<'_, Session>, order: RunOrder) -> Answer<RunView> {
    let workspace = session.workspace().await?;
    let engine = session.labelling().await?;
    let order = ordered(order)?;
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
