//! Review: the next item, decisions, gestures, undo, history and quarantine.
//!
//! [`ItemView`] is an item as a reviewer may see it: in blind mode it carries no verdict before the decision, and that rule is
//! here, not in a window. [`NewDecision`] and [`Gesture`] are what a reviewer does; each becomes one row, one event and the
//! derived states, in one transaction, and is acknowledged after it is on disk.

mod act;
mod adjudicate;
mod bulk;
mod derive;
mod history;
mod kind;
mod next;
mod next_filtered;
mod note;
mod order;
mod plan;
mod quarantine;
mod risk;
mod standing;
mod undo;
mod view;
mod viewer;

pub(crate) use act::check_reviewer;
pub use act::{Gesture, NewDecision, Saved};
pub use adjudicate::Disagreement;
pub use bulk::{BulkDecision, BulkPreview, BulkSaved, Touched};
pub(crate) use derive::refresh;
pub use history::{HistoryEntry, HistoryEvent};
pub use kind::DecisionKind;
pub use next_filtered::FilteredReview;
pub use note::note_words;
pub(crate) use plan::standing;
pub use plan::{Feedback, NoShare, PlanChange, ReviewPlan, Share};
pub use risk::{RiskAlong, RiskSpan};
pub use standing::{Awaiting, Rule, Standing, TaskStanding};
pub use undo::Undone;
pub use view::{DecisionView, ItemView, Neighbours, TaskView, VerdictSlot, VerdictView};
pub use viewer::SeenState;

pub use crate::store::items::QuarantinedItem;
pub(crate) use viewer::{seen_otherwise, seen_tasks};

#[cfg(test)]
mod blind_tests;
#[cfg(test)]
mod bulk_tests;
#[cfg(test)]
mod plan_tests;
#[cfg(test)]
mod standing_tests;
#[cfg(test)]
mod tests;
