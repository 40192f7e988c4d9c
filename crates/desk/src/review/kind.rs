//! The kinds of rows in the table of decisions.

use std::{fmt, str::FromStr};

use crate::queue::UnknownWord;

/// What a reviewer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DecisionKind {
    /// Gave a task a label.
    Label,
    /// Settled a disagreement between labels with one of its own.
    Adjudicate,
    /// Passed over.
    Skip,
    /// Left to somebody who knows better.
    Escalate,
    /// Marked the item.
    Flag,
    /// Took the mark away.
    Unflag,
    /// Took the item out of everything.
    Quarantine,
    /// Brought it back.
    Release,
    /// Took back an earlier row.
    Undo,
}

impl DecisionKind {
    /// Whether a row of this kind says what a task is.
    pub const fn has_label(self) -> bool {
        matches!(self, Self::Label | Self::Adjudicate)
    }
}

crate::queue::words!(DecisionKind, "label, adjudicate, skip, escalate, flag, unflag, quarantine, release, undo",
    Label => "label", Adjudicate => "adjudicate", Skip => "skip", Escalate => "escalate", Flag => "flag", Unflag => "unflag",
    Quarantine => "quarantine", Release => "release", Undo => "undo");
