//! Fetching: the pairs that are to be judged next, ahead of the guard.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use saring_verdict::{JudgeError, Subject, Task};
use tokio::sync::mpsc;

use super::subject;
use crate::{
    Result, Workspace,
    guards::Guard,
    media::{CHANGED, ImageAt, first_changed},
    store::verdicts::{self, Judge, UnjudgedRow},
};

/// A pair and what the guard is asked about it.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) seq: i64,
    pub(super) item_id: String,
    pub(super) task: Task,
    pub(super) language: Option<String>,
    pub(super) subject: Subject,
}

/// Pairs that were fetched together, and those that cannot even be asked about.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) pairs: Vec<Pair>,
    pub(super) refused: Vec<(String, Task, JudgeError)>,
}

/// Sends batches of `size` (as it is when each is fetched) until all are sent or nobody listens.
pub(super) async fn fetch_all(
    workspace: Workspace,
    queue_id: String,
    guard: Guard,
    size: Arc<AtomicUsize>,
    batches: mpsc::Sender<Result<Batch>>,
) {
    let mut after = (0, String::new());
    loop {
        let limit = i64::try_from(size.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        let fetched = fetch(&workspace, &queue_id, guard.as_judge(), &mut after, limit).await;
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

/// The next `limit` pairs after `after`, which is moved on; `None` if there are none.
pub(super) async fn fetch(
    workspace: &Workspace,
    queue_id: &str,
    judge: Judge<'_>,
    after: &mut (i64, String),
    limit: i64,
) -> Result<Option<Batch>> {
    let mut tx = workspace.store().read().await?;
    let rows = verdicts::list_unjudged(&mut tx, queue_id, judge, (after.0, &after.1), limit).await?;
    drop(tx);
    let Some(last) = rows.last() else { return Ok(None) };
    *after = (last.seq, last.task.clone());
    let mut batch = Batch::default();
    for row in rows {
        let UnjudgedRow { seq, item_id, task, language, content } = row;
        let Ok(task) = task.parse::<Task>() else {
            tracing::error!(item_id, "an item has a task that this version does not know");
            continue;
        };
        let subject = subject(&content, task, workspace.media_dir());
        let reason = "the stored conversation cannot be read".to_owned();
        match (changed_link(&content.images).await?, subject) {
            (Some(error), _) => batch.refused.push((item_id, task, error)),
            (None, Some(subject)) => batch.pairs.push(Pair { seq, item_id, task, language, subject }),
            (None, None) => batch.refused.push((item_id, task, JudgeError::Template { reason })),
        }
    }
    Ok(Some(batch))
}

/// Of the first linked image whose file is no longer what was imported: a verdict about another picture would be wrong.
async fn changed_link(images: &[ImageAt]) -> Result<Option<JudgeError>> {
    Ok(first_changed(images).await?.map(|index| JudgeError::Image {
        position: u32::try_from(index + 1).unwrap_or(u32::MAX),
        reason: format!("it {CHANGED}"),
    }))
}
