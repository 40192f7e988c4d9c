//! `saring adjudicate`: settles what reviewers decided differently.

use saring_desk::review::NewDecision;
use serde_json::json;

use crate::{decide, output::Output, place::Place};

/// Settles it.
pub async fn run(wanted: decide::Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let item = workspace.item(wanted.item()).await?;
    let decision: NewDecision = wanted.on(&item)?;
    let saved = workspace.adjudicate(&decision).await?;
    workspace.close().await;
    let report = json!({
        "decision_id": saved.decision_id,
        "saved_at": saved.saved_at,
        "item_id": item.id,
        "task": decision.task,
        "state": saved.state,
    });
    output.show(&report, |_| {
        format!(
            "settled at {}: {} of {}; the item is {}",
            saved.saved_at, decision.task, item.id, saved.state
        )
    })
}
