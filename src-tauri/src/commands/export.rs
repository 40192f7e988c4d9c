//! e

use crate::{failure::Answer, wire::{Failure, ExportOrder, ExportPreview, ExportReport}};

#[tauri::command]
#[specta::specta]
pub(crate) async fn preview_export(order: ExportOrder) -> Answer<ExportPreview> {
    let _ = (order,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn export(order: ExportOrder, folder: String) -> Answer<ExportReport> {
    let _ = (order, folder,);
    Err(Failure::unavailable())
}
