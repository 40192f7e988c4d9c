//! A run: fetch, judge, write, each ahead of or behind the other by one batch.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use saring_verdict::{Cancel, DeviceChoice, GuardSettings, JudgeError, LoadRequest, Loaded, PrecisionChoice};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use super::{
    RecentVerdict, RunProgress, RunState,
    batch::{Batch, Pair, fetch_all},
    check_pixels,
    lock::RunLock,
    pace::{Pace, number},
    write::{JudgedBatch, Written, write},
};
use crate::{
    Error, Result, Thing, Workspace,
    engine::{EngineHandle, EngineNotice},
    guards::Guard,
    store::{
        runs::{self, RunRow},
        verdicts,
    },
};

/// Batches that wait between two stages.
const BATCHES_AHEAD: usize = 1;
const EXCERPT_CHARS: usize = 120;

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

/// A run that goes on by itself. Dropping this does not stop it.
#[derive(Debug)]
pub struct LabelRun {
    id: String,
    control: Arc<Control>,
    progress: watch::Receiver<RunProgress>,
    task: JoinHandle<Result<()>>,
}

#[derive(Debug)]
struct Control {
    paused: watch::Sender<bool>,
    cancel: Cancel,
}

impl Control {
    /// Ends when the run is cancelled.
    async fn cancelled(&self) {
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
        let guard = match &order.guard {
            Some(guard) => self.guard_in_use(guard).await?,
            None => self.default_guard(engine).await?,
        };
        guard.check_judges()?;
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
        let runner = Runner {
            workspace: self.clone(),
            engine: engine.clone(),
            request: LoadRequest {
                source: guard.source.clone(),
                device: order.device,
                precision: order.precision,
                settings: GuardSettings {
                    pixels_max: order.pixels_max.or(guard.settings.pixels_max),
                    ..guard.settings
                },
                features_dir: Some(self.features_dir()),
            },
            guard,
            id: row.id.clone(),
            control: control.clone(),
            progress: Arc::new(sender),
            pace: Pace::default(),
            batch_size: Arc::new(AtomicUsize::new(1)),
            _lock: lock,
        };
        Ok(LabelRun { id: row.id, control, progress, task: tokio::spawn(runner.run()) })
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
            failed: 0,
            note: None,
            started_at: self.clock().now_text(),
            ended_at: None,
        };
        runs::insert(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Marks the runs whose process has ended without a word as failed; gives how many there were. Faces call this when they
    /// open a workspace; a run of the same queue and guard does it for itself.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn settle_dead_runs(&self) -> Result<usize> {
        self.settle(None).await
    }

    /// With a queue and a guard given, their lock is held by the caller.
    async fn settle(&self, locked: Option<(&str, &str)>) -> Result<usize> {
        let unended = runs::unended(&mut *self.store().read().await?).await?;
        self.settle_these(unended, locked).await
    }

    /// Runs that had not ended when they were read; whoever has ended since then is left as it is.
    pub(super) async fn settle_these(
        &self,
        unended: Vec<RunRow>,
        locked: Option<(&str, &str)>,
    ) -> Result<usize> {
        let mut settled = 0;
        for run in unended {
            let ours = locked == Some((run.queue_id.as_str(), run.guard_id.as_str()));
            let lock = if ours { None } else { RunLock::take(self.dir(), &run.queue_id, &run.guard_id)? };
            if !ours && lock.is_none() {
                continue;
            }
            let note = "its process ended before the run did; run again to go on";
            let note = run.note.map_or_else(|| note.to_owned(), |before| format!("{before}\n{note}"));
            let mut tx = self.store().write().await?;
            let ended_at = self.clock().now_text();
            let state = RunState::Failed.as_str();
            let changed = runs::set_state(&mut tx, &run.id, state, Some(&note), Some(&ended_at)).await?;
            tx.commit().await?;
            settled += usize::from(changed);
        }
        Ok(settled)
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

struct Runner {
    workspace: Workspace,
    engine: EngineHandle,
    guard: Guard,
    request: LoadRequest,
    id: String,
    control: Arc<Control>,
    progress: Arc<watch::Sender<RunProgress>>,
    pace: Pace,
    batch_size: Arc<AtomicUsize>,
    /// Held until the end of the run is on disk.
    _lock: RunLock,
}

impl Runner {
    async fn run(mut self) -> Result<()> {
        let result = self.label().await;
        let state = match &result {
            Ok(()) if self.control.cancel.is_cancelled() => RunState::Cancelled,
            Ok(()) => RunState::Done,
            Err(error) => {
                tracing::warn!(run_id = self.id, "a label run failed: {error}");
                let note = error.to_string();
                self.progress.send_modify(|p| p.note(note));
                RunState::Failed
            }
        };
        let recorded = self.record_state(state).await;
        self.progress.send_modify(|p| p.state = state);
        result.and(recorded)
    }

    async fn label(&mut self) -> Result<()> {
        let Some(loaded) = self.load().await? else { return Ok(()) };
        let (sender, mut batches) = mpsc::channel(BATCHES_AHEAD);
        let queue_id = self.progress.borrow().queue_id.clone();
        let fetching =
            fetch_all(self.workspace.clone(), queue_id, self.guard.clone(), self.batch_size.clone(), sender);
        let fetching = tokio::spawn(fetching);
        let mut writing: Option<JoinHandle<Result<Written>>> = None;
        let result = loop {
            if let Err(error) = self.wait_while_paused().await {
                break Err(error);
            }
            if self.control.cancel.is_cancelled() {
                break Ok(());
            }
            let Some(batch) = batches.recv().await else { break Ok(()) };
            let judged = match batch {
                Ok(batch) => self.judge(batch, &loaded).await,
                Err(error) => Err(error),
            };
            // At most one batch is being written while another is judged.
            if let Err(error) = self.written(writing.take()).await {
                break Err(error);
            }
            match judged {
                Ok(judged) => writing = Some(self.start_writing(judged)),
                Err(error) => break Err(error),
            }
        };
        fetching.abort();
        let written = self.written(writing.take()).await;
        result.and(written)
    }

    /// Loads the guard; `None` if the run is cancelled meanwhile. The engine then finishes loading by itself.
    async fn load(&mut self) -> Result<Option<Loaded>> {
        let progress = self.progress.clone();
        let loading = self.engine.ensure_loaded(self.request.clone(), move |step| {
            progress.send_modify(|p| p.loading = Some(step));
        });
        let loaded = tokio::select! {
            loaded = loading => loaded?,
            () = self.control.cancelled() => return Ok(None),
        };
        self.guard.check_unchanged(&loaded.card)?;
        self.show_device(&loaded);
        self.progress.send_modify(|p| {
            p.state = RunState::Running;
            p.loading = None;
        });
        self.set_batch_size(&loaded);
        Ok(Some(loaded))
    }

    fn set_batch_size(&self, loaded: &Loaded) {
        let device_batch = usize::try_from(loaded.batch_subjects).unwrap_or(1);
        self.batch_size.store(self.pace.next_batch(device_batch), Ordering::Relaxed);
    }

    fn show_device(&self, loaded: &Loaded) {
        self.progress.send_modify(|p| {
            p.device = Some(loaded.device.clone());
            p.precision = Some(loaded.provenance.precision.clone());
            p.device_fallback.clone_from(&loaded.device_fallback);
        });
    }

    async fn wait_while_paused(&self) -> Result<()> {
        let mut paused = self.control.paused.subscribe();
        if !*paused.borrow_and_update() || self.control.cancel.is_cancelled() {
            return Ok(());
        }
        self.record_state(RunState::Paused).await?;
        self.progress.send_modify(|p| {
            p.state = RunState::Paused;
            p.eta_seconds = None;
        });
        // The sender lives in `control`, which lives as long as this.
        let _ = paused.wait_for(|paused| !paused).await;
        self.record_state(RunState::Running).await?;
        self.progress.send_modify(|p| p.state = RunState::Running);
        Ok(())
    }

    async fn record_state(&self, state: RunState) -> Result<()> {
        let note = self.progress.borrow().note_text();
        let ended_at = state.is_final().then(|| self.workspace.clock().now_text());
        let mut tx = self.workspace.store().write().await?;
        runs::set_state(&mut tx, &self.id, state.as_str(), note.as_deref(), ended_at.as_deref()).await?;
        Ok(tx.commit().await?)
    }

    async fn judge(&mut self, batch: Batch, loaded: &Loaded) -> Result<JudgedBatch> {
        let Batch { mut pairs, refused } = batch;
        let ids: Vec<&str> = pairs.iter().map(|p| p.item_id.as_str()).collect();
        let hidden = verdicts::hidden_among(&mut *self.workspace.store().read().await?, &ids).await?;
        if !hidden.is_empty() {
            let before = pairs.len();
            pairs.retain(|p| !hidden.contains(&p.item_id));
            let withdrawn = (before - pairs.len()) as u64;
            self.progress.send_modify(|p| withdraw(p, withdrawn));
        }
        let mut judged = JudgedBatch { pairs: Vec::new(), outcomes: Vec::new(), provenance: None };
        for (item_id, task, error) in refused {
            judged.pairs.push((item_id, task));
            judged.outcomes.push(Err(error));
        }
        if pairs.is_empty() {
            return Ok(judged);
        }
        let started = Instant::now();
        let subjects = pairs.iter().map(|p| p.subject.clone()).collect();
        let answer = self.engine.judge(self.request.clone(), subjects, self.control.cancel.clone()).await;
        // Somebody may have put an item into quarantine while the guard thought.
        let ids: Vec<&str> = pairs.iter().map(|p| p.item_id.as_str()).collect();
        let hidden = self.workspace.forget_hidden(&ids).await?;
        let answer = answer?;
        // The engine may have loaded it again in between.
        self.guard.check_unchanged(&answer.loaded.card)?;
        for notice in &answer.notices {
            if let Some(note) = note(notice) {
                self.progress.send_modify(|p| p.note(note));
            }
        }
        if answer.loaded.provenance != loaded.provenance {
            self.show_device(&answer.loaded);
        }
        let tokens = answer.outcomes.iter().flatten().map(|v| u64::from(v.tokens.prompt)).sum();
        let answered =
            answer.outcomes.iter().filter(|o| !matches!(o, Err(JudgeError::Cancelled))).count() as u64;
        self.pace.add(started.elapsed(), answered, tokens);
        self.set_batch_size(&answer.loaded);
        self.show_recent(&pairs, &answer.outcomes, &hidden).await?;
        judged.pairs.extend(pairs.into_iter().map(|p| (p.item_id, p.task)));
        judged.outcomes.extend(answer.outcomes);
        judged.provenance = Some(answer.loaded.provenance);
        Ok(judged)
    }

    async fn show_recent(
        &self,
        pairs: &[Pair],
        outcomes: &[saring_verdict::Outcome],
        hidden: &HashSet<String>,
    ) -> Result<()> {
        let reading = self.workspace.reading().await?;
        let judged = pairs.iter().zip(outcomes).rev().filter(|(pair, _)| !hidden.contains(&pair.item_id));
        let judged = judged.filter_map(|(pair, outcome)| Some((pair, outcome.as_ref().ok()?)));
        let recent = judged.take(RunProgress::RECENT_MAX).map(|(pair, verdict)| RecentVerdict {
            item_id: pair.item_id.clone(),
            task: pair.task,
            language: pair.language.clone(),
            excerpt: excerpt(pair),
            label: verdict.in_mode(reading.mode).label().unwrap_or_default().to_owned(),
            p_unsafe: reading.p_unsafe(pair.task, verdict),
        });
        let recent: Vec<RecentVerdict> = recent.collect();
        self.progress.send_modify(|p| p.recent = recent);
        Ok(())
    }

    fn start_writing(&self, judged: JudgedBatch) -> JoinHandle<Result<Written>> {
        let (workspace, run_id, guard_id) = (self.workspace.clone(), self.id.clone(), self.guard.id.clone());
        tokio::spawn(async move { write(&workspace, &run_id, &guard_id, &judged).await })
    }

    async fn written(&self, writing: Option<JoinHandle<Result<Written>>>) -> Result<()> {
        let Some(writing) = writing else { return Ok(()) };
        let written = writing.await.map_err(|_| Error::Cancelled)??;
        let rates = self.pace.rates();
        self.progress.send_modify(|p| {
            p.judged += written.judged;
            p.failed += written.failed;
            withdraw(p, written.withdrawn);
            p.items_per_second = rates.map(|r| r.0);
            p.tokens_per_second = rates.map(|r| r.1);
            p.eta_seconds = rates.map(|r| number(p.total.saturating_sub(p.done())) / r.0);
        });
        Ok(())
    }
}

fn withdraw(progress: &mut RunProgress, pairs: u64) {
    progress.withdrawn += pairs;
    progress.total = progress.total.saturating_sub(pairs);
}

fn excerpt(pair: &Pair) -> String {
    let text = pair.subject.messages.last().map_or("", |m| m.content.as_str());
    text.chars().take(EXCERPT_CHARS).collect()
}

fn note(notice: &EngineNotice) -> Option<String> {
    match notice {
        EngineNotice::Died { reason } => Some(format!("the guard was started again: {reason}")),
        EngineNotice::GivenUp { reason } => Some(format!("the guard died too often: {reason}")),
        EngineNotice::Restarted { .. } => None,
    }
}
