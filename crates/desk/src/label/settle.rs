//! Runs whose process ended without a word.

use super::{RunState, lock::RunLock};
use crate::{
    Result, Workspace,
    store::runs::{self, RunRow},
};

impl Workspace {
    /// Marks the runs whose process has ended without a word as failed; gives how many there were. Faces call this when they
    /// open a workspace; a run of the same queue and guard does it for itself.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn settle_dead_runs(&self) -> Result<usize> {
        self.settle(None).await
    }

    /// With a queue and a guard given, their lock is held by the caller.
    pub(super) async fn settle(&self, locked: Option<(&str, &str)>) -> Result<usize> {
        let unended = runs::unended(&mut *self.store().read().await?).await?;
        self.settle_these(unended, locked).await
    }

    /// Runs that had not ended when they were read; whoever has ended since then is left as it is.
    pub(super) async fn settle_these(
        &self,
        unended: Vec<RunRow>,
        locked: Option<(&str, &str)>,
    ) -> Result<usize> {
        let mut settled = 0;
        for run in unended {
            let ours = locked == Some((run.queue_id.as_str(), run.guard_id.as_str()));
            let lock = if ours { None } else { RunLock::take(self.dir(), &run.queue_id, &run.guard_id)? };
            if !ours && lock.is_none() {
                continue;
            }
            let note = "its process ended before the run did; run again to go on";
            let note = run.note.map_or_else(|| note.to_owned(), |before| format!("{before}\n{note}"));
            let mut tx = self.store().write().await?;
            let ended_at = self.clock().now_text();
            let state = RunState::Failed.as_str();
            let changed = runs::set_state(&mut tx, &run.id, state, Some(&note), Some(&ended_at)).await?;
            tx.commit().await?;
            settled += usize::from(changed);
        }
        Ok(settled)
    }
}
