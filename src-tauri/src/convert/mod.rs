//! From the desk's types to those that cross to the page. Nothing is decided here.

pub(crate) mod alike;
pub(crate) mod assist;
pub(crate) mod comparison;
pub(crate) mod demo;
pub(crate) mod export;
pub(crate) mod filter;
pub(crate) mod guard;
pub(crate) mod import;
pub(crate) mod insight;
pub(crate) mod item;
pub(crate) mod missing;
pub(crate) mod policy;
mod provenance;
pub(crate) mod queue;
mod risk;
pub(crate) mod run;
pub(crate) mod team;

/// A count for the page. Whatever is larger than four thousand million is shown as that.
pub(crate) fn count<N: TryInto<u32> + PartialOrd + Default>(n: N) -> u32 {
    if n < N::default() { 0 } else { n.try_into().unwrap_or(u32::MAX) }
}

/// Bytes and the like for the page, whose only numbers are floats.
#[allow(clippy::cast_precision_loss, reason = "shown rounded to three digits")]
pub(crate) fn float(n: u64) -> f64 {
    n as f64
}
