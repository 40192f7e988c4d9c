//! What a run could not judge, and why.

use crate::{Result, Workspace, store::failures};

/// A pair that could not be judged.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RunFailure {
    /// The item.
    pub item_id: String,
    /// prompt, response.
    pub task: String,
    /// In words; no item text.
    pub reason: String,
}

impl Workspace {
    /// The first pairs that could not be judged in a run, with the reasons.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn run_failures(&self, run_id: &str, limit: u32) -> Result<Vec<RunFailure>> {
        let rows = failures::of_run(&mut *self.store().read().await?, run_id, i64::from(limit)).await?;
        let failure = |(item_id, task, reason)| RunFailure { item_id, task, reason };
        Ok(rows.into_iter().map(failure).collect())
    }
}
