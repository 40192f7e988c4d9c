//! One guard on one queue in two precisions: what quantising it changes, on the user's own items.
//!
//! Nothing of this is stored: both precisions judge the same pairs anew, and the verdicts of the queue stay as they are.

use std::collections::HashMap;

use saring_verdict::{Cancel, DeviceChoice, LoadRequest, PrecisionChoice, Task};

use super::pass::{Judgement, Pass};
use crate::{
    Error, Result, Workspace,
    engine::EngineHandle,
    guards::Guard,
    metrics::Said,
    queue::{Mode, find_queue},
    store::{tasks, verdicts},
};

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
    /// [`Code::NotFound`](crate::Code); [`Error::Invalid`] for a precision and itself, for two that the checkpoint runs as one, and for
    /// a queue without a pair that the guard can judge; [`Error::Conflict`] for an assistant and for a guard that changed on
    /// disk; [`Error::Cancelled`]; what the engine refuses.
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
        let left_out = match guard.card.images {
            true => 0,
            false => verdicts::count_with_images(&mut *self.store().read().await?, &queue.id).await?,
        };
        let reading = self.reading().await?;
        let pass = Pass { workspace: self, engine, guard: &guard, queue_id: &queue.id, reading, cancel };
        let pairs_max = usize::try_from(order.pairs_max.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let waiting =
            verdicts::count_unjudged(&mut *self.store().read().await?, &queue.id, pass.judge()).await?;
        let pairs = usize::try_from(waiting).unwrap_or(0).min(pairs_max);
        if pairs == 0 {
            return Err(Error::invalid("queue", "it has no item that this guard can judge"));
        }
        let requests = [order.precision, order.against].map(|precision| LoadRequest {
            source: guard.source.clone(),
            device: order.device,
            precision,
            settings: guard.settings,
            features_dir: Some(self.features_dir()),
        });
        let [precision, against] = both_precisions(&pass, &requests).await?;
        let mut tell = |done: usize| progress(number(done.min(2 * pairs)), number(2 * pairs));
        let first = pass.run(&requests[0], pairs_max, &mut tell).await?;
        // No more than before: what was imported meanwhile comes last.
        let second = pass.run(&requests[1], first.asked, &mut |done| tell(pairs + done)).await?;
        let failed = number(first.failed.union(&second.failed).count());
        let rows = compare(first.given, second.given);
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
}

/// The two precisions as they run: some checkpoints run as they are, whatever is asked for, so that only loading tells. Both
/// are loaded before anything is judged, since judging may take hours.
async fn both_precisions(pass: &Pass<'_>, requests: &[LoadRequest; 2]) -> Result<[String; 2]> {
    let precision = pass.load(&requests[0]).await?.provenance.precision;
    let against = pass.load(&requests[1]).await?.provenance.precision;
    if precision == against {
        let reason = format!(
            "this checkpoint runs as {precision} either way; hold the checkpoint that it was made from against it"
        );
        return Err(Error::invalid("against", reason));
    }
    Ok([precision, against])
}

/// The pairs that got a verdict in both passes, in the order of the first one.
fn compare(first: Vec<Judgement>, second: Vec<Judgement>) -> Vec<PrecisionRow> {
    let mut others: HashMap<(String, Task), (Said, Vec<f64>)> = second
        .into_iter()
        .map(|judged| ((judged.item_id, judged.task), (judged.said, judged.probabilities)))
        .collect();
    let row = |judged: Judgement| {
        let Judgement { seq, item_id, task, said, probabilities } = judged;
        let key = (item_id, task);
        let (against, others) = others.remove(&key)?;
        let differences = probabilities.iter().zip(&others).map(|(a, b)| (a - b).abs());
        let difference = differences.fold(0.0, f64::max);
        Some(PrecisionRow { item_id: key.0, seq, task, said, against, difference })
    };
    first.into_iter().filter_map(row).collect()
}

fn number(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
