//! How fast a run goes, and how much its next call to the guard should hold.

use std::{collections::VecDeque, time::Duration};

use saring_verdict::BenchPace;

/// Batches over which the rate is taken.
const BATCHES: usize = 12;
/// About how long a batch should take: long enough to fill the device, short enough to show progress and to lose little.
const BATCH_SECONDS: f64 = 2.0;
/// A batch has at most this many times the pairs that the guard asks for.
const MULTIPLE_MAX: usize = 32;
/// Weight of an item of usual length; see [`Pair::weight`](super::batch::Pair::weight).
const USUAL_WEIGHT: u64 = 512;

/// How much one call may hold: pairs, and their weight together. A pair that is heavier than that is alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) pairs: usize,
    pub(super) weight: u64,
}

/// What came of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct BatchDone {
    /// From its beginning to the last answer. Pauses are not part of it.
    pub(super) time: Duration,
    /// Pairs that have an outcome now.
    pub(super) pairs: u64,
    /// Of those, the ones that the guard was asked about.
    pub(super) asked: u64,
    /// Weight of those.
    pub(super) weight: u64,
    /// Tokens before their labels.
    pub(super) tokens: u64,
    /// Of those, how many came from a shared prefix.
    pub(super) cached: u64,
}

/// Rates over the last batches, and sums over all of them.
#[derive(Debug, Default)]
pub(super) struct Pace {
    batches: VecDeque<BatchDone>,
    asked: BenchPace,
}

impl Pace {
    /// A batch was done.
    pub(super) fn add(&mut self, batch: BatchDone) {
        if self.batches.len() == BATCHES {
            self.batches.pop_front();
        }
        self.batches.push_back(batch);
        if batch.asked > 0 {
            self.asked.items += batch.asked;
            self.asked.seconds += batch.time.as_secs_f64();
            self.asked.tokens += batch.tokens;
            self.asked.cached += batch.cached;
        }
    }

    /// Pairs and tokens a second; `None` before the first batch.
    pub(super) fn rates(&self) -> Option<(f64, f64)> {
        let (seconds, pairs) = (self.seconds(), self.sum(|b| b.pairs));
        (seconds > 0.0 && pairs > 0.0).then(|| (pairs / seconds, self.sum(|b| b.tokens) / seconds))
    }

    /// All that the guard was asked about so far, and how long it took.
    pub(super) fn asked(&self) -> BenchPace {
        self.asked
    }

    /// What the next call should hold, if the guard asks for `device_batch` pairs of usual length.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rates are positive, and a float too large for a number becomes the largest one"
    )]
    pub(super) fn budget(&self, device_batch: usize) -> Budget {
        let device_batch = device_batch.clamp(1, 1024);
        let seconds = self.seconds();
        if seconds <= 0.0 {
            return Budget { pairs: device_batch, weight: device_batch as u64 * USUAL_WEIGHT };
        }
        let affordable = self.sum(|b| b.weight) / seconds * BATCH_SECONDS;
        Budget {
            pairs: device_batch * MULTIPLE_MAX,
            weight: (affordable as u64).max(device_batch as u64 * USUAL_WEIGHT),
        }
    }

    fn seconds(&self) -> f64 {
        self.batches.iter().map(|b| b.time.as_secs_f64()).sum()
    }

    fn sum(&self, of: impl Fn(&BatchDone) -> u64) -> f64 {
        number(self.batches.iter().map(of).sum())
    }
}

#[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
pub(super) fn number(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(time: Duration, pairs: u64) -> BatchDone {
        BatchDone {
            time,
            pairs,
            asked: pairs,
            weight: pairs * USUAL_WEIGHT,
            tokens: pairs * 10,
            cached: pairs * 4,
        }
    }

    #[test]
    fn batches_grow_until_they_take_about_two_seconds() {
        let mut pace = Pace::default();
        let first = pace.budget(16);
        assert_eq!(
            first,
            Budget { pairs: 16, weight: 16 * USUAL_WEIGHT },
            "the first is small: progress shows soon"
        );
        pace.add(done(Duration::from_millis(100), 16));
        assert_eq!(pace.budget(16).weight, 320 * USUAL_WEIGHT, "160 a second for two seconds");
        pace.add(done(Duration::from_secs(100), 320));
        assert_eq!(pace.budget(16).weight, 16 * USUAL_WEIGHT, "a slow device gets what it asks for, no less");
    }

    #[test]
    fn batches_are_bounded() {
        let mut pace = Pace::default();
        pace.add(done(Duration::from_nanos(1), 1000));
        assert_eq!(pace.budget(0).pairs, MULTIPLE_MAX, "even if the guard asks for nothing");
        assert_eq!(pace.budget(usize::MAX).pairs, 1024 * MULTIPLE_MAX);
    }

    #[test]
    fn rates_are_of_the_newest_batches_and_sums_of_all() {
        let mut pace = Pace::default();
        assert_eq!(pace.rates(), None);
        pace.add(done(Duration::from_secs(1000), 1));
        for _ in 0..BATCHES {
            pace.add(done(Duration::from_secs(1), 5));
        }
        assert_eq!(pace.rates(), Some((5.0, 50.0)));
        let all = pace.asked();
        assert_eq!((all.items, all.tokens, all.cached), (61, 610, 244));
    }

    #[test]
    fn what_was_not_asked_counts_as_done_but_not_as_measured() {
        let mut pace = Pace::default();
        pace.add(BatchDone { time: Duration::from_secs(1), pairs: 100, ..BatchDone::default() });
        assert_eq!(pace.rates(), Some((100.0, 0.0)));
        assert_eq!(pace.asked(), BenchPace::default());
    }
}
