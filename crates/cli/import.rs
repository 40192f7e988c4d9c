//! `saring import`: files into a queue, bad rows reported.

use std::path::PathBuf;

use clap::ValueHint;
use saring_desk::{
    import::{ColumnMapping, ImportReport, ImportRequest},
    media::Keeping,
    policy,
};
use saring_verdict::Cancel;
use serde_json::{Value, json};

use crate::{
    failure::{Advised, Usage},
    output::Output,
    place::Place,
    progress,
};

/// Errors that are shown to people; scripts get all that the report holds.
const ERRORS_SHOWN: usize = 20;

/// What to import.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// JSONL, CSV or TSV files.
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::FilePath)]
    paths: Vec<PathBuf>,

    /// Name of the queue; made if there is none.
    #[arg(long, short)]
    queue: String,

    /// Read a field from a column of another name, e.g. prompt=comment. May be repeated.
    #[arg(long, value_name = "FIELD=COLUMN")]
    map: Vec<String>,

    /// What reviewers may say in a new queue: the newest version of a policy, or NAME@VERSION. `saring policies list` has them.
    #[arg(long, default_value = policy::DEFAULT)]
    policy: String,

    /// Leave images where they are, and look for them there: moved or changed ones cannot be shown or judged any more. If not
    /// given, they are copied into the workspace.
    #[arg(long)]
    link_images: bool,
}

/// Imports.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let mapping = ColumnMapping::parse(&wanted.map).map_err(|e| Usage(format!("--map {e}")))?;
    let workspace = place.open().await?;
    let request = ImportRequest {
        queue: wanted.queue.clone(),
        policy: wanted.policy,
        paths: wanted.paths,
        mapping,
        keeping: if wanted.link_images { Keeping::Link } else { Keeping::Copy },
    };
    let cancel = Cancel::new();
    cancel_on_interrupt(&cancel);
    let bar = progress::reading("importing", 0);
    let report = workspace
        .import(
            &request,
            &mut |p| {
                bar.set_length(p.bytes_total);
                bar.set_position(p.bytes_read);
            },
            &cancel,
        )
        .await;
    bar.finish_and_clear();
    let report = report?;
    workspace.close().await;
    output.show(&view(&report, &wanted.queue), |_| text(&report, &wanted.queue))?;
    if report.cancelled {
        return Err(
            Advised { what: "stopped".into(), next: "run the same command again to go on".into() }.into()
        );
    }
    if report.failed > 0 && report.added + report.known == 0 {
        return Err(Advised {
            what: "no row could be imported".into(),
            next: "look at the reasons above; columns of other names are mapped with --map FIELD=COLUMN"
                .into(),
        }
        .into());
    }
    Ok(())
}

/// Ctrl-C stops after the rows in work; what was imported stays.
pub fn cancel_on_interrupt(cancel: &Cancel) {
    let cancel = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            cancel.cancel();
        }
    });
}

/// The report for scripts.
pub fn view(report: &ImportReport, queue: &str) -> Value {
    let errors: Vec<Value> =
        report.errors.iter().map(|e| json!({ "path": e.path, "line": e.line, "reason": e.reason })).collect();
    json!({
        "queue": queue,
        "queue_id": report.queue_id,
        "rows_read": report.rows_read,
        "added": report.added,
        "known": report.known,
        "duplicates": report.duplicates,
        "languages_detected": report.detected,
        "zawgyi": report.zawgyi,
        "alike": report.alike,
        "crowded": report.crowded,
        "failed": report.failed,
        "errors": errors,
        "warnings": report.warnings,
        "cancelled": report.cancelled,
    })
}

fn text(report: &ImportReport, queue: &str) -> String {
    let mut text = format!("{} items added to {queue}", report.added);
    let mut part = |n: u64, what: &str| {
        if n > 0 {
            text.push_str(&format!(", {n} {what}"));
        }
    };
    part(report.known, "were there already");
    part(report.duplicates, "with the content of an earlier item");
    part(report.detected, "in a language that was detected");
    part(report.zawgyi, "in Burmese in the Zawgyi encoding");
    part(report.alike, "the same or nearly the same as an earlier item");
    part(report.crowded, "not compared with every item that may be like them, as too many are");
    part(report.failed, "rows not taken");
    text.push('\n');
    for warning in &report.warnings {
        text.push_str(&format!("{warning}\n"));
    }
    for error in report.errors.iter().take(ERRORS_SHOWN) {
        let place = if error.line == 0 { String::new() } else { format!(":{}", error.line) };
        text.push_str(&format!("{}{place}: {}\n", error.path.display(), error.reason));
    }
    let more = report.failed.saturating_sub(report.errors.len().min(ERRORS_SHOWN) as u64);
    if more > 0 {
        text.push_str(&format!("and {more} more\n"));
    }
    text
}
