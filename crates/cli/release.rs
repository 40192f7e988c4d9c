//! `saring quarantined` and `saring release`: what is in quarantine, for whoever leads, and bringing it back.

use std::fmt::Write;

use saring_desk::review::{Gesture, QuarantinedItem};
use serde_json::json;

use crate::{output::Output, place::Place};

/// Rows are asked for this many at a time.
const PAGE: u32 = 500;

/// Of which queue.
#[derive(Debug, clap::Args)]
pub struct Listed {
    /// Name of the queue.
    #[arg(long, short)]
    queue: String,
}

/// Lists them, without their text.
pub async fn list(wanted: Listed, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let mut items: Vec<QuarantinedItem> = Vec::new();
    loop {
        let after = items.last().map_or(0, |item| item.seq);
        let page = workspace.quarantined(&wanted.queue, after, PAGE).await?;
        if page.is_empty() {
            break;
        }
        items.extend(page);
    }
    workspace.close().await;
    let views: Vec<_> = items
        .iter()
        .map(|item| {
            json!({"id": item.id, "seq": item.seq, "external_id": item.external_id, "language": item.language})
        })
        .collect();
    output.show(&views, |_| {
        if items.is_empty() {
            return format!("nothing of {} is in quarantine\n", wanted.queue);
        }
        items.iter().fold(String::new(), |mut text, item| {
            let named = item.external_id.as_deref().unwrap_or("no id of its own");
            let language = item.language.as_deref().unwrap_or("und");
            let _ = writeln!(text, "{}  #{}  {named}  {language}", item.id, item.seq);
            text
        })
    })
}

/// Which item, why, and by whom.
#[derive(Debug, clap::Args)]
pub struct Released {
    /// The item: the id that `quarantined` gives it.
    item: String,

    /// Why.
    #[arg(long)]
    reason: Option<String>,

    /// A pseudonym.
    #[arg(long)]
    reviewer: String,
}

/// Brings it back. Its exact copies stay where they are until each is brought back.
pub async fn release(wanted: Released, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let gesture = Gesture { reason: wanted.reason, ..Gesture::new(wanted.item.clone(), wanted.reviewer) };
    let saved = workspace.release(&gesture).await?;
    workspace.close().await;
    let report = json!({
        "decision_id": saved.decision_id,
        "saved_at": saved.saved_at,
        "item_id": wanted.item,
        "state": saved.state,
    });
    output.show(&report, |_| format!("saved at {}: {}: back from quarantine", saved.saved_at, wanted.item))
}
