//! What the default guard has left to judge in a queue.

use crate::{
    Result, Workspace,
    queue::find_queue,
    store::{queues, unlabelled},
};

impl Workspace {
    /// Visible items of a queue that the default guard has not judged completely: all of them before its first run there.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue.
    pub async fn unlabelled_items(&self, queue: &str) -> Result<u64> {
        // The demo guard is the default of a workspace that has set none; it may not have been unpacked yet.
        let guard_id = match self.default_guard_id().await? {
            Some(id) => Some(id),
            None => self.guards().await?.into_iter().rfind(|guard| guard.is_toy).map(|guard| guard.id),
        };
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        if let Some(guard_id) = guard_id
            && !unlabelled::is_untouched(&mut read, &queue.id, &guard_id).await?
        {
            let items = unlabelled::items(&mut read, &queue.id, &guard_id).await?;
            return Ok(u64::try_from(items).unwrap_or(0));
        }
        Ok(queues::counts(&mut read, &queue.id).await?.total())
    }
}
