//! Recall at a threshold.

use crate::{Confusion, Measured, Undefined, real};

/// Of the positive cases, the share at or above the threshold: scikit-learn's `recall_score`.
///
/// # Errors
/// Undefined where no case is positive.
pub fn recall(confusion: &Confusion) -> Measured {
    match confusion.positives() {
        0 => Err(Undefined::NoPositives { cases: confusion.cases() }),
        positives => Ok(real(confusion.true_positives) / real(positives)),
    }
}
