//! r

use crate::{failure::Answer, wire::{Failure, Gesture, HistoryEntry, ItemPage, ItemView, ListQuery, NewDecision, Saved, SearchPage, Undone}};

#[tauri::command]
#[specta::specta]
pub(crate) async fn list_items(query: ListQuery) -> Answer<ItemPage> {
    let _ = (query,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn search(queue_id: String, text: String, limit: u32) -> Answer<SearchPage> {
    let _ = (queue_id, text, limit,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn item(item_id: String) -> Answer<ItemView> {
    let _ = (item_id,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn next_item(queue_id: String, after: Option<String>) -> Answer<Option<ItemView>> {
    let _ = (queue_id, after,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn previous_item(queue_id: String, before: String) -> Answer<Option<ItemView>> {
    let _ = (queue_id, before,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn decide(decision: NewDecision) -> Answer<Saved> {
    let _ = (decision,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn gesture(gesture: Gesture) -> Answer<Saved> {
    let _ = (gesture,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn undo(queue_id: String) -> Answer<Undone> {
    let _ = (queue_id,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn history(item_id: String) -> Answer<Vec<HistoryEntry>> {
    let _ = (item_id,);
    Err(Failure::unavailable())
}
