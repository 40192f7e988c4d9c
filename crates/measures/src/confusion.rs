//! What a threshold makes of scored cases.

use crate::{Ranking, Tied};

/// Cases by what they are and what the threshold calls them. A score at the threshold is called positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Positive, and called so.
    pub true_positives: u64,
    /// Negative, but called positive.
    pub false_positives: u64,
    /// Positive, but called negative.
    pub false_negatives: u64,
    /// Negative, and called so.
    pub true_negatives: u64,
}

impl Confusion {
    /// All cases.
    pub const fn cases(&self) -> u64 {
        self.flagged() + self.false_negatives + self.true_negatives
    }

    /// Cases at or above the threshold.
    pub const fn flagged(&self) -> u64 {
        self.true_positives + self.false_positives
    }

    /// Cases that are positive.
    pub const fn positives(&self) -> u64 {
        self.true_positives + self.false_negatives
    }
}

/// The confusion matrix at a threshold: scikit-learn's `confusion_matrix(labels, scores >= threshold)`.
pub fn confusion(ranking: &Ranking, threshold: f64) -> Confusion {
    let flagged = ranking.tied.partition_point(|tied| tied.score >= threshold);
    let (above, below) = ranking.tied.split_at(flagged);
    let sum = |tied: &[Tied], of: fn(&Tied) -> u64| tied.iter().map(of).sum();
    Confusion {
        true_positives: sum(above, |tied| tied.positives),
        false_positives: sum(above, |tied| tied.negatives),
        false_negatives: sum(below, |tied| tied.positives),
        true_negatives: sum(below, |tied| tied.negatives),
    }
}
