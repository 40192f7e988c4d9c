//! A run as its face sees it: what is ordered, and how it is watched, paused and stopped.

use std::{path::PathBuf, sync::Arc};

use saring_verdict::{Cancel, DeviceChoice, GuardSettings, LoadRequest, PrecisionChoice};
use tokio::{sync::watch, task::JoinHandle};

use super::{RecentVerdict, RunProgress, RunState, check_pixels, lock::RunLock, runner::Runner};
use crate::{
    Error, Result, Thing, Workspace,
    engine::EngineHandle,
    guards::Guard,
    store::{
        runs::{self, RunRow},
        verdicts,
    },
};

/// What to label, by whom, where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelOrder {
    /// Id or name.
    pub queue: String,
    /// Id or name; the default guard if none is given.
    pub guard: Option<String>,
    /// Where to run it.
    pub device: DeviceChoice,
    /// In which precision.
    pub precision: PrecisionChoice,
    /// Most pixels of an image that are looked at, below the guard's own limit: faster, and coarser.
    pub pixels_max: Option<u64>,
}

impl LabelOrder {
    /// How its guard is loaded.
    pub(super) fn request(&self, guard: &Guard, features_dir: PathBuf) -> LoadRequest {
        LoadRequest {
            source: guard.source.clone(),
            device: self.device,
            precision: self.precision,
            settings: GuardSettings {
                pixels_max: self.pixels_max.or(guard.settings.pixels_max),
                ..guard.settings
            },
            features_dir: Some(features_dir),
        }
    }
}

/// A run that goes on by itself. Dropping this does not stop it.
#[derive(Debug)]
pub struct LabelRun {
    id: String,
    control: Arc<Control>,
    progress: watch::Receiver<RunProgress>,
    task: JoinHandle<Result<()>>,
}

#[derive(Debug)]
pub(super) struct Control {
    pub(super) paused: watch::Sender<bool>,
    pub(super) cancel: Cancel,
}

impl Control {
    /// Ends when the run is cancelled.
    pub(super) async fn cancelled(&self) {
        let mut woken = self.paused.subscribe();
        // Cancelling sends on this channel after it has set the flag, so that no wake-up is missed.
        while !self.cancel.is_cancelled() && woken.changed().await.is_ok() {}
    }
}

impl LabelRun {
    /// Its id in the database.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How far it is, now and whenever it changes.
    pub fn progress(&self) -> watch::Receiver<RunProgress> {
        self.progress.clone()
    }

    /// Stops after the batch in work, until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.control.paused.send_replace(true);
    }

    /// Goes on after a pause.
    pub fn resume(&self) {
        self.control.paused.send_replace(false);
    }

    /// Stops for good. What the guard has answered by then is kept.
    pub fn cancel(&self) {
        self.control.cancel.cancel();
        // Wakes a paused run.
        self.control.paused.send_replace(false);
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// What made it fail; a cancelled run is no error.
    pub async fn finish(self) -> Result<RunProgress> {
        match self.task.await {
            Ok(result) => result?,
            Err(error) => {
                tracing::error!(run_id = self.id, "a label run ended abnormally: {error}");
                return Err(Error::Cancelled);
            }
        }
        Ok(self.progress.borrow().clone())
    }
}

impl Workspace {
    /// Starts to label a queue. The run goes on by itself on the present runtime; its guard is loaded first.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] if the queue is being labelled by that guard already, and for an assistant;
    /// [`Error::Invalid`] for fewer than [`PIXELS_MIN`](super::PIXELS_MIN) pixels. What goes wrong later
    /// is told by [`LabelRun::finish`] and in [`RunProgress::notes`].
    pub async fn start_label_run(&self, engine: &EngineHandle, order: LabelOrder) -> Result<LabelRun> {
        let guard = self.ordered_guard(engine, order.guard.as_deref()).await?;
        check_pixels(order.pixels_max)?;
        let queue = self.queue(&order.queue).await?;
        let Some(lock) = RunLock::take(self.dir(), &queue.id, &guard.id)? else {
            let reason = "is being labelled by this guard already";
            return Err(Error::Conflict { thing: Thing::Queue, id: queue.name, reason });
        };
        self.settle(Some((&queue.id, &guard.id))).await?;
        let row = self.begin_run(&order, &queue.id, &guard).await?;
        let total = u64::try_from(row.total).unwrap_or(0);
        let mut begun = RunProgress::new(row.id.clone(), queue.id, guard.id.clone(), total);
        begun.leave_out(u64::try_from(row.left_out).unwrap_or(0));
        let (sender, progress) = watch::channel(begun);
        let control = Arc::new(Control { paused: watch::Sender::new(false), cancel: Cancel::new() });
        let request = order.request(&guard, self.features_dir());
        let (workspace, engine) = (self.clone(), engine.clone());
        let runner = Runner::new(workspace, engine, guard, request, control.clone(), sender, lock);
        Ok(LabelRun { id: row.id, control, progress, task: tokio::spawn(runner.run()) })
    }

    /// The guard of that id or name, or the default one.
    pub(super) async fn ordered_guard(&self, engine: &EngineHandle, name: Option<&str>) -> Result<Guard> {
        let guard = match name {
            Some(name) => self.guard_in_use(name).await?,
            None => self.default_guard(engine).await?,
        };
        guard.check_judges()?;
        Ok(guard)
    }

    async fn begin_run(&self, order: &LabelOrder, queue_id: &str, guard: &Guard) -> Result<RunRow> {
        let name = |choice: &dyn std::fmt::Debug| format!("{choice:?}").to_lowercase();
        let mut tx = self.store().write().await?;
        let with_images =
            if guard.card.images { 0 } else { verdicts::count_with_images(&mut tx, queue_id).await? };
        let row = RunRow {
            id: self.clock().new_id(),
            queue_id: queue_id.to_owned(),
            guard_id: guard.id.clone(),
            device: name(&order.device),
            precision: name(&order.precision),
            pixels_max: order.pixels_max.and_then(|n| i64::try_from(n).ok()),
            left_out: with_images,
            state: RunState::Running.to_string(),
            total: verdicts::count_unjudged(&mut tx, queue_id, guard.as_judge()).await?,
            judged: 0,
            repeated: 0,
            failed: 0,
            note: None,
            started_at: self.clock().now_text(),
            ended_at: None,
        };
        runs::insert(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// The newest verdicts of a run that may be shown now: without those about items that are in quarantine by now.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn recent_verdicts(&self, progress: &RunProgress) -> Result<Vec<RecentVerdict>> {
        let ids: Vec<&str> = progress.recent.iter().map(|verdict| verdict.item_id.as_str()).collect();
        let hidden = verdicts::hidden_among(&mut *self.store().read().await?, &ids).await?;
        Ok(progress.recent.iter().filter(|verdict| !hidden.contains(&verdict.item_id)).cloned().collect())
    }

    /// The newest runs, newest first.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn runs(&self, limit: u32) -> Result<Vec<RunRow>> {
        Ok(runs::list(&mut *self.store().read().await?, i64::from(limit)).await?)
    }
}
