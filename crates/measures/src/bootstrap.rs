//! Percentile bootstrap intervals.

use crate::{Undefined, multinomial::Multinomial, real};

/// How to resample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resampling {
    /// The same seed gives the same interval, on every machine.
    pub seed: u64,
    /// How many resamples; a thousand for the ends of a 95 % interval.
    pub resamples: u32,
    /// How often intervals are to cover, such as 0.95.
    pub confidence: f64,
}

impl Default for Resampling {
    fn default() -> Self {
        Self { seed: 0, resamples: 1000, confidence: 0.95 }
    }
}

/// Between what a number lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Resamples in which the number was undefined, such as those without a positive case. They are left out.
    pub undefined: u32,
}

/// Percentile intervals (Efron, 1979) of numbers that are computed together.
///
/// Cases are drawn with replacement, as many as there are; those of one cell are alike, so that a measure is given how many cases of
/// each cell a resample has. Classes are not kept apart: how many positives there are is part of what is not known.
///
/// # Errors
/// For each number by itself: [`Undefined::NoCases`], or undefined in more than half of all resamples.
pub fn intervals<const N: usize>(
    cells: &[u64],
    resampling: &Resampling,
    mut measure: impl FnMut(&[u64]) -> [Result<f64, Undefined>; N],
) -> [Result<Interval, Undefined>; N] {
    if cells.iter().all(|n| *n == 0) {
        return [Err(Undefined::NoCases); N];
    }
    let mut values: [Vec<f64>; N] = [const { Vec::new() }; N];
    let mut multinomial = Multinomial::new(cells, resampling.seed);
    for _ in 0..resampling.resamples {
        let measured = measure(multinomial.draw());
        for (values, value) in values.iter_mut().zip(measured) {
            values.extend(value.ok());
        }
    }
    values.map(|mut values| {
        let resamples = resampling.resamples;
        let undefined = resamples - u32::try_from(values.len()).unwrap_or(resamples);
        if undefined > resamples / 2 || values.is_empty() {
            return Err(Undefined::Resamples { undefined, resamples });
        }
        values.sort_unstable_by(f64::total_cmp);
        let tail = (1.0 - resampling.confidence) / 2.0;
        Ok(Interval { low: percentile(&values, tail), high: percentile(&values, 1.0 - tail), undefined })
    })
}

/// The value below which a share of sorted values lies, between neighbours by straight lines: numpy's `quantile`. NaN without values.
pub fn percentile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = real(last as u64) * share.clamp(0.0, 1.0);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the last index"
    )]
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - real(below as u64))
}
