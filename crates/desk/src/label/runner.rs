//! The course of a run: fetch, judge, write, each ahead of or behind the other by one batch, so that the guard waits for neither.

use std::{collections::HashSet, sync::Arc, time::Instant};

use saring_verdict::{JudgeError, LoadRequest, Loaded};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use super::{
    RecentVerdict, RunProgress, RunState,
    batch::{Batch, Pair, fetch_all},
    lock::RunLock,
    pace::{BatchDone, Budget, Pace, number},
    repeats::{Answer, Origin, Questions, Repeats, repeated},
    run::Control,
    write::{JudgedPair, Said, Written, write},
};
use crate::{
    Error, Result, Workspace,
    engine::{EngineHandle, EngineNotice, Judged},
    guards::Guard,
    store::{runs, verdicts},
};

/// Batches that wait between two stages.
const BATCHES_AHEAD: usize = 1;
const EXCERPT_CHARS: usize = 120;

/// A run at work.
pub(super) struct Runner {
    workspace: Workspace,
    engine: EngineHandle,
    guard: Guard,
    request: LoadRequest,
    /// Of the run and of its queue.
    id: String,
    queue_id: String,
    control: Arc<Control>,
    progress: Arc<watch::Sender<RunProgress>>,
    pace: Pace,
    /// Whether anything that it judged has images.
    saw_images: bool,
    /// What the guard asks for.
    device_batch: usize,
    budget: watch::Sender<Budget>,
    /// Held until the end of the run is on disk.
    _lock: RunLock,
}

impl Runner {
    pub(super) fn new(
        workspace: Workspace,
        engine: EngineHandle,
        guard: Guard,
        request: LoadRequest,
        control: Arc<Control>,
        progress: watch::Sender<RunProgress>,
        lock: RunLock,
    ) -> Self {
        let (id, queue_id) = (progress.borrow().run_id.clone(), progress.borrow().queue_id.clone());
        let pace = Pace::default();
        Self {
            workspace,
            engine,
            guard,
            request,
            id,
            queue_id,
            control,
            progress: Arc::new(progress),
            budget: watch::Sender::new(pace.budget(1)),
            pace,
            saw_images: false,
            device_batch: 1,
            _lock: lock,
        }
    }

    pub(super) async fn run(mut self) -> Result<()> {
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
        let (workspace, queue_id, guard) =
            (self.workspace.clone(), self.queue_id.clone(), self.guard.clone());
        let fetching = tokio::spawn(fetch_all(workspace, queue_id, guard, self.budget.subscribe(), sender));
        let mut repeats = Repeats::new(self.queue_id.clone(), self.guard.id.clone(), &loaded.provenance);
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
                Ok(batch) => self.judge(batch, &mut repeats).await,
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
        let ended = result.and(written);
        // A run that was stopped has seen the shortest of what was before it, and images take other times than texts.
        if ended.is_ok() && !self.control.cancel.is_cancelled() && !self.saw_images {
            let remembered = self.workspace.remember_run(&loaded, self.pace.asked()).await;
            if let Err(error) = remembered {
                tracing::warn!(run_id = self.id, "how fast a run was is not remembered: {error}");
            }
        }
        ended
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
        self.set_budget();
        Ok(Some(loaded))
    }

    fn set_budget(&self) {
        self.budget.send_replace(self.pace.budget(self.device_batch));
    }

    fn show_device(&mut self, loaded: &Loaded) {
        self.device_batch = usize::try_from(loaded.batch_subjects).unwrap_or(1);
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

    async fn judge(&mut self, batch: Batch, repeats: &mut Repeats) -> Result<Vec<JudgedPair>> {
        let Batch { mut pairs, refused } = batch;
        let failed = |(item_id, task, error)| JudgedPair { item_id, task, said: Said::Failed(error) };
        let mut judged: Vec<JudgedPair> = refused.into_iter().map(failed).collect();
        self.leave_out_hidden(&mut pairs).await?;
        if pairs.is_empty() {
            return Ok(judged);
        }
        self.saw_images |= pairs.iter().any(|pair| !pair.subject.images.is_empty());
        let started = Instant::now();
        let questions = repeats.sort_out(&self.workspace, &pairs).await?;
        let said = self.ask(&pairs, &questions, repeats).await?;
        let answered = said.iter().filter(|said| !matches!(said, Said::Failed(JudgeError::Cancelled)));
        self.pace.add(BatchDone {
            time: started.elapsed(),
            pairs: answered.count() as u64,
            ..asked(&pairs, &said)
        });
        self.set_budget();
        judged.extend(pairs.into_iter().zip(said).map(|(pair, said)| JudgedPair {
            item_id: pair.item_id,
            task: pair.task,
            said: said.about(pair.zawgyi),
        }));
        Ok(judged)
    }

    async fn leave_out_hidden(&self, pairs: &mut Vec<Pair>) -> Result<()> {
        let ids: Vec<&str> = pairs.iter().map(|p| p.item_id.as_str()).collect();
        let hidden = verdicts::hidden_among(&mut *self.workspace.store().read().await?, &ids).await?;
        if !hidden.is_empty() {
            let before = pairs.len();
            pairs.retain(|p| !hidden.contains(&p.item_id));
            let withdrawn = (before - pairs.len()) as u64;
            self.progress.send_modify(|p| withdraw(p, withdrawn));
        }
        Ok(())
    }

    /// What is said about each pair, in their order.
    async fn ask(
        &mut self,
        pairs: &[Pair],
        questions: &Questions,
        repeats: &mut Repeats,
    ) -> Result<Vec<Said>> {
        let subjects: Vec<_> = questions.asked.iter().map(|at| pairs[*at].subject.clone()).collect();
        let answer = match subjects.is_empty() {
            true => None,
            false => {
                let (request, cancel) = (self.request.clone(), self.control.cancel.clone());
                Some(self.engine.judge(request, subjects, cancel).await)
            }
        };
        // Somebody may have put an item into quarantine while the guard thought.
        let ids: Vec<&str> = pairs.iter().map(|p| p.item_id.as_str()).collect();
        let hidden = self.workspace.forget_hidden(&ids).await?;
        let answer = answer.transpose()?;
        let mut provenance = None;
        if let Some(answer) = &answer {
            // The engine may have loaded it again in between.
            self.guard.check_unchanged(&answer.loaded.card)?;
            self.take_note(answer);
            let asked = questions.asked.iter().map(|at| &pairs[*at]).zip(&answer.outcomes);
            provenance = Some(repeats.answered(&answer.loaded.provenance, asked));
        }
        let outcomes = answer.map(|answer| answer.outcomes).unwrap_or_default();
        let said = |(pair, origin): (&Pair, &Origin)| match (origin, &provenance) {
            (Origin::Known(answer), _) => {
                Said::Repeated(Answer { verdict: repeated(&answer.verdict), ..Answer::clone(answer) })
            }
            (Origin::Deadly(error), _) => Said::Failed(error.clone()),
            (Origin::Asked(place) | Origin::Copied(place), Some(provenance)) => {
                let answer = |verdict| Answer { verdict, provenance: Arc::clone(provenance) };
                match (outcomes.get(*place), origin) {
                    (Some(Ok(verdict)), Origin::Copied(_)) => Said::Repeated(answer(repeated(verdict))),
                    (Some(Ok(verdict)), _) => Said::Asked(pair.digest, answer(verdict.clone())),
                    (Some(Err(error)), _) => Said::Failed(error.clone()),
                    (None, _) => Said::Failed(JudgeError::Cancelled),
                }
            }
            (_, None) => Said::Failed(JudgeError::Cancelled),
        };
        let said: Vec<Said> = pairs.iter().zip(&questions.origins).map(said).collect();
        self.show_recent(pairs, &said, &hidden).await?;
        Ok(said)
    }

    fn take_note(&mut self, answer: &Judged) {
        for notice in &answer.notices {
            if let Some(note) = note(notice) {
                self.progress.send_modify(|p| p.note(note));
            }
        }
        self.show_device(&answer.loaded);
    }

    async fn show_recent(&self, pairs: &[Pair], said: &[Said], hidden: &HashSet<String>) -> Result<()> {
        let reading = self.workspace.reading().await?;
        let judged = pairs.iter().zip(said).rev().filter(|(pair, _)| !hidden.contains(&pair.item_id));
        let judged = judged.filter_map(|(pair, said)| Some((pair, said.verdict()?)));
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

    fn start_writing(&self, judged: Vec<JudgedPair>) -> JoinHandle<Result<Written>> {
        let (workspace, run_id, guard_id) = (self.workspace.clone(), self.id.clone(), self.guard.id.clone());
        tokio::spawn(async move { write(&workspace, &run_id, &guard_id, &judged).await })
    }

    async fn written(&self, writing: Option<JoinHandle<Result<Written>>>) -> Result<()> {
        let Some(writing) = writing else { return Ok(()) };
        let written = writing.await.map_err(|_| Error::Cancelled)??;
        let (rates, asked) = (self.pace.rates(), self.pace.asked());
        self.progress.send_modify(|p| {
            p.judged += written.judged;
            p.repeated += written.repeated;
            p.cached_share = (asked.tokens > 0).then(|| asked.cached_share());
            p.failed += written.failed;
            withdraw(p, written.withdrawn);
            p.items_per_second = rates.map(|r| r.0);
            p.tokens_per_second = rates.map(|r| r.1);
            p.eta_seconds = rates.map(|r| number(p.total.saturating_sub(p.done())) / r.0);
        });
        Ok(())
    }
}

/// What of a batch the guard was asked about.
fn asked(pairs: &[Pair], said: &[Said]) -> BatchDone {
    let mut done = BatchDone::default();
    for (pair, said) in pairs.iter().zip(said) {
        if let Said::Asked(_, answer) = said {
            done.asked += 1;
            done.weight += pair.weight();
            done.tokens += u64::from(answer.verdict.tokens.prompt);
            done.cached += u64::from(answer.verdict.tokens.cached);
        }
    }
    done
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
