//! g

use tauri::ipc::Channel;
use crate::{failure::Answer, wire::{Failure, DeviceView, GuardView, SelfTest, StepProgress}};

#[tauri::command]
#[specta::specta]
pub(crate) async fn guards() -> Answer<Vec<GuardView>> {
    let _ = ();
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn devices() -> Answer<Vec<DeviceView>> {
    let _ = ();
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn add_guard(path: String, family: Option<String>, on_progress: Channel<StepProgress>) -> Answer<GuardView> {
    let _ = (path, family, on_progress,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_guard(guard_id: String) -> Answer<()> {
    let _ = (guard_id,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn set_default_guard(guard_id: String) -> Answer<()> {
    let _ = (guard_id,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn check_guard(guard_id: String) -> Answer<SelfTest> {
    let _ = (guard_id,);
    Err(Failure::unavailable())
}
