//! The precision-recall curve.

use crate::{Ranking, Undefined};

/// A point of the precision-recall curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Cases at or above it are called positive; infinite for the point where nothing is.
    pub threshold: f64,
    /// Of the positives, those at or above the threshold.
    pub recall: f64,
    /// Of the cases at or above the threshold, the positives; one where there are none, by definition.
    pub precision: f64,
}

/// Every point of the curve, from recall 0 up: scikit-learn's `precision_recall_curve`, backwards.
///
/// # Errors
/// Undefined where a class is missing.
pub fn curve(ranking: &Ranking) -> Result<Vec<Point>, Undefined> {
    let begin = Point { threshold: f64::INFINITY, recall: 0.0, precision: 1.0 };
    let occupied = ranking.tied.iter().filter(|tied| tied.positives + tied.negatives > 0);
    let points = occupied.zip(ranking.steps()?).map(|(tied, step)| Point {
        threshold: tied.score,
        recall: step.after.recall,
        precision: step.after.precision,
    });
    Ok(std::iter::once(begin).chain(points).collect())
}
