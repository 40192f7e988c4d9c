//! How far each reviewer is, with names only where the bundles were made.

use crate::{Result, Workspace, queue::find_queue, store};

/// How far a reviewer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewerProgress {
    /// A pseudonym; a number where names are not shown.
    pub reviewer: String,
    /// Items that this reviewer has done something with, and not taken back.
    pub done: u64,
    /// Items in bundles made for this reviewer; `None` for somebody without one.
    pub items: Option<u64>,
}

/// How far a queue is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Name of the queue.
    pub queue: String,
    /// Whether names are shown.
    pub named: bool,
    /// Each reviewer.
    pub reviewers: Vec<ReviewerProgress>,
    /// Tasks that await a second review.
    pub awaiting_second: u64,
    /// Tasks that await adjudication.
    pub awaiting_adjudication: u64,
}

impl Workspace {
    /// How far each reviewer of a queue is. Names are shown to the lead, in the workspace that the queue is from; where it was opened
    /// from a bundle, reviewers have numbers, in the order of what they have done.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue.
    pub async fn review_progress(&self, queue: &str) -> Result<Progress> {
        let (awaiting_second, awaiting_adjudication) = self.awaiting(queue).await?;
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        let made = store::bundles::of_queue(&mut read, &queue.id, "made").await?;
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        let decided = store::bundles::decided_by(&mut read, &queue.id).await?;
        let mut reviewers: Vec<ReviewerProgress> = decided
            .into_iter()
            .map(|(reviewer, done)| ReviewerProgress { reviewer, done: count(done), items: None })
            .collect();
        for bundle in &made {
            let at = reviewers.iter().position(|r| r.reviewer == bundle.reviewer).unwrap_or_else(|| {
                let reviewer = bundle.reviewer.clone();
                reviewers.push(ReviewerProgress { reviewer, done: 0, items: None });
                reviewers.len() - 1
            });
            let items = &mut reviewers[at].items;
            *items = Some(items.unwrap_or(0) + count(bundle.items));
        }
        let named = store::bundles::of_queue(&mut read, &queue.id, "opened").await?.is_empty();
        if !named {
            reviewers.sort_by_key(|reviewer| std::cmp::Reverse(reviewer.done));
            for (number, reviewer) in (1..).zip(&mut reviewers) {
                reviewer.reviewer = format!("reviewer {number}");
            }
        }
        Ok(Progress { queue: queue.name, named, reviewers, awaiting_second, awaiting_adjudication })
    }
}
