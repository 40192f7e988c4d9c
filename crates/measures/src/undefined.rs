//! Why a number cannot be given.

/// A number, or why there is none.
pub type Measured = Result<f64, Undefined>;

/// Why a measure is undefined. It is said in place of the number; zero, one or NaN would be a claim.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Undefined {
    /// Nothing to measure.
    #[error("there are no cases")]
    NoCases,
    /// Recall, areas.
    #[error("none of the {cases} cases is positive")]
    NoPositives {
        /// How many cases there are.
        cases: u64,
    },
    /// Areas: a ranking of one class alone is neither good nor bad.
    #[error("all of the {cases} cases are positive")]
    NoNegatives {
        /// How many cases there are.
        cases: u64,
    },
    /// Precision.
    #[error("none of the {cases} cases reaches the threshold")]
    NothingFlagged {
        /// How many cases there are.
        cases: u64,
    },
    /// A score that cannot be ranked.
    #[error("the score of case {at} is no number")]
    NotANumber {
        /// Which one, counted from 0.
        at: usize,
    },
    /// Kappa: chance alone explains all of it.
    #[error("both raters gave one and the same label to all {cases} cases")]
    OneLabel {
        /// How many cases there are.
        cases: u64,
    },
    /// Alpha.
    #[error("no unit was rated twice")]
    NotRatedTwice,
    /// Alpha: without variation there is nothing that chance could get wrong.
    #[error("all {ratings} ratings of units that were rated twice are the same")]
    OneRating {
        /// How many ratings.
        ratings: u64,
    },
    /// McNemar's test with continuity correction.
    #[error("both are right and wrong on the same cases")]
    NothingDiscordant,
    /// Temperature: the likelihood grows all the way to the end of the range.
    #[error("every temperature below {min} fits better still: the guard is right throughout")]
    TemperatureBelow {
        /// The end of the range.
        min: f64,
    },
    /// Temperature: the probabilities say nothing, or the contrary.
    #[error(
        "every temperature above {max} fits better still: the probabilities say nothing about the judgements"
    )]
    TemperatureAbove {
        /// The end of the range.
        max: f64,
    },
    /// An interval.
    #[error("the number was undefined in {undefined} of {resamples} resamples")]
    Resamples {
        /// In how many.
        undefined: u32,
        /// Of how many.
        resamples: u32,
    },
}
