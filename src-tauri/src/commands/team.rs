//! Several reviewers: the plan of a queue, adjudication, and files for laptops without a network.

use std::path::{Path, PathBuf};

use saring_desk::bundle;
use tauri::State;

use super::{
    queues::{card, seed},
    review::{queue_counts, seen},
};
use crate::{
    convert::{item as convert_item, team as convert},
    failure::Answer,
    session::Session,
    wire::{
        BundleMade, BundleOpened, DisagreementView, NewDecision, PlanOrder, QueueCard, Saved, SplitOrder,
        TeamView, WorkMerged, WorkReturned,
    },
};

#[tauri::command]
#[specta::specta]
pub(crate) async fn set_plan(
    session: State<'_, Session>,
    queue_id: String,
    order: PlanOrder,
) -> Answer<QueueCard> {
    let workspace = session.workspace().await?;
    let change = convert::plan_change(&order)?;
    workspace.set_plan(&queue_id, &change, seed(&workspace.clock().new_id())).await?;
    card(&session, &queue_id).await
}

/// Tasks that reviewers decided differently, by item; the first of them.
#[tauri::command]
#[specta::specta]
pub(crate) async fn disagreements(
    session: State<'_, Session>,
    queue_id: String,
    limit: u32,
) -> Answer<Vec<DisagreementView>> {
    let found = session.workspace().await?.disagreements(&queue_id, None, limit).await?;
    Ok(found.into_iter().map(convert::disagreement).collect())
}

/// Settles what reviewers decided differently.
#[tauri::command]
#[specta::specta]
pub(crate) async fn adjudicate(session: State<'_, Session>, decision: NewDecision) -> Answer<Saved> {
    let (workspace, reviewer) = (session.workspace().await?, session.reviewer().await?);
    let item_id = decision.item_id.clone();
    let saved = workspace.adjudicate(&convert_item::new_decision(decision, reviewer)?).await?;
    Ok(Saved {
        decision_id: saved.decision_id,
        saved_at: saved.saved_at,
        item: Some(convert_item::item(seen(&session, &item_id).await?)),
        counts: queue_counts(&session, &saved.queue_id).await?,
        left_out: 0,
    })
}

/// How far the reviewers of a queue are.
#[tauri::command]
#[specta::specta]
pub(crate) async fn team(session: State<'_, Session>, queue_id: String) -> Answer<TeamView> {
    Ok(convert::team(session.workspace().await?.review_progress(&queue_id).await?))
}

/// Splits what is undecided of a queue into a bundle for each reviewer.
#[tauri::command]
#[specta::specta]
pub(crate) async fn split_queue(session: State<'_, Session>, order: SplitOrder) -> Answer<Vec<BundleMade>> {
    let workspace = session.workspace().await?;
    let order = bundle::SplitOrder {
        // the files are named after it
        queue: workspace.queue(&order.queue_id).await?.name,
        reviewers: order.reviewers,
        overlap: order.overlap.map(convert::share).transpose()?,
        again: false,
        out: PathBuf::from(order.folder),
        seed: seed(&workspace.clock().new_id()),
    };
    Ok(workspace.split(&order).await?.into_iter().map(convert::made).collect())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn open_bundle(session: State<'_, Session>, path: String) -> Answer<BundleOpened> {
    Ok(convert::opened(session.workspace().await?.open_bundle(Path::new(&path)).await?))
}

/// Writes what the reviewer at the window did with a queue that was opened from a bundle.
#[tauri::command]
#[specta::specta]
pub(crate) async fn give_back(
    session: State<'_, Session>,
    queue_id: String,
    path: String,
) -> Answer<WorkReturned> {
    let (workspace, reviewer) = (session.workspace().await?, session.reviewer().await?);
    Ok(convert::returned(workspace.give_back(&queue_id, &reviewer, Path::new(&path)).await?))
}

/// Takes in what reviewers gave back: all files or none.
#[tauri::command]
#[specta::specta]
pub(crate) async fn merge_returns(
    session: State<'_, Session>,
    paths: Vec<String>,
) -> Answer<Vec<WorkMerged>> {
    let paths: Vec<PathBuf> = paths.into_iter().map(PathBuf::from).collect();
    let merged = session.workspace().await?.merge(&paths).await?;
    Ok(merged.into_iter().map(convert::merged).collect())
}
