//! Why a number is missing.

use saring_desk::metrics::{self, Undefined};

use super::count;
use crate::wire::Missing;

pub(crate) fn missing(missing: metrics::Missing) -> Missing {
    match missing {
        metrics::Missing::Undefined(undefined) => of_measure(undefined),
        metrics::Missing::NotJudged => Missing::NotJudged,
        metrics::Missing::NoGold => Missing::NoGold,
        metrics::Missing::NoDrawn => Missing::NoDrawn,
        metrics::Missing::NoSelected => Missing::NoSelected,
        metrics::Missing::NoSynthetic => Missing::NoSynthetic,
        metrics::Missing::NoneUnsafe => Missing::NoneUnsafe,
        metrics::Missing::AllUnsafe => Missing::AllUnsafe,
        metrics::Missing::NothingInCommon => Missing::NothingInCommon,
    }
}

fn of_measure(undefined: Undefined) -> Missing {
    match undefined {
        Undefined::NoCases => Missing::NoCases,
        Undefined::NoPositives { cases } => Missing::NoPositives { cases: count(cases) },
        Undefined::NoNegatives { cases } => Missing::NoNegatives { cases: count(cases) },
        Undefined::NothingFlagged { cases } => Missing::NothingFlagged { cases: count(cases) },
        Undefined::NotANumber { at } => Missing::NotANumber { at: u32::try_from(at).unwrap_or(u32::MAX) },
        Undefined::OneLabel { cases } => Missing::OneLabel { cases: count(cases) },
        Undefined::NotRatedTwice => Missing::NotRatedTwice,
        Undefined::OneRating { ratings } => Missing::OneRating { ratings: count(ratings) },
        Undefined::NothingDiscordant => Missing::NothingDiscordant,
        Undefined::TemperatureBelow { min } => Missing::TemperatureBelow { min },
        Undefined::TemperatureAbove { max } => Missing::TemperatureAbove { max },
        Undefined::Resamples { undefined, resamples } => Missing::Resamples { undefined, resamples },
    }
}
