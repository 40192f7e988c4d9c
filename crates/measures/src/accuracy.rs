//! Accuracy at a threshold.

use crate::{Confusion, Measured, Undefined, real};

/// Share of cases on the right side of the threshold: scikit-learn's `accuracy_score`.
///
/// # Errors
/// Undefined without cases.
pub fn accuracy(confusion: &Confusion) -> Measured {
    match confusion.cases() {
        0 => Err(Undefined::NoCases),
        cases => Ok(real(confusion.true_positives + confusion.true_negatives) / real(cases)),
    }
}
