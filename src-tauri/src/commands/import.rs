//! The import screen.

use std::{fmt::Write as _, path::PathBuf};

use saring_desk::{Error, Workspace, import as desk};
use tauri::{State, ipc::Channel};

use crate::{
    convert::import,
    failure::Answer,
    session::Session,
    wire::{Failure, FieldMapping, ImportOrder, ImportPreview, ImportProgress, ImportReport},
};

/// Errors that are fetched at once.
const PAGE: u32 = 1000;

#[tauri::command]
#[specta::specta]
pub(crate) async fn preview_import(
    path: String,
    mapping: Option<Vec<FieldMapping>>,
) -> Answer<ImportPreview> {
    let mapping = import::mapping(&mapping.unwrap_or_default())?;
    let read = tokio::task::spawn_blocking(move || desk::preview(&PathBuf::from(path), &mapping)).await;
    Ok(import::preview(read.map_err(|e| Failure::broken_off(&e))??))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn import_files(
    session: State<'_, Session>,
    order: ImportOrder,
    on_progress: Channel<ImportProgress>,
) -> Answer<ImportReport> {
    let workspace = session.workspace().await?;
    let request = import::request(order)?;
    let cancel = session.begin_import()?;
    let mut tell = |progress| {
        // A page that has gone elsewhere does not stop the import.
        let _ = on_progress.send(import::progress(progress));
    };
    let imported = workspace.import(&request, &mut tell, &cancel).await;
    session.end_import();
    Ok(import::report(imported?))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel_import(session: State<'_, Session>) -> Answer<()> {
    session.cancel_import();
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn save_import_errors(
    session: State<'_, Session>,
    queue_id: String,
    path: String,
) -> Answer<()> {
    let table = errors_of_newest(session.workspace().await?, &queue_id).await?;
    tokio::fs::write(&path, table).await.map_err(Error::io(path))?;
    Ok(())
}

/// CSV of every row that the newest import with errors did not take.
async fn errors_of_newest(workspace: &Workspace, queue_id: &str) -> Answer<String> {
    let mut table = String::from("file,line,reason\n");
    let imports = workspace.imports(queue_id).await?;
    let Some(newest) = imports.into_iter().find(|import| import.rows_failed > 0) else {
        return Ok(table);
    };
    let mut after = -1;
    loop {
        let errors = workspace.import_errors(&newest.id, after, PAGE).await?;
        let Some(last) = errors.last() else { return Ok(table) };
        after = last.line;
        for error in &errors {
            let (file, reason) = (quoted(&newest.file_name), quoted(&error.reason));
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{file},{},{reason}", error.line);
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
