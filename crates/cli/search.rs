//! `saring search`: items by words or parts of words, in every script.

use saring_desk::queue::ItemSummary;
use serde_json::{Value, json};

use crate::{
    output::{self, Output},
    place::Place,
};

/// What to look for.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// Name of the queue.
    #[arg(long, short)]
    queue: String,

    /// Every word of it must be in the item.
    #[arg(value_name = "TEXT", required = true)]
    text: Vec<String>,

    /// At most so many items.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
}

/// Searches.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let page = workspace.search(&wanted.queue, &wanted.text.join(" "), wanted.limit).await?;
    workspace.close().await;
    let items: Vec<Value> = page.rows.iter().map(view).collect();
    output.show(&json!({ "items": items, "capped": page.capped }), |_| {
        if page.rows.is_empty() {
            return "nothing was found\n".to_owned();
        }
        let rows: Vec<Vec<String>> = page.rows.iter().map(row).collect();
        let more = if page.capped { "there are more; use more words, or --limit\n" } else { "" };
        format!("{}{more}", output::table(&["item", "id", "state", "lang", "text"], &rows))
    })
}

fn view(item: &ItemSummary) -> Value {
    json!({
        "id": item.id,
        "external_id": item.external_id,
        "seq": item.seq,
        "language": item.language,
        "excerpt": item.excerpt,
        "state": item.state,
        "flagged": item.flagged,
        "has_response": item.has_response,
        "has_image": item.has_image,
        "labelled": item.labelled,
        "risk": item.risk,
    })
}

fn row(item: &ItemSummary) -> Vec<String> {
    vec![
        item.id.clone(),
        item.external_id.clone().unwrap_or_default(),
        item.state.to_string(),
        item.language.clone().unwrap_or_default(),
        output::one_line(&item.excerpt, 80),
    ]
}
