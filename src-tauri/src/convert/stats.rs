//! Numbers about a queue.

use saring_desk::metrics::{QueueStats, Yardstick};

use super::count;
use crate::wire::{StatRow, StatsView};

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

/// What scripts decided says nothing about a guard and is not shown.
fn against(yardstick: Yardstick) -> Option<&'static str> {
    match yardstick {
        Yardstick::Gold => Some("gold"),
        Yardstick::Estimate => Some("estimate"),
        Yardstick::Selected => Some("selected"),
        Yardstick::Synthetic => None,
    }
}
