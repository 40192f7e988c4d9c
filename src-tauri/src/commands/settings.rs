//! s

use crate::{failure::Answer, wire::{Failure, AuditView, SettingsView}};

#[tauri::command]
#[specta::specta]
pub(crate) async fn settings() -> Answer<SettingsView> {
    let _ = ();
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn save_settings(settings: SettingsView) -> Answer<SettingsView> {
    let _ = (settings,);
    Err(Failure::unavailable())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn verify_audit() -> Answer<AuditView> {
    let _ = ();
    Err(Failure::unavailable())
}
