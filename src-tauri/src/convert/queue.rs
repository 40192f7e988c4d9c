//! Queues, what may be said in them, lists.

use saring_desk::{
    policy::Policy,
    queue::{self as desk, ItemSummary, QueueOverview},
};
use saring_verdict::Task;

use super::{count, policy};
use crate::wire::{
    DrawInfo, ItemPage, ItemRow, LanguageCount, PlanView, QueueCard, QueueOrder, ReviewMode, Scheme,
    SearchPage, StateCounts, TaskScheme,
};

/// `unlabelled` items have not been judged completely by the default guard.
pub(crate) fn card(overview: QueueOverview, unlabelled: u64, plan: PlanView) -> QueueCard {
    let QueueOverview { queue, counts: by_state, languages, draw } = overview;
    QueueCard {
        id: queue.id,
        name: queue.name,
        scheme: scheme(&queue.policy.terms),
        policy: policy::view(&queue.policy),
        order: order(queue.ordering),
        mode: mode(queue.mode),
        counts: counts(&by_state),
        languages: languages
            .into_iter()
            .map(|l| LanguageCount { language: l.language, items: count(l.items) })
            .collect(),
        labelled: count(by_state.total().saturating_sub(unlabelled)),
        unlabelled: count(unlabelled),
        draw: draw.map(|d| DrawInfo { id: d.draw.id, size: count(d.draw.size), pending: count(d.pending) }),
        plan,
        created_at: queue.created_at,
    }
}

pub(crate) fn counts(counts: &desk::StateCounts) -> StateCounts {
    StateCounts {
        total: count(counts.total()),
        pending: count(counts.pending),
        decided: count(counts.decided),
        skipped: count(counts.skipped),
        escalated: count(counts.escalated),
        flagged: count(counts.flagged),
        quarantined: count(counts.quarantined),
    }
}

fn scheme(policy: &Policy) -> Scheme {
    let task = |task: Task| TaskScheme {
        categories: policy.categories_of(task).map(|c| c.name.clone()).collect(),
        refusal: policy.asks_refusal(task),
    };
    Scheme {
        name: policy.name.clone(),
        labels: policy.labels.iter().map(|l| l.label.as_str().to_owned()).collect(),
        prompt: task(Task::Prompt),
        response: task(Task::Response),
    }
}

fn order(order: desk::Ordering) -> QueueOrder {
    match order {
        desk::Ordering::Imported => QueueOrder::Imported,
        desk::Ordering::Uncertain => QueueOrder::Uncertain,
        desk::Ordering::Unsafe => QueueOrder::Unsafe,
        desk::Ordering::Newest => QueueOrder::Newest,
        desk::Ordering::Draw => QueueOrder::Draw,
    }
}

pub(crate) fn desk_order(order: QueueOrder) -> desk::Ordering {
    match order {
        QueueOrder::Imported => desk::Ordering::Imported,
        QueueOrder::Uncertain => desk::Ordering::Uncertain,
        QueueOrder::Unsafe => desk::Ordering::Unsafe,
        QueueOrder::Newest => desk::Ordering::Newest,
        QueueOrder::Draw => desk::Ordering::Draw,
    }
}

fn mode(mode: desk::Mode) -> ReviewMode {
    match mode {
        desk::Mode::Blind => ReviewMode::Blind,
        desk::Mode::Suggestion => ReviewMode::Suggestion,
    }
}

pub(crate) fn desk_mode(mode: ReviewMode) -> desk::Mode {
    match mode {
        ReviewMode::Blind => desk::Mode::Blind,
        ReviewMode::Suggestion => desk::Mode::Suggestion,
    }
}

pub(crate) fn page(page: desk::ItemPage) -> ItemPage {
    ItemPage {
        rows: page.rows.into_iter().map(row).collect(),
        cursor: page.next.map(|cursor| cursor.to_string()),
    }
}

pub(crate) fn found(page: desk::SearchPage) -> SearchPage {
    SearchPage { rows: page.rows.into_iter().map(row).collect(), capped: page.capped }
}

pub(crate) fn row(item: ItemSummary) -> ItemRow {
    ItemRow {
        id: item.id,
        seq: count(item.seq),
        language: item.language,
        excerpt: item.excerpt,
        state: item.state.as_str().to_owned(),
        has_response: item.has_response,
        has_image: item.has_image,
        flagged: item.flagged,
        labelled: item.labelled,
    }
}
