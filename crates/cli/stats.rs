//! `saring stats`: counts of a queue, and how a guard agrees with gold labels and with blind decisions.

use saring_desk::metrics::{Agreement, QueueStats, Yardstick};

use crate::{
    output::{self, Output},
    place::Place,
};

/// Of which queue.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// Name of the queue.
    #[arg(long, short)]
    queue: String,

    /// Name of a guard; the one with the most verdicts in the queue if not given.
    #[arg(long)]
    guard: Option<String>,
}

/// Counts.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let stats = workspace.stats(&wanted.queue, wanted.guard.as_deref()).await?;
    workspace.close().await;
    output.show(&stats, text)
}

/// The numbers for people.
pub fn text(stats: &QueueStats) -> String {
    let items = &stats.items;
    let mut text = format!(
        "{}: {} items: {} pending, {} decided, {} skipped, {} escalated; {} flagged, {} in quarantine\n",
        stats.queue,
        items.total(),
        items.pending,
        items.decided,
        items.skipped,
        items.escalated,
        items.flagged,
        items.quarantined
    );
    match &stats.guard {
        Some(guard) if stats.guard_is_toy => {
            text.push_str(&format!("guard: {guard}, a toy that must not moderate anything\n"));
        }
        Some(guard) => text.push_str(&format!("guard: {guard}\n")),
        None => text.push_str("no guard has judged anything here; `saring label` lets one\n"),
    }
    for verdicts in &stats.verdicts {
        text.push_str(&format!(
            "verdicts on the {}: {}, {} off format, {} truncated\n",
            verdicts.task, verdicts.verdicts, verdicts.off_format, verdicts.truncated
        ));
    }
    let rows: Vec<Vec<String>> = stats.agreement.iter().map(row).collect();
    text.push('\n');
    text.push_str(&output::table(
        &["against", "task", "language", "n", "unsafe", "AUPRC", "accuracy", ""],
        &rows,
    ));
    text
}

fn row(agreement: &Agreement) -> Vec<String> {
    let figure = |x: Option<f64>| x.map_or_else(|| "·".to_owned(), |x| format!("{x:.3}"));
    let against = match agreement.against {
        Yardstick::Gold => "gold",
        Yardstick::Estimate => "blind decisions, uniform draw: an estimate",
        Yardstick::Selected => "other blind decisions: selected, not an estimate",
        Yardstick::Synthetic => "decisions of scripts: nobody's",
    };
    vec![
        against.into(),
        agreement.task.to_string(),
        agreement.language.clone(),
        agreement.n.to_string(),
        agreement.positives.to_string(),
        figure(agreement.auprc),
        figure(agreement.accuracy),
        agreement.note.clone().unwrap_or_default(),
    ]
}
