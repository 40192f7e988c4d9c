//! A queue goes over to another version of a policy, or to another policy: an explicit act, after a look at what it means.
//!
//! Decisions stay as they were made, under the version under which they were made. What is shown is which of those in force could
//! not be made any more.

use super::{PolicyError, PolicyVersion, Said, choose, find};
use crate::{
    Result, Workspace,
    queue::{Queue, find_queue},
    review::check_reviewer,
    store::{self, Conn, queue_policies::SaidRow},
};

/// What going over to another version means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyChange {
    /// The queue, before.
    pub queue: Queue,
    /// The version that it would have.
    pub to: PolicyVersion,
    /// Decisions in force.
    pub decisions: u64,
    /// Those of them that could not be made any more, most frequent first.
    pub unsayable: Vec<Unsayable>,
}

/// What could not be said any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsayable {
    /// Why, as a sentence.
    pub reason: String,
    /// How many decisions in force say it.
    pub decisions: u64,
}

impl PolicyChange {
    /// How many decisions in force could not be made any more.
    pub fn unsayable_decisions(&self) -> u64 {
        self.unsayable.iter().map(|u| u.decisions).sum()
    }
}

impl Workspace {
    /// What it would mean for a queue to go over to the version that `reference` names; nothing is changed.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue or the policy.
    pub async fn policy_change(&self, queue: &str, reference: &str) -> Result<PolicyChange> {
        weigh(&mut *self.store().read().await?, queue, reference).await
    }

    /// A queue goes over to the version that `reference` names. `even_so` says that decisions in force may be left that could not be
    /// made under it.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue or the policy; [`PolicyError::NotSayable`] unless `even_so`.
    pub async fn use_policy(
        &self,
        queue: &str,
        reference: &str,
        by: Option<&str>,
        even_so: bool,
    ) -> Result<PolicyChange> {
        let by = by.map(check_reviewer).transpose()?;
        let mut tx = self.store().write().await?;
        let change = weigh(&mut tx, queue, reference).await?;
        if let Some(most) = change.unsayable.first().filter(|_| !even_so) {
            let error = PolicyError::NotSayable {
                queue: change.queue.name.clone(),
                policy: change.to.terms.reference(),
                decisions: change.unsayable_decisions(),
                first: most.reason.clone(),
            };
            return Err(error.into());
        }
        if change.queue.policy.id != change.to.id {
            choose(&mut tx, &change.queue.id, &change.to, by.as_deref()).await?;
            tx.commit().await?;
        }
        Ok(change)
    }
}

async fn weigh(conn: &mut Conn, queue: &str, reference: &str) -> Result<PolicyChange> {
    let queue = find_queue(conn, queue).await?;
    let to = find(conn, reference).await?;
    let said = store::queue_policies::said_in(conn, &queue.id).await?;
    let decisions = said.iter().map(|s| s.decisions).sum();
    let mut unsayable: Vec<Unsayable> = Vec::new();
    for row in &said {
        let Some(reason) = refusal(&to, row) else { continue };
        match unsayable.iter_mut().find(|u| u.reason == reason) {
            Some(known) => known.decisions += row.decisions,
            None => unsayable.push(Unsayable { reason, decisions: row.decisions }),
        }
    }
    unsayable.sort_by(|a, b| b.decisions.cmp(&a.decisions).then_with(|| a.reason.cmp(&b.reason)));
    Ok(PolicyChange { queue, to, decisions, unsayable })
}

fn refusal(to: &PolicyVersion, row: &SaidRow) -> Option<String> {
    let note = row.noted.then_some("there is one");
    let said = Said { label: &row.label, categories: &row.categories, refusal: row.refusal, note };
    to.terms.check(row.task, said).err().map(|error| error.to_string())
}
