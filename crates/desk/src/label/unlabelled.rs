//! What the default guard has left to judge in a queue.

use crate::{
    Result, Workspace,
    queue::find_queue,
    store::{queues, unlabelled},
};

impl Workspace {
    /// Visible items of a queue that the default guard has not judged completely and can judge: all of them before its first run
    /// there.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue.
    pub async fn unlabelled_items(&self, queue: &str) -> Result<u64> {
        // None while the demo guard of a new workspace has not been unpacked.
        let guard = self.default_in_force().await?;
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        if let Some(guard) = guard
            && !unlabelled::is_untouched(&mut read, &queue.id, &guard.id).await?
        {
            let items = unlabelled::items(&mut read, &queue.id, guard.as_judge()).await?;
            return Ok(u64::try_from(items).unwrap_or(0));
        }
        Ok(queues::counts(&mut read, &queue.id).await?.total())
    }
}
