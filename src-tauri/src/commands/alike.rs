//! Near-duplicates of an item, and one decision for all of them.

use saring_desk::review::BulkDecision;
use tauri::State;

use super::review::{queue_counts, seen};
use crate::{
    convert,
    failure::Answer,
    session::Session,
    wire::{Alike, NewDecision, Saved},
};

/// What is nearly the same as an item, in its queue.
#[tauri::command]
#[specta::specta]
pub(crate) async fn alike(session: State<'_, Session>, item_id: String) -> Answer<Alike> {
    let workspace = session.workspace().await?;
    Ok(convert::alike::alike(workspace.alike(&item_id).await?))
}

/// Applies a decision to its item and to others, as one act that one undo takes back.
#[tauri::command]
#[specta::specta]
pub(crate) async fn decide_all(
    session: State<'_, Session>,
    decision: NewDecision,
    others: Vec<String>,
) -> Answer<Saved> {
    let (workspace, reviewer) = (session.workspace().await?, session.reviewer().await?);
    let item_id = decision.item_id.clone();
    let decision = convert::item::new_decision(decision, reviewer)?;
    let saved = workspace.decide_all(&BulkDecision { decision, others }).await?;
    Ok(Saved {
        decision_id: saved.bulk_id,
        saved_at: saved.saved_at,
        item: Some(convert::item::item(seen(&session, &item_id).await?)),
        counts: queue_counts(workspace, &saved.queue_id).await?,
    })
}
