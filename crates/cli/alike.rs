//! `saring alike`: items of a queue that are nearly the same as one.

use saring_desk::alike::{Alike, AlikeItem};
use serde_json::{Value, json};

use crate::{
    output::{self, Output},
    place::Place,
};

/// As which.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// The item: the id that `next` and `search` give it, not the one it was imported with.
    item: String,
}

/// Lists them.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let alike = workspace.alike(&wanted.item).await?;
    workspace.close().await;
    output.show(&view(&alike), |_| text(&alike))
}

/// For scripts.
pub fn view(alike: &Alike) -> Value {
    json!({ "items": alike.items.iter().map(item_view).collect::<Vec<_>>(), "more": alike.more })
}

fn item_view(item: &AlikeItem) -> Value {
    let tasks: Vec<Value> = item
        .tasks
        .iter()
        .map(|(task, state, label)| json!({ "task": task, "state": state, "label": label }))
        .collect();
    json!({
        "id": item.item_id,
        "seq": item.seq,
        "external_id": item.external_id,
        "language": item.language,
        "excerpt": item.excerpt,
        "text_distance": item.text_distance,
        "picture_distance": item.picture_distance,
        "state": item.state,
        "tasks": tasks,
    })
}

/// For people.
pub fn text(alike: &Alike) -> String {
    if alike.items.is_empty() {
        return "nothing in the queue is nearly the same".into();
    }
    let mut text = String::new();
    for item in &alike.items {
        let labels: Vec<String> = item
            .tasks
            .iter()
            .filter_map(|(task, _, label)| label.map(|label| format!("{task} {label}")))
            .collect();
        let decided = if labels.is_empty() { String::new() } else { format!(" ({})", labels.join(", ")) };
        let pictures =
            item.picture_distance.map_or_else(String::new, |bits| format!(", pictures {bits} bits"));
        text.push_str(&format!(
            "{}  {:.2}{pictures}  {}{decided}  {}\n",
            item.item_id,
            item.text_distance,
            item.state,
            output::one_line(&item.excerpt, 60)
        ));
    }
    if alike.more {
        text.push_str("there may be more that are not shown\n");
    }
    text
}
