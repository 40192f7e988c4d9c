//! The plan of a queue's review: who else decides an item, how gold is mixed in, what stays blind.
//!
//! [`ReviewPlan`] is set by a lead and kept in versions; a queue without one is reviewed once, as [`Rule::default`] says. Which
//! items it concerns is drawn by hashing their ids with the plan's seed: uniform, reproducible, and the same on every laptop.

use std::{fmt, str::FromStr};

use saring_verdict::Task;
use sha2::{Digest, Sha256};

use super::standing::{Rule, Standing};
use crate::{
    Error, Result, Workspace,
    queue::{DrawFrom, Mode, Queue, UnknownWord, find_queue, record_draw},
    store::{
        self, Conn, WriteTx,
        decisions::DecisionRow,
        events::{self, EventKind},
        tasks::TaskRow,
    },
};

/// A share, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const ALL: Self = Self(Self::WHOLE);
    const WHOLE: u32 = 1_000_000;

    /// From millionths; what is more than everything is everything.
    pub const fn from_millionths(millionths: u32) -> Self {
        Self(if millionths > Self::WHOLE { Self::WHOLE } else { millionths })
    }

    /// In millionths.
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// This share of `n`, rounded up.
    pub fn of(self, n: u64) -> u64 {
        let parts = u128::from(n) * u128::from(self.0);
        u64::try_from(parts.div_ceil(u128::from(Self::WHOLE))).unwrap_or(u64::MAX)
    }

    /// Whether `id` falls into this share, by a hash of what the draw is for, the seed and the id. What falls into a share falls
    /// into every larger one.
    pub(crate) fn takes(self, what_for: &str, seed: i64, id: &str) -> bool {
        let number = u128::from(Self::number(what_for, seed, id));
        (number * u128::from(Self::WHOLE)) >> 64 < u128::from(self.0)
    }

    /// A number from 0 to 2^64 - 1, each as likely, that follows from what it is for, the seed and the id.
    pub(crate) fn number(what_for: &str, seed: i64, id: &str) -> u64 {
        let mut hasher = Sha256::new();
        hasher.update(what_for);
        hasher.update([0]);
        hasher.update(seed.to_be_bytes());
        hasher.update(id);
        let digest = hasher.finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        u64::from_be_bytes(first)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", f64::from(self.0) / f64::from(Self::WHOLE / 100))
    }
}

/// A text that is no share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a share is all, none, or a percentage like 20%")]
pub struct NoShare;

impl FromStr for Share {
    type Err = NoShare;

    fn from_str(text: &str) -> std::result::Result<Self, NoShare> {
        match text.trim() {
            "all" => return Ok(Self::ALL),
            "none" => return Ok(Self::NONE),
            _ => {}
        }
        let percent: f64 =
            text.trim().strip_suffix('%').ok_or(NoShare)?.trim().parse().map_err(|_| NoShare)?;
        if !(0.0..=100.0).contains(&percent) {
            return Err(NoShare);
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a million")]
        Ok(Self((percent * f64::from(Self::WHOLE / 100)).round() as u32))
    }
}

/// Whether the gold label is shown after a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Feedback {
    /// At once.
    #[default]
    Immediate,
    /// Not at all.
    Never,
}

crate::queue::words!(Feedback, "immediate, never", Immediate => "immediate", Never => "never");

/// The plan of a queue's review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewPlan {
    /// UUIDv7.
    pub id: String,
    /// Its queue.
    pub queue_id: String,
    /// What the shares are drawn with.
    pub seed: i64,
    /// Items that two reviewers decide, neither of whom sees the other's decision.
    pub second_share: Share,
    /// How many of the items that are brought up are gold. If there are any, gold items come up in no other way.
    pub gold_share: Share,
    /// Whether the gold label is shown after a decision.
    pub feedback: Feedback,
    /// Items whose verdict is hidden before the decision though the queue shows suggestions.
    pub blind_share: Share,
    /// The uniform draw of those items from the whole queue.
    pub blind_draw_id: Option<String>,
    /// Whether reviewers may adjudicate between decisions of which one is their own.
    pub own_adjudication: bool,
    /// RFC 3339.
    pub created_at: String,
}

impl ReviewPlan {
    /// What decides about the tasks of an item. `is_gold`: a gold label came with it.
    pub fn rule(&self, item_id: &str, is_gold: bool) -> Rule {
        let control = is_gold && self.gold_share > Share::NONE;
        Rule { control, second: !control && self.second_share.takes("second review", self.seed, item_id) }
    }

    /// Whether gold items are mixed in, and come up in no other way.
    pub fn mixes_gold(&self) -> bool {
        self.gold_share > Share::NONE
    }

    /// Whether a reviewer is told the gold label after a decision.
    pub(super) fn tells_gold(&self) -> bool {
        self.mixes_gold() && self.feedback == Feedback::Immediate
    }

    /// Where a gold item stands among those of a reviewer.
    pub(crate) fn place(&self, reviewer: &str, item_id: &str) -> u64 {
        Share::number(reviewer, self.seed, item_id)
    }

    /// Whether a gold item follows this one in the bundle of a reviewer. One of every hundred that come up is one behind every
    /// ninety-nine.
    pub(crate) fn mixes_gold_behind(&self, reviewer: &str, item_id: &str) -> bool {
        let others = Share::WHOLE - self.gold_share.0;
        let behind = u64::from(self.gold_share.0) * u64::from(Share::WHOLE);
        let behind = behind.checked_div(u64::from(others)).unwrap_or(u64::from(Share::WHOLE));
        let behind = u32::try_from(behind).unwrap_or(Share::WHOLE);
        Share::from_millionths(behind).takes("gold", self.seed, &format!("{reviewer} {item_id}"))
    }

    /// Whether a gold item is the next to come up after this decision of a reviewer.
    pub(super) fn brings_gold_after(&self, decision_id: &str) -> bool {
        self.gold_share.takes("gold", self.seed, decision_id)
    }
}

/// The rule of an item under the plan of its queue. An item that is gold for one of its tasks comes up as gold, with all of them.
pub(crate) fn rule_of(plan: Option<&ReviewPlan>, item_id: &str, tasks: &[TaskRow]) -> Rule {
    let is_gold = tasks.iter().any(|task| task.gold.is_some());
    plan.map_or_else(Rule::default, |plan| plan.rule(item_id, is_gold))
}

/// What decides about each task of an item.
pub(crate) fn rules_of(plan: Option<&ReviewPlan>, item_id: &str, tasks: &[TaskRow]) -> Vec<(Task, Rule)> {
    let rule = rule_of(plan, item_id, tasks);
    tasks.iter().map(|task| (task.task, rule)).collect()
}

/// Where an item of a queue stands, from all of its rows.
pub(crate) fn standing(
    plan: Option<&ReviewPlan>,
    item_id: &str,
    tasks: &[TaskRow],
    rows: &[DecisionRow],
) -> Standing {
    Standing::of(&rules_of(plan, item_id, tasks), rows)
}

/// What of a plan is to be changed; the rest stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanChange {
    /// Whether suggestions are in view.
    pub mode: Option<Mode>,
    /// Items that two reviewers decide.
    pub second_share: Option<Share>,
    /// How many of the items that are brought up are gold.
    pub gold_share: Option<Share>,
    /// Whether the gold label is shown after a decision.
    pub feedback: Option<Feedback>,
    /// Items that stay blind beside suggestions.
    pub blind_share: Option<Share>,
    /// Whether reviewers may adjudicate between decisions of which one is their own.
    pub own_adjudication: Option<bool>,
}

impl Workspace {
    /// The plan of a queue; `None` for a single review.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue.
    pub async fn plan(&self, queue: &str) -> Result<Option<ReviewPlan>> {
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        Ok(store::plans::in_force(&mut read, &queue.id).await?)
    }

    /// Changes the plan of a queue and derives again where its items stand, in pieces between which others write. `seed` counts for a queue's first plan; later ones
    /// keep it, so that a larger share holds what a smaller one held.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the queue; [`Code::Invalid`](crate::Code) for gold where no item has a gold label, or
    /// every item has.
    pub async fn set_plan(&self, queue: &str, change: &PlanChange, seed: i64) -> Result<ReviewPlan> {
        let mut tx = self.store().write().await?;
        let mut queue = find_queue(&mut tx, queue).await?;
        if let Some(mode) = change.mode {
            store::queues::set_mode(&mut tx, &queue.id, mode).await?;
            queue.mode = mode;
        }
        let before = store::plans::in_force(&mut tx, &queue.id).await?;
        let mut plan = changed(before.clone(), change, &queue, seed);
        plan.id = tx.clock().new_id();
        plan.created_at = tx.clock().now_text();
        if plan.gold_share > Share::NONE {
            check_gold(&mut tx, &queue).await?;
        }
        plan.blind_draw_id = blind_draw(&mut tx, &queue, before.as_ref(), &plan).await?;
        store::plans::insert(&mut tx, &plan).await?;
        events::record(&mut tx, EventKind::ReviewPlan, &plan.id).await?;
        store::derivations::set(&mut tx, &queue.id, 0).await?;
        tx.commit().await?;
        // The plan is in force, whatever comes of what follows from it.
        if let Err(error) = self.finish_derivations().await {
            tracing::warn!(
                plan = plan.id,
                "where items stand is derived when the workspace is opened again: {error}"
            );
        }
        Ok(plan)
    }
}

fn changed(before: Option<ReviewPlan>, change: &PlanChange, queue: &Queue, seed: i64) -> ReviewPlan {
    let before = before.unwrap_or_else(|| ReviewPlan {
        id: String::new(),
        queue_id: queue.id.clone(),
        seed,
        second_share: Share::NONE,
        gold_share: Share::NONE,
        feedback: Feedback::Immediate,
        blind_share: Share::NONE,
        blind_draw_id: None,
        own_adjudication: false,
        created_at: String::new(),
    });
    ReviewPlan {
        second_share: change.second_share.unwrap_or(before.second_share),
        gold_share: change.gold_share.unwrap_or(before.gold_share),
        feedback: change.feedback.unwrap_or(before.feedback),
        blind_share: change.blind_share.unwrap_or(before.blind_share),
        own_adjudication: change.own_adjudication.unwrap_or(before.own_adjudication),
        ..before
    }
}

async fn check_gold(conn: &mut Conn, queue: &Queue) -> Result<()> {
    let (gold, others) = store::plans::count_gold(conn, &queue.id).await?;
    let reason = match (gold, others) {
        (0, _) => "no item of the queue came with a gold label; import some with labels_role gold",
        (_, 0) => "every item of the queue came with a gold label: there is nothing to mix them into",
        _ => return Ok(()),
    };
    Err(Error::invalid("gold", reason))
}

/// The draw of the items that stay blind: drawn once for a share, so that what was seen stays apart from what was not.
async fn blind_draw(
    tx: &mut WriteTx<'_>,
    queue: &Queue,
    before: Option<&ReviewPlan>,
    plan: &ReviewPlan,
) -> Result<Option<String>> {
    if plan.blind_share == Share::NONE {
        return Ok(None);
    }
    if let Some(before) = before.filter(|before| before.blind_share == plan.blind_share) {
        return Ok(before.blind_draw_id.clone());
    }
    let visible = store::queues::counts(tx, &queue.id).await?.total();
    let size = u32::try_from(plan.blind_share.of(visible)).unwrap_or(u32::MAX);
    Ok(Some(record_draw(tx, queue, DrawFrom::All, size, plan.seed).await?.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_written_as_percentages() {
        for (text, millionths, written) in [
            ("20%", 200_000, "20%"),
            ("all", 1_000_000, "100%"),
            ("none", 0, "0%"),
            (" 0.5 % ", 5_000, "0.5%"),
        ] {
            let share: Share = text.parse().expect(text);
            assert_eq!((share.millionths(), share.to_string().as_str()), (millionths, written));
        }
        for text in ["20", "120%", "-1%", "many", "NaN%"] {
            assert_eq!(text.parse::<Share>(), Err(NoShare), "{text}");
        }
        assert_eq!(Share::from_millionths(100_000).of(11), 2, "rounded up: a sample is never empty");
    }

    #[test]
    fn a_share_takes_about_as_many_as_it_says_and_a_larger_one_takes_those_too() {
        let ids: Vec<String> = (0..20_000).map(|n| format!("item {n}")).collect();
        let taken = |share: Share, seed| -> Vec<&String> {
            ids.iter().filter(|id| share.takes("second review", seed, id)).collect()
        };
        let fifth = taken(Share::from_millionths(200_000), 7);
        // 4000 expected, standard deviation about 57.
        assert!((3750..4250).contains(&fifth.len()), "{}", fifth.len());
        let third = taken(Share::from_millionths(333_333), 7);
        assert!(fifth.iter().all(|id| third.contains(id)), "what has been chosen stays chosen");
        assert_ne!(fifth, taken(Share::from_millionths(200_000), 8), "the seed decides which");
        assert_eq!(taken(Share::ALL, 7).len(), ids.len());
        assert!(taken(Share::NONE, 7).is_empty());
    }
}
