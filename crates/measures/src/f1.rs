//! F1 at a threshold.

use crate::{Confusion, Measured, Undefined, real};

/// Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN): scikit-learn's `f1_score`.
///
/// It is zero, and not undefined, where one of the two is undefined and the other one zero.
///
/// # Errors
/// Undefined where no case is positive and none reaches the threshold.
pub fn f1(confusion: &Confusion) -> Measured {
    match confusion.flagged() + confusion.positives() {
        0 => Err(Undefined::NoPositives { cases: confusion.cases() }),
        both => Ok(2.0 * real(confusion.true_positives) / real(both)),
    }
}
