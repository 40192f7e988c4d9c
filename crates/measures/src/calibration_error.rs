//! Expected calibration error.

use crate::{Measured, ReliabilityBin, Undefined, real};

/// Mean distance between what probabilities promise and what happens: for each bin |share of positives - mean probability|,
/// weighted by its cases (Naeini et al., 2015; Guo et al., 2017, who take 15 bins of the likeliest label; here it is the probability
/// of the positive class, so that it fits the diagram).
///
/// It is never below zero, so that small samples overstate it: a perfectly calibrated guard has an error above zero, and the
/// bootstrap's interval lies too high. Read it beside the diagram.
///
/// # Errors
/// Undefined without cases.
pub fn calibration_error(bins: &[ReliabilityBin]) -> Measured {
    let cases = bins.iter().map(|bin| bin.cases).sum();
    if cases == 0 {
        return Err(Undefined::NoCases);
    }
    let distance = |bin: &ReliabilityBin| {
        bin.positive_share().map_or(0.0, |share| (share - bin.mean_probability).abs() * real(bin.cases))
    };
    Ok(bins.iter().map(distance).sum::<f64>() / real(cases))
}
