//! What of a queue is wanted: the flags of `saring search` and `saring filters save`.

use saring_desk::queue::{DisagreementOf, Filter, GuardLabel, ItemState, ScoreRange, Sort};
use saring_verdict::{Severity, Task};

/// Everything that is said must hold, for one task of an item.
#[derive(Debug, clap::Args)]
pub struct Conditions {
    /// pending, decided, skipped or escalated.
    #[arg(long)]
    state: Option<ItemState>,

    /// prompt or response: what the other conditions are about.
    #[arg(long)]
    task: Option<Task>,

    /// As imported, detected or corrected: my, id, ms, tl, ta, th, vi, en; und where it is not known.
    #[arg(long)]
    language: Option<String>,

    /// What the guard says: safe, controversial, unsafe or sensitive.
    #[arg(long)]
    label: Option<GuardLabel>,

    /// What was decided: safe, controversial or unsafe.
    #[arg(long)]
    decided_label: Option<Severity>,

    /// A category that was decided.
    #[arg(long)]
    category: Option<String>,

    /// A category that the guard names.
    #[arg(long)]
    guard_category: Option<String>,

    /// guards: two guards say different things. decision: the decision is not what the guard says.
    #[arg(long)]
    disagreement: Option<DisagreementOf>,

    /// Probability of unsafe, e.g. 0.4..0.6, or 0.9.. for everything above.
    #[arg(long, value_name = "FROM..TO", allow_hyphen_values = true)]
    score: Option<ScoreRange>,

    /// Decided by this reviewer.
    #[arg(long)]
    reviewer: Option<String>,

    /// Decided on this day or later: 2026-11-20, or a time like 2026-11-20T08:00:00Z.
    #[arg(long, value_name = "DAY")]
    since: Option<String>,

    /// Decided on this day or before, or before this time.
    #[arg(long, value_name = "DAY")]
    until: Option<String>,

    /// Flagged. `--flagged=no` for those that are not.
    #[arg(long, value_name = "yes|no", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = yes_or_no)]
    flagged: Option<bool>,

    /// With an image. `--has-image=no` for those without.
    #[arg(long, value_name = "yes|no", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = yes_or_no)]
    has_image: Option<bool>,

    /// imported, unsafe, safe, uncertain, decided (last first) or language.
    #[arg(long, default_value_t = Sort::Imported)]
    pub sort: Sort,
}

impl Conditions {
    /// As a filter, with words that must be there.
    pub fn filter(self, text: Option<String>) -> Filter {
        let Self { state, task, language, label, decided_label, category, guard_category, .. } = self;
        Filter {
            state,
            task,
            language,
            label,
            decided_label,
            category,
            guard_category,
            disagreement: self.disagreement,
            score: self.score,
            reviewer: self.reviewer,
            since: self.since,
            until: self.until,
            flagged: self.flagged,
            has_image: self.has_image,
            text,
        }
    }
}

fn yes_or_no(word: &str) -> Result<bool, String> {
    match word {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("the choices are yes and no".into()),
    }
}
