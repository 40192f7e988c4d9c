//! `saring undo`: takes back what a reviewer did last; again, what came before it.

use serde_json::json;

use crate::{output::Output, place::Place};

/// Whose.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// A pseudonym.
    #[arg(long)]
    reviewer: String,
}

/// Takes it back.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let undone = workspace.undo(&wanted.reviewer).await?;
    workspace.close().await;
    let report = json!({
        "decision_id": undone.saved.decision_id,
        "undone_id": undone.undone_id,
        "saved_at": undone.saved.saved_at,
        "item_id": undone.item_id,
        "task": undone.task,
        "kind": undone.kind.as_str(),
        "others": undone.others,
        "state": undone.saved.state,
    });
    output.show(&report, |_| {
        let task = undone.task.map_or_else(String::new, |task| format!(" of the {task}"));
        let others = match undone.others {
            0 => String::new(),
            n => format!("; and the same for {n} more"),
        };
        format!(
            "taken back: {}{task}, item {}, which is {} again{others}",
            undone.kind, undone.item_id, undone.saved.state
        )
    })
}
