//! The history of an item: what guards said and what people did, oldest first.

use super::{VerdictView, view::verdict_view, viewer::look};
use crate::{
    Error, Result, Thing, Workspace,
    policy::PolicyVersion,
    queue::find_queue,
    store::{self, decisions::DecisionRow},
};

/// One thing that happened to an item.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// RFC 3339.
    pub at: String,
    /// A reviewer's pseudonym or a guard's name.
    pub by: String,
    /// What happened.
    pub event: HistoryEvent,
    /// The version of the policy under which a reviewer did it.
    pub policy: Option<PolicyVersion>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryEvent {
    /// A reviewer did something; `undone` says whether it was taken back.
    Decision(Box<DecisionRow>),
    /// A guard judged a task. Left out where verdicts are hidden.
    Verdict(Box<VerdictView>),
}

impl Workspace {
    /// Everything that happened to an item, oldest first, but for verdicts that the reviewer must not see yet.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code), also for one in quarantine.
    pub async fn history(&self, id: &str) -> Result<Vec<HistoryEntry>> {
        self.history_for(id, None).await
    }

    /// Everything that happened to an item and that a reviewer may know of: not what others did with what they decide apart.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code), also for one in quarantine.
    pub async fn history_for(&self, id: &str, reviewer: Option<&str>) -> Result<Vec<HistoryEntry>> {
        let mut read = self.store().read().await?;
        let item = store::items::visible(&mut read, id).await?;
        let item = item.ok_or_else(|| Error::not_found(Thing::Item, id))?;
        let queue = find_queue(&mut read, &item.queue_id).await?;
        let reading = crate::metrics::reading(&mut read).await?;
        let seen = look(&mut read, &queue, id, reviewer).await?;
        let verdicts = store::item_verdicts::of_item(&mut read, id).await?;
        let ids: Vec<&str> = seen.decisions.iter().filter_map(|d| d.policy_id.as_deref()).collect();
        let policies = store::policies::by_id(&mut read, &serde_json::Value::from(ids).to_string()).await?;
        let mut entries: Vec<HistoryEntry> = verdicts
            .iter()
            .rev()
            .filter(|v| seen.shows_verdict(v.task))
            .map(|v| HistoryEntry {
                at: v.created_at.clone(),
                by: v.guard_name.clone(),
                event: HistoryEvent::Verdict(Box::new(verdict_view(v, &queue, reading))),
                policy: None,
            })
            .collect();
        entries.extend(seen.decisions.into_iter().map(|d| HistoryEntry {
            at: d.decided_at.clone(),
            by: d.reviewer.clone(),
            policy: d.policy_id.as_ref().and_then(|id| policies.get(id)).cloned(),
            event: HistoryEvent::Decision(Box::new(d)),
        }));
        // Stable: what happened in the same millisecond keeps its order.
        entries.sort_by(|a, b| a.at.cmp(&b.at));
        Ok(entries)
    }
}
