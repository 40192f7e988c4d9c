//! The panel of the assistant.

use tauri::{State, ipc::Channel};

use crate::{
    convert::{assist, guard},
    failure::Answer,
    session::Session,
    wire::{AssistOrder, AssistView, AssistantView, StepProgress},
};

/// The newest assistant that was added; none while there is none.
#[tauri::command]
#[specta::specta]
pub(crate) async fn assistant(session: State<'_, Session>) -> Answer<Option<AssistantView>> {
    Ok(session.workspace().await?.assistant().await?.map(assist::assistant))
}

/// Lets the assistant write about an item; one answer at a time.
#[tauri::command]
#[specta::specta]
pub(crate) async fn assist(
    session: State<'_, Session>,
    order: AssistOrder,
    on_loading: Channel<StepProgress>,
    on_text: Channel<String>,
) -> Answer<AssistView> {
    let order = assist::order(order)?;
    let workspace = session.workspace().await?;
    let engine = session.assisting().await?;
    let cancel = session.begin_assist()?;
    // A page that has gone elsewhere does not stop the writing; `cancel_assist` does.
    let loading = move |progress| drop(on_loading.send(guard::step(progress)));
    let writing = move |text: &str| drop(on_text.send(text.to_owned()));
    let assisted = workspace.assist(engine, &order, loading, writing, cancel).await;
    session.end_assist();
    Ok(assist::view(assisted?))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel_assist(session: State<'_, Session>) -> Answer<()> {
    session.cancel_assist();
    Ok(())
}
