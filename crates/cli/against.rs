//! `saring models check --against`: what a precision changes, on the user's own items.

use anyhow::Context;
use saring_desk::{
    Workspace,
    label::{PrecisionCheck, PrecisionOrder, PrecisionRow},
};
use saring_verdict::{Cancel, PrecisionChoice};
use serde_json::{Value, json};

use crate::{
    arguments::Running,
    guarding, import,
    output::{self, Output},
    progress,
};

/// Rows that are shown to people; scripts get all.
const ROWS_SHOWN: usize = 20;

/// With which precision and on what a guard is compared with itself.
#[derive(Debug, clap::Args)]
pub struct Against {
    /// Judge a queue in --precision and in this one, and say what differs: f32, bf16, int8 or int4.
    #[arg(long, requires = "queue", value_name = "PRECISION")]
    against: Option<PrecisionChoice>,

    /// The queue, for --against. Nothing is stored.
    #[arg(long, short, requires = "against")]
    queue: Option<String>,

    /// At most so many tasks of the queue, the first ones; all of them if not given.
    #[arg(long, requires = "against", value_name = "N")]
    limit: Option<u64>,
}

impl Against {
    /// What is to be compared, if anything is.
    pub fn order(self, guard: &str, running: Running) -> Option<PrecisionOrder> {
        Some(PrecisionOrder {
            guard: guard.to_owned(),
            queue: self.queue?,
            device: running.device,
            precision: running.precision,
            against: self.against?,
            pairs_max: self.limit,
        })
    }
}

/// Compares.
pub async fn run(workspace: &Workspace, order: &PrecisionOrder, output: Output) -> anyhow::Result<()> {
    let cancel = Cancel::new();
    import::cancel_on_interrupt(&cancel);
    let bar = progress::counting("judging twice", 0, "judgements");
    let drawn = bar.clone();
    let mut tell = move |done: u64, all: u64| {
        drawn.set_length(all);
        drawn.set_position(done);
    };
    let engine = guarding::engine()?;
    let check = workspace.check_precision(&engine, order, &mut tell, &cancel).await;
    bar.finish_and_clear();
    let check = check.context("the two precisions cannot be compared")?;
    output.show(&view(&check), |_| text(&check))
}

fn view(check: &PrecisionCheck) -> Value {
    let rows: Vec<Value> = check
        .rows
        .iter()
        .map(|row| {
            json!({
                "item_id": row.item_id,
                "seq": row.seq,
                "task": row.task,
                "label": row.said.label,
                "p_unsafe": row.said.p_unsafe,
                "against_label": row.against.label,
                "against_p_unsafe": row.against.p_unsafe,
                "difference": row.difference,
                "flip": row.is_flip(),
            })
        })
        .collect();
    json!({
        "guard": check.guard.name,
        "precision": check.precision,
        "against": check.against,
        "judged": check.judged,
        "flips": check.flips,
        "difference_largest": check.largest,
        "difference_mean": check.mean,
        "hidden": check.hidden,
        "failed": check.failed,
        "left_out": check.left_out,
        "rows": rows,
    })
}

fn text(check: &PrecisionCheck) -> String {
    let figure = |x: Option<f64>| x.map_or_else(|| "·".to_owned(), |x| format!("{x:.4}"));
    let mut text = format!(
        "{}, {} against {}: {} judged in both, {} with another label\n\
         probabilities differ by {} at most, by {} on average\n",
        check.guard.name,
        check.precision,
        check.against,
        check.judged,
        check.flips,
        figure(check.largest),
        figure(check.mean),
    );
    if check.failed > 0 {
        text.push_str(&format!("{} could not be judged in both\n", check.failed));
    }
    if check.left_out > 0 {
        let items = check.left_out;
        text.push_str(&format!("{items} items with images were left out: this guard reads text only\n"));
    }
    if check.hidden > 0 {
        let pairs = check.hidden;
        text.push_str(&format!(
            "{pairs} are not listed: the queue is reviewed blind and they are undecided\n"
        ));
    }
    let mut rows: Vec<&PrecisionRow> = check.rows.iter().collect();
    rows.sort_by(|a, b| b.is_flip().cmp(&a.is_flip()).then(b.difference.total_cmp(&a.difference)));
    let cells = |row: &&PrecisionRow| {
        vec![
            row.item_id.clone(),
            row.task.to_string(),
            row.against.label.clone(),
            row.said.label.clone(),
            format!("{:.4}", row.difference),
        ]
    };
    let rows: Vec<Vec<String>> = rows.iter().take(ROWS_SHOWN).map(cells).collect();
    let head = ["item", "task", check.against.as_str(), check.precision.as_str(), "difference"];
    text.push_str(&format!("\nthe largest differences, other labels first\n{}", output::table(&head, &rows)));
    text
}
