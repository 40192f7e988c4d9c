//! Numbers about a queue.

use saring_desk::metrics::{Comparison, Flip, QueueStats, Yardstick};

use super::count;
use crate::wire::{ComparisonView, FlipView, StatRow, StatsView};

pub(crate) fn view(stats: QueueStats) -> StatsView {
    let rows = stats.agreement.into_iter().filter_map(|row| {
        Some(StatRow {
            task: row.task.as_str().to_owned(),
            language: row.language,
            against: against(row.against)?.to_owned(),
            n: count(row.n),
            auprc: row.auprc.filter(|value| value.is_finite()),
            note: row.note,
        })
    });
    StatsView { rows: rows.collect() }
}

pub(crate) fn comparison(comparison: Comparison) -> ComparisonView {
    ComparisonView {
        items: count(comparison.pairs),
        agree: count(comparison.agree),
        kappa: comparison.kappa,
        hidden: count(comparison.hidden),
        flips: comparison.flips.into_iter().map(flip).collect(),
    }
}

fn flip(flip: Flip) -> FlipView {
    FlipView {
        item_id: flip.item_id,
        seq: count(flip.seq),
        task: flip.task.as_str().to_owned(),
        language: flip.language,
        excerpt: flip.excerpt,
        label_a: flip.a.label,
        label_b: flip.b.label,
        p_a: flip.a.p_unsafe,
        p_b: flip.b.p_unsafe,
    }
}

/// What scripts decided says nothing about a guard and is not shown.
fn against(yardstick: Yardstick) -> Option<&'static str> {
    match yardstick {
        Yardstick::Gold => Some("gold"),
        Yardstick::Estimate => Some("estimate"),
        Yardstick::Selected => Some("selected"),
        Yardstick::Synthetic => None,
    }
}
