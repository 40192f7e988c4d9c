//! `saring compare`: two guards on one queue, how often they say the same and where they do not.

use saring_desk::metrics::{Comparison, Flip, PairedTest, Yardstick};
use serde_json::{Value, json};

use crate::{
    output::{self, Output},
    place::Place,
};

/// Rows that are shown to people; scripts get all that the comparison holds.
const ROWS_SHOWN: usize = 20;

/// Which guards, on what.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// Name of the queue.
    #[arg(long, short)]
    queue: String,

    /// Name of a guard.
    #[arg(value_name = "GUARD")]
    first: String,

    /// Name of another guard.
    #[arg(value_name = "OTHER")]
    second: String,

    /// Pairs with a p_unsafe of at least this are called unsafe: for which of the two is right more often.
    #[arg(long, default_value_t = 0.5)]
    threshold: f64,
}

/// Compares.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let compared = workspace.compare(&wanted.queue, &wanted.first, &wanted.second).await?;
    let tests =
        workspace.paired_tests(&wanted.queue, &wanted.first, &wanted.second, wanted.threshold).await?;
    workspace.close().await;
    output.show(&view(&wanted, &compared, &tests), |_| {
        text(&wanted, &compared) + &tests.iter().filter(|test| test.n > 0).map(test_text).collect::<String>()
    })
}

fn view(wanted: &Wanted, compared: &Comparison, tests: &[PairedTest]) -> Value {
    let flip = |flip: &Flip| {
        json!({
            "item_id": flip.item_id,
            "seq": flip.seq,
            "task": flip.task,
            "language": flip.language,
            "labels": [flip.a.label, flip.b.label],
            "p_unsafe": [flip.a.p_unsafe, flip.b.p_unsafe],
        })
    };
    json!({
        "guards": [wanted.first, wanted.second],
        "judged_by_both": compared.pairs,
        "agree": compared.agree,
        "kappa": compared.kappa,
        "hidden": compared.hidden,
        "flips": compared.flips.iter().map(flip).collect::<Vec<_>>(),
        "threshold": wanted.threshold,
        "tests": tests,
    })
}

fn test_text(test: &PairedTest) -> String {
    let against = if test.against == Yardstick::Gold { "gold" } else { "the estimate" };
    let p = test.exact_p.map_or_else(|| "·".to_owned(), |p| format!("{p:.3}"));
    format!(
        "\n{} against {against}: of {}, {} both right, {} only the first, {} only the second, {} neither; McNemar's exact p {p}\n",
        test.task, test.n, test.both_right, test.only_first, test.only_second, test.neither
    )
}

fn text(wanted: &Wanted, compared: &Comparison) -> String {
    let kappa = compared.kappa.map_or_else(|| "·".to_owned(), |kappa| format!("{kappa:.3}"));
    let (pairs, agree) = (compared.pairs, compared.agree);
    let mut text = format!("{pairs} judged by both, {agree} with the same label; Cohen's kappa {kappa}\n");
    if compared.hidden > 0 {
        let hidden = compared.hidden;
        text.push_str(&format!(
            "{hidden} more stay out: the queue is reviewed blind and they are undecided\n"
        ));
    }
    let row = |flip: &Flip| {
        vec![
            flip.item_id.clone(),
            flip.task.to_string(),
            format!("{} {:.2}", flip.a.label, flip.a.p_unsafe),
            format!("{} {:.2}", flip.b.label, flip.b.p_unsafe),
            output::one_line(&flip.excerpt, 50),
        ]
    };
    let rows: Vec<Vec<String>> = compared.flips.iter().take(ROWS_SHOWN).map(row).collect();
    if !rows.is_empty() {
        let head = ["item", "task", wanted.first.as_str(), wanted.second.as_str(), "text"];
        text.push_str(&format!("\nthe largest differences\n{}", output::table(&head, &rows)));
    }
    text
}
