//! Queues from before there were policies: each gets the ready-made policy that says what its labels and categories say, or one
//! made from them.

use saring_verdict::{Severity, Task};
use serde::Deserialize;

use super::{
    Category, Gestures, Label, Policy, PolicyFormat, PolicyVersion, RefusalQuestion, choose, ready_made,
};
use crate::{
    Result, Workspace,
    store::{self, StoreError},
};

/// What stood in a queue's column `scheme`.
#[derive(Debug, Deserialize)]
struct Scheme {
    name: String,
    labels: Vec<Severity>,
    prompt: TaskScheme,
    response: TaskScheme,
}

#[derive(Debug, Deserialize)]
struct TaskScheme {
    categories: Vec<String>,
    refusal: bool,
}

impl Workspace {
    /// Gives a policy to every queue that has none.
    pub(crate) async fn adopt_older_queues(&self) -> Result<()> {
        if store::queue_policies::without(&mut *self.store().read().await?).await?.is_empty() {
            return Ok(());
        }
        let mut tx = self.store().write().await?;
        // Another process may have been quicker.
        for (queue_id, json) in store::queue_policies::without(&mut tx).await? {
            let unreadable =
                |_| StoreError::damaged(format!("the labels of queue {queue_id} cannot be understood"));
            let scheme: Scheme = serde_json::from_str(&json).map_err(unreadable)?;
            choose(&mut tx, &queue_id, &policy_of(scheme)?, None).await?;
        }
        Ok(tx.commit().await?)
    }
}

fn policy_of(scheme: Scheme) -> Result<PolicyVersion> {
    let equal = ready_made::all()?.into_iter().find(|policy| allows_the_same(policy, &scheme));
    let policy = equal.unwrap_or_else(|| made_from(scheme));
    policy.check_itself()?;
    Ok(policy.into_version())
}

fn allows_the_same(policy: &Policy, scheme: &Scheme) -> bool {
    let same_task = |task, scheme: &TaskScheme| {
        policy.categories_of(task).map(|c| &c.name).eq(&scheme.categories)
            && policy.asks_refusal(task) == scheme.refusal
    };
    policy.labels.iter().map(|l| l.label).eq(scheme.labels.iter().copied())
        && same_task(Task::Prompt, &scheme.prompt)
        && same_task(Task::Response, &scheme.response)
}

fn made_from(scheme: Scheme) -> Policy {
    let mut categories: Vec<Category> = Vec::new();
    for (task, names) in
        [(Task::Prompt, scheme.prompt.categories), (Task::Response, scheme.response.categories)]
    {
        for name in names {
            match categories.iter_mut().find(|c| c.name == name) {
                Some(known) => known.tasks.push(task),
                None => categories.push(Category {
                    name,
                    tasks: vec![task],
                    guidance: String::new(),
                    examples: Vec::new(),
                    rationale: false,
                }),
            }
        }
    }
    let label = |label| Label { label, guidance: String::new(), examples: Vec::new(), rationale: false };
    Policy {
        format: PolicyFormat::V1,
        // A ready-made one of that name says something else.
        name: format!("{} (before policies)", scheme.name.replace('@', " ").trim()),
        version: 1,
        about: "Made from the labels and categories of a queue that was there before policies were."
            .to_owned(),
        labels: scheme.labels.into_iter().map(label).collect(),
        categories,
        refusal: scheme.response.refusal.then(RefusalQuestion::default),
        reasons: Gestures::default(),
        guards: Vec::new(),
    }
}
