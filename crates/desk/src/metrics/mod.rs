//! How well a guard agrees with gold labels and with people, and what has been done in a queue.
//!
//! [`Workspace::stats`](crate::Workspace::stats) gives [`QueueStats`]. Everything is derived on reading: verdicts are kept as
//! probabilities, and a [`Reading`] turns them into `p_unsafe`. The measures themselves are those of `saring_measures`.
//!
//! What may be called an estimate of a guard's quality is only what rests on blind decisions about items that a recorded
//! uniform draw brought up. Other blind decisions are shown apart: reviewers chose those items, or the guard did. Decisions
//! made with a verdict in view are not held against it at all, and those of scripts never count as people's.

mod comparison;
#[cfg(test)]
mod comparison_tests;
mod insight;
mod missing;
mod paired;
mod stats;
#[cfg(test)]
mod workspace_tests;

use saring_verdict::{LabelProbability, Reading, Task};

pub use comparison::{Comparison, Flip, Said};
pub use insight::{
    BINS, Bin, By, Calibration, Counts, CurvePoint, Curves, Figure, Insight, InsightOrder, QualityRow,
    ReviewerAgreement, ReviewerPair, ReviewerRow, ThresholdRow,
};
pub use missing::Missing;
pub use paired::{Differing, PairedTest};
/// How intervals are made.
pub use saring_measures::Resampling;
/// Why a measure is undefined.
pub use saring_measures::Undefined;
pub use stats::{Agreement, Overrides, QueueStats, TaskStates, VerdictCounts, Yardstick};

use crate::{
    Result,
    store::{Conn, StoreError, settings},
};

/// How this workspace reads verdicts.
pub(crate) async fn reading(conn: &mut Conn) -> Result<Reading> {
    match settings::get(conn, settings::READING).await? {
        None => Ok(Reading::default()),
        Some(json) => serde_json::from_str(&json).map_err(|_| {
            StoreError::Damaged { reason: "the setting of how verdicts are read is unreadable".into() }.into()
        }),
    }
}

/// Probabilities as the database keeps them: a JSON object in the guard's order.
pub(crate) fn probabilities_text(probabilities: &[LabelProbability]) -> String {
    let object: serde_json::Map<String, serde_json::Value> =
        probabilities.iter().map(|x| (x.label.clone(), serde_json::Value::from(x.p))).collect();
    serde_json::Value::Object(object).to_string()
}

/// What [`probabilities_text`] wrote.
pub(crate) fn probabilities(text: &str) -> Result<Vec<LabelProbability>> {
    let damaged = || StoreError::Damaged { reason: "the probabilities of a verdict are unreadable".into() };
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|_| damaged())?;
    object
        .into_iter()
        .map(|(label, p)| Ok(LabelProbability { label, p: p.as_f64().ok_or_else(damaged)? }))
        .collect()
}

/// `p_unsafe` of the probabilities that are stored for the reading's mode, and the native label.
pub(crate) fn read_probabilities(reading: Reading, task: Task, text: &str) -> Result<(f64, Option<String>)> {
    let probabilities = probabilities(text)?;
    let label = LabelProbability::likeliest(&probabilities).map(str::to_owned);
    Ok((reading.p_unsafe_of(task, &probabilities), label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_come_back_as_they_were_in_the_guards_order() {
        let of = |label: &str, p| LabelProbability { label: label.into(), p };
        let written = vec![of("Unsafe", 0.1 + 0.2), of("Safe", 1e-300), of("Controversial", 0.0)];
        assert_eq!(
            probabilities(&probabilities_text(&written)).unwrap(),
            written,
            "to the last bit, unsorted"
        );
    }
}
