//! Measures a loaded guard: how fast it reads, how many items it judges, what it takes.

use std::{
    fs,
    time::{Duration, Instant},
};

use saring_verdict::{BenchReport, BenchRequest, BenchRow, Cancel, EngineError, Subject};

use crate::{judging::Guard, layers::failure};

/// Shares of the budget: each prefill length, then the queue.
const PREFILL_SHARE: u32 = 4;

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
    let mut rows = vec![row("load", load_ms as f64, "ms")];
    for tokens in [128, 512] {
        if tokens <= guard.asker.context_tokens {
            let speed = prefill_speed(guard, tokens, budget / PREFILL_SHARE)?;
            rows.push(row(&format!("prefill, {tokens} tokens"), speed, "tokens/s"));
        }
    }
    rows.push(row("queue of short prompts", queue_speed(guard, budget / 2)?, "items/s"));
    if let Some(bytes) = peak_memory_bytes() {
        rows.push(row("peak memory of the process", bytes as f64 / (1024.0 * 1024.0), "MiB"));
    }
    Ok(BenchReport { rows })
}

fn row(name: &str, value: f64, unit: &str) -> BenchRow {
    BenchRow { name: name.into(), value, unit: unit.into() }
}

/// Tokens per second of single rows, read from their start.
fn prefill_speed(guard: &Guard, tokens: usize, budget: Duration) -> Result<f64, EngineError> {
    let vocabulary = guard.model.decoder.config().vocab_size as u32;
    // Any ids do; these are spread over the vocabulary.
    let ids: Vec<u32> = (0..tokens as u32).map(|i| i.wrapping_mul(2_654_435_761) % vocabulary).collect();
    let read = || -> candle_core::Result<()> {
        // Copying the logits back is what makes a GPU finish.
        guard.prefill_logits(&[&ids], &Cancel::new())?.to_vec2::<f32>()?;
        Ok(())
    };
    // Once for warming up, then at least once.
    read().map_err(failed)?;
    let (start, mut runs) = (Instant::now(), 0);
    while runs == 0 || start.elapsed() < budget {
        read().map_err(failed)?;
        runs += 1;
    }
    Ok((runs * tokens) as f64 / start.elapsed().as_secs_f64())
}

/// Items per second of a queue of short prompts, no two alike.
fn queue_speed(guard: &mut Guard, budget: Duration) -> Result<f64, EngineError> {
    let batch = guard.batch_subjects();
    let subjects = |first: u32| -> Vec<Subject> {
        (first..first + batch)
            .map(|i| Subject::prompt(format!("Item {i}: how do I cook rice for {} people?", i % 17)))
            .collect()
    };
    // The first batch also computes the shared prefix.
    guard.judge(&subjects(0)[..1], &Cancel::new())?;
    let (start, mut done) = (Instant::now(), 0);
    while done == 0 || start.elapsed() < budget {
        guard.judge(&subjects(done), &Cancel::new())?;
        done += batch;
    }
    Ok(f64::from(done) / start.elapsed().as_secs_f64())
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
