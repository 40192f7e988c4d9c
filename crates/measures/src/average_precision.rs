//! Average precision.

use crate::{Measured, Ranking, ranking::Step};

/// Mean of precisions, each weighted by its step in recall.
///
/// The sum over thresholds of (R(n) - R(n-1)) * P(n): scikit-learn's `average_precision_score`.
///
/// # Errors
/// Undefined where a class is missing.
pub fn average_precision(ranking: &Ranking) -> Measured {
    Ok(ranking.steps()?.map(|step| slice(&step)).sum())
}

pub(crate) fn slice(step: &Step) -> f64 {
    (step.after.recall - step.before.recall) * step.after.precision
}
