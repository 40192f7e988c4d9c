//! `saring policies`: what reviewers may say in queues, in versions, and as files.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::{Subcommand, ValueHint};
use saring_desk::{
    Workspace,
    policy::{GestureRule, Policy, PolicyChange, PolicyListing, PolicyVersion},
};
use serde_json::{Value, json};

use crate::{
    output::{self, Output},
    place::Place,
};

/// What can be done with policies.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Every version of every policy, and which queues have it.
    List,
    /// What a policy says.
    Show {
        /// NAME (its newest version), NAME@VERSION, or the first digits of its id.
        policy: String,
    },
    /// Keep the policy of a file, under the name and version that it has there.
    Import {
        /// A file that `policies export` wrote, edited or not.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Keep it as the next version, whichever the file says.
        #[arg(long)]
        as_next_version: bool,
        /// Who keeps it: a pseudonym.
        #[arg(long)]
        reviewer: Option<String>,
    },
    /// Write a policy to a file that `policies import` reads.
    Export {
        /// NAME (its newest version), NAME@VERSION, or the first digits of its id.
        policy: String,
        /// The file; one that exists is not overwritten.
        #[arg(long, value_hint = ValueHint::FilePath)]
        out: PathBuf,
    },
    /// Let a queue go over to a policy, or to another version of its own.
    Use {
        /// The queue.
        queue: String,
        /// NAME (its newest version), NAME@VERSION, or the first digits of its id.
        policy: String,
        /// Only say what it would mean.
        #[arg(long)]
        dry_run: bool,
        /// Also if decisions in force could not be made under it. They stay as they are, under the version that they were made under.
        #[arg(long, conflicts_with = "dry_run")]
        even_so: bool,
        /// Who says so: a pseudonym.
        #[arg(long)]
        reviewer: Option<String>,
    },
}

/// Does it.
pub async fn run(command: Command, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = match &command {
        Command::Use { .. } => place.open_existing().await?,
        _ => place.open().await?,
    };
    match command {
        Command::List => list(&workspace.policies().await?, output)?,
        Command::Show { policy } => {
            let version = workspace.policy(&policy).await?;
            output.show(&view(&version), |_| text(&version))?;
        }
        Command::Import { file, as_next_version, reviewer } => {
            import(&workspace, &file, as_next_version, reviewer.as_deref(), output).await?;
        }
        Command::Export { policy, out } => {
            let version = workspace.policy(&policy).await?;
            write_new(&out, &version.terms.to_file())?;
            output.show(&view(&version), |_| format!("{} is in {}", name(&version), out.display()))?;
        }
        Command::Use { queue, policy, dry_run, even_so, reviewer } => {
            let change = if dry_run {
                workspace.policy_change(&queue, &policy).await?
            } else {
                workspace.use_policy(&queue, &policy, reviewer.as_deref(), even_so).await.map_err(
                    |error| {
                        let context = matches!(&error, saring_desk::Error::Policy(_));
                        let error = anyhow::Error::from(error);
                        if context { error.context(EVEN_SO) } else { error }
                    },
                )?
            };
            output.show(&change_view(&change, dry_run), |_| change_text(&change, dry_run))?;
        }
    }
    workspace.close().await;
    Ok(())
}

const EVEN_SO: &str = "nothing was changed (--dry-run lists what it means, --even-so does it)";

async fn import(
    workspace: &Workspace,
    file: &Path,
    as_next_version: bool,
    reviewer: Option<&str>,
    output: Output,
) -> anyhow::Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let at_file = || format!("{}", file.display());
    let (version, words) = if as_next_version {
        let terms = Policy::from_file(&text).map_err(saring_desk::Error::from).with_context(at_file)?;
        (workspace.save_policy(terms, reviewer).await?, "is kept")
    } else {
        let imported = workspace.import_policy(&text, reviewer).await.with_context(at_file)?;
        (imported.version, if imported.added { "is kept" } else { "was there already" })
    };
    output.show(&view(&version), |_| {
        format!(
            "{} {words}; a queue goes over to it with `saring policies use QUEUE {}`",
            name(&version),
            version.terms.reference()
        )
    })
}

fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file =
        fs::File::create_new(path).with_context(|| format!("{} cannot be written", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("{} cannot be written", path.display()))
}

fn list(listings: &[PolicyListing], output: Output) -> anyhow::Result<()> {
    let views: Vec<Value> = listings
        .iter()
        .map(|l| {
            json!({
                "name": l.version.terms.name,
                "version": l.version.terms.version,
                "id": l.version.id,
                "ready_made": l.ready_made,
                "queues": l.queues,
                "kept_by": l.kept_by,
                "kept_at": l.kept_at,
            })
        })
        .collect();
    output.show(&views, |_| {
        let rows: Vec<Vec<String>> = listings
            .iter()
            .map(|l| {
                let origin = if l.ready_made { "Saring" } else { l.kept_by.as_deref().unwrap_or("") };
                vec![
                    l.version.terms.name.clone(),
                    l.version.terms.version.to_string(),
                    short(&l.version.id),
                    origin.to_owned(),
                    l.queues.join(", "),
                ]
            })
            .collect();
        output::table(&["name", "version", "id", "from", "queues"], &rows)
    })
}

/// A version for scripts: as in a file, with its id.
fn view(version: &PolicyVersion) -> Value {
    json!({ "id": version.id, "policy": version.terms })
}

fn name(version: &PolicyVersion) -> String {
    format!("{}, version {} ({})", version.terms.name, version.terms.version, short(&version.id))
}

fn short(id: &str) -> String {
    id.chars().take(12).collect()
}

fn text(version: &PolicyVersion) -> String {
    let terms = &version.terms;
    let mut text = format!("{}\n{}\n", name(version), terms.about);
    text.push_str("\nLabels\n");
    for label in &terms.labels {
        text.push_str(&clause(label.label.as_str(), label.rationale, &label.guidance, &label.examples));
    }
    if !terms.categories.is_empty() {
        text.push_str("\nCategories\n");
    }
    for category in &terms.categories {
        let tasks: Vec<&str> = category.tasks.iter().map(|t| t.as_str()).collect();
        let title = format!("{} [{}]", category.name, tasks.join(", "));
        text.push_str(&clause(&title, category.rationale, &category.guidance, &category.examples));
    }
    if let Some(refusal) = &terms.refusal {
        text.push_str(&format!("\nRefusal is asked about responses\n  {}\n", refusal.guidance));
    }
    for (what, rule) in
        [("skip", &terms.reasons.skip), ("escalate", &terms.reasons.escalate), ("flag", &terms.reasons.flag)]
    {
        text.push_str(&reasons(what, rule));
    }
    for mapping in &terms.guards {
        text.push_str(&format!("\nWhat {} says\n", mapping.family));
        let labels = mapping.labels.iter().map(|(native, label)| (native, label.to_string()));
        let categories = mapping.categories.iter().map(|(native, category)| (native, category.clone()));
        for (native, target) in labels.chain(categories) {
            text.push_str(&format!("  {native} -> {target}\n"));
        }
    }
    text
}

fn clause(title: &str, rationale: bool, guidance: &str, examples: &[String]) -> String {
    let mut text = format!("  {title}{}\n", if rationale { " (wants a note)" } else { "" });
    if !guidance.is_empty() {
        text.push_str(&format!("    {guidance}\n"));
    }
    for example in examples {
        text.push_str(&format!("    e.g. {example}\n"));
    }
    text
}

fn reasons(what: &str, rule: &GestureRule) -> String {
    let own = if rule.free_text { "own words will do" } else { "codes only" };
    let required = if rule.required { ", a reason is required" } else { "" };
    let rationale = if rule.rationale { ", a note is required" } else { "" };
    let mut text = format!("\nReasons to {what}: {own}{required}{rationale}\n");
    for reason in &rule.codes {
        text.push_str(&format!("  {}  {}\n", reason.code, reason.text));
    }
    text
}

fn change_view(change: &PolicyChange, dry_run: bool) -> Value {
    let unsayable: Vec<Value> =
        change.unsayable.iter().map(|u| json!({ "reason": u.reason, "decisions": u.decisions })).collect();
    json!({
        "queue": change.queue.name,
        "from": change.queue.policy.terms.reference(),
        "from_id": change.queue.policy.id,
        "to": change.to.terms.reference(),
        "to_id": change.to.id,
        "decisions": change.decisions,
        "unsayable": unsayable,
        "changed": !dry_run && change.queue.policy.id != change.to.id,
    })
}

fn change_text(change: &PolicyChange, dry_run: bool) -> String {
    let (from, to) = (change.queue.policy.terms.reference(), change.to.terms.reference());
    if change.queue.policy.id == change.to.id {
        return format!("{} has {to} already", change.queue.name);
    }
    let verb = if dry_run { "would go" } else { "goes" };
    let mut text = format!("{} {verb} over from {from} to {to}\n", change.queue.name);
    text.push_str(&format!(
        "{} of {} decisions in force could not be made under it; they stay as they are\n",
        change.unsayable_decisions(),
        change.decisions
    ));
    for unsayable in &change.unsayable {
        text.push_str(&format!("{:>8}  {}\n", unsayable.decisions, unsayable.reason));
    }
    text
}
