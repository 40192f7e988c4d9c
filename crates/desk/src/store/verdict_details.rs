//! What a verdict says beside its probabilities: column `details` of `verdicts`, JSON, null where there is nothing to say.

use saring_verdict::{RiskTrace, Verdict, VerdictNote};
use serde::{Deserialize, Serialize};

use super::{StoreError, StoreResult};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Details {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<VerdictNote>,
    #[serde(skip_serializing_if = "Option::is_none")]
    risk: Option<RiskTrace>,
}

/// The column for a verdict.
pub fn text(verdict: &Verdict) -> StoreResult<Option<String>> {
    if verdict.notes.is_empty() && verdict.risk.is_none() {
        return Ok(None);
    }
    let details = Details { notes: verdict.notes.clone(), risk: verdict.risk.clone() };
    let failed = |error: serde_json::Error| StoreError::Failed { reason: error.to_string() };
    serde_json::to_string(&details).map(Some).map_err(failed)
}

/// Notes and risk as the column holds them.
pub(super) fn read(column: Option<&str>) -> StoreResult<(Vec<VerdictNote>, Option<RiskTrace>)> {
    let Some(json) = column else { return Ok((Vec::new(), None)) };
    let damaged = |_| StoreError::damaged("column details of a verdict cannot be understood");
    let Details { notes, risk } = serde_json::from_str(json).map_err(damaged)?;
    Ok((notes, risk))
}
