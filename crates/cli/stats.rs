//! `saring stats`: counts of a queue, how a guard agrees with gold labels and with blind decisions, and reviewers with each other.

use saring_desk::metrics::{
    Agreement, By, Calibration, Figure, Insight, InsightOrder, QualityRow, QueueStats, Resampling,
    ReviewerAgreement, ReviewerRow, Yardstick,
};
use serde::Serialize;

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

    /// Name of a guard; the one with the most verdicts in the queue if not given.
    #[arg(long)]
    guard: Option<String>,

    /// Pairs with a p_unsafe of at least this are called unsafe: for precision, recall and F1.
    #[arg(long, default_value_t = 0.5)]
    threshold: f64,

    /// What items are told apart by: language, category, or source:KEY for a key of their source; or guard, for every guard.
    #[arg(long, default_value = "language")]
    by: By,

    /// Resamples behind the intervals, which are to cover in 95 of 100 cases.
    #[arg(long, default_value_t = 1000)]
    resamples: u32,

    /// Seed of the resamples.
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Fit a temperature for the guard's probabilities first and store it beside them.
    #[arg(long)]
    calibrate: bool,
}

/// Everything, for scripts.
#[derive(Serialize)]
struct Numbers {
    #[serde(flatten)]
    stats: QueueStats,
    insight: Insight,
}

/// Counts.
pub async fn run(wanted: Wanted, place: &Place, output: Output) -> anyhow::Result<()> {
    let workspace = place.open_existing().await?;
    let guard = wanted.guard.as_deref();
    if wanted.calibrate {
        let (_, missing) = workspace.calibrate(&wanted.queue, guard).await?;
        for (task, reason) in missing {
            output.say(format!("no temperature for the {task}: {reason}"));
        }
    }
    let order = InsightOrder {
        guard: wanted.guard.clone(),
        threshold: wanted.threshold,
        by: wanted.by,
        resampling: Resampling { seed: wanted.seed, resamples: wanted.resamples, ..Resampling::default() },
    };
    let insight = workspace.insight(&wanted.queue, &order).await?;
    let stats = workspace.stats(&wanted.queue, guard).await?;
    workspace.close().await;
    output.show(&Numbers { stats, insight }, |numbers| text(&numbers.stats) + &insight_text(&numbers.insight))
}

/// The numbers for people.
pub fn text(stats: &QueueStats) -> String {
    let items = &stats.items;
    let mut text = format!(
        "{}: {} items: {} pending, {} decided, {} skipped, {} escalated; {} flagged, {} in quarantine\n",
        stats.queue,
        items.total(),
        items.pending,
        items.decided,
        items.skipped,
        items.escalated,
        items.flagged,
        items.quarantined
    );
    match &stats.guard {
        Some(guard) if stats.guard_is_toy => {
            text.push_str(&format!("guard: {guard}, a toy that must not moderate anything\n"));
        }
        Some(guard) => text.push_str(&format!("guard: {guard}\n")),
        None => text.push_str("no guard has judged anything here; `saring label` lets one\n"),
    }
    for verdicts in &stats.verdicts {
        text.push_str(&format!(
            "verdicts on the {}: {}, {} off format, {} truncated\n",
            verdicts.task, verdicts.verdicts, verdicts.off_format, verdicts.truncated
        ));
    }
    let rows: Vec<Vec<String>> = stats.agreement.iter().map(row).collect();
    text.push('\n');
    text.push_str(&output::table(
        &["against", "task", "language", "n", "unsafe", "AUPRC", "accuracy", ""],
        &rows,
    ));
    text
}

fn row(agreement: &Agreement) -> Vec<String> {
    let figure = |x: Option<f64>| x.map_or_else(|| "·".to_owned(), |x| format!("{x:.3}"));
    let against = match agreement.against {
        Yardstick::Gold => "gold",
        Yardstick::Estimate => "blind decisions, uniform draw: an estimate",
        Yardstick::Selected => "other blind decisions: selected, not an estimate",
        Yardstick::Synthetic => "decisions of scripts: nobody's",
    };
    vec![
        against.into(),
        agreement.task.to_string(),
        agreement.language.clone(),
        agreement.n.to_string(),
        agreement.positives.to_string(),
        figure(agreement.auprc),
        figure(agreement.accuracy),
        agreement.note.map(|note| note.to_string()).unwrap_or_default(),
    ]
}

/// What rests on gold and on the uniform draw, with intervals, for people.
fn insight_text(insight: &Insight) -> String {
    let measured: Vec<Vec<String>> =
        insight.quality.iter().filter(|row| row.n > 0).map(quality_row).collect();
    let mut text = String::new();
    if !measured.is_empty() {
        text.push_str(&format!(
            "\nunsafe from {} on, with {:.0} % intervals\n{}",
            insight.threshold,
            insight.confidence * 100.0,
            output::table(
                &["against", "task", "of", "n", "AUPRC", "precision", "recall", "F1", "calibration error"],
                &measured
            )
        ));
    }
    for calibration in &insight.calibrations {
        text.push_str(&calibration_text(calibration));
    }
    for agreement in insight.agreement.iter().filter(|agreement| agreement.units > 0) {
        text.push_str(&agreement_text(agreement));
    }
    if !insight.reviewers.is_empty() {
        let rows: Vec<Vec<String>> = insight.reviewers.iter().map(reviewer_row).collect();
        let head = ["reviewer", "decided", "median seconds", "decided otherwise than the verdict"];
        text.push_str(&format!("\n{}", output::table(&head, &rows)));
    }
    text
}

fn quality_row(row: &QualityRow) -> Vec<String> {
    let against = if row.against == Yardstick::Gold { "gold" } else { "estimate" };
    let group = output::one_line(row.group.as_deref().unwrap_or("all"), 24);
    let mut cells = vec![against.to_owned(), row.task.to_string(), group, row.n.to_string()];
    let figures = [&row.auprc, &row.precision, &row.recall, &row.f1, &row.calibration_error];
    cells.extend(figures.map(figure));
    cells
}

/// `0.912 (0.88-0.94)`, or a dot where it is undefined.
fn figure(figure: &Figure) -> String {
    match (figure.value, figure.low.zip(figure.high)) {
        (None, _) => "·".to_owned(),
        (Some(value), None) => format!("{value:.3}"),
        (Some(value), Some((low, high))) => format!("{value:.3} ({low:.2}-{high:.2})"),
    }
}

fn calibration_text(found: &Calibration) -> String {
    let after = found.error_after.map_or_else(|| "·".to_owned(), |error| format!("{error:.3}"));
    let stale = if found.reading_unchanged { "" } else { "; labels are read otherwise since" };
    format!(
        "\ntemperature for the {}: {:.3}, fitted on {} {}; calibration error {:.3}, scaled {after}{stale}\n",
        found.task,
        found.temperature,
        found.n,
        if found.against == "gold" { "gold labels" } else { "blind decisions of a draw" },
        found.error_before
    )
}

fn agreement_text(found: &ReviewerAgreement) -> String {
    let said = |of: &Figure| match (of.value, of.note) {
        (None, Some(note)) => note.to_string(),
        _ => figure(of),
    };
    let mut text = format!(
        "\nreviewers on the {}: {} pairs decided blind by two or more; Krippendorff's alpha {}, ordinal {}\n",
        found.task,
        found.units,
        said(&found.alpha_nominal),
        said(&found.alpha_ordinal)
    );
    for pair in &found.pairs {
        text.push_str(&format!(
            "{} and {}: {} of {} alike, Cohen's kappa {}\n",
            pair.first,
            pair.second,
            pair.agree,
            pair.n,
            said(&pair.kappa)
        ));
    }
    text
}

fn reviewer_row(row: &ReviewerRow) -> Vec<String> {
    let share = row.override_rate.map_or_else(|| "·".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
    let median = row.median_seconds.map_or_else(|| "·".to_owned(), |seconds| format!("{seconds:.1}"));
    vec![row.reviewer.clone(), row.decided.to_string(), median, share]
}
