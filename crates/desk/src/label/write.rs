//! Writing: what a batch came to, in one transaction.

use std::{collections::BTreeSet, sync::Arc};

use saring_verdict::{JudgeError, Provenance, Reading, Task, Verdict, VerdictNote};
use sha2::{Digest as _, Sha256};

use super::repeats::{Answer, Digest};
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

/// A pair of a batch that was judged.
#[derive(Debug)]
pub(super) struct JudgedPair {
    pub(super) item_id: String,
    pub(super) task: Task,
    pub(super) said: Said,
}

/// What is to be written about a pair.
#[derive(Debug)]
pub(super) enum Said {
    /// The guard was asked this question.
    Asked(Digest, Answer),
    /// The answer to an equal question.
    Repeated(Answer),
    /// There is no answer.
    Failed(JudgeError),
}

impl Said {
    /// The same about an item in Zawgyi, or not: equal questions may come from items in both encodings, and each verdict says
    /// which text was judged.
    pub(super) fn about(mut self, zawgyi: bool) -> Self {
        if let Self::Asked(_, answer) | Self::Repeated(answer) = &mut self {
            answer.verdict.notes.retain(|note| *note != VerdictNote::ZawgyiReadAsUnicode);
            answer.verdict.notes.extend(zawgyi.then_some(VerdictNote::ZawgyiReadAsUnicode));
        }
        self
    }

    /// The verdict, if there is one.
    pub(super) fn verdict(&self) -> Option<&Verdict> {
        match self {
            Self::Asked(_, answer) | Self::Repeated(answer) => Some(&answer.verdict),
            Self::Failed(_) => None,
        }
    }
}

/// What of a batch went into the database.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Written {
    pub(super) judged: u64,
    /// Of those, the ones that were not asked about.
    pub(super) repeated: u64,
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
    batch: &[JudgedPair],
) -> Result<Written> {
    let mut tx = workspace.store().write().await?;
    let reading = metrics::reading(&mut tx).await?;
    let mut written = Written { reading, ..Written::default() };
    let run = Run { id: run_id, guard_id };
    let mut provenances = Provenances::default();
    let mut touched = BTreeSet::new();
    for JudgedPair { item_id, task, said } in batch {
        let (answer, digest) = match said {
            Said::Asked(digest, answer) => (answer, Some(digest)),
            Said::Repeated(answer) => (answer, None),
            // Not a failure: it is judged the next time.
            Said::Failed(JudgeError::Cancelled) => continue,
            Said::Failed(error) => {
                let kept = write_failure(&mut tx, &run, item_id, *task, error).await?;
                written.failed += u64::from(kept);
                written.withdrawn += u64::from(!kept);
                continue;
            }
        };
        let from = From { provenance_id: provenances.keep(&mut tx, &answer.provenance).await?, digest };
        let verdict = &answer.verdict;
        let Some(id) = write_verdict(&mut tx, &run, item_id, *task, verdict, &from).await? else {
            written.withdrawn += 1;
            continue;
        };
        tasks::set_verdict(&mut tx, item_id, *task, &id, reading.p_unsafe(*task, verdict)).await?;
        touched.insert(item_id.as_str());
        written.judged += 1;
        written.repeated += u64::from(digest.is_none());
    }
    for item_id in touched {
        items::refresh_risk(&mut tx, item_id).await?;
    }
    let counts = [written.judged, written.failed, written.repeated].map(signed);
    runs::add_counts(&mut tx, run_id, counts).await?;
    tx.commit().await?;
    Ok(written)
}

struct Run<'a> {
    id: &'a str,
    guard_id: &'a str,
}

/// Where a verdict comes from.
struct From<'a> {
    provenance_id: String,
    /// Of the question, if the guard was asked it.
    digest: Option<&'a Digest>,
}

/// The provenance that was kept last: nearly all verdicts of a batch have the same.
#[derive(Default)]
struct Provenances {
    last: Option<(Arc<Provenance>, String)>,
}

impl Provenances {
    async fn keep(&mut self, tx: &mut WriteTx<'_>, provenance: &Arc<Provenance>) -> Result<String> {
        if let Some((last, id)) = &self.last
            && last == provenance
        {
            return Ok(id.clone());
        }
        let id = provenance_id(provenance);
        provenances::insert(tx, &id, &json(provenance.as_ref())).await?;
        self.last = Some((Arc::clone(provenance), id.clone()));
        Ok(id)
    }
}

/// The id that a provenance has in the database: the SHA-256 of its JSON.
pub(super) fn provenance_id(provenance: &Provenance) -> String {
    hex(&Sha256::digest(json(provenance).as_bytes()))
}

async fn write_verdict(
    tx: &mut WriteTx<'_>,
    run: &Run<'_>,
    item_id: &str,
    task: Task,
    verdict: &Verdict,
    from: &From<'_>,
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
        provenance_id: &from.provenance_id,
        subject_sha256: from.digest.map(|digest| &digest[..]),
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
