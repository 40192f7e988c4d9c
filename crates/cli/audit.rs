//! `saring audit verify`: whether the history is what it was when it was written.

use clap::Subcommand;
use serde_json::json;

use crate::{failure::Advised, output::Output, place::Place};

/// What can be done with the history.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find edits, deletions, insertions, reorders and a cut-off end.
    Verify {
        /// A head that was written down earlier, e.g. from the card of an export: it must lie on the chain.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
}

/// Verifies. Fails if something does not hold.
pub async fn run(command: Command, place: &Place, output: Output) -> anyhow::Result<()> {
    let Command::Verify { head } = command;
    let workspace = place.open_existing().await?;
    let report = workspace.verify(head.as_deref()).await?;
    workspace.close().await;
    let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    let view = json!({
        "holds": report.holds(),
        "events": report.events,
        "head": report.head,
        "problems": problems,
        "problems_found": report.problems_found,
    });
    output.show(&view, |_| {
        let listed: String = problems.iter().map(|p| format!("PROBLEM {p}\n")).collect();
        let verdict = if report.holds() { "the history holds" } else { "the history does NOT hold" };
        format!("{listed}{verdict}: {} events, head {}\n", report.events, report.head)
    })?;
    if report.holds() {
        return Ok(());
    }
    Err(Advised {
        what: format!("the history does not hold: {} found", report.problems_found),
        next: "keep the folder as it is, copy it, and compare it with a backup; exports made before carry the head of their time"
            .into(),
    }
    .into())
}
