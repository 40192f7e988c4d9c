//! `saring next`: the next item to review, as a reviewer may see it: blind queues show no verdict.

use saring_desk::{
    language::LanguageFrom,
    review::{DecisionView, FilteredReview, ItemView, TaskView, VerdictSlot, VerdictView},
};
use serde_json::{Map, Value, json};

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

    /// The item after this one, in the order of the queue.
    #[arg(long, value_name = "ITEM")]
    after: Option<String>,

    /// A pseudonym: what is next for this reviewer, under the plan of the queue.
    #[arg(long)]
    reviewer: Option<String>,

    /// What a saved filter of the queue finds, in its order. Decide it with --picked: no draw brought it up.
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
}

/// Shows it; `null` when nothing is pending.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let after = wanted.after.as_deref();
    let item = match (&wanted.filter, &wanted.reviewer) {
        (Some(name), reviewer) => {
            let saved = workspace.saved_filter(&wanted.queue, name).await?;
            let review = FilteredReview {
                queue: saved.queue_id,
                filter: saved.filter,
                sort: saved.sort,
                reviewer: reviewer.clone(),
                after: wanted.after.clone(),
            };
            workspace.next_filtered(&review).await?
        }
        (None, Some(reviewer)) => workspace.next_for(&wanted.queue, reviewer, after).await?,
        (None, None) => workspace.next(&wanted.queue, after).await?,
    };
    workspace.close().await;
    output.show(&item.as_ref().map(view), |_| match &item {
        Some(item) => text(item),
        None => match &wanted.filter {
            Some(name) => format!("{name} finds nothing more in {}\n", wanted.queue),
            None => format!("nothing is pending in {}\n", wanted.queue),
        },
    })
}

/// An item for scripts.
pub fn view(item: &ItemView) -> Value {
    let tasks: Vec<Value> = item.tasks.iter().map(task_view).collect();
    json!({
        "id": item.id,
        "external_id": item.external_id,
        "seq": item.seq,
        "queue_id": item.queue_id,
        "language": item.language,
        "language_from": item.language_from.map(LanguageFrom::as_str),
        "turns": item.turns,
        "in_unicode": item.in_unicode,
        "images": item.images.iter().map(|image| &image.sha256).collect::<Vec<_>>(),
        "source": item.source.as_deref().and_then(|s| serde_json::from_str::<Value>(s).ok()),
        "state": item.state,
        "flagged": item.flagged,
        "duplicates": item.duplicates,
        "draw_id": item.draw_id,
        "tasks": tasks,
    })
}

fn task_view(task: &TaskView) -> Value {
    let verdict = match &task.verdict {
        VerdictSlot::Absent => json!({ "kind": "absent" }),
        VerdictSlot::Hidden => json!({ "kind": "hidden" }),
        VerdictSlot::Failed { code, reason } => json!({ "kind": "failed", "code": code, "reason": reason }),
        VerdictSlot::Shown(verdicts) => {
            json!({ "kind": "shown", "verdicts": verdicts.iter().map(verdict_view).collect::<Vec<_>>() })
        }
    };
    json!({
        "task": task.task,
        "state": task.state,
        "verdict": verdict,
        "decision": task.decision.as_ref().map(decision_view),
    })
}

/// A verdict for scripts.
pub fn verdict_view(shown: &VerdictView) -> Value {
    let verdict = &shown.verdict;
    let probabilities: Map<String, Value> =
        verdict.probabilities.iter().map(|x| (x.label.clone(), x.p.into())).collect();
    json!({
        "id": shown.id,
        "guard": shown.guard_name,
        "is_toy": shown.is_toy,
        "label": verdict.label(),
        "p_unsafe": shown.p_unsafe,
        "probabilities": probabilities,
        "label_mass": verdict.label_mass,
        "off_format": verdict.off_format(),
        "categories": verdict.categories,
        "refusal": verdict.refusal,
        "truncated": verdict.truncated,
        "suggestion": shown.suggestion,
        "made_at": shown.made_at,
        "provenance": serde_json::from_str::<Value>(&shown.provenance).ok(),
    })
}

/// A decision for scripts.
pub fn decision_view(decision: &DecisionView) -> Value {
    json!({
        "id": decision.id,
        "label": decision.label,
        "categories": decision.categories,
        "refusal": decision.refusal,
        "note": decision.note,
        "reviewer": decision.reviewer,
        "decided_at": decision.decided_at,
        "anchored": decision.anchored,
        "synthetic": decision.synthetic,
    })
}

fn text(item: &ItemView) -> String {
    let mut head = vec![("item", item.id.clone())];
    let mut add =
        |name, value: &Option<String>| head.extend(value.clone().map(|v| (name, output::one_line(&v, 200))));
    add("id", &item.external_id);
    add("language", &item.language);
    if item.duplicates > 0 {
        head.push(("duplicates", item.duplicates.to_string()));
    }
    let mut text = output::facts(head);
    for (at, turn) in item.turns.iter().enumerate() {
        let in_unicode = item.in_unicode.as_ref().and_then(|texts| texts.get(at));
        let (shown, of) =
            in_unicode.map_or((&turn.content, ""), |text| (text, ", in Zawgyi, shown in Unicode"));
        text.push_str(&format!("\n[{}{of}]\n{}\n", turn.role.as_str(), output::on_terminal(shown)));
    }
    for image in &item.images {
        text.push_str(&format!("\n[image {}]\n", image.sha256));
    }
    text.push('\n');
    for task in &item.tasks {
        let verdict = match &task.verdict {
            VerdictSlot::Absent => "no guard has judged it yet".to_owned(),
            VerdictSlot::Hidden => "a verdict, if there is one, is shown after a decision".to_owned(),
            VerdictSlot::Failed { reason, .. } => format!("the guard could not judge it: {reason}"),
            VerdictSlot::Shown(verdicts) => verdicts
                .iter()
                .map(|v| format!("{} says {}", v.guard_name, verdict_text(v)))
                .collect::<Vec<_>>()
                .join("; "),
        };
        text.push_str(&format!("{}: {}; {verdict}\n", task.task, task.state));
    }
    text
}

/// What a guard said, in a line.
pub fn verdict_text(shown: &VerdictView) -> String {
    let categories = match shown.verdict.categories.as_slice() {
        [] => String::new(),
        names => format!(", {}", names.join(", ")),
    };
    let refusal = match shown.verdict.refusal {
        Some(true) => ", refusal",
        _ => "",
    };
    let mass = if shown.verdict.off_format() { ", off format" } else { "" };
    format!(
        "{} ({:.2} unsafe){categories}{refusal}{mass}",
        shown.verdict.label().unwrap_or("nothing"),
        shown.p_unsafe
    )
}
