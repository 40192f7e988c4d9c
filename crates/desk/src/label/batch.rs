//! Fetching: the pairs that are to be judged next, ahead of the guard.
//!
//! A page of pairs is read in the order of the queue and cut into calls of like length: a call ends when its longest item does,
//! so that a long one among short ones would hold all of them up.

use std::{collections::VecDeque, mem};

use saring_verdict::{JudgeError, Subject, Task};
use tokio::sync::{mpsc, watch};

use super::{
    pace::Budget,
    repeats::{Digest, digest},
    subject,
};
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
    /// The item is in Zawgyi; the subject is not.
    pub(super) zawgyi: bool,
    pub(super) subject: Subject,
    /// Equal for equal subjects.
    pub(super) digest: Digest,
}

/// What asking takes beside the item's own text, in bytes of text.
const QUESTION_WEIGHT: u64 = 128;
/// An image is about a thousand tokens.
const IMAGE_WEIGHT: u64 = 4096;

impl Pair {
    /// About how much work it is, in bytes of text: only the tokenizer knows better.
    pub(super) fn weight(&self) -> u64 {
        let text: usize = self.subject.messages.iter().map(|message| message.content.len()).sum();
        QUESTION_WEIGHT + text as u64 + self.subject.images.len() as u64 * IMAGE_WEIGHT
    }
}

/// Pairs that were fetched together, and those that cannot even be asked about.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) pairs: Vec<Pair>,
    pub(super) refused: Vec<(String, Task, JudgeError)>,
}

/// Pairs that are read together: a few calls, so that there is something to choose from, and few enough to be held in memory.
fn page_pairs(budget: Budget) -> i64 {
    i64::try_from(budget.pairs.saturating_mul(4).clamp(256, 4096)).unwrap_or(256)
}

/// Sends batches within the budget (as it is when each is cut) until all are sent or nobody listens.
pub(super) async fn fetch_all(
    workspace: Workspace,
    queue_id: String,
    guard: Guard,
    budget: watch::Receiver<Budget>,
    batches: mpsc::Sender<Result<Batch>>,
) {
    let mut after = (0, String::new());
    loop {
        let limit = page_pairs(*budget.borrow());
        let page = match fetch(&workspace, &queue_id, guard.as_judge(), &mut after, limit).await {
            Ok(Some(page)) => page,
            Ok(None) => return,
            Err(error) => {
                // Nobody listens to the run any more if this fails.
                let _ = batches.send(Err(error)).await;
                return;
            }
        };
        let Batch { mut pairs, mut refused } = page;
        // Stable: of equal ones the older comes first.
        pairs.sort_by_key(Pair::weight);
        let mut pairs = VecDeque::from(pairs);
        loop {
            // One listens only when the guard has begun with the batch before, so that the budget is nearly of now.
            let Ok(place) = batches.reserve().await else { return };
            let cut = cut(&mut pairs, *budget.borrow());
            place.send(Ok(Batch { pairs: cut, refused: mem::take(&mut refused) }));
            if pairs.is_empty() {
                break;
            }
        }
    }
}

/// Takes as many pairs from the front as the budget allows, at least one if there is one.
fn cut(pairs: &mut VecDeque<Pair>, budget: Budget) -> Vec<Pair> {
    let (mut taken, mut weight) = (Vec::new(), 0);
    while let Some(next) = pairs.front() {
        weight += next.weight();
        if !taken.is_empty() && (weight > budget.weight || taken.len() >= budget.pairs) {
            break;
        }
        taken.extend(pairs.pop_front());
    }
    taken
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
            (None, Some(subject)) => {
                let digest = digest(&subject);
                let zawgyi = content.zawgyi;
                batch.pairs.push(Pair { seq, item_id, task, language, zawgyi, subject, digest });
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(lengths: &[usize]) -> VecDeque<Pair> {
        let pair = |length: &usize| {
            let subject = Subject::prompt("a".repeat(*length));
            let (item_id, digest) = (length.to_string(), digest(&subject));
            Pair { seq: 1, item_id, task: Task::Prompt, language: None, zawgyi: false, subject, digest }
        };
        lengths.iter().map(pair).collect()
    }

    fn lengths(pairs: &[Pair]) -> Vec<usize> {
        pairs.iter().map(|pair| pair.subject.messages[0].content.len()).collect()
    }

    #[test]
    fn a_call_holds_what_the_budget_allows_and_a_heavy_pair_is_alone() {
        let budget = Budget { pairs: 3, weight: 4 * (QUESTION_WEIGHT + 10) };
        let mut waiting = pairs(&[10, 10, 10, 10, 300, 9000]);
        let mut calls = Vec::new();
        while !waiting.is_empty() {
            calls.push(lengths(&cut(&mut waiting, budget)));
        }
        assert_eq!(calls, [vec![10, 10, 10], vec![10], vec![300], vec![9000]]);
    }

    #[test]
    fn an_image_weighs_more_than_a_text_of_usual_length() {
        let mut pair = pairs(&[300]).remove(0).unwrap();
        let text = pair.weight();
        pair.subject.images.push(saring_verdict::ImageRef { path: "a.png".into(), sha256: "a".into() });
        assert!(pair.weight() > 5 * text);
    }
}
