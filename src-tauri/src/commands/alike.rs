//! Near-duplicates of an item, and one decision for many.

use saring_desk::review::BulkDecision;
use saring_verdict::Task;
use tauri::State;

use super::review::{queue_counts, seen};
use crate::{
    convert,
    failure::Answer,
    session::Session,
    wire::{Alike, BulkPreview, Failure, NewDecision, Saved},
};

/// What is nearly the same as an item, in its queue.
#[tauri::command]
#[specta::specta]
pub(crate) async fn alike(session: State<'_, Session>, item_id: String) -> Answer<Alike> {
    let workspace = session.workspace().await?;
    let reviewer = session.named_reviewer().await?;
    Ok(convert::alike::alike(workspace.alike_for(&item_id, reviewer.as_deref()).await?))
}

/// Applies a decision to its item and to others, as one act that one undo takes back. `looked_at`: whether the reviewer had the item
/// of the decision on screen; nobody looked at the others.
#[tauri::command]
#[specta::specta]
pub(crate) async fn decide_all(
    session: State<'_, Session>,
    decision: NewDecision,
    others: Vec<String>,
    looked_at: bool,
) -> Answer<Saved> {
    let (workspace, reviewer) = (session.workspace().await?, session.reviewer().await?);
    let item_id = decision.item_id.clone();
    let decision = convert::item::new_decision(decision, reviewer)?;
    let saved = workspace.decide_all(&BulkDecision { decision, looked_at, others }).await?;
    Ok(Saved {
        decision_id: saved.bulk_id,
        saved_at: saved.saved_at,
        item: Some(convert::item::item(seen(&session, &item_id).await?)),
        counts: queue_counts(&session, &saved.queue_id).await?,
        left_out: convert::count(saved.left_out),
    })
}

/// What one label for many items would do: nothing is saved.
#[tauri::command]
#[specta::specta]
pub(crate) async fn preview_bulk(
    session: State<'_, Session>,
    task: String,
    item_ids: Vec<String>,
) -> Answer<BulkPreview> {
    let task: Task = task.parse().map_err(|e| Failure::unknown_word(&e))?;
    let reviewer = session.named_reviewer().await?;
    let preview = session.workspace().await?.preview_bulk(&item_ids, task, reviewer.as_deref()).await?;
    Ok(convert::team::preview(preview))
}
