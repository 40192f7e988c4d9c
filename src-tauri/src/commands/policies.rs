//! The policies screen: versions, files, and which queue has which.

use saring_desk::Error;
use tauri::State;

use super::queues::card;
use crate::{
    convert::policy as convert,
    failure::Answer,
    session::Session,
    wire::{PolicyChangeView, PolicyRow, PolicyTerms, PolicyView, QueueCard},
};

#[tauri::command]
#[specta::specta]
pub(crate) async fn policies(session: State<'_, Session>) -> Answer<Vec<PolicyRow>> {
    let listings = session.workspace().await?.policies().await?;
    Ok(listings.into_iter().map(convert::row).collect())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn policy(session: State<'_, Session>, reference: String) -> Answer<PolicyView> {
    Ok(convert::view(&session.workspace().await?.policy(&reference).await?))
}

/// Keeps what the page says as the next version of its name.
#[tauri::command]
#[specta::specta]
pub(crate) async fn save_policy(session: State<'_, Session>, terms: PolicyTerms) -> Answer<PolicyView> {
    let (workspace, reviewer) = (session.workspace().await?, session.reviewer().await?);
    Ok(convert::view(&workspace.save_policy(convert::policy(terms)?, Some(&reviewer)).await?))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn import_policy(session: State<'_, Session>, path: String) -> Answer<PolicyView> {
    let (workspace, reviewer) = (session.workspace().await?, session.reviewer().await?);
    let text = tokio::fs::read_to_string(&path).await.map_err(Error::io(path.clone()))?;
    Ok(convert::view(&workspace.import_policy(&text, Some(&reviewer)).await?.version))
}

/// Writes a version to a file. The dialog of the system has asked before something is overwritten.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_policy(
    session: State<'_, Session>,
    reference: String,
    path: String,
) -> Answer<()> {
    let version = session.workspace().await?.policy(&reference).await?;
    Ok(tokio::fs::write(&path, version.terms.to_file()).await.map_err(Error::io(path.clone()))?)
}

/// What it would mean for a queue to go over to a version.
#[tauri::command]
#[specta::specta]
pub(crate) async fn policy_change(
    session: State<'_, Session>,
    queue_id: String,
    reference: String,
) -> Answer<PolicyChangeView> {
    Ok(convert::change(session.workspace().await?.policy_change(&queue_id, &reference).await?))
}

/// A queue goes over to a version; the page has shown what that means.
#[tauri::command]
#[specta::specta]
pub(crate) async fn use_policy(
    session: State<'_, Session>,
    queue_id: String,
    reference: String,
) -> Answer<QueueCard> {
    let (workspace, reviewer) = (session.workspace().await?, session.reviewer().await?);
    workspace.use_policy(&queue_id, &reference, Some(&reviewer), true).await?;
    card(&session, &queue_id).await
}
