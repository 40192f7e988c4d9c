//! `saring skip`, `escalate`, `flag` and `quarantine`: what a reviewer does with an item besides deciding it.

use saring_desk::review::{Gesture, NewDecision};
use saring_verdict::Task;
use serde_json::json;

use crate::{output::Output, place::Place};

/// Which of them.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// All undecided tasks, or one.
    Skip,
    /// All undecided tasks, or one.
    Escalate,
    /// Sets the flag, or takes it off.
    Flag,
    /// Out of everything.
    Quarantine,
}

/// With which item, why, and by whom.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// The item: the id that `next` and `search` give it, not the one it was imported with.
    item: String,

    /// Only this task, for skip and escalate.
    #[arg(long)]
    task: Option<Task>,

    /// Why: a code of the queue's policy (`saring policies show` has them), or your own words where it allows that.
    #[arg(long)]
    reason: Option<String>,

    /// More about it, for those who come after.
    #[arg(long)]
    note: Option<String>,

    /// A pseudonym.
    #[arg(long)]
    reviewer: String,

    /// Somebody picked the item, e.g. through a filter or a search: a draw that it is in did not bring it up.
    #[arg(long)]
    picked: bool,
}

/// Does it.
pub async fn run(kind: Kind, wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let item = workspace.item(&wanted.item).await?;
    let gesture = Gesture {
        task: wanted.task,
        reason: wanted.reason,
        note: wanted.note,
        draw_id: wanted.picked.then(|| NewDecision::NO_DRAW.to_owned()),
        ..Gesture::new(item.id.clone(), wanted.reviewer)
    };
    let (saved, what) = match kind {
        Kind::Skip => (workspace.skip(&gesture).await?, "skipped"),
        Kind::Escalate => (workspace.escalate(&gesture).await?, "escalated"),
        Kind::Flag if item.flagged => (workspace.unflag(&gesture).await?, "the flag is off"),
        Kind::Flag => (workspace.flag(&gesture).await?, "flagged"),
        Kind::Quarantine => {
            (workspace.quarantine(&gesture).await?, "in quarantine: gone from everywhere else")
        }
    };
    workspace.close().await;
    let report = json!({
        "decision_id": saved.decision_id,
        "saved_at": saved.saved_at,
        "item_id": item.id,
        "state": saved.state,
        "what": what,
    });
    output.show(&report, |_| format!("saved at {}: {}: {what}", saved.saved_at, item.id))
}
