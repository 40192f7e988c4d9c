//! `saring history`: everything that happened to an item, oldest first, but for verdicts that must not be seen yet.

use saring_desk::review::{DecisionKind, HistoryEntry, HistoryEvent};
use serde_json::{Value, json};

use crate::{next, output, output::Output, place::Place};

/// Of which item.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// The item: the id that `next` and `search` give it, not the one it was imported with.
    item: String,

    /// A pseudonym: what this reviewer may know of an item that others decide apart.
    #[arg(long)]
    reviewer: Option<String>,
}

/// Shows it.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let entries = workspace.history_for(&wanted.item, wanted.reviewer.as_deref()).await?;
    workspace.close().await;
    let views: Vec<Value> = entries.iter().map(view).collect();
    output.show(&views, |_| {
        if entries.is_empty() {
            return "nothing has happened to it yet\n".to_owned();
        }
        entries.iter().map(text).collect()
    })
}

fn view(entry: &HistoryEntry) -> Value {
    match &entry.event {
        HistoryEvent::Verdict(verdict) => {
            json!({ "at": entry.at, "by": entry.by, "what": "verdict", "verdict": next::verdict_view(verdict) })
        }
        HistoryEvent::Decision(row) => json!({
            "at": entry.at,
            "by": entry.by,
            "what": row.kind.as_str(),
            "id": row.id,
            "task": row.task,
            "label": row.label,
            "categories": row.categories,
            "refusal": row.refusal,
            "note": row.note,
            "reason": row.reason,
            "policy": entry.policy.as_ref().map(|p| p.terms.reference()),
            "policy_id": row.policy_id,
            "anchored": row.verdict_visible,
            "supersedes": row.supersedes,
            "undoes": row.undoes,
            "undone": row.undone,
            "synthetic": row.synthetic,
        }),
    }
}

fn text(entry: &HistoryEntry) -> String {
    let what = match &entry.event {
        HistoryEvent::Verdict(verdict) => format!("verdict {}", next::verdict_text(verdict)),
        HistoryEvent::Decision(row) => {
            let mut words = vec![row.kind.to_string()];
            words.extend(row.task.map(|t| t.to_string()));
            words.extend(row.label.map(|l| l.to_string()));
            words.extend((!row.categories.is_empty()).then(|| format!("({})", row.categories.join(", "))));
            words.extend(row.refusal.map(|r| if r { "refusal" } else { "no refusal" }.to_owned()));
            for said in [&row.reason, &row.note].into_iter().flatten() {
                words.push(format!("\"{}\"", output::one_line(said, 200)));
            }
            if row.kind == DecisionKind::Label {
                words.push(if row.verdict_visible { "with a verdict in view" } else { "blind" }.to_owned());
            }
            words.extend(entry.policy.as_ref().map(|p| format!("under {}", p.terms.reference())));
            words.extend(row.synthetic.then(|| "by a script".to_owned()));
            words.extend(row.undone.then(|| "(taken back later)".to_owned()));
            words.join(" ")
        }
    };
    format!("{}  {}: {what}\n", entry.at, entry.by)
}
