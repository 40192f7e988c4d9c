//! Label runs: those that go on, as they tell of themselves, and those that have ended, as the database has them.

use saring_desk::{
    Workspace,
    label::{Forecast, RunProgress, RunState},
    queue::Mode,
    store::runs::RunRow,
};
use saring_verdict::DeviceInfo;

use super::{count, guard::step};
use crate::{
    failure::Answer,
    wire::{ForecastView, RecentVerdict, RunView},
};

/// A run that goes on.
pub(crate) async fn live(workspace: &Workspace, progress: &RunProgress) -> Answer<RunView> {
    let guard = workspace.guard(&progress.guard_id).await?;
    let queue = workspace.queue(&progress.queue_id).await?;
    let recent = workspace.recent_verdicts(progress).await?.into_iter().map(|verdict| RecentVerdict {
        item_id: verdict.item_id,
        task: verdict.task.as_str().to_owned(),
        language: verdict.language,
        excerpt: verdict.excerpt,
        // Whoever reviews blind must not see them pass by either.
        label: (queue.mode == Mode::Suggestion).then_some(verdict.label),
    });
    Ok(RunView {
        id: progress.run_id.clone(),
        queue_id: progress.queue_id.clone(),
        queue: queue.name,
        guard: guard.name,
        is_toy: guard.is_toy,
        state: state(progress.state).to_owned(),
        total: count(progress.total),
        done: count(progress.done()),
        repeated: count(progress.repeated),
        failed: count(progress.failed),
        left_out: count(progress.left_out),
        loading: progress.loading.map(step),
        items_per_second: progress.items_per_second,
        tokens_per_second: progress.tokens_per_second,
        cached_share: progress.cached_share,
        eta_seconds: progress.eta_seconds.filter(|seconds| seconds.is_finite()),
        device: progress.device.as_ref().map(|device| device_words(device, progress.precision.as_deref())),
        device_fallback: progress.device_fallback.clone(),
        notes: progress.notes.clone(),
        recent: recent.collect(),
    })
}

/// A run that has ended, or that another process does.
pub(crate) async fn recorded(workspace: &Workspace, row: RunRow) -> Answer<RunView> {
    let guard = workspace.guard(&row.guard_id).await?;
    let queue = workspace.queue(&row.queue_id).await?;
    Ok(RunView {
        id: row.id,
        queue_id: row.queue_id,
        queue: queue.name,
        guard: guard.name,
        is_toy: guard.is_toy,
        state: row.state,
        total: count(row.total),
        done: count(row.judged + row.failed),
        repeated: count(row.repeated),
        failed: count(row.failed),
        left_out: count(row.left_out),
        loading: None,
        items_per_second: None,
        tokens_per_second: None,
        cached_share: None,
        eta_seconds: None,
        device: None,
        device_fallback: None,
        notes: row.note.map(|note| note.lines().map(str::to_owned).collect()).unwrap_or_default(),
        recent: Vec::new(),
    })
}

/// What can be said of a run before it starts.
pub(crate) fn forecast(forecast: Forecast) -> ForecastView {
    ForecastView {
        tasks: count(forecast.tasks),
        seconds: forecast.seconds(),
        measured_at: forecast.pace.as_ref().map(|pace| pace.measured_at.clone()),
        measured_by: forecast.pace.map(|pace| pace.source),
    }
}

fn state(state: RunState) -> &'static str {
    match state {
        // The database does not tell it from running; the page does.
        RunState::Loading => "loading",
        other => other.as_str(),
    }
}

/// e.g. "CPU · AMD EPYC · bf16".
pub(crate) fn device_words(device: &DeviceInfo, precision: Option<&str>) -> String {
    let kind = device.kind.as_str().to_uppercase();
    [Some(kind.as_str()), Some(device.name.as_str()), precision]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
}

#[cfg(test)]
mod tests {
    use saring_verdict::DeviceKind;

    use super::*;

    #[test]
    fn a_device_is_said_by_kind_name_and_precision() {
        let device = DeviceInfo {
            kind: DeviceKind::Cpu,
            name: "EPYC".into(),
            memory_bytes: None,
            memory_free_bytes: None,
        };
        assert_eq!(device_words(&device, Some("bf16")), "CPU · EPYC · bf16");
        assert_eq!(device_words(&device, None), "CPU · EPYC");
    }
}
