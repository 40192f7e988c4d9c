//! An interval for a share.

use crate::{Undefined, real};

/// Wilson's score interval (1927) for a share of `hits` in `cases`: statsmodels' `proportion_confint(method="wilson")`.
///
/// Unlike the normal approximation it stays within 0 and 1 and is no point where all or none hit.
///
/// # Errors
/// Undefined without cases.
pub fn wilson(hits: u64, cases: u64, confidence: f64) -> Result<(f64, f64), Undefined> {
    if cases == 0 {
        return Err(Undefined::NoCases);
    }
    let (n, share, z2) = (real(cases), real(hits) / real(cases), two_sided(confidence).powi(2));
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = (z2 * (share * (1.0 - share) / n + z2 / (4.0 * n * n))).sqrt() / (1.0 + z2 / n);
    Ok(((centre - half).max(0.0), (centre + half).min(1.0)))
}

/// Within how many standard deviations a normal variable is with this probability. By bisection: erfc falls.
fn two_sided(confidence: f64) -> f64 {
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if libm::erfc(middle / std::f64::consts::SQRT_2) > 1.0 - confidence {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}
