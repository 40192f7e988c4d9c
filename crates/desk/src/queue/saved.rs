//! Saved filters: a filter and an order under a name, opened like a queue. A view of its queue, never a copy of its items.

use serde::{Deserialize, Serialize};

use super::{Filter, Queue, Sort, filtered::List, find_queue, list::viewer};
use crate::{
    Error, Result, Thing, Workspace,
    store::{
        StoreError, WriteTx,
        saved_filters::{self, SavedFilterRow},
    },
};

/// A filter under a name.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedFilter {
    /// UUIDv7.
    pub id: String,
    /// Its queue.
    pub queue_id: String,
    /// Unique in its queue.
    pub name: String,
    /// What must hold.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// RFC 3339.
    pub created_at: String,
}

/// What is kept of it. A version that is not known was written by a newer program.
#[derive(Debug, Serialize, Deserialize)]
struct Terms {
    version: u32,
    filter: serde_json::Value,
    sort: String,
}

const VERSION: u32 = 1;

impl Workspace {
    /// The saved filters of a queue, by name.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue; [`Code::NewerVersion`](crate::Code) for filters of a newer program.
    pub async fn saved_filters(&self, queue: &str) -> Result<Vec<SavedFilter>> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        saved_filters::of_queue(&mut read, &queue.id).await?.into_iter().map(saved).collect()
    }

    /// The saved filter of a queue with this id or name.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code).
    pub async fn saved_filter(&self, queue: &str, id_or_name: &str) -> Result<SavedFilter> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        let row = saved_filters::find(&mut read, &queue.id, id_or_name.trim()).await?;
        saved(row.ok_or_else(|| Error::not_found(Thing::Filter, id_or_name))?)
    }

    /// Keeps a filter and an order under a name.
    ///
    /// # Errors
    /// [`Code::Conflict`](crate::Code) for a name that is taken in the queue; [`Code::Invalid`](crate::Code) for an empty name, and as
    /// [`filtered`](Self::filtered) says.
    pub async fn save_filter(
        &self,
        queue: &str,
        name: &str,
        filter: &Filter,
        sort: Sort,
    ) -> Result<SavedFilter> {
        let mut tx = self.store().write().await?;
        let queue = find_queue(&mut tx, queue).await?;
        let name = free_name(&mut tx, &queue, name).await?;
        List::of(&mut tx, &queue, filter, sort, viewer(None)).await?;
        let kept = SavedFilter {
            id: tx.clock().new_id(),
            queue_id: queue.id,
            name,
            filter: filter.clone(),
            sort,
            created_at: tx.clock().now_text(),
        };
        saved_filters::insert(&mut tx, &row(&kept)?).await?;
        tx.commit().await?;
        Ok(kept)
    }

    /// Gives a saved filter another name.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code); [`Code::Conflict`](crate::Code) for a name that is taken.
    pub async fn rename_filter(&self, queue: &str, id_or_name: &str, name: &str) -> Result<SavedFilter> {
        let mut tx = self.store().write().await?;
        let queue = find_queue(&mut tx, queue).await?;
        let found = saved_filters::find(&mut tx, &queue.id, id_or_name.trim()).await?;
        let found = found.ok_or_else(|| Error::not_found(Thing::Filter, id_or_name))?;
        let name = free_name(&mut tx, &queue, name).await?;
        saved_filters::rename(&mut tx, &found.id, &name).await?;
        tx.commit().await?;
        saved(SavedFilterRow { name, ..found })
    }

    /// Takes a saved filter away; no item is touched.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code).
    pub async fn remove_filter(&self, queue: &str, id_or_name: &str) -> Result<()> {
        let mut tx = self.store().write().await?;
        let queue = find_queue(&mut tx, queue).await?;
        let found = saved_filters::find(&mut tx, &queue.id, id_or_name.trim()).await?;
        let found = found.ok_or_else(|| Error::not_found(Thing::Filter, id_or_name))?;
        saved_filters::remove(&mut tx, &found.id).await?;
        Ok(tx.commit().await?)
    }
}

async fn free_name(tx: &mut WriteTx<'_>, queue: &Queue, name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Error::invalid("name", "a name has between 1 and 100 characters"));
    }
    if saved_filters::find(tx, &queue.id, name).await?.is_some() {
        return Err(Error::Exists { thing: Thing::Filter, name: name.to_owned() });
    }
    Ok(name.to_owned())
}

fn row(saved: &SavedFilter) -> Result<SavedFilterRow> {
    let failed = |error: serde_json::Error| StoreError::Failed { reason: error.to_string() };
    let filter = serde_json::to_value(&saved.filter).map_err(failed)?;
    let terms = Terms { version: VERSION, filter, sort: saved.sort.to_string() };
    Ok(SavedFilterRow {
        id: saved.id.clone(),
        queue_id: saved.queue_id.clone(),
        name: saved.name.clone(),
        terms: serde_json::to_string(&terms).map_err(failed)?,
        created_at: saved.created_at.clone(),
    })
}

fn saved(row: SavedFilterRow) -> Result<SavedFilter> {
    let damaged = || StoreError::Damaged { reason: format!("the saved filter {} is unreadable", row.id) };
    let terms: Terms = serde_json::from_str(&row.terms).map_err(|_| damaged())?;
    if terms.version > VERSION {
        let (found, known) = (i64::from(terms.version), i64::from(VERSION));
        return Err(StoreError::NewerVersion { found, known }.into());
    }
    Ok(SavedFilter {
        filter: serde_json::from_value(terms.filter).map_err(|_| damaged())?,
        sort: terms.sort.parse().map_err(|_| damaged())?,
        id: row.id,
        queue_id: row.queue_id,
        name: row.name,
        created_at: row.created_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Code,
        fixture::{Fixture, QUEUE},
        queue::{ItemState, ScoreRange},
    };

    #[tokio::test]
    async fn a_saved_filter_is_found_renamed_and_removed_and_holds_no_items() {
        let fixture = Fixture::with_prompts(3).await;
        let workspace = &fixture.workspace;
        let filter = Filter { state: Some(ItemState::Pending), ..Filter::default() };
        let kept = workspace.save_filter(QUEUE, " ค้าง ", &filter, Sort::Language).await.expect("it is kept");
        assert_eq!(workspace.saved_filters(QUEUE).await.expect("a list"), std::slice::from_ref(&kept));
        let taken = workspace.save_filter(QUEUE, "ค้าง", &filter, Sort::Imported).await;
        assert_eq!(taken.expect_err("a name is taken once").code(), Code::Conflict);
        let renamed = workspace.rename_filter(QUEUE, "ค้าง", "open").await.expect("another name");
        assert_eq!(renamed, SavedFilter { name: "open".into(), ..kept });
        assert_eq!(workspace.saved_filter(QUEUE, "open").await.expect("by name"), renamed);
        assert_eq!(workspace.saved_filter(QUEUE, &renamed.id).await.expect("by id"), renamed);
        workspace.remove_filter(QUEUE, "open").await.expect("it is removed");
        assert_eq!(workspace.saved_filter(QUEUE, "open").await.expect_err("gone").code(), Code::NotFound);
        assert_eq!(fixture.ids().await.len(), 3, "no item is touched");
    }

    #[tokio::test]
    async fn what_cannot_be_opened_is_not_kept() {
        let fixture = Fixture::with_prompts(1).await;
        let score = Some(ScoreRange { from: 0.5, to: 1.0 });
        let telling = Filter { score, ..Filter::default() };
        let refused = fixture.workspace.save_filter(QUEUE, "risky", &telling, Sort::Imported).await;
        assert_eq!(refused.expect_err("the queue is blind").code(), Code::Invalid);
        let nameless = fixture.workspace.save_filter(QUEUE, " ", &Filter::default(), Sort::Imported).await;
        assert_eq!(nameless.expect_err("it has no name").code(), Code::Invalid);
    }

    #[tokio::test]
    async fn a_filter_of_a_newer_program_is_refused_as_such() {
        let fixture = Fixture::with_prompts(1).await;
        let filter = Filter::default();
        fixture.workspace.save_filter(QUEUE, "all", &filter, Sort::Imported).await.expect("it is kept");
        fixture
            .tamper("UPDATE saved_filters SET terms = '{\"version\":2,\"filter\":{},\"sort\":\"by_mood\"}'")
            .await;
        let error = fixture.workspace.saved_filters(QUEUE).await.expect_err("it cannot be understood");
        assert_eq!(error.code(), Code::NewerVersion);
    }
}
