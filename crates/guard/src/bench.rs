//! Measures a loaded guard: how fast it reads, how many items it judges, what it takes.

mod look;
mod words;
mod workload;

use std::{
    fs,
    time::{Duration, Instant},
};

use saring_verdict::{BenchPace, BenchReport, BenchRequest, BenchRow, Cancel, EngineError};

pub use look::Look;
pub use workload::workload;

use crate::{decoder::SharedPrefix, judging::Guard, layers::failure};

/// Lengths of the rows that prefill is measured with, in tokens.
const PREFILL_TOKENS: [usize; 3] = [128, 512, 2048];
/// Each of them gets this part of the budget; the queue gets half.
const PREFILL_PART: u32 = 6;
/// Items of the first call, while it is not known how many the budget is enough for.
const FIRST_ITEMS: u32 = 2;

/// See [`saring_verdict::Engine::bench`].
///
/// # Errors
/// `Inference` if the device refuses.
pub(crate) fn run(
    guard: &mut Guard,
    load_ms: u64,
    request: BenchRequest,
) -> Result<BenchReport, EngineError> {
    let budget = Duration::from_millis(request.budget_ms);
    let mut report = BenchReport::default();
    report.rows.push(row("load", load_ms as f64, "ms"));
    let pace = match request.items {
        Some(items) => whole_queue(guard, items)?,
        None => {
            prefill(guard, budget / PREFILL_PART, &mut report)?;
            timed_queue(guard, budget / 2)?
        }
    };
    report.rows.extend([
        row("queue of prompts", pace.items_per_second(), "items/s"),
        row("queue of prompts, tokens read", pace.tokens_per_second(), "tokens/s"),
        row("queue of prompts, tokens from the cache", 100.0 * pace.cached_share(), "%"),
    ]);
    report.pace = Some(pace);
    if let Some(bytes) = peak_memory_bytes() {
        report.rows.push(row("peak memory of the process", bytes as f64 / (1024.0 * 1024.0), "MiB"));
    }
    Ok(report)
}

fn row(name: &str, value: f64, unit: &str) -> BenchRow {
    BenchRow { name: name.into(), value, unit: unit.into() }
}

/// A row for each length that fits the context and the time; what is left out is said.
fn prefill(guard: &Guard, budget: Duration, report: &mut BenchReport) -> Result<(), EngineError> {
    if guard.model.heads.is_some() {
        report.notes.push("prefill is not measured alone: this guard answers at every token".into());
        return Ok(());
    }
    let mut known_speed = None;
    for tokens in PREFILL_TOKENS {
        let needed = known_speed.map_or(0.0, |speed| tokens as f64 / speed);
        let reason = if tokens > guard.asker.context_tokens {
            "the guard's context is shorter".to_owned()
        } else if needed > budget.as_secs_f64() * 2.0 {
            format!("one row would take about {needed:.0} s")
        } else {
            let speed = prefill_speed(guard, tokens, budget, known_speed.is_none())?;
            report.rows.push(row(&format!("prefill, {tokens} tokens"), speed, "tokens/s"));
            known_speed = Some(speed);
            continue;
        };
        report.notes.push(format!("prefill of {tokens} tokens was left out: {reason}"));
    }
    Ok(())
}

/// Rows of arbitrary tokens that are read over and over, for measuring.
pub struct Prefill<'a> {
    guard: &'a Guard,
    rows: Vec<Vec<u32>>,
    /// What all of them begin with, computed already.
    shared: Option<SharedPrefix>,
}

impl<'a> Prefill<'a> {
    /// `rows` rows of `tokens` tokens, the first `shared` of which are the same in all and are computed here, once.
    ///
    /// # Errors
    /// `Inference` if the device refuses.
    pub(crate) fn new(
        guard: &'a Guard,
        rows: usize,
        tokens: usize,
        shared: usize,
    ) -> Result<Self, EngineError> {
        let vocabulary = guard.model.decoder.config().vocab_size as u32;
        // Any ids do; these are spread over the vocabulary.
        let id = |row: usize, i: usize| {
            let row = if i < shared { 0 } else { row as u32 };
            (i as u32 + 1).wrapping_mul(2_654_435_761).wrapping_add(row) % vocabulary
        };
        let rows: Vec<Vec<u32>> = (0..rows).map(|row| (0..tokens).map(|i| id(row, i)).collect()).collect();
        let beginning = rows.first().filter(|_| shared > 0).map(|row| &row[..shared.min(row.len())]);
        let shared = beginning.map(|ids| guard.prefix_of(ids, &Cancel::new())).transpose();
        Ok(Self { guard, rows, shared: shared.map_err(failed)? })
    }

    /// Reads them all, to the logits of each row's last token.
    ///
    /// # Errors
    /// `Inference` if the device refuses.
    pub fn read(&self) -> Result<(), EngineError> {
        let known = self.shared.as_ref().map_or(0, SharedPrefix::len);
        let rows: Vec<&[u32]> = self.rows.iter().map(|row| &row[known..]).collect();
        let logits = self.guard.prefill_logits(&rows, self.shared.clone(), &Cancel::new());
        // Copying the logits back is what makes a GPU finish.
        logits.and_then(|logits| logits.to_vec2::<f32>()).map(drop).map_err(failed)
    }
}

/// Tokens per second of single rows, read from their start, at least one of them.
fn prefill_speed(guard: &Guard, tokens: usize, budget: Duration, warm_up: bool) -> Result<f64, EngineError> {
    let prefill = Prefill::new(guard, 1, tokens, 0)?;
    if warm_up {
        prefill.read()?;
    }
    let (start, mut runs) = (Instant::now(), 0);
    while runs == 0 || start.elapsed() < budget {
        prefill.read()?;
        runs += 1;
    }
    Ok((runs * tokens) as f64 / start.elapsed().as_secs_f64())
}

/// As much of the workload as fits the budget, at least one call.
fn timed_queue(guard: &mut Guard, budget: Duration) -> Result<BenchPace, EngineError> {
    let batch = guard.batch_subjects();
    let mut queue = Queue::new(guard)?;
    while queue.pace.items == 0 || queue.pace.seconds < budget.as_secs_f64() {
        let rate = queue.pace.items_per_second();
        // A third of the budget at a time, so that a slow machine does not overrun it by much.
        let affordable = (rate * budget.as_secs_f64() / 3.0) as u32;
        queue.judge(if queue.pace.items == 0 {
            FIRST_ITEMS
        } else {
            affordable.clamp(FIRST_ITEMS, batch)
        })?;
    }
    Ok(queue.pace)
}

/// The first `items` of the workload, once each, in calls as large as a label run makes them at first.
fn whole_queue(guard: &mut Guard, items: u32) -> Result<BenchPace, EngineError> {
    let batch = guard.batch_subjects();
    let mut queue = Queue::new(guard)?;
    let mut left = items;
    while left > 0 {
        let now = left.min(batch);
        queue.judge(now)?;
        left -= now;
    }
    Ok(queue.pace)
}

/// The workload on its way through the guard.
struct Queue<'a> {
    guard: &'a mut Guard,
    next: u32,
    pace: BenchPace,
}

impl<'a> Queue<'a> {
    /// The beginning that all items share is computed here: a run of thousands does not feel it.
    fn new(guard: &'a mut Guard) -> Result<Self, EngineError> {
        guard.judge(&workload(u32::MAX - 1, 1), &Cancel::new())?;
        Ok(Self { guard, next: 0, pace: BenchPace::default() })
    }

    fn judge(&mut self, items: u32) -> Result<(), EngineError> {
        let subjects = workload(self.next, items);
        let start = Instant::now();
        let outcomes = self.guard.judge(&subjects, &Cancel::new())?;
        self.pace.seconds += start.elapsed().as_secs_f64();
        self.pace.items += u64::from(items);
        self.next += items;
        for outcome in outcomes {
            // An item that cannot be judged would make the guard look fast.
            let verdict = outcome.map_err(|e| EngineError::Inference { reason: e.to_string() })?;
            self.pace.tokens += u64::from(verdict.tokens.prompt);
            self.pace.cached += u64::from(verdict.tokens.cached);
        }
        Ok(())
    }
}

/// The most memory that this process ever had, where the system tells.
fn peak_memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

fn failed(error: candle_core::Error) -> EngineError {
    EngineError::Inference { reason: failure(&error) }
}
