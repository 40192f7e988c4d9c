//! Settings of a workspace: how verdicts are read, and what the window keeps for itself.

use saring_verdict::{Reading, Task};

use crate::{
    Error, Result, Workspace,
    audit::chain::RowHasher,
    metrics,
    store::{
        self,
        events::{self, EventKind},
        settings,
    },
};

/// Tasks that are read anew in one transaction: reviewers save their decisions in between.
const REWRITE_TASKS: u32 = 1000;

/// What the event of a changed reading vouches for: the setting as it is stored.
pub(crate) fn reading_hash(json: &str) -> String {
    let mut hasher = RowHasher::new();
    hasher.text(json);
    hasher.finish()
}

impl Workspace {
    /// How this workspace reads verdicts.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn reading(&self) -> Result<Reading> {
        metrics::reading(&mut *self.store().read().await?).await
    }

    /// Sets how verdicts are read, and sorts the queues anew by it. The change holds at once; what is sorted by it follows in
    /// batches, and goes on when the workspace is opened again if it is interrupted.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn set_reading(&self, reading: Reading) -> Result<()> {
        let mut tx = self.store().write().await?;
        let json =
            serde_json::to_string(&reading).map_err(|error| Error::invalid("reading", error.to_string()))?;
        settings::set(&mut tx, settings::READING, &json).await?;
        settings::set(&mut tx, settings::READING_REWRITE, "pending").await?;
        events::append(&mut tx, EventKind::ReadingChanged, settings::READING, &reading_hash(&json)).await?;
        tx.commit().await?;
        self.finish_reading_change().await
    }

    /// Goes on with a change of the reading that was interrupted.
    pub(crate) async fn finish_reading_change(&self) -> Result<()> {
        let pending = settings::get(&mut *self.store().read().await?, settings::READING_REWRITE).await?;
        if pending.as_deref() != Some("pending") {
            return Ok(());
        }
        let mut after = (String::new(), String::new());
        loop {
            let mut tx = self.store().write().await?;
            let reading = metrics::reading(&mut tx).await?;
            let rows = store::tasks::with_verdicts(&mut tx, reading.mode, &after, REWRITE_TASKS).await?;
            let Some(last) = rows.last() else {
                settings::set(&mut tx, settings::READING_REWRITE, "done").await?;
                tx.commit().await?;
                return Ok(());
            };
            after = (last.item_id.clone(), last.task.as_str().to_owned());
            let figures: Vec<(&str, Task, f64)> = rows
                .iter()
                .map(|row| {
                    (row.item_id.as_str(), row.task, reading.p_unsafe_of(row.task, &row.probabilities))
                })
                .collect();
            store::tasks::set_p_unsafe(&mut tx, &figures).await?;
            let mut items: Vec<&str> = rows.iter().map(|row| row.item_id.as_str()).collect();
            items.dedup();
            for item in items {
                store::items::refresh_risk(&mut tx, item).await?;
            }
            tx.commit().await?;
        }
    }

    /// What the window keeps for itself, as it saved it; empty at first.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn window_preferences(&self) -> Result<String> {
        let mut read = self.store().read().await?;
        Ok(settings::get(&mut read, settings::WINDOW).await?.unwrap_or_default())
    }

    /// Keeps something for the window; nothing here looks into it.
    ///
    /// # Errors
    /// [`Code::Invalid`](crate::Code) for more than a megabyte.
    pub async fn set_window_preferences(&self, preferences: &str) -> Result<()> {
        if preferences.len() > 1_000_000 {
            return Err(Error::invalid("preferences", "more than a megabyte"));
        }
        let mut tx = self.store().write().await?;
        settings::set(&mut tx, settings::WINDOW, preferences).await?;
        Ok(tx.commit().await?)
    }
}
