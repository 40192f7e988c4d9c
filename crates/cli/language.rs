//! `saring language`: a reviewer says which language an item is in.

use saring_desk::language::LanguageCorrection;
use serde_json::json;

use crate::{output::Output, place::Place};

/// Of which item, which language, and who says so.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// The item: the id that `next` and `search` give it, not the one it was imported with.
    item: String,

    /// A BCP 47 tag such as my, id, ms, tl, ta, th, vi or en; und if it cannot be told.
    language: String,

    /// A pseudonym.
    #[arg(long)]
    reviewer: String,
}

/// Corrects it.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let correction =
        LanguageCorrection { item_id: wanted.item, language: wanted.language, reviewer: wanted.reviewer };
    let saved_at = workspace.correct_language(&correction).await?;
    let item = workspace.item(&correction.item_id).await?;
    workspace.close().await;
    let language = item.language.unwrap_or_else(|| "und".to_owned());
    let report = json!({ "item_id": item.id, "language": language, "saved_at": saved_at });
    output.show(&report, |_| format!("saved at {saved_at}: {} is in {language}", item.id))
}
