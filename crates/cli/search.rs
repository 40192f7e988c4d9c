//! `saring search`: items by words or parts of words, in every script, and by what was said and decided about them.

use saring_desk::queue::{FilteredQuery, ItemSummary};
use serde_json::{Value, json};

use crate::{
    conditions::Conditions,
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
    #[arg(value_name = "TEXT")]
    text: Vec<String>,

    #[command(flatten)]
    conditions: Conditions,

    /// A pseudonym: what this reviewer may know of items that others decide apart.
    #[arg(long = "as", value_name = "PSEUDONYM")]
    viewer: Option<String>,

    /// Go on behind a page: what `next` said of it.
    #[arg(long, value_name = "NEXT")]
    after: Option<String>,

    /// Count what is found, up to so many.
    #[arg(long, value_name = "MOST", num_args = 0..=1, require_equals = true, default_missing_value = "10000")]
    count: Option<u32>,

    /// At most so many items.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
}

/// Searches.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let text = Some(wanted.text.join(" ")).filter(|text| !text.is_empty());
    let query = FilteredQuery {
        queue: wanted.queue,
        sort: wanted.conditions.sort,
        filter: wanted.conditions.filter(text),
        viewer: wanted.viewer,
        after: wanted.after.map(|cursor| cursor.parse()).transpose()?,
        limit: wanted.limit,
    };
    let page = workspace.filtered(&query).await?;
    let found = match wanted.count {
        Some(most) => Some((workspace.count_filtered(&query, most).await?, u64::from(most))),
        None => None,
    };
    workspace.close().await;
    let items: Vec<Value> = page.rows.iter().map(view).collect();
    let next = page.next.as_ref().map(ToString::to_string);
    let result = json!({
        "items": items,
        "capped": next.is_some(),
        "next": next,
        "withheld": page.withheld,
        "found": found.map(|(n, most)| n.min(most)),
        "found_more": found.map(|(n, most)| n > most),
    });
    output.show(&result, |_| {
        let mut text = if page.rows.is_empty() {
            "nothing was found\n".to_owned()
        } else {
            let rows: Vec<Vec<String>> = page.rows.iter().map(row).collect();
            output::table(&["item", "id", "state", "lang", "text"], &rows)
        };
        if let Some((n, most)) = found {
            text += &if n > most {
                format!("more than {most} were found\n")
            } else {
                format!("{n} were found\n")
            };
        }
        if let Some(next) = &next {
            text += &format!(
                "there may be more; say more about them, or --limit, or go on with --after {next}\n"
            );
        }
        if page.withheld {
            text +=
                "undecided items of the blind sample are left out: this would tell what guards say of them\n";
        }
        text
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
