//! What a verdict says beside its probabilities: column `details` of `verdicts`, JSON, null where there is nothing to say.

use saring_verdict::{Mode, RiskTrace, Verdict, VerdictNote};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{StoreError, StoreResult};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Details {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<VerdictNote>,
    #[serde(skip_serializing_if = "Option::is_none")]
    risk: Option<RiskTrace>,
    /// What column `probabilities`, which is strict mode's, would be in loose mode: follows from `risk`, and is kept so that
    /// what counts thousands of verdicts reads no traces.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    loose: Option<Map<String, Value>>,
}

/// The column for a verdict.
pub fn text(verdict: &Verdict) -> StoreResult<Option<String>> {
    if verdict.notes.is_empty() && verdict.risk.is_none() {
        return Ok(None);
    }
    let loose = verdict.risk.as_ref().and_then(|trace| trace.probabilities(Mode::Loose));
    let loose = loose.map(|said| said.into_iter().map(|x| (x.label, Value::from(x.p))).collect());
    let details = Details { notes: verdict.notes.clone(), risk: verdict.risk.clone(), loose };
    let failed = |error: serde_json::Error| StoreError::Failed { reason: error.to_string() };
    serde_json::to_string(&details).map(Some).map_err(failed)
}

/// Notes and risk of a verdict as the column holds them. What cannot be understood, e.g. what a newer version has written, is
/// logged and left out: the item must stay open to be reviewed.
pub(super) fn read(verdict_id: &str, column: Option<&str>) -> (Vec<VerdictNote>, Option<RiskTrace>) {
    let Some(json) = column else { return (Vec::new(), None) };
    let Ok(Details { notes, risk, .. }) = serde_json::from_str(json) else {
        tracing::error!(verdict_id, "the details of a verdict cannot be understood; it is read without them");
        return (Vec::new(), None);
    };
    (notes, risk)
}

/// SQL for the probabilities that a row of `verdicts` has in `mode`, in the form of column `probabilities`.
pub(super) fn probabilities_in(mode: Mode, row: &str) -> String {
    match mode {
        Mode::Strict => format!("{row}.probabilities"),
        Mode::Loose => format!("coalesce({row}.details ->> '$.loose', {row}.probabilities)"),
    }
}

#[cfg(test)]
mod tests {
    use saring_verdict::Task;

    use crate::{
        fixture::{Fixture, QUEUE},
        queue::Mode,
        review::VerdictSlot,
    };

    #[tokio::test]
    async fn a_verdict_whose_details_cannot_be_understood_is_shown_without_them() {
        let fixture = Fixture::with_prompts(1).await;
        fixture.workspace.set_mode(QUEUE, Mode::Suggestion).await.unwrap();
        let id = fixture.ids().await[0].clone();
        fixture.judge(&id, Task::Prompt, 0.7).await;
        fixture.tamper(r#"UPDATE verdicts SET details = '{"notes": ["of_a_newer_version"]}'"#).await;
        let item = fixture.workspace.next(QUEUE, None).await.unwrap().expect("the item");
        let VerdictSlot::Shown(verdicts) = &item.tasks[0].verdict else { panic!("{:?}", item.tasks[0]) };
        assert_eq!(verdicts[0].verdict.notes, []);
        assert_eq!(verdicts[0].verdict.label(), Some("Unsafe"));
    }
}
