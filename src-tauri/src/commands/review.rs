//! The review screen.

use saring_desk::{
    language::LanguageCorrection, queue as desk, review as desk_review, review::Gesture as DeskGesture,
};
use tauri::State;

use crate::{
    convert::{
        count, item as convert,
        queue::{counts, found, page},
    },
    failure::Answer,
    session::Session,
    wire::{
        Failure, Gesture, GestureKind, HistoryEntry, ItemPage, ItemView, ListQuery, NewDecision, Saved,
        SearchPage, StateCounts, Undone,
    },
};

#[tauri::command]
#[specta::specta]
pub(crate) async fn list_items(session: State<'_, Session>, query: ListQuery) -> Answer<ItemPage> {
    let query = desk::ListQuery {
        queue: query.queue_id,
        tab: query.tab.parse().map_err(|e| Failure::unknown_word(&e))?,
        viewer: session.named_reviewer().await?,
        after: query.cursor.map(|cursor| cursor.parse()).transpose()?,
        limit: query.limit,
    };
    Ok(page(session.workspace().await?.list(&query).await?))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn search(
    session: State<'_, Session>,
    queue_id: String,
    text: String,
    limit: u32,
) -> Answer<SearchPage> {
    let reviewer = session.named_reviewer().await?;
    let workspace = session.workspace().await?;
    Ok(found(workspace.search_for(&queue_id, &text, limit, reviewer.as_deref()).await?))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn item(session: State<'_, Session>, item_id: String) -> Answer<ItemView> {
    Ok(convert::item(seen(&session, &item_id).await?))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn next_item(
    session: State<'_, Session>,
    queue_id: String,
    after: Option<String>,
) -> Answer<Option<ItemView>> {
    let (workspace, after) = (session.workspace().await?, after.as_deref());
    let next = match session.named_reviewer().await? {
        Some(reviewer) => workspace.next_for(&queue_id, &reviewer, after).await?,
        None => workspace.next(&queue_id, after).await?,
    };
    Ok(next.map(convert::item))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn previous_item(
    session: State<'_, Session>,
    queue_id: String,
    before: String,
) -> Answer<Option<ItemView>> {
    let workspace = session.workspace().await?;
    let Some(id) = workspace.neighbours(&before).await?.previous else { return Ok(None) };
    let item = seen(&session, &id).await?;
    Ok((item.queue_id == queue_id).then(|| convert::item(item)))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn decide(session: State<'_, Session>, decision: NewDecision) -> Answer<Saved> {
    let (workspace, reviewer) = (session.workspace().await?, session.reviewer().await?);
    let item_id = decision.item_id.clone();
    let saved = workspace.decide(&convert::new_decision(decision, reviewer)?).await?;
    Ok(Saved {
        decision_id: saved.decision_id,
        saved_at: saved.saved_at,
        item: Some(convert::item(seen(&session, &item_id).await?)),
        counts: queue_counts(&session, &saved.queue_id).await?,
        left_out: 0,
    })
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn gesture(session: State<'_, Session>, gesture: Gesture) -> Answer<Saved> {
    let (workspace, reviewer) = (session.workspace().await?, session.reviewer().await?);
    let meant = DeskGesture {
        reason: gesture.reason,
        note: gesture.note,
        duration_ms: Some(i64::from(gesture.duration_ms)),
        draw_id: gesture.draw_id,
        ..DeskGesture::new(gesture.item_id, reviewer)
    };
    let saved = match gesture.kind {
        GestureKind::Skip => workspace.skip(&meant).await?,
        GestureKind::Escalate => workspace.escalate(&meant).await?,
        GestureKind::Quarantine => workspace.quarantine(&meant).await?,
        GestureKind::Flag if workspace.item(&meant.item_id).await?.flagged => {
            workspace.unflag(&meant).await?
        }
        GestureKind::Flag => workspace.flag(&meant).await?,
    };
    let item = match gesture.kind {
        GestureKind::Quarantine => None,
        _ => Some(convert::item(seen(&session, &meant.item_id).await?)),
    };
    let counts = queue_counts(&session, &saved.queue_id).await?;
    Ok(Saved { decision_id: saved.decision_id, saved_at: saved.saved_at, item, counts, left_out: 0 })
}

/// Says which language an item is in, as a BCP 47 tag; "und" if it cannot be told.
#[tauri::command]
#[specta::specta]
pub(crate) async fn correct_language(
    session: State<'_, Session>,
    item_id: String,
    language: String,
) -> Answer<ItemView> {
    let (workspace, reviewer) = (session.workspace().await?, session.reviewer().await?);
    let correction = LanguageCorrection { item_id, language, reviewer };
    workspace.correct_language(&correction).await?;
    Ok(convert::item(seen(&session, &correction.item_id).await?))
}

/// Takes back the reviewer's last act, in whichever queue it was: the page shows the item that comes with the answer.
#[tauri::command]
#[specta::specta]
pub(crate) async fn undo(session: State<'_, Session>, queue_id: String) -> Answer<Undone> {
    let (workspace, reviewer) = (session.workspace().await?, session.reviewer().await?);
    // The queue must be one, so that a page that has lost its place does not undo blindly.
    workspace.queue(&queue_id).await?;
    let undone = workspace.undo(&reviewer).await?;
    let task = undone.task.map(|task| format!(" of the {task}")).unwrap_or_default();
    let others = match undone.others {
        0 => String::new(),
        n => format!(", and of {n} more items"),
    };
    Ok(Undone {
        what: format!("{}{task}{others}", undone.kind),
        others: count(undone.others),
        saved_at: undone.saved.saved_at,
        item: convert::item(seen(&session, &undone.item_id).await?),
        counts: queue_counts(&session, &undone.saved.queue_id).await?,
    })
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn history(session: State<'_, Session>, item_id: String) -> Answer<Vec<HistoryEntry>> {
    let reviewer = session.named_reviewer().await?;
    let entries = session.workspace().await?.history_for(&item_id, reviewer.as_deref()).await?;
    Ok(entries.into_iter().map(convert::history).collect())
}

/// An item as the reviewer at the window may see it.
pub(super) async fn seen(session: &Session, item_id: &str) -> Answer<desk_review::ItemView> {
    let reviewer = session.named_reviewer().await?;
    Ok(session.workspace().await?.item_for(item_id, reviewer.as_deref()).await?)
}

/// How many items of a queue stand where, for the reviewer at the window.
pub(super) async fn queue_counts(session: &Session, queue_id: &str) -> Answer<StateCounts> {
    let (workspace, reviewer) = (session.workspace().await?, session.named_reviewer().await?);
    Ok(counts(&workspace.queue_overview_for(queue_id, reviewer.as_deref()).await?.counts))
}
