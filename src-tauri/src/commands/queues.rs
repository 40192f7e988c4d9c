//! The queues screen.

use saring_desk::queue::DrawFrom;
use tauri::State;

use crate::{
    convert::{queue as convert, team},
    failure::Answer,
    session::Session,
    wire::{QueueCard, QueueChange},
};

#[tauri::command]
#[specta::specta]
pub(crate) async fn queues(session: State<'_, Session>) -> Answer<Vec<QueueCard>> {
    let workspace = session.workspace().await?;
    let mut cards = Vec::new();
    for overview in workspace.queues().await? {
        cards.push(card(&session, &overview.queue.id).await?);
    }
    Ok(cards)
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn queue(session: State<'_, Session>, queue_id: String) -> Answer<QueueCard> {
    card(&session, &queue_id).await
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn change_queue(
    session: State<'_, Session>,
    queue_id: String,
    change: QueueChange,
) -> Answer<QueueCard> {
    let workspace = session.workspace().await?;
    if let Some(order) = change.order {
        workspace.set_ordering(&queue_id, convert::desk_order(order)).await?;
    }
    if let Some(mode) = change.mode {
        workspace.set_mode(&queue_id, convert::desk_mode(mode)).await?;
    }
    card(&session, &queue_id).await
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn draw(session: State<'_, Session>, queue_id: String, size: u32) -> Answer<QueueCard> {
    let workspace = session.workspace().await?;
    workspace.draw(&queue_id, DrawFrom::All, size, seed(&workspace.clock().new_id())).await?;
    card(&session, &queue_id).await
}

/// A seed from a fresh id, whose last bits are random. It is recorded with what is drawn.
pub(super) fn seed(id: &str) -> i64 {
    let last = id.rsplit('-').next().unwrap_or_default();
    i64::from_str_radix(last, 16).unwrap_or_default()
}

/// A queue as the reviewer at the window may see it, with what the default guard has left to judge in it.
pub(crate) async fn card(session: &Session, queue_id: &str) -> Answer<QueueCard> {
    let (workspace, reviewer) = (session.workspace().await?, session.named_reviewer().await?);
    let overview = workspace.queue_overview_for(queue_id, reviewer.as_deref()).await?;
    let unlabelled = workspace.unlabelled_items(&overview.queue.id).await?;
    let plan = workspace.plan(&overview.queue.id).await?;
    let (_, awaiting) = workspace.awaiting(&overview.queue.id).await?;
    let disputed = workspace.disputed(&overview.queue.id, reviewer.as_deref()).await?;
    let plan = team::plan(plan.as_ref(), awaiting, disputed);
    Ok(convert::card(overview, unlabelled, plan))
}
