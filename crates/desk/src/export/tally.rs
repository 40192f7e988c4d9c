//! What is counted while an export is written, for its card and its report.

use std::collections::{BTreeMap, BTreeSet};

use saring_verdict::Task;

use super::{LeftOut, Part, frame::TrainerTemplate};
use crate::store::exports::{DecidedRow, ExportRow};

/// How rows are counted in the card.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    pub(super) part: Part,
    /// Of an item with images.
    pub(super) images: bool,
    pub(super) task: String,
    pub(super) language: String,
    /// The decision's label, or what was done instead of one.
    pub(super) label: String,
}

/// An item whose content is the reason why it is not in an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeldBack {
    /// Its order of import.
    pub(super) seq: i64,
    pub(super) item_id: String,
    pub(super) external_id: Option<String>,
    pub(super) task: Task,
    pub(super) reason: LeftOut,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) rows: BTreeMap<Kind, u64>,
    pub(super) left_out: BTreeMap<LeftOut, u64>,
    pub(super) held_back: Vec<HeldBack>,
    pub(super) anchored: u64,
    pub(super) synthetic: u64,
    pub(super) reviewers: BTreeSet<String>,
    /// Policy id -> rows that were decided under it; empty for those from before there were policies.
    pub(super) policies: BTreeMap<String, u64>,
    /// Draw id -> rows that it brought up.
    pub(super) draws: BTreeMap<String, u64>,
    /// Items with at least one row, by their order of import.
    pub(super) items: BTreeSet<i64>,
    pub(super) template: Option<TrainerTemplate>,
    /// Rows that were counted without being rendered; only in a preview.
    pub(super) unrendered: u64,
}

impl Tally {
    /// Counts a row that is written.
    pub(super) fn count(&mut self, part: Part, row: &ExportRow, decision: &DecidedRow) {
        let kind = Kind {
            part,
            images: !row.content.images.is_empty(),
            task: row.task.clone(),
            language: row.language.clone().unwrap_or_else(|| "und".to_owned()),
            label: decision.label.clone().unwrap_or_else(|| decision.kind.clone()),
        };
        *self.rows.entry(kind).or_default() += 1;
        self.anchored += u64::from(decision.anchored);
        self.synthetic += u64::from(decision.synthetic);
        self.reviewers.insert(decision.reviewer.clone());
        *self.policies.entry(decision.policy_id.clone().unwrap_or_default()).or_default() += 1;
        if let Some(draw) = &decision.draw_id {
            *self.draws.entry(draw.clone()).or_default() += 1;
        }
        self.items.insert(row.seq);
    }

    /// Counts a pair that is not written.
    pub(super) fn leave_out(&mut self, reason: LeftOut, row: &ExportRow, task: Task) {
        if reason.is_held_back() {
            self.held_back.push(HeldBack {
                seq: row.seq,
                item_id: row.item_id.clone(),
                external_id: row.external_id.clone(),
                task,
                reason: reason.clone(),
            });
        }
        *self.left_out.entry(reason).or_default() += 1;
    }

    /// Whether a file of the export has something of one of these items, by their order of import, in a row or in the list
    /// of what was held back.
    pub(super) fn names_any(&self, seqs: &[i64]) -> bool {
        let seqs: BTreeSet<i64> = seqs.iter().copied().collect();
        !seqs.is_disjoint(&self.items) || self.held_back.iter().any(|held| seqs.contains(&held.seq))
    }

    pub(super) fn total(&self) -> u64 {
        self.rows.values().sum()
    }

    pub(super) fn of_part(&self, part: Part) -> u64 {
        self.rows.iter().filter(|(kind, _)| kind.part == part).map(|(_, n)| n).sum()
    }

    /// Rows by one property of theirs.
    pub(super) fn by(&self, property: impl Fn(&Kind) -> String) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for (kind, n) in &self.rows {
            *counts.entry(property(kind)).or_default() += n;
        }
        counts
    }

    pub(super) fn left_out(&self) -> Vec<(LeftOut, u64)> {
        self.left_out.iter().map(|(reason, n)| (reason.clone(), *n)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_that_is_only_listed_as_held_back_is_named() {
        let mut tally = Tally::default();
        tally.items.insert(3);
        let held = HeldBack {
            seq: 7,
            item_id: "seven".to_owned(),
            external_id: None,
            task: Task::Prompt,
            reason: LeftOut::Markup,
        };
        tally.held_back.push(held);
        assert!(tally.names_any(&[1, 3]), "in a row");
        assert!(tally.names_any(&[7]), "in held_back.csv");
        assert!(!tally.names_any(&[1, 4]), "in no file");
    }
}
