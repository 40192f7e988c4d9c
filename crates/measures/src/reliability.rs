//! The reliability diagram.

use crate::{Ranking, real};

/// Cases whose probabilities lie in one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReliabilityBin {
    /// Probabilities are above it; the first bin has 0 too.
    pub low: f64,
    /// And not above it.
    pub high: f64,
    /// How many cases.
    pub cases: u64,
    /// Of them, the positive ones.
    pub positives: u64,
    /// Mean of their probabilities; the bin's middle where it has no cases.
    pub mean_probability: f64,
}

impl ReliabilityBin {
    /// Share of positives; `None` where the bin has no cases.
    pub fn positive_share(&self) -> Option<f64> {
        (self.cases > 0).then(|| real(self.positives) / real(self.cases))
    }
}

/// Bins of equal width over probabilities from 0 to 1: scikit-learn's `calibration_curve(strategy="uniform")`, empty bins kept.
///
/// A probability on a border belongs to the lower bin, as in scikit-learn and in Guo et al. (2017).
pub fn reliability(ranking: &Ranking, bins: usize) -> Vec<ReliabilityBin> {
    let width = 1.0 / real(bins as u64);
    let edge = |at: usize| if at == bins { 1.0 } else { real(at as u64) * width };
    let mut found: Vec<ReliabilityBin> = (0..bins)
        .map(|at| ReliabilityBin { low: edge(at), high: edge(at + 1), ..ReliabilityBin::default() })
        .collect();
    let mut at = bins;
    // The highest score comes first, so that bins are passed once.
    for tied in &ranking.tied {
        while at > 1 && tied.score <= found[at - 1].low {
            at -= 1;
        }
        let Some(bin) = at.checked_sub(1).and_then(|at| found.get_mut(at)) else { break };
        bin.cases += tied.positives + tied.negatives;
        bin.positives += tied.positives;
        bin.mean_probability += tied.score * real(tied.positives + tied.negatives);
    }
    for bin in &mut found {
        bin.mean_probability = match bin.cases {
            0 => (bin.low + bin.high) / 2.0,
            cases => bin.mean_probability / real(cases),
        };
    }
    found
}
