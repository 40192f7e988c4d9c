//! Writing: what a batch came to, in one transaction.

use std::collections::BTreeSet;

use saring_verdict::{JudgeError, Outcome, Provenance, Reading, Task, Verdict};
use sha2::{Digest, Sha256};

use crate::{
    Result, Workspace,
    audit::chain::hex,
    metrics,
    store::{
        WriteTx,
        events::{self, EventKind},
        failures::{self, FailureRow},
        items, provenances, runs, tasks, verdict_details,
        verdicts::{self, VerdictRow},
    },
};

/// A batch that was judged.
#[derive(Debug)]
pub(super) struct JudgedBatch {
    pub(super) pairs: Vec<(String, Task)>,
    pub(super) outcomes: Vec<Outcome>,
    /// `None` only if there are no verdicts among the outcomes.
    pub(super) provenance: Option<Provenance>,
}

/// What of a batch went into the database.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Written {
    pub(super) judged: u64,
    pub(super) failed: u64,
    /// In quarantine by now, or judged by somebody else.
    pub(super) withdrawn: u64,
    pub(super) reading: Reading,
}

/// Writes a batch: verdicts and failures, an event for each, and what is derived from them.
pub(super) async fn write(
    workspace: &Workspace,
    run_id: &str,
    guard_id: &str,
    batch: &JudgedBatch,
) -> Result<Written> {
    let mut tx = workspace.store().write().await?;
    let reading = metrics::reading(&mut tx).await?;
    let mut written = Written { reading, ..Written::default() };
    let provenance_id = match &batch.provenance {
        Some(provenance) => keep_provenance(&mut tx, provenance).await?,
        None => String::new(),
    };
    let run = Run { id: run_id, guard_id, provenance_id: &provenance_id };
    let mut touched = BTreeSet::new();
    for ((item_id, task), outcome) in batch.pairs.iter().zip(&batch.outcomes) {
        match outcome {
            Ok(verdict) => match write_verdict(&mut tx, &run, item_id, *task, verdict).await? {
                Some(id) => {
                    let p_unsafe = reading.p_unsafe(*task, verdict);
                    tasks::set_verdict(&mut tx, item_id, *task, &id, p_unsafe).await?;
                    touched.insert(item_id.as_str());
                    written.judged += 1;
                }
                None => written.withdrawn += 1,
            },
            // Not a failure: it is judged the next time.
            Err(JudgeError::Cancelled) => {}
            Err(error) => {
                let kept = write_failure(&mut tx, &run, item_id, *task, error).await?;
                written.failed += u64::from(kept);
                written.withdrawn += u64::from(!kept);
            }
        }
    }
    for item_id in touched {
        items::refresh_risk(&mut tx, item_id).await?;
    }
    runs::add_counts(&mut tx, run_id, signed(written.judged), signed(written.failed)).await?;
    tx.commit().await?;
    Ok(written)
}

struct Run<'a> {
    id: &'a str,
    guard_id: &'a str,
    provenance_id: &'a str,
}

async fn keep_provenance(tx: &mut WriteTx<'_>, provenance: &Provenance) -> Result<String> {
    let body = json(provenance);
    let id = hex(&Sha256::digest(body.as_bytes()));
    provenances::insert(tx, &id, &body).await?;
    Ok(id)
}

async fn write_verdict(
    tx: &mut WriteTx<'_>,
    run: &Run<'_>,
    item_id: &str,
    task: Task,
    verdict: &Verdict,
) -> Result<Option<String>> {
    let (id, created_at) = (tx.clock().new_id(), tx.clock().now_text());
    let probabilities = metrics::probabilities_text(&verdict.probabilities);
    let details = verdict_details::text(verdict)?;
    let row = VerdictRow {
        id: &id,
        item_id,
        task: task.as_str(),
        guard_id: run.guard_id,
        run_id: run.id,
        provenance_id: run.provenance_id,
        probabilities: &probabilities,
        label_mass: verdict.label_mass,
        categories: &json(&verdict.categories),
        refusal: verdict.refusal,
        tokens: [verdict.tokens.prompt, verdict.tokens.cached, verdict.tokens.computed],
        truncated: verdict.truncated,
        details: details.as_deref(),
        created_at: &created_at,
    };
    if !verdicts::insert(tx, &row).await? {
        return Ok(None);
    }
    let kind = if details.is_some() { EventKind::DetailedVerdict } else { EventKind::Verdict };
    events::record(tx, kind, &id).await?;
    Ok(Some(id))
}

async fn write_failure(
    tx: &mut WriteTx<'_>,
    run: &Run<'_>,
    item_id: &str,
    task: Task,
    error: &JudgeError,
) -> Result<bool> {
    let (id, created_at) = (tx.clock().new_id(), tx.clock().now_text());
    let row = FailureRow {
        id: &id,
        item_id,
        task: task.as_str(),
        guard_id: run.guard_id,
        run_id: run.id,
        code: &code(error),
        reason: &error.to_string(),
        created_at: &created_at,
    };
    let kept = failures::insert(tx, &row).await?;
    if kept {
        events::record(tx, EventKind::Failure, &id).await?;
    }
    Ok(kept)
}

/// The `code` of the error's wire form.
fn code(error: &JudgeError) -> String {
    let value = serde_json::to_value(error).unwrap_or_default();
    value.get("code").and_then(|c| c.as_str()).unwrap_or("unknown").to_owned()
}

#[allow(
    clippy::expect_used,
    reason = "these types have no maps with keys that are no strings, which is all that can fail"
)]
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain structs serialize")
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
