//! The numbers that a guard and its reviewers are judged by, and how sure one can be of each.
//!
//! Scores against judgements: a [`Ranking`] holds scored cases, ties together, and gives the areas ([`auprc`], [`average_precision`],
//! [`auroc`]), the [`curve`], the [`Confusion`] at a threshold with [`precision`], [`recall`], [`f1`] and [`accuracy`], the
//! [`reliability`] diagram and the [`calibration_error`]; [`Quality`] is all of them at once, with intervals. [`Answers`] are scaled by
//! a temperature. Two guards on the same cases: [`mcnemar`]. Two raters: [`kappa`]. Many, with gaps: [`Ratings`].
//!
//! What is undefined is an [`Undefined`] with its reason, never NaN and never a made-up zero or one. Every measure equals its
//! reference implementation to 1e-9 on random data (`tests/golden.rs`): scikit-learn, krippendorff and statsmodels.
//! Nothing here knows items, guards or databases.

mod accuracy;
mod alpha;
mod auprc;
mod auroc;
mod average_precision;
mod bootstrap;
mod calibration_error;
mod confusion;
mod cross_table;
mod curve;
mod f1;
mod kappa;
mod mcnemar;
mod multinomial;
mod precision;
mod quality;
mod ranking;
mod recall;
mod reliability;
mod review_load;
mod temperature;
mod thinning;
mod undefined;
mod wilson;

pub use accuracy::accuracy;
pub use alpha::{Level, Ratings};
pub use auprc::auprc;
pub use auroc::auroc;
pub use average_precision::average_precision;
pub use bootstrap::{Interval, Resampling, intervals, percentile};
pub use calibration_error::calibration_error;
pub use confusion::{Confusion, confusion};
pub use cross_table::CrossTable;
pub use curve::{Point, curve};
pub use f1::f1;
pub use kappa::{kappa, kappa_interval};
pub use mcnemar::{ChiSquared, McNemar, mcnemar};
pub use precision::precision;
pub use quality::Quality;
pub use ranking::{Ranking, Scored, Tied};
pub use recall::recall;
pub use reliability::{ReliabilityBin, reliability};
pub use review_load::review_load;
pub use temperature::{Answers, Temperature, scaled};
pub use thinning::thinned;
pub use undefined::{Measured, Undefined};
pub use wilson::wilson;

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn real(count: u64) -> f64 {
    count as f64
}
