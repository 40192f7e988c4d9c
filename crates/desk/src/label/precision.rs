//! One guard on one queue in two precisions: what quantising it changes, on the user's own items.
//!
//! Nothing of this is stored: both precisions judge the same pairs anew, and the verdicts of the queue stay as they are.

use saring_verdict::{Cancel, DeviceChoice, LoadRequest, Outcome, PrecisionChoice, Task, Verdict};

use super::batch::{Pair, fetch};
use crate::{
    Error, Result, Workspace,
    engine::EngineHandle,
    guards::Guard,
    metrics::{self, Said},
    store::verdicts::{self, Judge},
};

/// Nobody's id: for a judge who has no verdicts, every pair is still to be judged.
const NOBODY: &str = "";

/// Which guard to hold against itself, on what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrecisionOrder {
    /// Id or name of the guard.
    pub guard: String,
    /// Id or name of the queue.
    pub queue: String,
    /// Where to run it.
    pub device: DeviceChoice,
    /// The precision in question.
    pub precision: PrecisionChoice,
    /// The precision that it is held against.
    pub against: PrecisionChoice,
    /// How many pairs (item, task), the first of the queue; all of them if not given.
    pub pairs_max: Option<u64>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionCheck {
    /// The guard.
    pub guard: Guard,
    /// The precision in question, as it ran.
    pub precision: String,
    /// The one that it was held against, as it ran.
    pub against: String,
    /// Pairs that got a verdict in both, in the order of the queue.
    pub rows: Vec<PrecisionRow>,
    /// Pairs that got none in at least one.
    pub failed: u64,
    /// Items with images that were left out, because the guard reads text only.
    pub left_out: u64,
}

/// One pair in both precisions.
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionRow {
    /// The item.
    pub item_id: String,
    /// Its order of import.
    pub seq: i64,
    /// Which task.
    pub task: Task,
    /// In the precision in question.
    pub said: Said,
    /// In the one that it is held against.
    pub against: Said,
    /// The largest difference between the probabilities of a label, 0 to 1.
    pub difference: f64,
}

impl PrecisionRow {
    /// Whether the label is another one.
    pub fn is_flip(&self) -> bool {
        self.said.label != self.against.label
    }
}

impl PrecisionCheck {
    /// The pairs whose label changed.
    pub fn flips(&self) -> impl Iterator<Item = &PrecisionRow> {
        self.rows.iter().filter(|row| row.is_flip())
    }

    /// The largest difference of all pairs; `None` without pairs.
    pub fn largest(&self) -> Option<f64> {
        self.rows.iter().map(|row| row.difference).max_by(f64::total_cmp)
    }

    /// The mean difference; `None` without pairs.
    #[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
    pub fn mean(&self) -> Option<f64> {
        let sum: f64 = self.rows.iter().map(|row| row.difference).sum();
        (!self.rows.is_empty()).then(|| sum / self.rows.len() as f64)
    }
}

impl Workspace {
    /// Judges a queue's pairs in two precisions, one after the other, and compares. `progress` gets how many of all judgements
    /// are done, of how many.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code); [`Error::Invalid`] for a precision and itself, and for a queue without a pair that the
    /// guard can judge; [`Error::Conflict`] for an assistant and for a guard that changed on disk; [`Error::Cancelled`]; what
    /// the engine refuses.
    pub async fn check_precision(
        &self,
        engine: &EngineHandle,
        order: &PrecisionOrder,
        progress: &mut (dyn FnMut(u64, u64) + Send),
        cancel: &Cancel,
    ) -> Result<PrecisionCheck> {
        if order.precision == order.against {
            return Err(Error::invalid("against", "a precision differs from itself in nothing; choose two"));
        }
        let guard = self.guard_in_use(&order.guard).await?;
        guard.check_judges()?;
        let queue = self.queue(&order.queue).await?;
        let (pairs, unreadable) = self.pairs(&queue.id, &guard, order.pairs_max).await?;
        if pairs.is_empty() {
            return Err(Error::invalid("queue", "it has no item that this guard can judge"));
        }
        let left_out = match guard.card.images {
            true => 0,
            false => verdicts::count_with_images(&mut *self.store().read().await?, &queue.id).await?,
        };
        let reading = metrics::reading(&mut *self.store().read().await?).await?;
        let mut passes = Vec::new();
        for precision in [order.precision, order.against] {
            let request = LoadRequest {
                source: guard.source.clone(),
                device: order.device,
                precision,
                settings: guard.settings,
                features_dir: Some(self.features_dir()),
            };
            let (done, all) = (passes.len() * pairs.len(), 2 * pairs.len());
            let mut tell = |n: usize| progress(number(done + n), number(all));
            passes.push(self.judge_all(engine, &guard, request, &pairs, &mut tell, cancel).await?);
        }
        let (Some((against, second)), Some((precision, first))) = (passes.pop(), passes.pop()) else {
            return Err(Error::Cancelled);
        };
        let mut check =
            PrecisionCheck { guard, precision, against, rows: vec![], failed: unreadable, left_out: 0 };
        check.left_out = u64::try_from(left_out).unwrap_or(0);
        for ((pair, said), against) in pairs.into_iter().zip(first).zip(second) {
            let (Ok(said), Ok(against)) = (said, against) else {
                check.failed += 1;
                continue;
            };
            let short = |verdict: &Verdict| Said {
                label: verdict.in_mode(reading.mode).label().unwrap_or_default().to_owned(),
                p_unsafe: reading.p_unsafe(pair.task, verdict),
            };
            check.rows.push(PrecisionRow {
                said: short(&said),
                against: short(&against),
                difference: difference(&said, &against),
                item_id: pair.item_id,
                seq: pair.seq,
                task: pair.task,
            });
        }
        let ids: Vec<&str> = check.rows.iter().map(|row| row.item_id.as_str()).collect();
        let hidden = self.forget_hidden(&ids).await?;
        check.rows.retain(|row| !hidden.contains(&row.item_id));
        Ok(check)
    }

    /// The first pairs of a queue that a guard can judge, and how many cannot even be asked about.
    async fn pairs(&self, queue_id: &str, guard: &Guard, max: Option<u64>) -> Result<(Vec<Pair>, u64)> {
        let judge = Judge { guard_id: NOBODY, ..guard.as_judge() };
        let (mut pairs, mut unreadable, mut after) = (Vec::new(), 0, (0, String::new()));
        let max = max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
        while pairs.len() < max {
            let limit = i64::try_from((max - pairs.len()).min(PAGE)).unwrap_or(i64::MAX);
            let Some(batch) = fetch(self, queue_id, judge, &mut after, limit).await? else { break };
            pairs.extend(batch.pairs);
            unreadable += number(batch.refused.len());
        }
        Ok((pairs, unreadable))
    }

    /// The precision as it ran, and the outcome of every pair.
    async fn judge_all(
        &self,
        engine: &EngineHandle,
        guard: &Guard,
        request: LoadRequest,
        pairs: &[Pair],
        tell: &mut (dyn FnMut(usize) + Send),
        cancel: &Cancel,
    ) -> Result<(String, Vec<Outcome>)> {
        let loaded = engine.ensure_loaded(request.clone(), |_| ()).await?;
        guard.check_unchanged(&loaded.card)?;
        let size = usize::try_from(loaded.batch_subjects).unwrap_or(1).max(1);
        let mut outcomes = Vec::with_capacity(pairs.len());
        for batch in pairs.chunks(size) {
            let subjects = batch.iter().map(|pair| pair.subject.clone()).collect();
            let judged = engine.judge(request.clone(), subjects, cancel.clone()).await;
            let ids: Vec<&str> = batch.iter().map(|pair| pair.item_id.as_str()).collect();
            self.forget_hidden(&ids).await?;
            let judged = judged?;
            guard.check_unchanged(&judged.loaded.card)?;
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            outcomes.extend(judged.outcomes);
            tell(outcomes.len());
        }
        Ok((loaded.provenance.precision, outcomes))
    }
}

/// Pairs that are read together.
const PAGE: usize = 500;

/// Between the probabilities of the labels, which both verdicts have in the guard's order.
fn difference(a: &Verdict, b: &Verdict) -> f64 {
    let differences = a.probabilities.iter().zip(&b.probabilities).map(|(a, b)| (a.p - b.p).abs());
    differences.fold(0.0, f64::max)
}

fn number(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
