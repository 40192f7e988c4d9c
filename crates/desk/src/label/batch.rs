//! Fetching: the pairs that are to be judged next, ahead of the guard.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use saring_verdict::{Subject, Task};
use tokio::sync::mpsc;

use super::subject;
use crate::{
    Result, Workspace,
    store::verdicts::{self, UnjudgedRow},
};

/// A pair and what the guard is asked about it.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) item_id: String,
    pub(super) task: Task,
    pub(super) language: Option<String>,
    pub(super) subject: Subject,
}

/// Pairs that were fetched together, and those that cannot even be asked about.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) pairs: Vec<Pair>,
    pub(super) unreadable: Vec<(String, Task)>,
}

/// Sends batches of `size` (as it is when each is fetched) until all are sent or nobody listens.
pub(super) async fn fetch_all(
    workspace: Workspace,
    queue_id: String,
    guard_id: String,
    size: Arc<AtomicUsize>,
    batches: mpsc::Sender<Result<Batch>>,
) {
    let mut after = (0, String::new());
    loop {
        let limit = i64::try_from(size.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        let fetched = fetch(&workspace, &queue_id, &guard_id, &mut after, limit).await;
        match fetched {
            Ok(None) => return,
            Ok(Some(batch)) => {
                if batches.send(Ok(batch)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                // Nobody listens to the run any more if this fails.
                let _ = batches.send(Err(error)).await;
                return;
            }
        }
    }
}

async fn fetch(
    workspace: &Workspace,
    queue_id: &str,
    guard_id: &str,
    after: &mut (i64, String),
    limit: i64,
) -> Result<Option<Batch>> {
    let mut tx = workspace.store().read().await?;
    let rows = verdicts::list_unjudged(&mut tx, queue_id, guard_id, (after.0, &after.1), limit).await?;
    let Some(last) = rows.last() else { return Ok(None) };
    *after = (last.seq, last.task.clone());
    let mut batch = Batch::default();
    for row in rows {
        let UnjudgedRow { item_id, task, language, content, .. } = row;
        let Ok(task) = task.parse::<Task>() else {
            tracing::error!(item_id, "an item has a task that this version does not know");
            continue;
        };
        match subject(&content, task, workspace.media_dir()) {
            Some(subject) => batch.pairs.push(Pair { item_id, task, language, subject }),
            None => batch.unreadable.push((item_id, task)),
        }
    }
    Ok(Some(batch))
}
