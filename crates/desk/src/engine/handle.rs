//! The engine on a thread of its own: how asynchronous code reaches something whose calls block for seconds.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Sender, channel},
    thread,
};

use saring_verdict::{
    Cancel, DeviceInfo, Engine, EngineError, GenerateRequest, Generated, GuardCard, GuardSettings,
    GuardSource, JudgeError, LoadRequest, Loaded, Outcome, Progress, Rendered, Subject,
};
use tokio::sync::oneshot;

use super::{EngineNotice, Supervised};

type Job = Box<dyn FnOnce(&mut Supervised) + Send>;

/// Sends calls to an engine's thread; they are done one after the other. The engine ends with the last handle.
///
/// While a batch is in work another call waits for it. A face that wants to add a guard during a run makes a second
/// handle: a process with nothing loaded costs next to nothing.
#[derive(Clone, Debug)]
pub struct EngineHandle {
    jobs: Sender<Job>,
}

/// What a batch came to, and where it was judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// One for each subject, in their order.
    pub outcomes: Vec<Outcome>,
    /// The guard as it was loaded when the batch ended.
    pub loaded: Loaded,
    /// What happened to the engine meanwhile.
    pub notices: Vec<EngineNotice>,
}

impl EngineHandle {
    /// Starts the thread; the engine itself starts with the first call.
    ///
    /// # Errors
    /// [`EngineError::Died`] if the system gives no thread.
    pub fn new(mut engine: Supervised) -> Result<Self, EngineError> {
        let (jobs, waiting) = channel::<Job>();
        thread::Builder::new()
            .name("engine".into())
            .spawn(move || {
                while let Ok(job) = waiting.recv() {
                    // A panic of an engine in this process must not take the thread with it.
                    if catch_unwind(AssertUnwindSafe(|| job(&mut engine))).is_err() {
                        tracing::error!("a call to the guard panicked");
                        engine.forget();
                    }
                }
            })
            .map_err(|e| EngineError::Died { reason: format!("no thread can be started: {e}") })?;
        Ok(Self { jobs })
    }

    /// Does `work` on the engine's thread.
    ///
    /// # Errors
    /// Those of `work`; [`EngineError::Died`] if it panicked.
    pub async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Supervised) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |engine| {
            // Nobody waits any more: the caller was dropped.
            let _ = answer.send(work(engine));
        });
        let lost = || EngineError::Died { reason: "the guard's thread ended in the middle of a call".into() };
        self.jobs.send(job).map_err(|_| lost())?;
        answered.await.map_err(|_| lost())?
    }

    /// See [`Engine::devices`].
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn devices(&self) -> Result<Vec<DeviceInfo>, EngineError> {
        self.call(|engine| engine.devices()).await
    }

    /// See [`Engine::describe`].
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn describe(
        &self,
        source: GuardSource,
        mut progress: impl FnMut(Progress) + Send + 'static,
    ) -> Result<GuardCard, EngineError> {
        self.call(move |engine| engine.describe(&source, &mut progress)).await
    }

    /// Loads `request` unless exactly that is loaded already.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn ensure_loaded(
        &self,
        request: LoadRequest,
        mut progress: impl FnMut(Progress) + Send + 'static,
    ) -> Result<Loaded, EngineError> {
        self.call(move |engine| engine.ensure_loaded(&request, &mut progress)).await
    }

    /// Judges with the guard of `request`, loading it if another one was loaded in between.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn judge(
        &self,
        request: LoadRequest,
        subjects: Vec<Subject>,
        cancel: Cancel,
    ) -> Result<Judged, EngineError> {
        self.call(move |engine| {
            engine.take_notices();
            engine.ensure_loaded(&request, &mut |_| ())?;
            let outcomes = engine.judge(&subjects, &cancel)?;
            let loaded = engine.loaded().cloned().ok_or(EngineError::NotLoaded)?;
            Ok(Judged { outcomes, loaded, notices: engine.take_notices() })
        })
        .await
    }

    /// See [`Engine::render`].
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn render(
        &self,
        source: GuardSource,
        settings: GuardSettings,
        subjects: Vec<Subject>,
    ) -> Result<Vec<Result<Rendered, JudgeError>>, EngineError> {
        self.call(move |engine| engine.render(&source, settings, &subjects)).await
    }

    /// Lets the assistant of `request` write an answer, loading it if another one was loaded in between. `on_text` gets pieces of
    /// it, on the engine's thread.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn generate(
        &self,
        request: LoadRequest,
        generate: GenerateRequest,
        mut on_text: impl FnMut(&str) + Send + 'static,
        cancel: Cancel,
    ) -> Result<Generated, EngineError> {
        self.call(move |engine| {
            engine.ensure_loaded(&request, &mut |_| ())?;
            engine.generate(&generate, &mut on_text, &cancel)
        })
        .await
    }

    /// See [`Engine::unload`].
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn unload(&self) -> Result<(), EngineError> {
        self.call(|engine| engine.unload()).await
    }
}
