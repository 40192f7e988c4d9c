//! Agreement of any number of raters, with gaps.

use std::collections::BTreeMap;

use crate::{Interval, Measured, Resampling, Undefined, intervals, real};

/// What a distance between two labels means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Labels are the same or not.
    Nominal,
    /// Labels have an order; they are as far apart as there are ratings between them.
    Ordinal,
}

/// Ratings of units by any number of raters, as counts: who gave them does not matter to alpha.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ratings {
    labels: usize,
    /// How often each label was given to a unit -> units of which that is so. Only those that were rated twice: others tell nothing
    /// about agreement.
    units: BTreeMap<Vec<u32>, u64>,
}

impl Ratings {
    /// None yet, of `labels` possible labels, which are numbered in their order from 0.
    pub const fn new(labels: usize) -> Self {
        Self { labels, units: BTreeMap::new() }
    }

    /// Adds the ratings of one unit, missing ones left out. Labels beyond those possible are left out too.
    pub fn push(&mut self, ratings: &[usize]) {
        let mut counts = vec![0; self.labels];
        for rating in ratings {
            if let Some(count) = counts.get_mut(*rating) {
                *count += 1;
            }
        }
        if counts.iter().sum::<u32>() >= 2 {
            *self.units.entry(counts).or_default() += 1;
        }
    }

    /// Units that were rated twice or more.
    pub fn units(&self) -> u64 {
        self.units.values().sum()
    }

    /// Krippendorff's alpha: 1 - observed / expected disagreement (Krippendorff, 2011, "Computing Krippendorff's
    /// alpha-reliability"); the `krippendorff` package's `alpha`, missing values included.
    ///
    /// # Errors
    /// Undefined where no unit was rated twice, and where all ratings are the same: then it is said, never shown as one.
    pub fn alpha(&self, level: Level) -> Measured {
        let units: Vec<u64> = self.units.values().copied().collect();
        self.of(level, &units)
    }

    /// Its bootstrap interval over units.
    ///
    /// # Errors
    /// Undefined where alpha is, or in most resamples.
    pub fn alpha_interval(&self, level: Level, resampling: &Resampling) -> Result<Interval, Undefined> {
        self.alpha(level)?;
        let units: Vec<u64> = self.units.values().copied().collect();
        let [interval] = intervals(&units, resampling, |units| [self.of(level, units)]);
        interval
    }

    /// With other numbers of units.
    fn of(&self, level: Level, units: &[u64]) -> Measured {
        let labels = self.labels;
        // How often each label meets each other one within a unit; a unit weighs as many pairs as it has ratings.
        let mut coincidences = vec![0.0; labels * labels];
        for (counts, units) in self.units.keys().zip(units) {
            let weight = real(*units) / f64::from(counts.iter().sum::<u32>() - 1);
            for (a, first) in counts.iter().enumerate() {
                for (b, second) in counts.iter().enumerate() {
                    let second = if a == b { second.saturating_sub(1) } else { *second };
                    coincidences[a * labels + b] += f64::from(*first) * f64::from(second) * weight;
                }
            }
        }
        let given: Vec<f64> = coincidences.chunks(labels.max(1)).map(|row| row.iter().sum()).collect();
        let ratings: f64 = given.iter().sum();
        if ratings == 0.0 {
            return Err(Undefined::NotRatedTwice);
        }
        let (mut observed, mut expected) = (0.0, 0.0);
        for a in 0..labels {
            for b in 0..labels {
                let squared = distance(level, &given, a, b).powi(2);
                observed += coincidences[a * labels + b] * squared;
                expected += given[a] * given[b] * squared;
            }
        }
        if expected == 0.0 {
            let ratings =
                self.units.keys().zip(units).map(|(c, n)| u64::from(c.iter().sum::<u32>()) * n).sum();
            return Err(Undefined::OneRating { ratings });
        }
        Ok(1.0 - (ratings - 1.0) * observed / expected)
    }
}

/// How far two labels are apart.
fn distance(level: Level, given: &[f64], a: usize, b: usize) -> f64 {
    match level {
        _ if a == b => 0.0,
        Level::Nominal => 1.0,
        Level::Ordinal => {
            let between: f64 = given[a.min(b)..=a.max(b)].iter().sum();
            between - (given[a] + given[b]) / 2.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_rated_once_tells_nothing_about_agreement() {
        let mut ratings = Ratings::new(3);
        for label in 0..3 {
            ratings.push(&[label]);
        }
        assert_eq!(ratings.alpha(Level::Nominal), Err(Undefined::NotRatedTwice));
        ratings.push(&[0, 0]);
        ratings.push(&[2, 2, 2]);
        let before = ratings.clone();
        ratings.push(&[1]);
        assert_eq!(ratings, before);
        assert_eq!(ratings.alpha(Level::Ordinal), Ok(1.0));
    }

    #[test]
    fn agreement_on_one_label_for_all_is_undefined_and_not_perfect() {
        let mut ratings = Ratings::new(2);
        for _ in 0..4 {
            ratings.push(&[1, 1, 1]);
        }
        let undefined = Err(Undefined::OneRating { ratings: 12 });
        assert_eq!(ratings.alpha(Level::Nominal), undefined);
        assert!(ratings.alpha_interval(Level::Nominal, &Resampling::default()).is_err());
    }
}
