//! Scored cases, sorted once.

use crate::{Undefined, real};

/// One scored case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The score, usually a probability.
    pub score: f64,
    /// Whether it is positive by the judgement that scores are held against.
    pub positive: bool,
}

/// The cases of one score. They pass a threshold together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tied {
    /// The score.
    pub score: f64,
    /// Cases that are positive.
    pub positives: u64,
    /// Cases that are not.
    pub negatives: u64,
}

/// Scored cases, the highest score first, ties together. Equal scores are one step of every curve, as in scikit-learn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    pub(crate) tied: Vec<Tied>,
}

impl Ranking {
    /// Sorts cases.
    ///
    /// # Errors
    /// [`Undefined::NotANumber`].
    pub fn new(mut cases: Vec<Scored>) -> Result<Self, Undefined> {
        if let Some(at) = cases.iter().position(|case| case.score.is_nan()) {
            return Err(Undefined::NotANumber { at });
        }
        cases.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
        let tied = cases.chunk_by(|a, b| a.score == b.score).map(|tied| {
            let positives = tied.iter().filter(|case| case.positive).count();
            let negatives = tied.len() - positives;
            Tied { score: tied[0].score, positives: positives as u64, negatives: negatives as u64 }
        });
        Ok(Self { tied: tied.collect() })
    }

    /// The highest score first.
    pub fn tied(&self) -> &[Tied] {
        &self.tied
    }

    /// How many cases are positive.
    pub fn positives(&self) -> u64 {
        self.tied.iter().map(|tied| tied.positives).sum()
    }

    /// How many are not.
    pub fn negatives(&self) -> u64 {
        self.tied.iter().map(|tied| tied.negatives).sum()
    }

    /// How many there are.
    pub fn cases(&self) -> u64 {
        self.positives() + self.negatives()
    }

    /// The curves' steps, from a threshold above every score down.
    ///
    /// # Errors
    /// Where a class is missing.
    pub(crate) fn steps(&self) -> Result<impl Iterator<Item = Step>, Undefined> {
        let (positives, negatives) = (self.positives(), self.negatives());
        match (positives, negatives) {
            (0, 0) => return Err(Undefined::NoCases),
            (0, cases) => return Err(Undefined::NoPositives { cases }),
            (cases, 0) => return Err(Undefined::NoNegatives { cases }),
            _ => {}
        }
        let (positives, negatives) = (real(positives), real(negatives));
        let (mut true_positives, mut false_positives) = (0, 0);
        let mut before = Rates { recall: 0.0, precision: 1.0, false_rate: 0.0 };
        // Resampled rankings have steps without cases; they end where they began.
        let occupied = self.tied.iter().filter(|tied| tied.positives + tied.negatives > 0);
        Ok(occupied.map(move |tied| {
            true_positives += tied.positives;
            false_positives += tied.negatives;
            let after = Rates {
                recall: real(true_positives) / positives,
                precision: real(true_positives) / real(true_positives + false_positives),
                false_rate: real(false_positives) / negatives,
            };
            let step = Step { before, after };
            before = after;
            step
        }))
    }
}

/// Where the curves stand at a threshold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    /// Of the positives, those at or above the threshold.
    pub recall: f64,
    /// Of the cases at or above the threshold, the positives; one where there are none, by definition.
    pub precision: f64,
    /// Of the negatives, those at or above the threshold.
    pub false_rate: f64,
}

/// From one score to the next lower one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub before: Rates,
    pub after: Rates,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auprc, auroc};

    fn scored(score: f64, positive: bool) -> Scored {
        Scored { score, positive }
    }

    #[test]
    fn the_order_of_cases_does_not_matter() {
        let cases = vec![scored(0.5, true), scored(0.5, false), scored(0.2, true), scored(0.9, false)];
        let backward: Vec<Scored> = cases.iter().rev().copied().collect();
        assert_eq!(Ranking::new(cases), Ranking::new(backward));
    }

    #[test]
    fn with_one_class_only_nothing_is_ranked() {
        let of = |cases: &[(f64, bool)]| {
            Ranking::new(cases.iter().map(|(score, positive)| scored(*score, *positive)).collect()).unwrap()
        };
        assert_eq!(auprc(&of(&[(0.1, true), (0.9, true)])), Err(Undefined::NoNegatives { cases: 2 }));
        assert_eq!(auroc(&of(&[(0.1, false), (0.9, false)])), Err(Undefined::NoPositives { cases: 2 }));
        assert_eq!(auprc(&of(&[])), Err(Undefined::NoCases));
        let no_number = Ranking::new(vec![scored(0.9, true), scored(f64::NAN, false)]);
        assert_eq!(no_number, Err(Undefined::NotANumber { at: 1 }));
    }
}
