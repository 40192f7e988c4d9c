//! `saring filters`: filters under a name, gone through like a queue with `saring next --filter NAME`.

use saring_desk::queue::{FilteredQuery, SavedFilter, Sort};
use serde_json::{Value, json};

use crate::{
    conditions::Conditions,
    output::{self, Output},
    place::Place,
};

/// What to do with saved filters.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Those of a queue, and how many items each finds.
    List {
        /// Name of the queue.
        #[arg(long, short)]
        queue: String,
    },
    /// Keep a filter under a name.
    Save(Kept),
    /// Give a saved filter another name.
    Rename {
        /// Name of the queue.
        #[arg(long, short)]
        queue: String,
        /// What it is called.
        name: String,
        /// What it is to be called.
        new_name: String,
    },
    /// Take a saved filter away. No item is touched.
    Remove {
        /// Name of the queue.
        #[arg(long, short)]
        queue: String,
        /// What it is called.
        name: String,
    },
}

/// What is to be kept.
#[derive(Debug, clap::Args)]
pub struct Kept {
    /// Name of the queue.
    #[arg(long, short)]
    queue: String,

    /// What it is to be called.
    name: String,

    /// Every word of it must be in the item.
    #[arg(long)]
    text: Option<String>,

    #[command(flatten)]
    conditions: Conditions,
}

/// Up to so many items are counted.
const COUNTED_MAX: u32 = 10_000;

/// Does it.
pub async fn run(command: Command, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    match command {
        Command::List { queue } => {
            let mut filters = Vec::new();
            for saved in workspace.saved_filters(&queue).await? {
                // The queue may have gone blind since: then it cannot be counted, as it cannot be opened.
                let query = FilteredQuery {
                    queue: queue.clone(),
                    filter: saved.filter.clone(),
                    sort: saved.sort,
                    ..FilteredQuery::default()
                };
                let found = workspace.count_filtered(&query, COUNTED_MAX).await.ok();
                filters.push((saved, found));
            }
            workspace.close().await;
            let views: Vec<Value> = filters.iter().map(|(saved, found)| view(saved, *found)).collect();
            output.show(&views, |_| {
                if filters.is_empty() {
                    return format!("no filter of {queue} is saved\n");
                }
                let rows: Vec<Vec<String>> =
                    filters.iter().map(|(saved, found)| row(saved, *found)).collect();
                output::table(&["filter", "items", "sort", "finds"], &rows)
            })
        }
        Command::Save(Kept { queue, name, text, conditions }) => {
            let sort = conditions.sort;
            let saved = workspace.save_filter(&queue, &name, &conditions.filter(text), sort).await?;
            workspace.close().await;
            output.show(&view(&saved, None), |_| {
                format!(
                    "saved {:?}; go through it with `saring next --queue {queue} --filter {:?}`\n",
                    saved.name, saved.name
                )
            })
        }
        Command::Rename { queue, name, new_name } => {
            let saved = workspace.rename_filter(&queue, &name, &new_name).await?;
            workspace.close().await;
            output.show(&view(&saved, None), |_| format!("{name:?} is called {:?} now\n", saved.name))
        }
        Command::Remove { queue, name } => {
            workspace.remove_filter(&queue, &name).await?;
            workspace.close().await;
            output.show(&json!({ "removed": name }), |_| format!("removed {name:?}; no item was touched\n"))
        }
    }
}

fn view(saved: &SavedFilter, found: Option<u64>) -> Value {
    json!({
        "id": saved.id,
        "name": saved.name,
        "filter": saved.filter,
        "sort": saved.sort,
        "items": found.filter(|n| *n <= u64::from(COUNTED_MAX)),
        "more": found.is_some_and(|n| n > u64::from(COUNTED_MAX)),
    })
}

fn row(saved: &SavedFilter, found: Option<u64>) -> Vec<String> {
    let items = match found {
        None => "hidden".to_owned(),
        Some(n) if n > u64::from(COUNTED_MAX) => format!("over {COUNTED_MAX}"),
        Some(n) => n.to_string(),
    };
    let sort = if saved.sort == Sort::Imported { String::new() } else { saved.sort.to_string() };
    vec![saved.name.clone(), items, sort, words(saved)]
}

/// What it finds, in a line.
fn words(saved: &SavedFilter) -> String {
    let Ok(Value::Object(said)) = serde_json::to_value(&saved.filter) else { return String::new() };
    let word = |(name, value): (&String, &Value)| {
        let value = match (name.as_str(), value) {
            ("score", _) => saved.filter.score.map(|range| range.to_string()).unwrap_or_default(),
            (_, Value::String(text)) => output::one_line(text, 40),
            (_, other) => other.to_string(),
        };
        format!("{} {value}", name.replace('_', " "))
    };
    let words: Vec<String> = said.iter().map(word).collect();
    if words.is_empty() { "everything".to_owned() } else { words.join(", ") }
}
