//! What the window holds while it is open: the workspace, the engines, the running label runs, the reviewer.
//!
//! [`Session`] is tauri's managed state. The workspace is opened by the first command that needs it, so that the window
//! is on screen before the disk is asked.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use saring_desk::{
    Workspace,
    engine::{EngineFactory, EngineHandle, EngineNotice, EnginePrograms, RestartPolicy, Supervised},
};
use saring_verdict::{Cancel, Engine, EngineError};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::{
    failure::{Answer, sentence},
    notices::Notices,
    runs::Runs,
    wire::Failure,
};

/// The assistant's memory is given back when nobody has asked for this long.
const ASSISTANT_IDLE: Duration = Duration::from_secs(5 * 60);

/// Tauri's managed state.
pub(crate) struct Session {
    folder: PathBuf,
    workspace: OnceCell<Workspace>,
    engines: Arc<dyn EngineFactory>,
    /// Judges queues; the guard stays loaded while a run goes on.
    labelling: OnceCell<EngineHandle>,
    /// Holds the assistant, so that a guard stays loaded beside it. It is unloaded before a run loads a guard, and after
    /// [`ASSISTANT_IDLE`].
    assisting: OnceCell<EngineHandle>,
    /// Counts what the assistant was asked.
    questions: Arc<AtomicU64>,
    /// Answers what takes a moment, e.g. which devices there are, so that it never waits for a batch.
    errands: OnceCell<EngineHandle>,
    pub(crate) notices: Arc<Notices>,
    pub(crate) runs: Runs,
    /// Held from reading the memory to writing it.
    remembering: tokio::sync::Mutex<()>,
    /// Of the import that is under way, and of what the assistant is writing.
    importing: Mutex<Option<Cancel>>,
    writing: Mutex<Option<Cancel>>,
}

/// What the window keeps in the workspace for itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Memory {
    /// Pseudonym, once given.
    pub(crate) reviewer: Option<String>,
    /// The page's own, as it saved them.
    pub(crate) preferences: String,
}

impl Memory {
    /// As a workspace has it.
    pub(crate) async fn of(workspace: &Workspace) -> Answer<Self> {
        let kept = workspace.window_preferences().await?;
        // What cannot be read was written by another version: preferences are not worth a failure.
        Ok(serde_json::from_str(&kept).unwrap_or_default())
    }
}

impl Session {
    /// Nothing is opened or started yet. Without `engines` the engine programs beside this one are used.
    pub(crate) fn new(folder: PathBuf, engines: Option<Arc<dyn EngineFactory>>) -> Self {
        // Looked for at each start: what was missing may have been installed since.
        let beside = || -> Result<Box<dyn Engine>, EngineError> { EnginePrograms::locate()?.start() };
        Self {
            folder,
            workspace: OnceCell::new(),
            engines: engines.unwrap_or_else(|| Arc::new(beside)),
            labelling: OnceCell::new(),
            assisting: OnceCell::new(),
            questions: Arc::default(),
            errands: OnceCell::new(),
            notices: Arc::default(),
            runs: Runs::default(),
            remembering: tokio::sync::Mutex::default(),
            importing: Mutex::default(),
            writing: Mutex::default(),
        }
    }

    /// The workspace, opened if it is not yet.
    ///
    /// # Errors
    /// Those of opening; the next call tries again.
    pub(crate) async fn workspace(&self) -> Answer<&Workspace> {
        let opened = self
            .workspace
            .get_or_try_init(|| async {
                let workspace = Workspace::open(&self.folder).await?;
                workspace.settle_dead_runs().await?;
                Ok::<_, saring_desk::Error>(workspace)
            })
            .await?;
        Ok(opened)
    }

    /// The engine that judges queues.
    pub(crate) async fn labelling(&self) -> Answer<&EngineHandle> {
        Ok(self.labelling.get_or_try_init(|| async { self.engine() }).await?)
    }

    /// The engine that holds the assistant.
    pub(crate) async fn assisting(&self) -> Answer<&EngineHandle> {
        Ok(self.assisting.get_or_try_init(|| async { self.engine() }).await?)
    }

    /// The engine for what takes a moment. Calls wait for one another: what reads or loads a guard takes [`Self::own_engine`].
    pub(crate) async fn errands(&self) -> Answer<&EngineHandle> {
        Ok(self.errands.get_or_try_init(|| async { self.engine() }).await?)
    }

    /// An engine for one task that takes minutes, such as hashing a checkpoint; its process ends with the last handle.
    pub(crate) fn own_engine(&self) -> Answer<EngineHandle> {
        Ok(self.engine()?)
    }

    fn engine(&self) -> Result<EngineHandle, EngineError> {
        let notices = self.notices.clone();
        let listener = move |notice| notices.engine(words(&notice));
        EngineHandle::new(Supervised::new(self.engines.clone(), RestartPolicy::default(), listener))
    }

    /// What the window keeps in the workspace.
    pub(crate) async fn memory(&self) -> Answer<Memory> {
        Memory::of(self.workspace().await?).await
    }

    /// Changes what the window keeps in the workspace.
    pub(crate) async fn remember(&self, change: impl FnOnce(&mut Memory)) -> Answer<()> {
        let _one_at_a_time = self.remembering.lock().await;
        let mut memory = self.memory().await?;
        change(&mut memory);
        let json = serde_json::to_string(&memory).map_err(|error| Failure::broken_off(&error))?;
        Ok(self.workspace().await?.set_window_preferences(&json).await?)
    }

    /// Who is at the window, if a name was given.
    pub(crate) async fn named_reviewer(&self) -> Answer<Option<String>> {
        Ok(self.memory().await?.reviewer)
    }

    /// Who decides.
    ///
    /// # Errors
    /// If no name was given yet: a decision without a reviewer is not recorded.
    pub(crate) async fn reviewer(&self) -> Answer<String> {
        self.memory().await?.reviewer.ok_or_else(|| {
            Failure::invalid(
                "Nobody is named as the reviewer",
                "Give a name in the settings; a pseudonym will do",
            )
        })
    }

    /// Marks an import as begun.
    ///
    /// # Errors
    /// If one is under way.
    pub(crate) fn begin_import(&self) -> Answer<Cancel> {
        begin(&self.importing, "A file is being imported already")
    }

    /// Marks the import as ended.
    pub(crate) fn end_import(&self) {
        *lock(&self.importing) = None;
    }

    /// Stops the import that is under way, if one is.
    pub(crate) fn cancel_import(&self) {
        cancel(&self.importing);
    }

    /// Marks an answer of the assistant as begun.
    ///
    /// # Errors
    /// If one is being written.
    pub(crate) fn begin_assist(&self) -> Answer<Cancel> {
        let cancel = begin(&self.writing, "The assistant is writing already")?;
        self.questions.fetch_add(1, Ordering::Relaxed);
        Ok(cancel)
    }

    /// Marks the answer as ended. The assistant is unloaded unless another question comes within [`ASSISTANT_IDLE`].
    pub(crate) fn end_assist(&self) {
        *lock(&self.writing) = None;
        let Some(engine) = self.assisting.get().cloned() else { return };
        let questions = self.questions.clone();
        tauri::async_runtime::spawn(async move {
            if stays_idle(&questions, ASSISTANT_IDLE).await {
                unload_assistant(&engine).await;
            }
        });
    }

    /// Gives the assistant's memory back, because a guard is about to need it; what it is writing ends where it is.
    pub(crate) async fn release_assistant(&self) {
        self.cancel_assist();
        if let Some(engine) = self.assisting.get() {
            unload_assistant(engine).await;
        }
    }

    /// Stops the assistant, if it is writing.
    pub(crate) fn cancel_assist(&self) {
        cancel(&self.writing);
    }
}

async fn unload_assistant(engine: &EngineHandle) {
    if let Err(error) = engine.unload().await {
        tracing::debug!("the assistant could not be unloaded: {error}");
    }
}

/// Whether no question comes within `limit`.
async fn stays_idle(questions: &AtomicU64, limit: Duration) -> bool {
    let asked = questions.load(Ordering::Relaxed);
    tokio::time::sleep(limit).await;
    questions.load(Ordering::Relaxed) == asked
}

/// Marks something as begun that happens once at a time.
fn begin(slot: &Mutex<Option<Cancel>>, already: &str) -> Answer<Cancel> {
    let mut slot = lock(slot);
    if slot.is_some() {
        return Err(Failure::invalid(already, "Wait until that has ended, or stop it"));
    }
    Ok(slot.insert(Cancel::new()).clone())
}

fn cancel(slot: &Mutex<Option<Cancel>>) {
    if let Some(cancel) = lock(slot).as_ref() {
        cancel.cancel();
    }
}

fn lock(slot: &Mutex<Option<Cancel>>) -> MutexGuard<'_, Option<Cancel>> {
    // Nothing can be half done behind this lock.
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

fn words(notice: &EngineNotice) -> String {
    match notice {
        EngineNotice::Died { reason } => format!("{}; it is started again", sentence(reason)),
        EngineNotice::Restarted { loaded: Some(loaded) } => {
            let device = &loaded.device;
            format!("The guard's process runs again, on {} ({})", device.name, device.kind)
        }
        EngineNotice::Restarted { loaded: None } => "The guard's process runs again".to_owned(),
        EngineNotice::GivenUp { reason } => format!("{}; too often, it is given up", sentence(reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_in_between_keeps_the_assistant_loaded() {
        let questions = AtomicU64::new(1);
        assert!(stays_idle(&questions, Duration::from_millis(1)).await);
        let ask = async { questions.fetch_add(1, Ordering::Relaxed) };
        let (idle, _) = tokio::join!(stays_idle(&questions, Duration::from_millis(1)), ask);
        assert!(!idle);
    }
}
