//! How fast a run goes, and how large its next batch should be.

use std::{collections::VecDeque, time::Duration};

/// Batches over which the rate is taken.
const BATCHES: usize = 12;
/// About how long a batch should take: long enough to fill the device, short enough to show progress and to lose little.
const BATCH_SECONDS: f64 = 2.0;
/// A batch is at most this many times what the guard asks for.
const MULTIPLE_MAX: usize = 32;

/// Rates over the last batches.
#[derive(Debug, Default)]
pub(super) struct Pace {
    batches: VecDeque<(Duration, u64, u64)>,
}

impl Pace {
    /// A batch of `pairs` with `tokens` took `time`. Pauses are not part of it.
    pub(super) fn add(&mut self, time: Duration, pairs: u64, tokens: u64) {
        if self.batches.len() == BATCHES {
            self.batches.pop_front();
        }
        self.batches.push_back((time, pairs, tokens));
    }

    /// Pairs and tokens a second; `None` before the first batch.
    pub(super) fn rates(&self) -> Option<(f64, f64)> {
        let seconds: f64 = self.batches.iter().map(|b| b.0.as_secs_f64()).sum();
        let pairs: u64 = self.batches.iter().map(|b| b.1).sum();
        let tokens: u64 = self.batches.iter().map(|b| b.2).sum();
        (seconds > 0.0 && pairs > 0).then(|| (number(pairs) / seconds, number(tokens) / seconds))
    }

    /// How many pairs the next batch should have, in whole batches of `device_batch`.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to a small positive range before"
    )]
    pub(super) fn next_batch(&self, device_batch: usize) -> usize {
        let device_batch = device_batch.clamp(1, 1024);
        let multiple =
            self.rates().map_or(1.0, |(pairs, _)| pairs * BATCH_SECONDS / number(device_batch as u64));
        device_batch * (multiple.clamp(1.0, number(MULTIPLE_MAX as u64)) as usize)
    }
}

#[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
pub(super) fn number(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_until_they_take_about_two_seconds() {
        let mut pace = Pace::default();
        assert_eq!(pace.next_batch(16), 16, "the first batch is small: progress shows soon");
        pace.add(Duration::from_millis(100), 16, 1600);
        assert_eq!(pace.next_batch(16), 320, "160 a second for two seconds");
        pace.add(Duration::from_secs(100), 320, 32000);
        assert_eq!(pace.next_batch(16), 16, "a slow device gets what it asks for, no less");
    }

    #[test]
    fn batches_are_bounded() {
        let mut pace = Pace::default();
        pace.add(Duration::from_nanos(1), 1000, 0);
        assert_eq!(pace.next_batch(0), MULTIPLE_MAX, "even if the guard asks for nothing");
        assert_eq!(pace.next_batch(usize::MAX), 1024 * MULTIPLE_MAX);
    }

    #[test]
    fn rates_are_of_the_newest_batches() {
        let mut pace = Pace::default();
        assert_eq!(pace.rates(), None);
        pace.add(Duration::from_secs(1000), 1, 1);
        for _ in 0..BATCHES {
            pace.add(Duration::from_secs(1), 5, 50);
        }
        assert_eq!(pace.rates(), Some((5.0, 50.0)));
    }
}
