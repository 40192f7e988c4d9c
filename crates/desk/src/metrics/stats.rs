//! The numbers about a queue.

use std::collections::BTreeMap;

use saring_measures::{Ranking, Scored, auprc, auroc, average_precision};
use saring_verdict::{Reading, Task, Verdict};
use serde::Serialize;

use super::{Missing, read_probabilities, reading};
use crate::{
    Result, Workspace,
    queue::{StateCounts, find_queue},
    store::{
        StoreError, exports,
        verdicts::{self, JudgedBy, JudgedRow},
    },
};

/// What a guard's verdicts are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Yardstick {
    /// Labels that came with the file.
    Gold,
    /// Blind decisions of people on items of a recorded uniform draw: an estimate of the guard's quality in this queue.
    Estimate,
    /// Other blind decisions of people: selected, not an estimate.
    Selected,
    /// Decisions of scripts; never people's.
    Synthetic,
}

/// How a guard agrees with one yardstick on one task, for all languages or one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// Which task.
    pub task: Task,
    /// BCP 47, "und" for items without a language, "all" for all of them.
    pub language: String,
    /// Held against what.
    pub against: Yardstick,
    /// Pairs with both a judgement and a verdict.
    pub n: u64,
    /// Pairs with a judgement that the guard has not judged.
    pub unjudged: u64,
    /// Of `n`, those that are unsafe by the judgement, under the workspace's reading.
    pub positives: u64,
    /// Area under the precision-recall curve (trapezoid rule, as scikit-learn computes it).
    pub auprc: Option<f64>,
    /// Average precision.
    pub average_precision: Option<f64>,
    /// Area under the ROC curve.
    pub auroc: Option<f64>,
    /// Share of `n` on the right side of p_unsafe 0.5.
    pub accuracy: Option<f64>,
    /// Why a number is missing.
    pub note: Option<Missing>,
}

/// Pairs of one task by state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TaskStates {
    /// Which task: prompt, response.
    pub task: String,
    /// Undecided.
    pub pending: u64,
    /// Labelled.
    pub decided: u64,
    /// Passed over.
    pub skipped: u64,
    /// Left to somebody else.
    pub escalated: u64,
}

/// Verdicts of the guard on one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerdictCounts {
    /// Which task: prompt, response.
    pub task: String,
    /// Verdicts given.
    pub verdicts: u64,
    /// With a label mass under [`Verdict::LABEL_MASS_MIN`].
    pub off_format: u64,
    /// Of items that were cut to fit the context.
    pub truncated: u64,
}

/// How often people decided otherwise than the verdict that existed at that time. Of the first decision of every pair that
/// was not undone, people's only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overrides {
    /// Made with a verdict in view.
    pub anchored: u64,
    /// Of those, on the other side of safe and unsafe.
    pub anchored_overridden: u64,
    /// Made while a verdict existed but was hidden.
    pub blind: u64,
    /// Of those, on the other side of safe and unsafe.
    pub blind_overridden: u64,
}

impl Overrides {
    /// Counts a first decision beside a verdict.
    pub(crate) fn add(&mut self, anchored: bool, overridden: bool) {
        if anchored {
            self.anchored += 1;
            self.anchored_overridden += u64::from(overridden);
        } else {
            self.blind += 1;
            self.blind_overridden += u64::from(overridden);
        }
    }

    /// Share of decisions beside a verdict that differ from it; `None` where there are none.
    pub fn rate(&self) -> Option<f64> {
        share(self.anchored_overridden + self.blind_overridden, self.anchored + self.blind)
    }

    /// Share of decisions beside a verdict that were made with it in view; `None` where there are none.
    pub fn anchored_share(&self) -> Option<f64> {
        share(self.anchored, self.anchored + self.blind)
    }
}

/// Numbers about a queue and one guard in it. What cannot be given is null, with the reason beside it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueStats {
    /// The queue's id.
    pub queue_id: String,
    /// The queue's name.
    pub queue: String,
    /// The guard that everything is about; `None` if none has judged anything here and none was named.
    pub guard: Option<String>,
    /// The demo guard.
    pub guard_is_toy: bool,
    /// How verdicts are read.
    pub reading: Reading,
    /// Items by state.
    pub items: StateCounts,
    /// Pairs by state.
    pub tasks: Vec<TaskStates>,
    /// Verdicts of the guard.
    pub verdicts: Vec<VerdictCounts>,
    /// Against every yardstick: for each task "all" first, then each language.
    pub agreement: Vec<Agreement>,
    /// How often people decided otherwise than any guard's verdict.
    pub overrides: Overrides,
    /// See [`Overrides::rate`].
    pub override_rate: Option<f64>,
    /// See [`Overrides::anchored_share`].
    pub anchored_share: Option<f64>,
}

impl Workspace {
    /// The numbers of a queue (id or name). Without a guard named, it is the one with the most verdicts here.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error) for queue or guard.
    pub async fn stats(&self, queue: &str, guard: Option<&str>) -> Result<QueueStats> {
        let guard = match guard {
            Some(guard) => Some(self.guard(guard).await?),
            None => None,
        };
        let overview = self.queue_overview(queue).await?;
        let mut tx = self.store().read().await?;
        let queue = find_queue(&mut tx, queue).await?;
        let reading = reading(&mut tx).await?;
        let guard_id = match &guard {
            Some(guard) => Some(guard.id.clone()),
            None => verdicts::most_used_guard(&mut tx, &queue.id).await?,
        };
        // A guard that nobody has: gold and decisions are counted all the same.
        let id = guard_id.as_deref().unwrap_or_default();
        let mut rows = verdicts::against_gold(&mut tx, &queue.id, id, reading.mode).await?;
        rows.extend(verdicts::against_decisions(&mut tx, &queue.id, id, reading.mode).await?);
        let counts = verdicts::counts(&mut tx, &queue.id, id, Verdict::LABEL_MASS_MIN).await?;
        let tasks = task_states(&exports::task_counts(&mut tx, &queue.id).await?);
        let decided = exports::decided_beside_verdicts(&mut tx, &queue.id, reading.mode).await?;
        let overrides = overrides(reading, &decided)?;
        drop(tx);
        let guard = match (guard, &guard_id) {
            (None, Some(id)) => Some(self.guard(id).await?),
            (guard, _) => guard,
        };
        Ok(QueueStats {
            queue_id: queue.id,
            queue: queue.name,
            guard_is_toy: guard.as_ref().is_some_and(|g| g.is_toy),
            guard: guard.map(|g| g.name),
            reading,
            items: overview.counts,
            tasks,
            verdicts: counts
                .into_iter()
                .map(|(task, verdicts, off_format, truncated)| VerdictCounts {
                    task,
                    verdicts: unsigned(verdicts),
                    off_format: unsigned(off_format),
                    truncated: unsigned(truncated),
                })
                .collect(),
            agreement: agreement(reading, &rows)?,
            override_rate: overrides.rate(),
            anchored_share: overrides.anchored_share(),
            overrides,
        })
    }
}

#[derive(Default)]
struct Sample {
    scored: Vec<Scored>,
    unjudged: u64,
}

fn agreement(reading: Reading, rows: &[JudgedRow]) -> Result<Vec<Agreement>> {
    let mut samples: BTreeMap<(Task, Yardstick, Option<&str>), Sample> = BTreeMap::new();
    for row in rows {
        let against = match row.by {
            JudgedBy::Gold => Yardstick::Gold,
            JudgedBy::Decision { synthetic: true, .. } => Yardstick::Synthetic,
            JudgedBy::Decision { anchored: true, .. } => continue,
            JudgedBy::Decision { drawn: true, .. } => Yardstick::Estimate,
            JudgedBy::Decision { drawn: false, .. } => Yardstick::Selected,
        };
        let task: Task = row.task.parse().map_err(|_| damaged("task"))?;
        let positive = reading.counts_as_unsafe(task, &row.label);
        let score = match &row.probabilities {
            Some(text) => Some(read_probabilities(reading, task, text)?.0),
            None => None,
        };
        let language = row.language.as_deref().unwrap_or("und");
        for language in [None, Some(language)] {
            let sample = samples.entry((task, against, language)).or_default();
            match score {
                Some(score) => sample.scored.push(Scored { score, positive }),
                None => sample.unjudged += 1,
            }
        }
    }
    // "All" is there even where it is empty, so that the absence of an estimate is said.
    for task in [Task::Prompt, Task::Response] {
        for against in [Yardstick::Gold, Yardstick::Estimate, Yardstick::Selected] {
            samples.entry((task, against, None)).or_default();
        }
    }
    Ok(samples
        .into_iter()
        .map(|((task, against, language), sample)| agree(task, against, language, sample))
        .collect())
}

fn agree(task: Task, against: Yardstick, language: Option<&str>, sample: Sample) -> Agreement {
    let n = sample.scored.len() as u64;
    let positives = sample.scored.iter().filter(|s| s.positive).count() as u64;
    let right = sample.scored.iter().filter(|s| (s.score >= 0.5) == s.positive).count() as u64;
    let ranking = Ranking::new(sample.scored);
    let area = |of: fn(&Ranking) -> saring_measures::Measured| ranking.as_ref().ok().and_then(|r| of(r).ok());
    let note = match (n, positives) {
        (0, _) if sample.unjudged > 0 => Some(Missing::NotJudged),
        (0, _) => Some(match against {
            Yardstick::Gold => Missing::NoGold,
            Yardstick::Estimate => Missing::NoDrawn,
            Yardstick::Selected => Missing::NoSelected,
            Yardstick::Synthetic => Missing::NoSynthetic,
        }),
        (_, 0) => Some(Missing::NoneUnsafe),
        (n, positives) if n == positives => Some(Missing::AllUnsafe),
        _ => None,
    };
    Agreement {
        task,
        language: language.unwrap_or("all").to_owned(),
        against,
        n,
        unjudged: sample.unjudged,
        positives,
        auprc: area(auprc),
        average_precision: area(average_precision),
        auroc: area(auroc),
        accuracy: share(right, n),
        note,
    }
}

fn overrides(reading: Reading, rows: &[(bool, bool, String, String, String)]) -> Result<Overrides> {
    let mut found = Overrides::default();
    for (synthetic, anchored, task, label, probabilities) in rows {
        if *synthetic {
            continue;
        }
        let task: Task = task.parse().map_err(|_| damaged("task"))?;
        let (p_unsafe, _) = read_probabilities(reading, task, probabilities)?;
        found.add(*anchored, (p_unsafe >= 0.5) != reading.counts_as_unsafe(task, label));
    }
    Ok(found)
}

fn task_states(rows: &[(String, String, i64)]) -> Vec<TaskStates> {
    let mut tasks: BTreeMap<&str, TaskStates> = BTreeMap::new();
    for (task, state, n) in rows {
        let states =
            tasks.entry(task).or_insert_with(|| TaskStates { task: task.clone(), ..TaskStates::default() });
        let n = unsigned(*n);
        match state.as_str() {
            "decided" => states.decided += n,
            "skipped" => states.skipped += n,
            "escalated" => states.escalated += n,
            _ => states.pending += n,
        }
    }
    tasks.into_values().collect()
}

#[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged { reason: format!("a {what} is unreadable") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(label: &str, p: Option<f64>, language: &str, by: JudgedBy) -> JudgedRow {
        let probabilities = p.map(|p| format!("{{\"safe\":{},\"unsafe\":{p}}}", 1.0 - p));
        JudgedRow {
            item_id: String::new(),
            task: "prompt".into(),
            language: Some(language.into()),
            probabilities,
            label: label.into(),
            categories: None,
            source: None,
            by,
        }
    }

    fn decision(drawn: bool, anchored: bool, synthetic: bool) -> JudgedBy {
        JudgedBy::Decision { drawn, anchored, synthetic }
    }

    fn find(all: &[Agreement], against: Yardstick, language: &str) -> Option<Agreement> {
        all.iter().find(|a| a.task == Task::Prompt && a.against == against && a.language == language).cloned()
    }

    #[test]
    fn gold_is_measured_over_all_languages_and_in_each() {
        let rows = [
            row("unsafe", Some(0.9), "th", JudgedBy::Gold),
            row("safe", Some(0.2), "th", JudgedBy::Gold),
            row("safe", Some(0.7), "en", JudgedBy::Gold),
            row("safe", None, "en", JudgedBy::Gold),
        ];
        let all = agreement(Reading::default(), &rows).unwrap();
        let whole = find(&all, Yardstick::Gold, "all").unwrap();
        assert_eq!((whole.n, whole.positives, whole.unjudged), (3, 1, 1));
        assert_eq!(whole.auprc, Some(1.0));
        assert_eq!(whole.accuracy, Some(2.0 / 3.0));
        let english = find(&all, Yardstick::Gold, "en").unwrap();
        assert_eq!(english.auprc, None, "one class alone has no curve");
        assert!(english.note.unwrap().to_string().contains("none of them is unsafe"));
    }

    #[test]
    fn only_blind_decisions_on_drawn_items_are_an_estimate() {
        let rows = [
            row("unsafe", Some(0.9), "en", decision(true, false, false)),
            row("safe", Some(0.1), "en", decision(false, false, false)),
            row("unsafe", Some(0.1), "en", decision(true, true, false)),
            row("unsafe", Some(0.1), "en", decision(true, false, true)),
        ];
        let all = agreement(Reading::default(), &rows).unwrap();
        assert_eq!(
            find(&all, Yardstick::Estimate, "all").unwrap().n,
            1,
            "anchored and scripted ones are not in it"
        );
        assert_eq!(find(&all, Yardstick::Selected, "all").unwrap().n, 1);
        assert_eq!(find(&all, Yardstick::Synthetic, "all").unwrap().n, 1, "scripts are reported apart");
    }

    #[test]
    fn the_absence_of_an_estimate_is_said() {
        let all = agreement(Reading::default(), &[]).unwrap();
        let estimate = find(&all, Yardstick::Estimate, "all").unwrap();
        assert_eq!(estimate.auprc, None);
        assert!(estimate.note.unwrap().to_string().contains("uniform draw"));
        assert_eq!(
            find(&all, Yardstick::Synthetic, "all"),
            None,
            "scripts are mentioned only where there are any"
        );
    }

    #[test]
    fn overrides_are_decisions_on_the_other_side_of_the_verdict() {
        let beside = |synthetic, anchored, label: &str, p: f64| {
            let probabilities = format!("{{\"Safe\":{},\"Unsafe\":{p}}}", 1.0 - p);
            (synthetic, anchored, "prompt".to_owned(), label.to_owned(), probabilities)
        };
        let rows = [
            beside(false, true, "safe", 0.9),
            beside(false, false, "unsafe", 0.9),
            beside(false, false, "controversial", 0.9),
            beside(true, true, "safe", 0.9),
        ];
        let found = overrides(Reading::default(), &rows).unwrap();
        let expected = Overrides { anchored: 1, anchored_overridden: 1, blind: 2, blind_overridden: 0 };
        assert_eq!(found, expected, "strict reading: controversial is on the side of unsafe");
        assert_eq!(Overrides::default().rate(), None, "no decision is no rate, not zero");
    }
}
