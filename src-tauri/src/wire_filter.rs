//! What crosses about filters: conditions, orders, and filters that are kept under a name.

#![allow(missing_docs, reason = "the fields say it; what a name cannot say is written beside it")]

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::wire::ItemRow;

/// Everything that is said must hold, for one task of an item; null: nothing is said.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct FilterTerms {
    /// "pending", "decided", "skipped", "escalated".
    pub state: Option<String>,
    /// "prompt", "response".
    pub task: Option<String>,
    /// BCP 47, or "und".
    pub language: Option<String>,
    /// What the guard says: "safe", "controversial", "unsafe", "sensitive".
    pub label: Option<String>,
    /// What was decided: "safe", "controversial", "unsafe".
    pub decided_label: Option<String>,
    pub category: Option<String>,
    pub guard_category: Option<String>,
    /// "guards", "decision".
    pub disagreement: Option<String>,
    /// Probability of unsafe, "0.4..0.6".
    pub score: Option<String>,
    pub reviewer: Option<String>,
    /// A day, "2026-11-20", or a time.
    pub since: Option<String>,
    pub until: Option<String>,
    pub flagged: Option<bool>,
    pub has_image: Option<bool>,
    pub text: Option<String>,
}

/// A filter and an order: "imported", "unsafe", "safe", "uncertain", "decided", "language".
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct Filtering {
    pub filter: FilterTerms,
    pub sort: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct FilteredPage {
    pub rows: Vec<ItemRow>,
    pub cursor: Option<String>,
    /// Undecided items whose verdict stays hidden are left out.
    pub withheld: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct FilterCount {
    pub found: u32,
    /// There are more than that.
    pub more: bool,
}

/// A filter under a name, opened like a queue.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct SavedFilter {
    pub id: String,
    pub queue_id: String,
    pub name: String,
    pub filtering: Filtering,
}
