//! The guards screen.

use std::path::PathBuf;

use saring_desk::guards::NewGuard;
use saring_verdict::{DeviceChoice, PrecisionChoice};
use tauri::{State, ipc::Channel};

use crate::{
    convert::guard,
    failure::Answer,
    session::Session,
    wire::{DeviceView, Failure, GuardView, SelfTest, StepProgress},
};

#[tauri::command]
#[specta::specta]
pub(crate) async fn guards(session: State<'_, Session>) -> Answer<Vec<GuardView>> {
    let workspace = session.workspace().await?;
    // The demo guards are part of the program: they are in the list before they were ever used.
    workspace.add_demo_guards(session.errands().await?).await?;
    let default = workspace.default_in_force().await?;
    let all = workspace.guards().await?;
    Ok(all
        .into_iter()
        .map(|g| {
            let is_default = default.as_ref().is_some_and(|d| d.id == g.id);
            guard::guard(g, is_default)
        })
        .collect())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn devices(session: State<'_, Session>) -> Answer<Vec<DeviceView>> {
    let devices = session.errands().await?.devices().await?;
    Ok(devices.into_iter().map(guard::device).collect())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn add_guard(
    session: State<'_, Session>,
    path: String,
    family: Option<String>,
    on_progress: Channel<StepProgress>,
) -> Answer<GuardView> {
    let workspace = session.workspace().await?;
    let family = family.map(|name| name.parse()).transpose().map_err(|e| Failure::unknown_word(&e))?;
    let new = NewGuard { path: PathBuf::from(path), family, ..NewGuard::default() };
    let tell = move |progress| {
        // A page that has gone elsewhere does not stop the reading.
        let _ = on_progress.send(guard::step(progress));
    };
    let added = workspace.add_guard(&session.own_engine()?, new, tell).await?;
    Ok(guard::guard(added, false))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_guard(session: State<'_, Session>, guard_id: String) -> Answer<()> {
    session.workspace().await?.remove_guard(&guard_id).await?;
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn set_default_guard(session: State<'_, Session>, guard_id: String) -> Answer<()> {
    session.workspace().await?.set_default_guard(&guard_id).await?;
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn check_guard(
    session: State<'_, Session>,
    guard_id: String,
    on_loading: Channel<StepProgress>,
) -> Answer<SelfTest> {
    let workspace = session.workspace().await?;
    // Its process ends with it, and gives back the memory that the queue wants, whatever comes of the test.
    let engine = session.own_engine()?;
    let tell = move |progress| drop(on_loading.send(guard::step(progress)));
    let (device, precision) = (DeviceChoice::Auto, PrecisionChoice::Auto);
    let test = workspace.check_guard(&engine, &guard_id, device, precision, tell).await?;
    Ok(guard::self_test(test))
}
