//! What stands in the manifests of bundles and of returns, and on their lines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use super::container::Part;
use crate::{
    policy::Policy,
    queue::{Draw, DrawFrom, Mode},
    review::{Feedback, ReviewPlan, Share},
};

/// The newest format that is written and read.
pub(super) const FORMAT: u32 = 1;
pub(super) const BUNDLE: &str = "saring bundle";
pub(super) const RETURN: &str = "saring return";
pub(super) const ITEMS: &str = "items.jsonl";
pub(super) const EVENTS: &str = "events.jsonl";
pub(super) const DECISIONS: &str = "decisions.jsonl";

/// What a reviewer takes along.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BundleManifest {
    pub(super) kind: String,
    pub(super) format: u32,
    pub(super) bundle_id: String,
    /// The workspace that made it.
    pub(super) lead: String,
    pub(super) reviewer: String,
    /// Hexadecimal; signs this file and what is given back.
    pub(super) key: String,
    pub(super) queue: BundleQueue,
    pub(super) plan: Option<BundlePlan>,
    pub(super) items: u64,
    pub(super) created_at: String,
    pub(super) parts: Vec<Part>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BundleQueue {
    pub(super) id: String,
    pub(super) name: String,
    /// What reviewers may say, and what it means.
    pub(super) policy: Policy,
    pub(super) mode: Mode,
    pub(super) created_at: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BundlePlan {
    id: String,
    seed: i64,
    second_share: u32,
    gold_share: u32,
    feedback_is_immediate: bool,
    blind_share: u32,
    blind_draw: Option<BundleDraw>,
    own_adjudication: bool,
    created_at: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BundleDraw {
    id: String,
    seed: i64,
    population: i64,
    size: i64,
    created_at: String,
}

impl BundlePlan {
    pub(super) fn of(plan: &ReviewPlan, draw: Option<&Draw>) -> Self {
        Self {
            id: plan.id.clone(),
            seed: plan.seed,
            second_share: plan.second_share.millionths(),
            gold_share: plan.gold_share.millionths(),
            feedback_is_immediate: plan.feedback == Feedback::Immediate,
            blind_share: plan.blind_share.millionths(),
            blind_draw: draw.map(|draw| BundleDraw {
                id: draw.id.clone(),
                seed: draw.seed,
                population: draw.population,
                size: draw.size,
                created_at: draw.created_at.clone(),
            }),
            own_adjudication: plan.own_adjudication,
            created_at: plan.created_at.clone(),
        }
    }

    /// The plan of a queue, and the draw of the items that stay blind.
    pub(super) fn on(self, queue_id: &str) -> (ReviewPlan, Option<Draw>) {
        let draw = self.blind_draw.map(|draw| Draw {
            id: draw.id,
            queue_id: queue_id.to_owned(),
            seed: draw.seed,
            from: DrawFrom::All,
            population: draw.population,
            size: draw.size,
            created_at: draw.created_at,
        });
        let plan = ReviewPlan {
            id: self.id,
            queue_id: queue_id.to_owned(),
            seed: self.seed,
            second_share: Share::from_millionths(self.second_share),
            gold_share: Share::from_millionths(self.gold_share),
            feedback: if self.feedback_is_immediate { Feedback::Immediate } else { Feedback::Never },
            blind_share: Share::from_millionths(self.blind_share),
            blind_draw_id: draw.as_ref().map(|draw| draw.id.clone()),
            own_adjudication: self.own_adjudication,
            created_at: self.created_at,
        };
        (plan, draw)
    }
}

/// An item of a bundle.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemLine {
    pub(super) id: String,
    /// Line of the file that it was imported from.
    pub(super) line: i64,
    pub(super) content_hash: String,
    /// Its place in the draw of the items that stay blind.
    pub(super) blind_rank: Option<i64>,
    /// Whether the language of the row was detected; else somebody said it.
    pub(super) language_detected: bool,
    /// Whether its texts count as Zawgyi where the bundle was made.
    pub(super) zawgyi: bool,
    /// As a file of items has it; its images are named by their SHA-256.
    pub(super) row: Box<RawValue>,
}

/// What a reviewer gives back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReturnManifest {
    pub(super) kind: String,
    pub(super) format: u32,
    pub(super) bundle_id: String,
    pub(super) reviewer: String,
    /// The laptop's workspace.
    pub(super) workspace_id: String,
    /// How many events its chain has, and the hash of the last.
    pub(super) length: i64,
    pub(super) head: String,
    /// Decisions in this file; the chain vouches for others too, which belong to other queues and reviewers.
    pub(super) decisions: u64,
    pub(super) parts: Vec<Part>,
}

/// A row of `decisions`, column by column.
pub(super) type DecisionLine = BTreeMap<String, Value>;
