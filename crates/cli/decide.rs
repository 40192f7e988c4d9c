//! `saring decide`: a reviewer's decision about one task of an item. It is on disk when the command returns.

use saring_desk::{
    queue::ItemState,
    review::{ItemView, NewDecision, VerdictSlot},
};
use saring_verdict::Task;
use serde_json::json;

use crate::{failure::Usage, output::Output, place::Place};

/// What is decided, and by whom.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// The item: the id that `next` and `search` give it, not the one it was imported with.
    item: String,

    /// prompt or response; the first that is undecided if not given.
    #[arg(long)]
    task: Option<Task>,

    /// safe, controversial or unsafe, as far as the queue has them.
    #[arg(long)]
    label: String,

    /// A category of the queue. May be repeated.
    #[arg(long = "category", value_name = "CATEGORY")]
    categories: Vec<String>,

    /// Whether the response is a refusal: yes or no.
    #[arg(long, value_parser = yes_or_no)]
    refusal: Option<bool>,

    /// Why, for those who come after; the policy may want it.
    #[arg(long)]
    note: Option<String>,

    /// A pseudonym.
    #[arg(long)]
    reviewer: String,
}

impl Wanted {
    /// The item that is decided.
    pub fn item(&self) -> &str {
        &self.item
    }

    /// The decision, about an item as its reviewer sees it.
    pub fn on(self, item: &ItemView) -> Result<NewDecision, Usage> {
        let task = match self.task {
            Some(task) => task,
            None => undecided(item)?,
        };
        Ok(NewDecision {
            item_id: item.id.clone(),
            task,
            label: self.label,
            categories: self.categories,
            refusal: self.refusal,
            note: self.note,
            reviewer: self.reviewer,
            duration_ms: None,
            verdict_visible: in_view(item, task),
            draw_id: None,
            synthetic: false,
        })
    }
}

fn yes_or_no(word: &str) -> Result<bool, String> {
    match word {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("the choices are yes and no".into()),
    }
}

/// Decides.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let item = workspace.item_for(&wanted.item, Some(&wanted.reviewer)).await?;
    let decision = wanted.on(&item)?;
    let task = decision.task;
    let saved = workspace.decide(&decision).await?;
    workspace.close().await;
    let report = json!({
        "decision_id": saved.decision_id,
        "saved_at": saved.saved_at,
        "item_id": item.id,
        "task": task,
        "state": saved.state,
        "anchored": decision.verdict_visible,
    });
    output.show(&report, |_| {
        format!("saved at {}: {task} of {}; the item is {}", saved.saved_at, item.id, saved.state)
    })
}

/// Whether a verdict about the task could be seen by whoever looked at the item.
fn in_view(item: &ItemView, task: Task) -> bool {
    item.tasks.iter().any(|t| t.task == task && matches!(t.verdict, VerdictSlot::Shown(_)))
}

fn undecided(item: &ItemView) -> Result<Task, Usage> {
    let mut open = item.tasks.iter().filter(|t| t.state != ItemState::Decided);
    match (open.next(), item.tasks.as_slice()) {
        (Some(task), _) => Ok(task.task),
        (None, [only]) => Ok(only.task),
        (None, _) => {
            Err(Usage("every task of the item is decided; say which one to decide again with --task".into()))
        }
    }
}
