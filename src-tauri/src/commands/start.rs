//! The first screen, and what the window remembers.

use saring_desk::guards::demo;
use tauri::{State, ipc::Channel};

use super::queues::card;
use crate::{
    convert::demo::scores,
    failure::Answer,
    session::Session,
    wire::{DemoInfo, Failure, Notice, QueueCard, Start},
};

#[tauri::command]
#[specta::specta]
pub(crate) async fn start(session: State<'_, Session>) -> Answer<Start> {
    let workspace = session.workspace().await?;
    let memory = session.memory().await?;
    let only_toys = workspace.guards().await?.iter().all(|guard| guard.is_toy);
    Ok(Start {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        workspace: workspace.dir().display().to_string(),
        first_start: only_toys && workspace.queues().await?.is_empty(),
        reviewer: memory.reviewer,
        preferences: memory.preferences,
        demo: DemoInfo {
            guard_name: demo::NAME.to_owned(),
            warning: demo::WARNING.to_owned(),
            scores: scores(),
        },
    })
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn watch(session: State<'_, Session>, on_notice: Channel<Notice>) -> Answer<()> {
    session.notices.watch(on_notice);
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn open_demo(session: State<'_, Session>) -> Answer<QueueCard> {
    let workspace = session.workspace().await?;
    let queue_id = workspace.import_demo_queue().await?;
    card(&session, &queue_id).await
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn save_preferences(session: State<'_, Session>, preferences: String) -> Answer<()> {
    session.remember(|memory| memory.preferences = preferences).await
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn set_reviewer(session: State<'_, Session>, name: String) -> Answer<()> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Failure::invalid("A pseudonym has between 1 and 100 characters", "Give another one"));
    }
    session.remember(|memory| memory.reviewer = Some(name)).await
}
