//! Whether one of two guards is right more often, on the same cases.

use crate::{Undefined, real};

/// McNemar's test (1947) of whether two guards are right equally often. Only cases count on which one alone is right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct McNemar {
    /// Cases on which the first alone is right.
    pub only_first: u64,
    /// Cases on which the second alone is right.
    pub only_second: u64,
    /// Two-sided p of the exact binomial test: statsmodels' `mcnemar(table, exact=True)`. One where there are no such cases.
    pub exact_p: f64,
    /// With continuity correction (Edwards, 1948): statsmodels' `mcnemar(table, exact=False, correction=True)`. Undefined where
    /// there are no such cases.
    pub corrected: Result<ChiSquared, Undefined>,
}

/// A statistic that has the chi-squared distribution with one degree of freedom, if both are right equally often.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChiSquared {
    /// (|b - c| - 1)^2 / (b + c).
    pub statistic: f64,
    /// How probable it is to be as large or larger.
    pub p: f64,
}

/// Tests two guards by the cases on which the first alone is right, and those on which the second alone is.
pub fn mcnemar(only_first: u64, only_second: u64) -> McNemar {
    let corrected = match only_first + only_second {
        0 => Err(Undefined::NothingDiscordant),
        discordant => {
            let statistic = (real(only_first.abs_diff(only_second)) - 1.0).powi(2) / real(discordant);
            Ok(ChiSquared { statistic, p: libm::erfc((statistic / 2.0).sqrt()) })
        }
    };
    McNemar {
        only_first,
        only_second,
        exact_p: exact(only_first.min(only_second), only_first + only_second),
        corrected,
    }
}

/// Twice the probability of `k` or fewer heads in `n` throws, at most one.
fn exact(k: u64, n: u64) -> f64 {
    // Terms of the distribution relative to its middle one, so that nothing overflows, whatever n is. They fall on both sides
    // and vanish some 40 standard deviations away.
    let middle = n / 2;
    let (mut whole, mut tail) = (0.0, 0.0);
    let mut term = 1.0;
    for i in (0..=middle).rev() {
        // By symmetry a term below the middle stands for two.
        whole += if 2 * i == n { term } else { 2.0 * term };
        if i <= k {
            tail += term;
        }
        term *= real(i) / real(n - i + 1);
        if term == 0.0 {
            break;
        }
    }
    (2.0 * tail / whole).min(1.0)
}
