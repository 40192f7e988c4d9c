//! How far reviewers agree with each other, how fast they are, and how often they decide otherwise than the guard.

use std::collections::BTreeMap;

use saring_measures::{CrossTable, Level, Ratings, Resampling, kappa, kappa_interval};
use saring_verdict::{Reading, Task};
use serde::Serialize;

use super::Figure;
use crate::{
    Result,
    metrics::{Overrides, read_probabilities},
    store::{StoreError, reviewers::FirstDecisionRow},
};

/// The order of labels, for agreement that knows one.
const LABELS: [&str; 3] = ["safe", "controversial", "unsafe"];

/// How far reviewers agree on a task. Of each of them the first decision about a pair counts, if it was blind: who has seen the
/// verdict, or what somebody else decided, agrees with the others through that.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReviewerAgreement {
    /// Which task.
    pub task: Task,
    /// Pairs (item, task) that two or more reviewers decided blind.
    pub units: u64,
    /// Krippendorff's alpha of the labels, which are the same or not.
    pub alpha_nominal: Figure,
    /// Krippendorff's alpha of the labels as an order: safe, controversial, unsafe.
    pub alpha_ordinal: Figure,
    /// Every two reviewers who decided the same pairs.
    pub pairs: Vec<ReviewerPair>,
}

/// Two reviewers on the same pairs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReviewerPair {
    /// A pseudonym.
    pub first: String,
    /// Another one.
    pub second: String,
    /// Pairs that both decided blind.
    pub n: u64,
    /// Of them, with the same label.
    pub agree: u64,
    /// Cohen's kappa.
    pub kappa: Figure,
}

/// A reviewer's work.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReviewerRow {
    /// A pseudonym.
    pub reviewer: String,
    /// Pairs that they decided.
    pub decided: u64,
    /// Median time of a first decision, where it was taken.
    pub median_seconds: Option<f64>,
    /// How often they decided otherwise than the verdict that existed then.
    pub overrides: Overrides,
    /// See [`Overrides::rate`].
    pub override_rate: Option<f64>,
}

/// Two reviewers, or what they said.
type Two<'a> = (&'a str, &'a str);

/// Agreement on each task.
pub(crate) fn agreement(rows: &[FirstDecisionRow], resampling: &Resampling) -> Vec<ReviewerAgreement> {
    [Task::Prompt, Task::Response].map(|task| on_task(task, rows, resampling)).into()
}

fn on_task(task: Task, rows: &[FirstDecisionRow], resampling: &Resampling) -> ReviewerAgreement {
    let blind = rows.iter().filter(|row| row.task == task.as_str() && !row.anchored && !row.informed);
    let mut units: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for row in blind {
        units.entry(&row.item_id).or_default().insert(&row.reviewer, &row.label);
    }
    let mut labels: Vec<&str> = LABELS.into();
    labels.extend(units.values().flat_map(BTreeMap::values).filter(|label| !LABELS.contains(label)));
    labels[LABELS.len()..].sort_unstable();
    labels.dedup();
    let mut ratings = Ratings::new(labels.len());
    let mut tables: BTreeMap<Two<'_>, BTreeMap<Two<'_>, u64>> = BTreeMap::new();
    for unit in units.values() {
        let codes = unit.values().filter_map(|label| labels.iter().position(|known| known == label));
        ratings.push(&codes.collect::<Vec<_>>());
        for (at, (first, said)) in unit.iter().enumerate() {
            for (second, other) in unit.iter().skip(at + 1) {
                *tables.entry((*first, *second)).or_default().entry((*said, *other)).or_default() += 1;
            }
        }
    }
    let alpha = |level| Figure::new(ratings.alpha(level), ratings.alpha_interval(level, resampling));
    let pair = |((first, second), counts): (Two<'_>, BTreeMap<Two<'_>, u64>)| {
        let table = CrossTable::new(counts);
        ReviewerPair {
            first: first.to_owned(),
            second: second.to_owned(),
            n: table.cases(),
            agree: table.agreeing(),
            kappa: Figure::new(kappa(&table), kappa_interval(&table, resampling)),
        }
    };
    ReviewerAgreement {
        task,
        units: ratings.units(),
        alpha_nominal: alpha(Level::Nominal),
        alpha_ordinal: alpha(Level::Ordinal),
        pairs: tables.into_iter().map(pair).collect(),
    }
}

/// Pace and overrides of each reviewer, both over their first decisions.
pub(crate) fn work(reading: Reading, rows: &[FirstDecisionRow]) -> Result<Vec<ReviewerRow>> {
    #[derive(Default)]
    struct Work {
        decided: u64,
        durations_ms: Vec<i64>,
        overrides: Overrides,
    }
    let mut reviewers: BTreeMap<&str, Work> = BTreeMap::new();
    for row in rows {
        let work = reviewers.entry(&row.reviewer).or_default();
        work.decided += 1;
        work.durations_ms.extend(row.duration_ms);
        if let Some(said) = &row.probabilities {
            let damaged = |_| StoreError::Damaged { reason: "the task of a decision is unreadable".into() };
            let task: Task = row.task.parse().map_err(damaged)?;
            let (p_unsafe, _) = read_probabilities(reading, task, said)?;
            work.overrides.add(row.anchored, (p_unsafe >= 0.5) != reading.counts_as_unsafe(task, &row.label));
        }
    }
    let row = |(reviewer, work): (&str, Work)| ReviewerRow {
        reviewer: reviewer.to_owned(),
        decided: work.decided,
        median_seconds: median(work.durations_ms).map(|ms| ms / 1000.0),
        override_rate: work.overrides.rate(),
        overrides: work.overrides,
    };
    Ok(reviewers.into_iter().map(row).collect())
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds of a decision are far below 2^53")]
fn median(values: Vec<i64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().map(|value| value as f64).collect();
    values.sort_unstable_by(f64::total_cmp);
    (!values.is_empty()).then(|| saring_measures::percentile(&values, 0.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(item: &str, reviewer: &str, label: &str, anchored: bool) -> FirstDecisionRow {
        FirstDecisionRow {
            item_id: item.into(),
            task: "prompt".into(),
            reviewer: reviewer.into(),
            label: label.into(),
            anchored,
            informed: false,
            duration_ms: Some(2000),
            probabilities: Some(r#"{"Safe":0.2,"Unsafe":0.8}"#.into()),
        }
    }

    #[test]
    fn only_blind_decisions_of_several_reviewers_are_agreement() {
        let rows = [
            row("1", "ana", "safe", false),
            row("1", "ben", "safe", false),
            row("2", "ana", "unsafe", false),
            row("2", "ben", "unsafe", false),
            row("3", "ana", "unsafe", false),
            row("3", "ben", "safe", true),
            row("4", "ana", "unsafe", false),
            row("5", "ana", "unsafe", false),
            FirstDecisionRow { informed: true, ..row("5", "ben", "unsafe", false) },
        ];
        let found = agreement(&rows, &Resampling::default());
        assert_eq!(found[0].units, 2, "not with a verdict or a decision in view, nor what one alone decided");
        assert_eq!(found[0].alpha_nominal.value, Some(1.0));
        let [pair] = found[0].pairs.as_slice() else { panic!("{:?}", found[0].pairs) };
        assert_eq!((pair.first.as_str(), pair.second.as_str(), pair.n, pair.agree), ("ana", "ben", 2, 2));
        assert_eq!(pair.kappa.value, Some(1.0));
        assert!(found[1].alpha_ordinal.note.is_some(), "nobody decided a response: it is said");
    }

    #[test]
    fn the_order_of_labels_counts_for_the_ordinal_alpha() {
        let labels = [("safe", "safe"), ("unsafe", "unsafe"), ("controversial", "unsafe"), ("safe", "safe")];
        let rows: Vec<FirstDecisionRow> = labels
            .iter()
            .enumerate()
            .flat_map(|(n, (a, b))| {
                [row(&n.to_string(), "ana", a, false), row(&n.to_string(), "ben", b, false)]
            })
            .collect();
        let found = &agreement(&rows, &Resampling::default())[0];
        assert!(
            found.alpha_ordinal.value > found.alpha_nominal.value,
            "neighbours are half an agreement: {found:?}"
        );
    }

    #[test]
    fn pace_and_overrides_are_each_reviewers_own() {
        let rows = [
            row("1", "ana", "safe", false),
            row("2", "ana", "unsafe", true),
            row("1", "ben", "unsafe", false),
        ];
        let found = work(Reading::default(), &rows).unwrap();
        let ana = &found[0];
        assert_eq!((ana.reviewer.as_str(), ana.decided, ana.median_seconds), ("ana", 2, Some(2.0)));
        assert_eq!(ana.override_rate, Some(0.5));
        assert_eq!((ana.overrides.blind_overridden, ana.overrides.anchored_overridden), (1, 0));
        assert_eq!(found[1].override_rate, Some(0.0));
    }
}
