//! Area under the precision-recall curve, by trapezoids.

use crate::{Measured, Ranking, ranking::Step};

/// Area under the precision-recall curve by the trapezoid rule.
///
/// The sum over thresholds of (R(n) - R(n-1)) * (P(n) + P(n-1)) / 2, beginning at recall 0 and precision 1: scikit-learn's
/// `auc(recall, precision)` of `precision_recall_curve`. It is the number that the SEA-Guard authors give their guards. Straight
/// lines between points of the curve are optimistic (Davis and Goadrich, 2006), which is why [`average_precision`] stands beside it.
///
/// # Errors
/// Undefined where a class is missing.
///
/// [`average_precision`]: crate::average_precision()
pub fn auprc(ranking: &Ranking) -> Measured {
    Ok(ranking.steps()?.map(|step| slice(&step)).sum())
}

pub(crate) fn slice(step: &Step) -> f64 {
    (step.after.recall - step.before.recall) * (step.after.precision + step.before.precision) / 2.0
}
