//! Review: the next item, decisions, gestures, undo, history and quarantine.
//!
//! [`ItemView`] is an item as a reviewer may see it: in blind mode it carries no verdict before the decision, and that rule is
//! here, not in a window. [`NewDecision`] and [`Gesture`] are what a reviewer does; each becomes one row, one event and the
//! derived states, in one transaction, and is acknowledged after it is on disk.

mod act;
mod history;
mod kind;
mod note;
mod order;
mod quarantine;
mod risk;
mod standing;
mod undo;
mod view;

pub(crate) use act::check_reviewer;
pub use act::{Gesture, NewDecision, Saved};
pub use history::{HistoryEntry, HistoryEvent};
pub use kind::DecisionKind;
pub use note::note_words;
pub use risk::{RiskAlong, RiskSpan};
pub use standing::{Standing, TaskStanding};
pub use undo::Undone;
pub use view::{DecisionView, ItemView, Neighbours, TaskView, VerdictSlot, VerdictView};

#[cfg(test)]
mod standing_tests;
#[cfg(test)]
mod tests;
