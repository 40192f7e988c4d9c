//! q

use crate::{failure::Answer, wire::{Failure, QueueCard, QueueChange, StatsView}};

#[tauri::command]
#[specta::specta]
pub(crate) async fn queues() -> Answer<Vec<QueueCard>> {
    let _ = ();
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn queue(queue_id: String) -> Answer<QueueCard> {
    let _ = (queue_id,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn change_queue(queue_id: String, change: QueueChange) -> Answer<QueueCard> {
    let _ = (queue_id, change,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn draw(queue_id: String, size: u32) -> Answer<QueueCard> {
    let _ = (queue_id, size,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn stats(queue_id: String) -> Answer<StatsView> {
    let _ = (queue_id,);
    Err(Failure::unavailable())
}
