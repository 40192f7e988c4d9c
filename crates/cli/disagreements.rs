//! `saring disagreements`: what reviewers decided differently, with the decisions side by side.

use saring_desk::review::{DecisionView, Disagreement};
use serde_json::{Value, json};

use crate::{
    next::decision_view,
    output::{self, Output},
    place::Place,
};

/// Of which queue.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// Name of the queue.
    #[arg(long, short)]
    queue: String,

    /// How many at most.
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

/// Lists them.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let found = workspace.disagreements(&wanted.queue, None, wanted.limit).await?;
    workspace.close().await;
    let views: Vec<Value> = found.iter().map(view).collect();
    output.show(&views, |_| {
        if found.is_empty() {
            return format!("nothing awaits adjudication in {}\n", wanted.queue);
        }
        found.iter().map(text).collect()
    })
}

fn view(disagreement: &Disagreement) -> Value {
    json!({
        "item_id": disagreement.item_id,
        "task": disagreement.task,
        "decisions": disagreement.decisions.iter().map(decision_view).collect::<Vec<_>>(),
        "gold": disagreement.gold.as_ref().map(|gold| json!({
            "label": gold.label, "categories": gold.categories, "refusal": gold.refusal,
        })),
    })
}

fn text(disagreement: &Disagreement) -> String {
    let said = |decision: &DecisionView| {
        let categories = match decision.categories.as_slice() {
            [] => String::new(),
            names => format!(" ({})", names.join(", ")),
        };
        let note = decision.note.as_deref().map(|n| format!(": {}", output::one_line(n, 200)));
        format!("  {} says {}{categories}{}\n", decision.reviewer, decision.label, note.unwrap_or_default())
    };
    let lines: String = disagreement.decisions.iter().map(said).collect();
    format!("{} of {}\n{lines}", disagreement.task, disagreement.item_id)
}
