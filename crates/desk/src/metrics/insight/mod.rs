//! The dear numbers of a queue, for its dashboard and for scripts: how good a guard is, and how sure that is; how honest its
//! probabilities are; how far reviewers agree. [`Workspace::stats`] gives the cheap ones.
//!
//! Everything about a guard rests on gold labels, and is then called gold, or on the first decisions of people about items of a recorded
//! uniform draw from the whole queue, made blind: those are an estimate. Nothing else gets in ([`sample`]).

mod calibration;
mod figure;
mod quality;
mod reviewers;
mod sample;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use saring_measures::Resampling;
use saring_verdict::{Reading, Task};
use serde::Serialize;

pub use calibration::Calibration;
pub use figure::Figure;
pub use quality::{BINS, Bin, Counts, CurvePoint, QualityRow, ThresholdRow};
pub use reviewers::{ReviewerAgreement, ReviewerPair, ReviewerRow};
pub use sample::By;
pub(crate) use sample::{Basis, Judged, samples};

use super::{Missing, Yardstick, probabilities, reading};
use crate::{
    Error, Result, Workspace,
    queue::find_queue,
    review::Share,
    store::{
        self, StoreError,
        calibrations::{self, CalibrationRow},
        reviewers::first_decisions,
        verdicts,
    },
};

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct InsightOrder {
    /// Id or name of a guard; the one with the most verdicts in the queue if not given.
    pub guard: Option<String>,
    /// At which pairs are called unsafe.
    pub threshold: f64,
    /// What groups items are told apart by.
    pub by: By,
    /// How intervals are made.
    pub resampling: Resampling,
}

impl Default for InsightOrder {
    fn default() -> Self {
        Self { guard: None, threshold: 0.5, by: By::Language, resampling: Resampling::default() }
    }
}

/// The numbers of a queue and a guard in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Insight {
    /// The queue's name.
    pub queue: String,
    /// The guard; `None` if none has judged anything here and none was named.
    pub guard: Option<String>,
    /// How verdicts are read.
    pub reading: Reading,
    /// At which pairs are called unsafe.
    pub threshold: f64,
    /// How often intervals are to cover.
    pub confidence: f64,
    /// Which resamples they are made of.
    pub seed: u64,
    /// For each task and yardstick: all items first, then each group. Other guards' rows stand at the end.
    pub quality: Vec<QualityRow>,
    /// For each task and yardstick.
    pub curves: Vec<Curves>,
    /// The newest temperature for each task.
    pub calibrations: Vec<Calibration>,
    /// For each task.
    pub agreement: Vec<ReviewerAgreement>,
    /// Each reviewer's work.
    pub reviewers: Vec<ReviewerRow>,
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curves {
    /// Which task.
    pub task: Task,
    /// Gold, or an estimate.
    pub against: Yardstick,
    /// The precision-recall curve, from recall 0 up; empty where a class is missing.
    pub precision_recall: Vec<CurvePoint>,
    /// Counts at each threshold, for a slider.
    pub thresholds: Vec<ThresholdRow>,
    /// Pairs of this task that the guard has judged, in the whole queue.
    pub judged_in_queue: u64,
    /// The reliability diagram of p_unsafe.
    pub reliability: Vec<Bin>,
    /// The same after scaling by the newest temperature; empty without one.
    pub reliability_scaled: Vec<Bin>,
}

/// Judgements by what they are an answer to.
type Samples = BTreeMap<Basis, Vec<Judged>>;

/// What the database was asked once.
struct Read {
    guard_id: Option<String>,
    queue_id: String,
    queue: String,
    reading: Reading,
    samples: Samples,
}

impl Workspace {
    /// The numbers of a queue (id or name). Takes about as long as reading every verdict of the guard in it.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for queue or guard; [`Code::Invalid`](crate::Code) for a threshold or confidence that is none.
    pub async fn insight(&self, queue: &str, order: &InsightOrder) -> Result<Insight> {
        check(order)?;
        let found = self.read_judgements(queue, order.guard.as_deref(), &order.by).await?;
        let rivals = match order.by {
            By::Guard => self.each_guard(queue).await?,
            _ => Vec::new(),
        };
        let guard_id = found.guard_id.clone().unwrap_or_default();
        let mut read = self.store().read().await?;
        let mut scores: BTreeMap<Task, Vec<f64>> = BTreeMap::new();
        verdicts::each_verdict(&mut read, &found.queue_id, &guard_id, found.reading.mode, |task, said| {
            let damaged = |_| StoreError::Damaged { reason: "the task of an item is unreadable".into() };
            let task: Task = task.parse().map_err(damaged)?;
            let said = probabilities(said)?;
            scores.entry(task).or_default().push(found.reading.p_unsafe_of(task, &said));
            Ok::<(), Error>(())
        })
        .await?;
        let plan = store::plans::in_force(&mut read, &found.queue_id).await?;
        let gold_apart = plan.is_some_and(|plan| plan.gold_share > Share::NONE);
        let decided = first_decisions(&mut read, &found.queue_id, found.reading.mode, gold_apart).await?;
        let stored = calibrations::newest(&mut read, &found.queue_id, &guard_id).await?;
        drop(read);
        let guard = match &found.guard_id {
            Some(id) => Some(self.guard(id).await?.name),
            None => None,
        };
        let order = order.clone();
        // A thousand resamples of a thousand judgements are no matter; of a million they hold up whoever waits beside them.
        let computed = tokio::task::spawn_blocking(move || {
            let calibrations: Vec<Calibration> =
                stored.into_iter().map(|row| Calibration::from_row(row, found.reading)).collect();
            let mut quality = quality_rows(&found.samples, found.reading, &order)?;
            for (name, samples) in &rivals {
                quality.extend(guard_rows(name, samples, found.reading, &order)?);
            }
            Ok(Insight {
                queue: found.queue,
                guard,
                reading: found.reading,
                threshold: order.threshold,
                confidence: order.resampling.confidence,
                seed: order.resampling.seed,
                quality,
                curves: curves(&found.samples, found.reading, &order, scores, &calibrations)?,
                calibrations,
                agreement: reviewers::agreement(&decided, &order.resampling),
                reviewers: reviewers::work(found.reading, &decided)?,
            })
        });
        computed.await.map_err(|error| StoreError::Failed { reason: error.to_string() })?
    }

    /// Fits a temperature for each task of a queue and a guard and stores it beside the verdicts: on gold labels where there are any,
    /// else on the estimate's decisions. Gives the newest ones and, for a task that none could be fitted for, why.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for queue or guard, or where no guard has judged anything.
    pub async fn calibrate(
        &self,
        queue: &str,
        guard: Option<&str>,
    ) -> Result<(Vec<Calibration>, Vec<(Task, Missing)>)> {
        let found = self.read_judgements(queue, guard, &By::Language).await?;
        let Some(guard_id) = found.guard_id else {
            return Err(Error::invalid("guard", "no guard has judged anything in this queue"));
        };
        let mut missing = Vec::new();
        let mut tx = self.store().write().await?;
        for task in [Task::Prompt, Task::Response] {
            let on = |against| found.samples.get(&Basis { task, against }).map_or(&[][..], Vec::as_slice);
            let against = match on(Yardstick::Gold).iter().any(|judged| judged.said.is_some()) {
                true => Yardstick::Gold,
                false => Yardstick::Estimate,
            };
            match calibration::fit(on(against), found.reading, task) {
                Err(undefined) => missing.push((task, undefined.into())),
                Ok(fit) => {
                    let row = CalibrationRow {
                        id: tx.clock().new_id(),
                        task: task.as_str().to_owned(),
                        against: if against == Yardstick::Gold { "gold" } else { "estimate" }.to_owned(),
                        reading: calibration::reading_text(found.reading),
                        n: i64::try_from(fit.n).unwrap_or(i64::MAX),
                        temperature: fit.temperature.temperature,
                        likelihood: (fit.temperature.likelihood_before, fit.temperature.likelihood_after),
                        error: (fit.error_before, fit.error_after),
                        fitted_at: tx.clock().now_text(),
                    };
                    calibrations::insert(&mut tx, &found.queue_id, &guard_id, &row).await?;
                }
            }
        }
        let newest = calibrations::newest(&mut tx, &found.queue_id, &guard_id).await?;
        tx.commit().await?;
        Ok((newest.into_iter().map(|row| Calibration::from_row(row, found.reading)).collect(), missing))
    }

    /// Every guard by name, with what it has judged among the judgements of a queue.
    async fn each_guard(&self, queue: &str) -> Result<Vec<(String, Samples)>> {
        let mut found = Vec::new();
        for guard in self.guards().await? {
            let samples = self.read_judgements(queue, Some(&guard.id), &By::Guard).await?.samples;
            found.push((guard.name, samples));
        }
        Ok(found)
    }

    async fn read_judgements(&self, queue: &str, guard: Option<&str>, by: &By) -> Result<Read> {
        let guard = match guard {
            Some(guard) => Some(self.guard(guard).await?.id),
            None => None,
        };
        let mut read = self.store().read().await?;
        let queue = find_queue(&mut read, queue).await?;
        let reading = reading(&mut read).await?;
        let guard_id = match guard {
            Some(id) => Some(id),
            None => verdicts::most_used_guard(&mut read, &queue.id).await?,
        };
        let id = guard_id.as_deref().unwrap_or_default();
        let mut rows = verdicts::against_gold(&mut read, &queue.id, id, reading.mode).await?;
        rows.extend(verdicts::against_decisions(&mut read, &queue.id, id, reading.mode).await?);
        let samples = samples(reading, rows, by)?;
        Ok(Read { guard_id, queue_id: queue.id, queue: queue.name, reading, samples })
    }
}

fn check(order: &InsightOrder) -> Result<()> {
    if !(0.0..=1.0).contains(&order.threshold) {
        return Err(Error::invalid("threshold", "a threshold lies between 0 and 1"));
    }
    let confidence = order.resampling.confidence;
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(Error::invalid("confidence", "a confidence lies between 0 and 1, such as 0.95"));
    }
    Ok(())
}

fn quality_rows(samples: &Samples, reading: Reading, order: &InsightOrder) -> Result<Vec<QualityRow>> {
    let mut rows = Vec::new();
    for (basis, sample) in samples {
        let groups = sample::group_names(sample, &order.by).into_iter().map(Some);
        for group in std::iter::once(None).chain(groups) {
            let members = sample::of_group(sample, &order.by, group.as_deref());
            let unjudged = members.iter().filter(|judged| judged.said.is_none()).count() as u64;
            let ranking = sample::ranking(&members, reading, basis.task)?;
            let basis = (basis.task, basis.against);
            rows.push(quality::row(basis, group, (&ranking, unjudged), order.threshold, &order.resampling));
        }
    }
    Ok(rows)
}

/// A guard's own rows, where it has judged anything that was judged by people or came with a label.
fn guard_rows(
    name: &str,
    samples: &Samples,
    reading: Reading,
    order: &InsightOrder,
) -> Result<Vec<QualityRow>> {
    let mut rows = quality_rows(samples, reading, order)?;
    rows.retain(|row| row.n > 0);
    for row in &mut rows {
        row.group = Some(name.to_owned());
    }
    Ok(rows)
}

fn curves(
    samples: &Samples,
    reading: Reading,
    order: &InsightOrder,
    mut scores: BTreeMap<Task, Vec<f64>>,
    calibrations: &[Calibration],
) -> Result<Vec<Curves>> {
    let thresholds = quality::thresholds();
    let confidence = order.resampling.confidence;
    let mut drawn = Vec::new();
    for (basis, sample) in samples {
        let members: Vec<&Judged> = sample.iter().collect();
        let ranking = sample::ranking(&members, reading, basis.task)?;
        let scores = scores.entry(basis.task).or_default();
        let loads = saring_measures::review_load(scores, &thresholds);
        let row = |(threshold, load): (&f64, u64)| ThresholdRow::new(&ranking, *threshold, load);
        let temperature = calibrations.iter().find(|found| found.task == basis.task.as_str());
        let scaled = temperature
            .and_then(|found| calibration::scaled_ranking(sample, reading, *basis, found.temperature));
        drawn.push(Curves {
            task: basis.task,
            against: basis.against,
            precision_recall: quality::points(&ranking),
            thresholds: thresholds.iter().zip(loads).map(row).collect(),
            judged_in_queue: scores.len() as u64,
            reliability: quality::bins(&ranking, confidence),
            reliability_scaled: scaled.map_or_else(Vec::new, |ranking| quality::bins(&ranking, confidence)),
        });
    }
    Ok(drawn)
}
