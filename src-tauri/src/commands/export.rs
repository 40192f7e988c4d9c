//! The export screen.

use std::path::PathBuf;

use tauri::State;

use crate::{
    convert::export as convert,
    failure::Answer,
    session::Session,
    wire::{ExportOrder, ExportPreview, ExportReport},
};

#[tauri::command]
#[specta::specta]
pub(crate) async fn preview_export(session: State<'_, Session>, order: ExportOrder) -> Answer<ExportPreview> {
    let (workspace, engine) = (session.workspace().await?, session.errands().await?);
    Ok(convert::preview(workspace.preview_export(engine, &convert::order(order)?).await?))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn export(
    session: State<'_, Session>,
    order: ExportOrder,
    folder: String,
) -> Answer<ExportReport> {
    let (workspace, engine) = (session.workspace().await?, session.errands().await?);
    let written = workspace.export(engine, &convert::order(order)?, &PathBuf::from(folder)).await?;
    Ok(convert::report(written))
}
