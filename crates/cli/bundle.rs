//! `saring bundle`: a queue split among laptops without a network, and put together again.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use saring_desk::{
    bundle::{self, SplitOrder},
    review::Share,
};
use serde_json::{Value, json};

use crate::{
    output::{self, Output},
    place::Place,
    plan::seed_of_this_moment,
};

/// What is done with bundles.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Split what is undecided of a queue into a bundle file for each reviewer.
    Split(Split),
    /// Open a bundle in this workspace, on the reviewer's laptop.
    Open {
        /// The file.
        file: PathBuf,
    },
    /// Write a file of what a reviewer has decided in a queue that was opened from a bundle.
    Return {
        /// Name of the queue.
        #[arg(long, short)]
        queue: String,
        /// The pseudonym that the bundle was made for.
        #[arg(long)]
        reviewer: String,
        /// The file to write.
        #[arg(long)]
        out: PathBuf,
    },
    /// Take in what reviewers gave back: all files, or none if one is refused. In any order, and as often as you like.
    Merge {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Say what a file is, without opening it.
    Show {
        /// The file.
        file: PathBuf,
    },
    /// How far each reviewer of a queue is.
    Progress {
        /// Name of the queue.
        #[arg(long, short)]
        queue: String,
    },
}

/// How a queue is split.
#[derive(Debug, clap::Args)]
pub struct Split {
    /// Name of the queue.
    #[arg(long, short)]
    queue: String,

    /// Pseudonyms, separated by commas; a bundle for each.
    #[arg(long, value_delimiter = ',', required = true)]
    reviewers: Vec<String>,

    /// Items that two reviewers get: the second reviews of the queue's plan, which this changes. A percentage, all or none.
    #[arg(long)]
    overlap: Option<Share>,

    /// Hand out again what is in bundles already, as if they were lost.
    #[arg(long)]
    again: bool,

    /// The folder for the files.
    #[arg(long)]
    out: PathBuf,

    /// What the overlap is drawn with, if the queue has no plan yet.
    #[arg(long)]
    seed: Option<i64>,
}

/// Does it.
pub async fn run(command: Command, place: &Place, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Split(wanted) => split(wanted, place, output).await,
        Command::Open { file } => open(&file, place, output).await,
        Command::Return { queue, reviewer, out } => give_back(&queue, &reviewer, &out, place, output).await,
        Command::Merge { files } => merge(&files, place, output).await,
        Command::Show { file } => show(&file, output),
        Command::Progress { queue } => progress(&queue, place, output).await,
    }
}

async fn split(wanted: Split, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let order = SplitOrder {
        queue: wanted.queue,
        reviewers: wanted.reviewers,
        overlap: wanted.overlap,
        again: wanted.again,
        out: wanted.out,
        seed: wanted.seed.unwrap_or_else(seed_of_this_moment),
    };
    let made = workspace.split(&order).await?;
    workspace.close().await;
    let report: Vec<Value> = made
        .iter()
        .map(|bundle| {
            json!({
                "bundle_id": bundle.id,
                "reviewer": bundle.reviewer,
                "file": bundle.path,
                "items": bundle.items,
                "fingerprint": bundle.fingerprint,
            })
        })
        .collect();
    output.show(&report, |_| {
        let rows: Vec<Vec<String>> = made
            .iter()
            .map(|b| {
                let file = b.path.display().to_string();
                vec![b.reviewer.clone(), b.items.to_string(), file, b.fingerprint.clone()]
            })
            .collect();
        let table = output::table(&["reviewer", "items", "file", "fingerprint"], &rows);
        format!("{table}Each file holds its key: hand it to nobody but its reviewer.\n")
    })
}

async fn open(file: &Path, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open().await?;
    let opened = workspace.open_bundle(file).await?;
    workspace.close().await;
    let report = json!({
        "bundle_id": opened.id,
        "reviewer": opened.reviewer,
        "queue": opened.queue,
        "added": opened.added,
        "known": opened.known,
        "refused": opened.refused,
        "fingerprint": opened.fingerprint,
    });
    output.show(&report, |_| {
        output::facts([
            ("queue", opened.queue.clone()),
            ("reviewer", opened.reviewer.clone()),
            ("items", format!("{} added, {} known", opened.added, opened.known)),
            ("kept out", format!("{} whose content is in quarantine here", opened.refused)),
            ("fingerprint", opened.fingerprint.clone()),
            ("", "It is the lead's bundle if the lead's machine showed the same fingerprint.".to_owned()),
        ])
    })
}

async fn give_back(
    queue: &str,
    reviewer: &str,
    out: &Path,
    place: &Place,
    output: Output,
) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let given = workspace.give_back(queue, reviewer, out).await?;
    workspace.close().await;
    let report = json!({
        "file": given.path,
        "bundle_id": given.bundle_id,
        "decisions": given.decisions,
        "done": given.done,
        "items": given.items,
    });
    output.show(&report, |_| {
        let (file, done) = (given.path.display(), given.done);
        format!("{file}: {} decisions; {done} of {} items are done\n", given.decisions, given.items)
    })
}

async fn merge(files: &[PathBuf], place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let merged = workspace.merge(files).await?;
    workspace.close().await;
    let report: Vec<Value> = merged
        .iter()
        .map(|file| {
            json!({
                "file": file.path,
                "reviewer": file.reviewer,
                "queue": file.queue,
                "added": file.added,
                "known": file.known,
            })
        })
        .collect();
    output.show(&report, |_| -> String {
        let line = |file: &bundle::Merged| {
            let (path, reviewer) = (file.path.display(), &file.reviewer);
            format!("{path}: {} new decisions of {reviewer}, {} known\n", file.added, file.known)
        };
        merged.iter().map(line).collect()
    })
}

fn show(file: &Path, output: Output) -> anyhow::Result<()> {
    let card = bundle::show(file)?;
    let report = json!({
        "kind": card.kind,
        "bundle_id": card.bundle_id,
        "reviewer": card.reviewer,
        "queue": card.queue,
        "rows": card.rows,
        "images": card.images,
        "fingerprint": card.fingerprint,
        "is_whole": card.is_whole,
    });
    output.show(&report, |_| {
        let mut facts = vec![("file", card.kind.clone()), ("reviewer", card.reviewer.clone())];
        facts.extend(card.queue.clone().map(|queue| ("queue", queue)));
        facts.push(("rows", card.rows.to_string()));
        facts.push(("images", card.images.to_string()));
        facts.push(("bundle", card.bundle_id.clone()));
        facts.push(("fingerprint", card.fingerprint.clone()));
        facts.push(("whole", if card.is_whole { "yes" } else { "no: it was changed or damaged" }.to_owned()));
        output::facts(facts)
    })
}

async fn progress(queue: &str, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let progress = workspace.review_progress(queue).await?;
    workspace.close().await;
    let reviewers: Vec<Value> = progress
        .reviewers
        .iter()
        .map(|r| json!({ "reviewer": r.reviewer, "done": r.done, "items": r.items }))
        .collect();
    let report = json!({
        "queue": progress.queue,
        "named": progress.named,
        "reviewers": reviewers,
        "awaiting_second_review": progress.awaiting_second,
        "awaiting_adjudication": progress.awaiting_adjudication,
    });
    output.show(&report, |_| {
        let row = |r: &bundle::ReviewerProgress| {
            let items = r.items.map_or_else(|| "·".to_owned(), |n| n.to_string());
            vec![r.reviewer.clone(), r.done.to_string(), items]
        };
        let rows: Vec<Vec<String>> = progress.reviewers.iter().map(row).collect();
        let table = output::table(&["reviewer", "done", "items"], &rows);
        let (second, settle) = (progress.awaiting_second, progress.awaiting_adjudication);
        format!("{table}{second} tasks await a second review, {settle} adjudication\n")
    })
}
