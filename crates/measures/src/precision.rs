//! Precision at a threshold.

use crate::{Confusion, Measured, Undefined, real};

/// Of the cases at or above the threshold, the share that is positive: scikit-learn's `precision_score`.
///
/// # Errors
/// Undefined where no case reaches the threshold.
pub fn precision(confusion: &Confusion) -> Measured {
    match confusion.flagged() {
        0 => Err(Undefined::NothingFlagged { cases: confusion.cases() }),
        flagged => Ok(real(confusion.true_positives) / real(flagged)),
    }
}
