//! r

use crate::{failure::Answer, wire::{Failure, RunOrder, RunView}};

#[tauri::command]
#[specta::specta]
pub(crate) async fn start_run(order: RunOrder) -> Answer<RunView> {
    let _ = (order,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn pause_run(run_id: String) -> Answer<()> {
    let _ = (run_id,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn resume_run(run_id: String) -> Answer<()> {
    let _ = (run_id,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel_run(run_id: String) -> Answer<()> {
    let _ = (run_id,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn runs() -> Answer<Vec<RunView>> {
    let _ = ();
    Err(Failure::unavailable())
}
