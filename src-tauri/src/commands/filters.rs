//! Filtered lists, and filters under a name.

use saring_desk::{queue::FilteredQuery, review::FilteredReview};
use tauri::State;

use crate::{
    convert::{filter as convert, item},
    failure::Answer,
    session::Session,
    wire::ItemView,
    wire_filter::{FilterCount, FilteredPage, Filtering, SavedFilter},
};

/// What is counted of a filtered list.
const COUNTED_MAX: u32 = 10_000;

#[tauri::command]
#[specta::specta]
pub(crate) async fn list_filtered(
    session: State<'_, Session>,
    queue_id: String,
    filtering: Filtering,
    cursor: Option<String>,
    limit: u32,
) -> Answer<FilteredPage> {
    let (filter, sort) = convert::meant(filtering)?;
    let after = cursor.map(|cursor| cursor.parse()).transpose()?;
    let viewer = session.named_reviewer().await?;
    let query = FilteredQuery { queue: queue_id, filter, sort, viewer, after, limit };
    Ok(convert::page(session.workspace().await?.filtered(&query).await?))
}

/// Asked after the rows are on screen.
#[tauri::command]
#[specta::specta]
pub(crate) async fn count_filtered(
    session: State<'_, Session>,
    queue_id: String,
    filtering: Filtering,
) -> Answer<FilterCount> {
    let (filter, sort) = convert::meant(filtering)?;
    let viewer = session.named_reviewer().await?;
    let query = FilteredQuery { queue: queue_id, filter, sort, viewer, ..FilteredQuery::default() };
    let found = session.workspace().await?.count_filtered(&query, COUNTED_MAX).await?;
    Ok(convert::counted(found, COUNTED_MAX))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn next_filtered(
    session: State<'_, Session>,
    queue_id: String,
    filtering: Filtering,
    after: Option<String>,
) -> Answer<Option<ItemView>> {
    let (filter, sort) = convert::meant(filtering)?;
    let reviewer = session.named_reviewer().await?;
    let review = FilteredReview { queue: queue_id, filter, sort, reviewer, after };
    Ok(session.workspace().await?.next_filtered(&review).await?.map(item::item))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn saved_filters(session: State<'_, Session>, queue_id: String) -> Answer<Vec<SavedFilter>> {
    let saved = session.workspace().await?.saved_filters(&queue_id).await?;
    Ok(saved.into_iter().map(convert::saved).collect())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn save_filter(
    session: State<'_, Session>,
    queue_id: String,
    name: String,
    filtering: Filtering,
) -> Answer<SavedFilter> {
    let (filter, sort) = convert::meant(filtering)?;
    Ok(convert::saved(session.workspace().await?.save_filter(&queue_id, &name, &filter, sort).await?))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn rename_filter(
    session: State<'_, Session>,
    queue_id: String,
    filter_id: String,
    name: String,
) -> Answer<SavedFilter> {
    Ok(convert::saved(session.workspace().await?.rename_filter(&queue_id, &filter_id, &name).await?))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_filter(
    session: State<'_, Session>,
    queue_id: String,
    filter_id: String,
) -> Answer<()> {
    Ok(session.workspace().await?.remove_filter(&queue_id, &filter_id).await?)
}
