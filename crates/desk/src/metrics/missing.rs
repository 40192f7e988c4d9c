//! Why a number is missing, in a form that can be said in any language.

use saring_measures::Undefined;
use serde::{Serialize, Serializer};

/// Why a number, or else its interval, is missing. Scripts get it as an English sentence.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Missing {
    /// What there is does not define it.
    #[error(transparent)]
    Undefined(#[from] Undefined),
    /// There are judgements, and no verdicts about them.
    #[error("the guard has not judged any of these items yet")]
    NotJudged,
    /// Gold.
    #[error("no item came with a gold label")]
    NoGold,
    /// An estimate.
    #[error("there is no blind decision on an item of a recorded uniform draw from the whole queue")]
    NoDrawn,
    /// Blind decisions that are no estimate.
    #[error("there is no other blind decision")]
    NoSelected,
    /// Decisions of scripts.
    #[error("there is no decision of a script")]
    NoSynthetic,
    /// A ranking.
    #[error("none of them is unsafe: a ranking cannot be measured")]
    NoneUnsafe,
    /// A ranking.
    #[error("all of them are unsafe: a ranking cannot be measured")]
    AllUnsafe,
    /// A test of two guards.
    #[error("nothing that both guards have judged has a judgement of this kind")]
    NothingInCommon,
}

impl Serialize for Missing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
