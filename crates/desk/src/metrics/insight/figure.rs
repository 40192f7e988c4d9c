//! A number as it is told: with its interval, or with the reason why there is none.

use saring_measures::{Interval, Measured, Undefined};
use serde::Serialize;

use crate::metrics::Missing;

/// A number with its bootstrap interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figure {
    /// The number; `None` where it is undefined.
    pub value: Option<f64>,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Resamples that the interval leaves out, since the number was undefined in them.
    pub undefined_resamples: u32,
    /// Why the number, or else its interval, is missing.
    pub note: Option<Missing>,
}

impl Figure {
    /// What was measured, and how sure that is.
    pub fn new(measured: Measured, interval: Result<Interval, Undefined>) -> Self {
        match (measured, interval) {
            (Err(undefined), _) => Self { note: Some(undefined.into()), ..Self::default() },
            (Ok(value), Err(undefined)) => {
                Self { value: Some(value), note: Some(undefined.into()), ..Self::default() }
            }
            (Ok(value), Ok(interval)) => Self {
                value: Some(value),
                low: Some(interval.low),
                high: Some(interval.high),
                undefined_resamples: interval.undefined,
                note: None,
            },
        }
    }
}
