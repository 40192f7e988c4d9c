//! Plans, disagreements and bundles as the window shows them.

use std::path::Path;

use saring_desk::{bundle, review as desk, review::Share};

use super::{count, float, item::decision};
use crate::{
    failure::Answer,
    wire::{
        BulkPreview, BundleMade, BundleOpened, DisagreementView, Failure, Feedback, GoldView, PlanOrder,
        PlanView, TeamRow, TeamView, TouchedView, WorkMerged, WorkReturned,
    },
};

/// Of a queue without a plan: that of a single review.
pub(crate) fn plan(plan: Option<&desk::ReviewPlan>, awaiting_adjudication: u64, disputed: u64) -> PlanView {
    let shares = plan.map_or([Share::NONE; 3], |plan| [plan.second_share, plan.gold_share, plan.blind_share]);
    let [second_share, gold, blind] =
        shares.map(|share| float(u64::from(share.millionths())) / MILLIONTHS_OF_A_PERCENT);
    PlanView {
        second: second_share,
        gold,
        blind,
        feedback: match plan.map(|plan| plan.feedback).unwrap_or_default() {
            desk::Feedback::Immediate => Feedback::Immediate,
            desk::Feedback::Never => Feedback::Never,
        },
        own_adjudication: plan.is_some_and(|plan| plan.own_adjudication),
        awaiting_adjudication: count(awaiting_adjudication),
        disputed: count(disputed),
    }
}

const MILLIONTHS_OF_A_PERCENT: f64 = 10_000.0;

pub(crate) fn plan_change(order: &PlanOrder) -> Answer<desk::PlanChange> {
    let share = |percent: Option<f64>| percent.map(share).transpose();
    Ok(desk::PlanChange {
        mode: None,
        second_share: share(order.second)?,
        gold_share: share(order.gold)?,
        blind_share: share(order.blind)?,
        feedback: order.feedback.map(|feedback| match feedback {
            Feedback::Immediate => desk::Feedback::Immediate,
            Feedback::Never => desk::Feedback::Never,
        }),
        own_adjudication: order.own_adjudication,
    })
}

/// A percentage.
pub(crate) fn share(percent: f64) -> Answer<Share> {
    format!("{percent}%")
        .parse()
        .map_err(|_| Failure::invalid("That is no share", "Give a percentage from 0 to 100"))
}

pub(crate) fn gold(gold: saring_desk::store::tasks::Gold) -> GoldView {
    GoldView { label: gold.label.as_str().to_owned(), categories: gold.categories, refusal: gold.refusal }
}

pub(crate) fn disagreement(found: desk::Disagreement) -> DisagreementView {
    DisagreementView {
        item_id: found.item_id,
        task: found.task.as_str().to_owned(),
        decisions: found.decisions.into_iter().map(decision).collect(),
    }
}

pub(crate) fn preview(preview: desk::BulkPreview) -> BulkPreview {
    let touched = |touched: desk::Touched| TouchedView {
        item_id: touched.item_id,
        state: touched.state.as_str().to_owned(),
        label: touched.label.map(|label| label.as_str().to_owned()),
    };
    BulkPreview {
        items: count(preview.items),
        touched: preview.touched.into_iter().map(touched).collect(),
        apart: count(preview.apart),
    }
}

pub(crate) fn team(progress: bundle::Progress) -> TeamView {
    let row = |row: bundle::ReviewerProgress| TeamRow {
        reviewer: row.reviewer,
        done: count(row.done),
        items: row.items.map(count),
    };
    TeamView { named: progress.named, reviewers: progress.reviewers.into_iter().map(row).collect() }
}

pub(crate) fn made(made: bundle::MadeBundle) -> BundleMade {
    BundleMade {
        reviewer: made.reviewer,
        path: path(&made.path),
        items: count(made.items),
        fingerprint: made.fingerprint,
    }
}

pub(crate) fn opened(opened: bundle::OpenedBundle) -> BundleOpened {
    BundleOpened {
        reviewer: opened.reviewer,
        queue: opened.queue,
        added: count(opened.added),
        known: count(opened.known),
        refused: count(opened.refused),
        fingerprint: opened.fingerprint,
    }
}

pub(crate) fn returned(returned: bundle::Returned) -> WorkReturned {
    WorkReturned {
        path: path(&returned.path),
        decisions: count(returned.decisions),
        done: count(returned.done),
        items: count(returned.items),
    }
}

pub(crate) fn merged(merged: bundle::Merged) -> WorkMerged {
    WorkMerged {
        path: path(&merged.path),
        reviewer: merged.reviewer,
        queue: merged.queue,
        added: count(merged.added),
        known: count(merged.known),
    }
}

fn path(path: &Path) -> String {
    path.display().to_string()
}
