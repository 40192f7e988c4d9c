//! Area under the ROC curve.

use crate::{Measured, Ranking, ranking::Step};

/// Probability that a positive case outranks a negative one, ties counting half (Hanley and McNeil, 1982).
///
/// By trapezoids over recall and false positive rate: scikit-learn's `roc_auc_score`.
///
/// # Errors
/// Undefined where a class is missing.
pub fn auroc(ranking: &Ranking) -> Measured {
    Ok(ranking.steps()?.map(|step| slice(&step)).sum())
}

pub(crate) fn slice(step: &Step) -> f64 {
    (step.after.false_rate - step.before.false_rate) * (step.after.recall + step.before.recall) / 2.0
}
