//! i

use tauri::ipc::Channel;
use crate::{failure::Answer, wire::{Failure, FieldMapping, ImportOrder, ImportPreview, ImportProgress, ImportReport}};

#[tauri::command]
#[specta::specta]
pub(crate) async fn preview_import(path: String, mapping: Option<Vec<FieldMapping>>) -> Answer<ImportPreview> {
    let _ = (path, mapping,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn import_files(order: ImportOrder, on_progress: Channel<ImportProgress>) -> Answer<ImportReport> {
    let _ = (order, on_progress,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel_import() -> Answer<()> {
    let _ = ();
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn save_import_errors(queue_id: String, path: String) -> Answer<()> {
    let _ = (queue_id, path,);
    Err(Failure::unavailable())
}
