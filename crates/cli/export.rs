//! `saring export`: training files, or decisions for the platform that the items came from.

use std::path::PathBuf;

use clap::ValueHint;
use saring_desk::export::{ControversialAs, ExportFormat, ExportOrder, ExportReport};
use serde_json::{Value, json};

use crate::{guarding, output, output::Output, place::Place};

/// What to export, and how.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// Name of the queue.
    #[arg(long, short)]
    queue: String,

    /// llama-factory (training files) or decisions (CSV and JSONL).
    #[arg(long)]
    format: ExportFormat,

    /// A folder that does not exist or is empty.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out: PathBuf,

    /// For training files: whose wording and answers; the default guard if not given.
    #[arg(long)]
    guard: Option<String>,

    /// What controversial becomes for a guard that has no such label: exclude, safe or unsafe.
    #[arg(long, default_value = "exclude")]
    controversial_as: ControversialAs,

    /// Share of the validation part, 0 to 0.5.
    #[arg(long, default_value_t = 0.1)]
    validation: f64,

    /// Of the split.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Exports.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let order = ExportOrder {
        guard: wanted.guard,
        controversial_as: wanted.controversial_as,
        validation: wanted.validation,
        seed: wanted.seed,
        ..ExportOrder::new(wanted.queue, wanted.format)
    };
    let report = workspace.export(&guarding::engine()?, &order, &wanted.out).await?;
    workspace.close().await;
    output.show(&view(&report), |_| text(&report))
}

/// What was written, for scripts.
pub fn view(report: &ExportReport) -> Value {
    let files: Vec<Value> = report
        .files
        .iter()
        .map(|f| json!({ "name": f.name, "sha256": f.sha256, "bytes": f.bytes }))
        .collect();
    let left_out: Vec<Value> =
        report.left_out.iter().map(|(reason, n)| json!({ "reason": reason.to_string(), "n": n })).collect();
    json!({
        "folder": report.folder,
        "files": files,
        "rows": report.rows,
        "train": report.train,
        "validation": report.validation,
        "left_out": left_out,
        "template": report.template.map(|t| t.as_str()),
        "chain_head": report.chain_head,
    })
}

/// What was written, for people.
pub fn text(report: &ExportReport) -> String {
    let mut text = format!("{} rows in {}\n", report.rows, report.folder.display());
    for file in &report.files {
        text.push_str(&format!("  {}  {}\n", file.name, output::bytes(file.bytes)));
    }
    for (reason, n) in &report.left_out {
        text.push_str(&format!("left out: {n} {reason}\n"));
    }
    text
}
