//! Several reviewers: how a queue is reviewed, what they disagree about, and files for laptops without a network.

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

use super::DecisionView;

/// How a queue is reviewed. Shares are percentages, 0 to 100.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct PlanView {
    /// Items that two reviewers decide, neither of whom sees the other's decision.
    #[specta(type = Number)]
    pub second: f64,
    /// How many of the items that come up are gold.
    #[specta(type = Number)]
    pub gold: f64,
    /// Items whose verdict stays hidden though the queue shows suggestions.
    #[specta(type = Number)]
    pub blind: f64,
    pub feedback: Feedback,
    /// Whether reviewers may settle between decisions of which one is their own.
    pub own_adjudication: bool,
    /// Tasks that reviewers decided differently.
    pub awaiting_adjudication: u32,
    /// Items that stand pending for this reviewer only because of that: nothing of them is open.
    pub disputed: u32,
}

/// Whether a reviewer is told the gold label after a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Feedback {
    Immediate,
    Never,
}

/// What of a plan is to change; the rest stays. Shares are percentages.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct PlanOrder {
    #[specta(type = Option<Number>)]
    pub second: Option<f64>,
    #[specta(type = Option<Number>)]
    pub gold: Option<f64>,
    #[specta(type = Option<Number>)]
    pub blind: Option<f64>,
    pub feedback: Option<Feedback>,
    pub own_adjudication: Option<bool>,
}

/// The label that came with an item, told after the decision.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct GoldView {
    pub label: String,
    /// Empty where the file names none.
    pub categories: Vec<String>,
    pub refusal: Option<bool>,
}

/// A task that reviewers decided differently.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct DisagreementView {
    pub item_id: String,
    /// "prompt" or "response".
    pub task: String,
    /// Oldest first.
    pub decisions: Vec<DecisionView>,
}

/// What one label for many items would do.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct BulkPreview {
    /// How many would be decided.
    pub items: u32,
    /// Left as they are: something was done with them.
    pub touched: Vec<TouchedView>,
    /// How many are left as they are because somebody is to look at each.
    pub apart: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct TouchedView {
    pub item_id: String,
    /// "decided", "skipped" or "escalated".
    pub state: String,
    pub label: Option<String>,
}

/// How far the reviewers of a queue are.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct TeamView {
    /// False where the queue was opened from a bundle: reviewers have numbers there.
    pub named: bool,
    pub reviewers: Vec<TeamRow>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct TeamRow {
    pub reviewer: String,
    /// Items that they have done something with.
    pub done: u32,
    /// Items in bundles for them; null without one.
    pub items: Option<u32>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct SplitOrder {
    pub queue_id: String,
    /// Pseudonyms; a bundle for each.
    pub reviewers: Vec<String>,
    /// Percentage of the items that two of them get; as the plan says if null.
    #[specta(type = Option<Number>)]
    pub overlap: Option<f64>,
    pub folder: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct BundleMade {
    pub reviewer: String,
    pub path: String,
    pub items: u32,
    /// To be told to the reviewer on another way than the file takes.
    pub fingerprint: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct BundleOpened {
    pub reviewer: String,
    /// Name of the queue here.
    pub queue: String,
    pub added: u32,
    pub known: u32,
    /// Not taken: their content is in quarantine here.
    pub refused: u32,
    pub fingerprint: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct WorkReturned {
    pub path: String,
    pub decisions: u32,
    /// Of the items of the bundle.
    pub done: u32,
    pub items: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct WorkMerged {
    pub path: String,
    pub reviewer: String,
    pub queue: String,
    /// Decisions that came in, and those that were here already.
    pub added: u32,
    pub known: u32,
}
