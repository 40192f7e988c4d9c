//! `saring decide`: a reviewer's decision about one task of an item. It is on disk when the command returns.

use saring_desk::{
    Workspace,
    queue::ItemState,
    review::{BulkDecision, ItemView, NewDecision, VerdictSlot},
};
use saring_verdict::Task;
use serde_json::json;

use crate::{alike, failure::Usage, output::Output, place::Place};

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

    /// Somebody picked the item, e.g. through a filter or a search: a draw that it is in did not bring it up.
    #[arg(long)]
    picked: bool,

    /// Decide what is nearly the same and undecided too, as one act that one undo takes back; see `saring alike`.
    #[arg(long)]
    alike: bool,

    /// With --alike: only say what would be decided.
    #[arg(long, requires = "alike")]
    dry_run: bool,

    /// With --alike: yes, decide all of them.
    #[arg(long, requires = "alike", conflicts_with = "dry_run")]
    yes: bool,
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
            draw_id: self.picked.then(|| NewDecision::NO_DRAW.to_owned()),
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
    let (alike, yes, dry_run) = (wanted.alike, wanted.yes, wanted.dry_run);
    let decision = wanted.on(&item)?;
    if alike {
        return decide_alike(&workspace, decision, yes, dry_run, output).await;
    }
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

/// Decides an item and what is nearly the same, after a preview.
async fn decide_alike(
    workspace: &Workspace,
    decision: NewDecision,
    yes: bool,
    dry_run: bool,
    output: Output,
) -> anyhow::Result<()> {
    let mut near = workspace.alike_for(&decision.item_id, Some(&decision.reviewer)).await?;
    near.items.retain(|item| item.is_open(decision.task));
    if !yes {
        let preview = alike::view(&near);
        output.show(&preview, |_| alike::text(&near))?;
        if dry_run {
            return Ok(());
        }
        let n = near.items.len();
        return Err(Usage(format!(
            "{n} more items would be decided; say so with --yes, or only look with --dry-run"
        ))
        .into());
    }
    let others = near.items.into_iter().map(|item| item.item_id).collect();
    let saved = workspace.decide_all(&BulkDecision { decision, looked_at: true, others }).await?;
    workspace.close().await;
    let report = json!({
        "bulk_id": saved.bulk_id,
        "saved_at": saved.saved_at,
        "items": saved.items,
        "left_out": saved.left_out,
        "more": near.more,
    });
    output.show(&report, |_| {
        let left_out = match saved.left_out {
            0 => String::new(),
            n => format!("; {n} left as they are: they get a review of their own"),
        };
        format!("saved at {}: {} items decided as one{left_out}", saved.saved_at, saved.items)
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
