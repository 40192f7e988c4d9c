//! First start and what the window remembers.

use tauri::ipc::Channel;
use crate::{failure::Answer, wire::{Failure, Notice, QueueCard, Start}};

#[tauri::command]
#[specta::specta]
pub(crate) async fn start() -> Answer<Start> {
    let _ = ();
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn watch(on_notice: Channel<Notice>) -> Answer<()> {
    let _ = (on_notice,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn open_demo() -> Answer<QueueCard> {
    let _ = ();
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn save_preferences(preferences: String) -> Answer<()> {
    let _ = (preferences,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn set_reviewer(name: String) -> Answer<()> {
    let _ = (name,);
    Err(Failure::unavailable())
}
