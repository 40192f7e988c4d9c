//! The label runs that this window has started and that still go on.
//!
//! [`Runs`] keeps them by id to be paused and stopped. A task for each passes its progress on to the page, about five times
//! a second, until it has ended; then the guard's memory is given back.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use saring_desk::{Workspace, engine::EngineHandle, label::LabelRun};

use crate::{
    convert::{queue::counts, run::live},
    failure::Answer,
    notices::Notices,
    session::Memory,
    wire::{Code, Failure, RunView},
};

/// The page is told of a run's progress at most once in this time.
const INTERVAL: Duration = Duration::from_millis(200);

/// The runs of this window that still go on, by id.
#[derive(Clone, Default)]
pub(crate) struct Runs {
    live: Arc<Mutex<HashMap<String, Arc<LabelRun>>>>,
}

impl Runs {
    /// Takes a run over and tells the page of it until it has ended.
    pub(crate) fn watch(
        &self,
        workspace: Workspace,
        engine: EngineHandle,
        notices: Arc<Notices>,
        run: LabelRun,
    ) {
        let run = Arc::new(run);
        self.lock().insert(run.id().to_owned(), run.clone());
        let runs = self.clone();
        tauri::async_runtime::spawn(async move {
            let mut progress = run.progress();
            loop {
                let now = progress.borrow_and_update().clone();
                match live(&workspace, &now).await {
                    Ok(view) => notices.run(view),
                    Err(failure) => {
                        tracing::debug!("a run's progress could not be shown: {}", failure.details)
                    }
                }
                // The sender is gone only when the run's task has ended without a last word.
                if now.state.is_final() || progress.changed().await.is_err() {
                    break;
                }
                tokio::time::sleep(INTERVAL).await;
            }
            runs.end(&workspace, &engine, &notices, &run).await;
        });
    }

    async fn end(&self, workspace: &Workspace, engine: &EngineHandle, notices: &Notices, run: &LabelRun) {
        let last = {
            let mut live = self.lock();
            live.remove(run.id());
            live.is_empty()
        };
        if last && let Err(error) = engine.unload().await {
            tracing::debug!("the guard could not be unloaded: {error}");
        }
        let queue_id = run.progress().borrow().queue_id.clone();
        let reviewer = Memory::of(workspace).await.ok().and_then(|memory| memory.reviewer);
        if let Ok(overview) = workspace.queue_overview_for(&queue_id, reviewer.as_deref()).await {
            notices.queue(queue_id, counts(&overview.counts));
        }
    }

    /// What goes on in this window now.
    pub(crate) async fn views(&self, workspace: &Workspace) -> Answer<Vec<RunView>> {
        let live_now: Vec<Arc<LabelRun>> = self.lock().values().cloned().collect();
        let mut views = Vec::new();
        for run in live_now {
            let progress = run.progress().borrow().clone();
            views.push(live(workspace, &progress).await?);
        }
        Ok(views)
    }

    /// A run that goes on in this window.
    ///
    /// # Errors
    /// If it has ended, or belongs to another process.
    pub(crate) fn get(&self, run_id: &str) -> Answer<Arc<LabelRun>> {
        self.lock().get(run_id).cloned().ok_or_else(|| Failure {
            code: Code::NotFound,
            message: "This run has ended, or was started by another program".into(),
            advice: "Start a new run; it judges what is left".into(),
            details: format!("run {run_id}"),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<LabelRun>>> {
        // A panic cannot leave a map of handles half changed.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
