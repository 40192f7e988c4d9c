//! The words for states, orders and modes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A word that is none of those that are known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is none of {known}")]
pub struct UnknownWord {
    pub(crate) found: String,
    pub(crate) known: &'static str,
}

/// Where an item, or one task of it, stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Undecided.
    #[default]
    Pending,
    /// Labelled.
    Decided,
    /// Passed over, with or without a reason.
    Skipped,
    /// Left to somebody who knows better.
    Escalated,
}

/// In which order items come up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ordering {
    /// As they were imported.
    #[default]
    Imported,
    /// Those the guard is least sure of first.
    Uncertain,
    /// Those the guard finds most unsafe first.
    Unsafe,
    /// Last imported first.
    Newest,
    /// As a recorded uniform draw has them.
    Draw,
}

/// Whether verdicts are in view before a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A verdict is shown after the decision.
    #[default]
    Blind,
    /// A verdict is shown at once.
    Suggestion,
}

macro_rules! words {
    ($type:ident, $known:literal, $($variant:ident => $word:literal),+) => {
        impl $type {
            /// The name used in the database and in flags.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = UnknownWord;

            fn from_str(word: &str) -> std::result::Result<Self, UnknownWord> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { found: word.to_owned(), known: $known }),
                }
            }
        }
    };
}
pub(crate) use words;

words!(ItemState, "pending, decided, skipped, escalated",
    Pending => "pending", Decided => "decided", Skipped => "skipped", Escalated => "escalated");
words!(Ordering, "imported, uncertain, unsafe, newest, draw",
    Imported => "imported", Uncertain => "uncertain", Unsafe => "unsafe", Newest => "newest", Draw => "draw");
words!(Mode, "blind, suggestion", Blind => "blind", Suggestion => "suggestion");

impl ItemState {
    /// Every state, in the order of the tabs.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Decided, Self::Skipped, Self::Escalated];

    /// The state of an item from those of its tasks: pending while any is, then escalated, then skipped, else decided.
    pub fn of_tasks(tasks: &[Self]) -> Self {
        [Self::Pending, Self::Escalated, Self::Skipped]
            .into_iter()
            .find(|state| tasks.contains(state))
            .unwrap_or(Self::Decided)
    }
}
