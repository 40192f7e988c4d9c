//! One pass of a guard over a queue whose verdicts are not kept: of each pair a few figures remain, and its content is in memory no
//! longer than it takes to judge it.

use std::collections::HashSet;

use saring_verdict::{Cancel, LoadRequest, Loaded, Outcome, Reading, Task, Verdict};

use super::batch::{Pair, fetch};
use crate::{
    Error, Result, Workspace, engine::EngineHandle, guards::Guard, metrics::Said, store::verdicts::Judge,
};

/// Nobody's id: for a judge who has no verdicts, every pair is still to be judged.
const NOBODY: &str = "";

/// Pairs that are read together.
const PAGE: usize = 500;

/// Who judges what.
pub(super) struct Pass<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) engine: &'a EngineHandle,
    pub(super) guard: &'a Guard,
    pub(super) queue_id: &'a str,
    pub(super) reading: Reading,
    pub(super) cancel: &'a Cancel,
}

/// What a guard said about a pair.
pub(super) struct Judgement {
    pub(super) seq: i64,
    pub(super) item_id: String,
    pub(super) task: Task,
    pub(super) said: Said,
    /// Of the labels, in the guard's order.
    pub(super) probabilities: Vec<f64>,
}

/// What a pass came to.
#[derive(Default)]
pub(super) struct Judgements {
    /// How many pairs the guard was asked about.
    pub(super) asked: usize,
    /// In the order of the queue.
    pub(super) given: Vec<Judgement>,
    /// Pairs that it could not judge, or not even be asked about.
    pub(super) failed: HashSet<(String, Task)>,
}

impl Judgements {
    fn fail(&mut self, item_id: String, task: Task) {
        self.failed.insert((item_id, task));
    }

    fn done(&self) -> usize {
        self.given.len() + self.failed.len()
    }
}

impl Pass<'_> {
    /// As the store asks for the pairs.
    pub(super) fn judge(&self) -> Judge<'_> {
        Judge { guard_id: NOBODY, ..self.guard.as_judge() }
    }

    /// Loads the guard.
    ///
    /// # Errors
    /// [`Error::Conflict`] if it changed on disk; [`Error::Cancelled`]; what the engine refuses.
    pub(super) async fn load(&self, request: &LoadRequest) -> Result<Loaded> {
        let loaded = self.engine.ensure_loaded(request.clone(), |_| ()).await?;
        self.check(&loaded)?;
        Ok(loaded)
    }

    /// Judges the first `pairs_max` pairs of the queue. `tell` gets how many are done.
    ///
    /// # Errors
    /// As [`load`](Self::load), and what the database refuses.
    pub(super) async fn run(
        &self,
        request: &LoadRequest,
        pairs_max: usize,
        tell: &mut (dyn FnMut(usize) + Send),
    ) -> Result<Judgements> {
        let loaded = self.load(request).await?;
        let size = usize::try_from(loaded.batch_subjects).unwrap_or(1).max(1);
        let (mut found, mut after) = (Judgements::default(), (0, String::new()));
        while found.asked < pairs_max {
            let limit = i64::try_from((pairs_max - found.asked).min(PAGE)).unwrap_or(i64::MAX);
            let page = fetch(self.workspace, self.queue_id, self.judge(), &mut after, limit).await?;
            let Some(page) = page else { break };
            found.asked += page.pairs.len();
            for (item_id, task, _) in page.refused {
                found.fail(item_id, task);
            }
            for batch in page.pairs.chunks(size) {
                for (pair, outcome) in batch.iter().zip(self.outcomes(request, batch).await?) {
                    match outcome {
                        Ok(verdict) => found.given.push(self.judgement(pair, &verdict)),
                        Err(_) => found.fail(pair.item_id.clone(), pair.task),
                    }
                }
                tell(found.done());
            }
        }
        Ok(found)
    }

    async fn outcomes(&self, request: &LoadRequest, batch: &[Pair]) -> Result<Vec<Outcome>> {
        let subjects = batch.iter().map(|pair| pair.subject.clone()).collect();
        let judged = self.engine.judge(request.clone(), subjects, self.cancel.clone()).await;
        let ids: Vec<&str> = batch.iter().map(|pair| pair.item_id.as_str()).collect();
        self.workspace.forget_hidden(&ids).await?;
        let judged = judged?;
        // The engine may have loaded it again in between.
        self.check(&judged.loaded)?;
        Ok(judged.outcomes)
    }

    fn check(&self, loaded: &Loaded) -> Result<()> {
        self.guard.check_unchanged(&loaded.card)?;
        if self.cancel.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    fn judgement(&self, pair: &Pair, verdict: &Verdict) -> Judgement {
        Judgement {
            seq: pair.seq,
            item_id: pair.item_id.clone(),
            task: pair.task,
            said: Said {
                label: verdict.in_mode(self.reading.mode).label().unwrap_or_default().to_owned(),
                p_unsafe: self.reading.p_unsafe(pair.task, verdict),
            },
            probabilities: verdict.probabilities.iter().map(|label| label.p).collect(),
        }
    }
}
