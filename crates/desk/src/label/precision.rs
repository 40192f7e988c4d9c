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
    queue::{Mode, find_queue},
    store::{
        tasks,
        verdicts::{self, Judge},
    },
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
    /// Pairs that got a verdict in both.
    pub judged: u64,
    /// Of them, those whose label changed.
    pub flips: u64,
    /// The largest difference of all of them; `None` without any.
    pub largest: Option<f64>,
    /// The mean difference; `None` without any.
    pub mean: Option<f64>,
    /// Those of them that may be shown, in the order of the queue.
    pub rows: Vec<PrecisionRow>,
    /// How many of them may not: the queue is reviewed blind and nobody has decided them yet.
    pub hidden: u64,
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
    /// Takes pairs that got a verdict in both: all are counted, and those that `may_be_shown` are kept.
    #[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
    fn take(&mut self, rows: Vec<PrecisionRow>, may_be_shown: impl Fn(&PrecisionRow) -> bool) {
        let differences = || rows.iter().map(|row| row.difference);
        self.judged = number(rows.len());
        self.flips = number(rows.iter().filter(|row| row.is_flip()).count());
        self.largest = differences().max_by(f64::total_cmp);
        self.mean = (!rows.is_empty()).then(|| differences().sum::<f64>() / rows.len() as f64);
        self.rows = rows.into_iter().filter(may_be_shown).collect();
        self.hidden = self.judged - number(self.rows.len());
    }
}

impl Workspace {
    /// Judges a queue's pairs in two precisions, one after the other, and compares. `progress` gets how many of all judgements
    /// are done, of how many.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code); [`Error::Invalid`] for a precision and itself, for two that the checkpoint runs as one, and for a queue without a pair that the
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
        let requests = [order.precision, order.against].map(|precision| LoadRequest {
            source: guard.source.clone(),
            device: order.device,
            precision,
            settings: guard.settings,
            features_dir: Some(self.features_dir()),
        });
        check_differ(engine, &guard, &requests, cancel).await?;
        let mut passes = Vec::new();
        for request in requests {
            let (done, all) = (passes.len() * pairs.len(), 2 * pairs.len());
            let mut tell = |n: usize| progress(number(done + n), number(all));
            passes.push(self.judge_all(engine, &guard, request, &pairs, &mut tell, cancel).await?);
        }
        let (Some((against, second)), Some((precision, first))) = (passes.pop(), passes.pop()) else {
            return Err(Error::Cancelled);
        };
        let (mut rows, mut failed) = (Vec::new(), unreadable);
        for ((pair, said), against) in pairs.into_iter().zip(first).zip(second) {
            let (Ok(said), Ok(against)) = (said, against) else {
                failed += 1;
                continue;
            };
            let short = |verdict: &Verdict| Said {
                label: verdict.in_mode(reading.mode).label().unwrap_or_default().to_owned(),
                p_unsafe: reading.p_unsafe(pair.task, verdict),
            };
            rows.push(PrecisionRow {
                said: short(&said),
                against: short(&against),
                difference: difference(&said, &against),
                item_id: pair.item_id,
                seq: pair.seq,
                task: pair.task,
            });
        }
        let mut check = PrecisionCheck {
            guard,
            precision,
            against,
            judged: 0,
            flips: 0,
            largest: None,
            mean: None,
            rows: Vec::new(),
            hidden: 0,
            failed,
            left_out: u64::try_from(left_out).unwrap_or(0),
        };
        self.tell_apart(&mut check, &queue.id, rows).await?;
        Ok(check)
    }

    /// Puts into `check` what may be told now: nothing of items that are in quarantine by now, and of what must be decided blind
    /// no more than how many there are.
    async fn tell_apart(
        &self,
        check: &mut PrecisionCheck,
        queue_id: &str,
        mut rows: Vec<PrecisionRow>,
    ) -> Result<()> {
        let ids: Vec<&str> = rows.iter().map(|row| row.item_id.as_str()).collect();
        let quarantined = self.forget_hidden(&ids).await?;
        let mut read = self.store().read().await?;
        let blind = find_queue(&mut read, queue_id).await?.mode == Mode::Blind;
        let decided = tasks::decided_of(&mut read, &serde_json::json!(ids).to_string()).await?;
        rows.retain(|row| !quarantined.contains(&row.item_id));
        check.take(rows, |row| !blind || decided.contains(&(row.item_id.clone(), row.task)));
        Ok(())
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

/// Whether a guard runs in two precisions: some checkpoints run as they are, whatever is asked for, so that only loading tells. Both
/// are loaded before anything is judged, since judging may take hours.
async fn check_differ(
    engine: &EngineHandle,
    guard: &Guard,
    requests: &[LoadRequest; 2],
    cancel: &Cancel,
) -> Result<()> {
    let mut before = None;
    for request in requests {
        let loaded = engine.ensure_loaded(request.clone(), |_| ()).await?;
        guard.check_unchanged(&loaded.card)?;
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let precision = loaded.provenance.precision;
        if before.as_ref() == Some(&precision) {
            let reason = format!(
                "this checkpoint runs as {precision} either way; hold the checkpoint that it was made from against it"
            );
            return Err(Error::invalid("against", reason));
        }
        before = Some(precision);
    }
    Ok(())
}

/// Between the probabilities of the labels, which both verdicts have in the guard's order.
fn difference(a: &Verdict, b: &Verdict) -> f64 {
    let differences = a.probabilities.iter().zip(&b.probabilities).map(|(a, b)| (a.p - b.p).abs());
    differences.fold(0.0, f64::max)
}

fn number(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
