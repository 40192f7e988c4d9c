//! Keeps an engine alive: starts another one when it dies, loads the same guard again, and goes on.
//!
//! A batch that was in flight at a death is tried again item by item, so that one item that kills the process does not
//! take its neighbours with it. An item that was alone in flight at two deaths gets [`JudgeError::EngineDied`]. Restarts
//! are bounded: after [`RestartPolicy::deaths_in_a_row_max`] deaths with no verdict in between, or a loading that dies
//! twice, the error is the caller's.

use std::{collections::VecDeque, sync::Arc, thread, time::Duration};

use saring_verdict::{
    BenchReport, BenchRequest, Cancel, DeviceInfo, Engine, EngineError, GenerateRequest, Generated,
    GuardCard, GuardSettings, GuardSource, JudgeError, LoadRequest, Loaded, Outcome, Progress, Rendered,
    Subject,
};

use super::{EngineFactory, is_fatal};

/// How often and how fast a dead engine is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartPolicy {
    /// Deaths with no outcome in between after which it is given up.
    pub deaths_in_a_row_max: u32,
    /// Wait before the second restart in a row; it doubles with each further one. The first restart is at once.
    pub backoff: Duration,
    /// Longest wait.
    pub backoff_max: Duration,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            deaths_in_a_row_max: 12,
            backoff: Duration::from_millis(200),
            backoff_max: Duration::from_secs(10),
        }
    }
}

/// Something about the engine that people must be told.
#[derive(Clone, Debug, PartialEq)]
pub enum EngineNotice {
    /// It died and will be started again.
    Died {
        /// How it ended.
        reason: String,
    },
    /// Another one runs, with the same guard loaded if one was.
    Restarted {
        /// What came of loading it again; it may have ended up on another device.
        loaded: Option<Box<Loaded>>,
    },
    /// It died too often and is not started again for this call.
    GivenUp {
        /// How it ended the last time.
        reason: String,
    },
}

type Listener = Arc<dyn Fn(EngineNotice) + Send + Sync>;

/// An [`Engine`] that outlives the deaths of the engines it is made of.
pub struct Supervised {
    factory: Arc<dyn EngineFactory>,
    listener: Listener,
    policy: RestartPolicy,
    engine: Option<Box<dyn Engine>>,
    /// What is to be loaded again after a death, and what came of loading it the last time.
    request: Option<LoadRequest>,
    loaded: Option<Loaded>,
    deaths_in_a_row: u32,
    /// Told since they were taken the last time; bounded, the newest are kept.
    notices: VecDeque<EngineNotice>,
}

const NOTICES_KEPT: usize = 50;

impl Supervised {
    /// Nothing is started before the first call. `listener` hears of every death, from the thread of the call.
    pub fn new(
        factory: Arc<dyn EngineFactory>,
        policy: RestartPolicy,
        listener: impl Fn(EngineNotice) + Send + Sync + 'static,
    ) -> Self {
        Self {
            factory,
            listener: Arc::new(listener),
            policy,
            engine: None,
            request: None,
            loaded: None,
            deaths_in_a_row: 0,
            notices: VecDeque::new(),
        }
    }

    /// What was told to the listener since this was called the last time.
    pub fn take_notices(&mut self) -> Vec<EngineNotice> {
        std::mem::take(&mut self.notices).into()
    }

    fn tell(&mut self, notice: EngineNotice) {
        if self.notices.len() == NOTICES_KEPT {
            self.notices.pop_front();
        }
        self.notices.push_back(notice.clone());
        (self.listener)(notice);
    }

    /// The guard in force, as the newest engine loaded it: after a death its device may be another one.
    pub fn loaded(&self) -> Option<&Loaded> {
        self.loaded.as_ref()
    }

    /// What the loaded guard was loaded by.
    pub fn request(&self) -> Option<&LoadRequest> {
        self.request.as_ref()
    }

    /// Loads `request` unless exactly that is loaded, and says what is in force.
    ///
    /// # Errors
    /// Those of [`Engine::load`].
    pub fn ensure_loaded(
        &mut self,
        request: &LoadRequest,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Loaded, EngineError> {
        match &self.loaded {
            Some(loaded) if self.request.as_ref() == Some(request) => Ok(loaded.clone()),
            _ => self.load(request, progress),
        }
    }

    /// Lets go of the engine without a word to it; the next call starts another one.
    pub(super) fn forget(&mut self) {
        self.engine = None;
    }

    /// The engine, started if there is none, with the guard loaded that is to be.
    fn alive(&mut self) -> Result<&mut Box<dyn Engine>, EngineError> {
        if self.engine.is_none() {
            let mut engine = self.factory.start()?;
            if let Some(request) = &self.request {
                let loaded = engine.load(request, &mut |_| ())?;
                self.loaded = Some(loaded);
            }
            if self.deaths_in_a_row > 0 {
                let loaded = self.loaded.clone().map(Box::new);
                self.tell(EngineNotice::Restarted { loaded });
            }
            self.engine = Some(engine);
        }
        self.engine.as_mut().ok_or(EngineError::NotLoaded)
    }

    /// Makes one attempt. A death is told and remembered; the next attempt starts another engine.
    fn attempt<T>(
        &mut self,
        call: &mut dyn FnMut(&mut dyn Engine) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let result = match self.alive() {
            Ok(engine) => call(engine.as_mut()),
            Err(error) => Err(error),
        };
        match result {
            Ok(value) => {
                self.deaths_in_a_row = 0;
                Ok(value)
            }
            Err(error) => {
                if is_fatal(&error) {
                    self.engine = None;
                    self.deaths_in_a_row += 1;
                    tracing::warn!("the guard's process is lost: {error}");
                    let reason = error.to_string();
                    self.tell(if self.deaths_in_a_row < self.policy.deaths_in_a_row_max {
                        EngineNotice::Died { reason }
                    } else {
                        EngineNotice::GivenUp { reason }
                    });
                }
                Err(error)
            }
        }
    }

    /// A call that is no judging: a second attempt after a death, because the engine may have died idle.
    fn twice<T>(
        &mut self,
        call: &mut dyn FnMut(&mut dyn Engine) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        match self.attempt(call) {
            Err(error) if is_fatal(&error) => {
                self.wait();
                self.attempt(call)
            }
            result => result,
        }
    }

    /// Judges one item, alone in flight, until it has an outcome or has seen two deaths.
    fn judge_alone(
        &mut self,
        subject: &Subject,
        mut deaths: u32,
        cancel: &Cancel,
    ) -> Result<Outcome, EngineError> {
        loop {
            if cancel.is_cancelled() {
                return Ok(Err(JudgeError::Cancelled));
            }
            self.wait();
            let mut in_flight = false;
            let result = self.attempt(&mut |engine| {
                in_flight = true;
                engine.judge(std::slice::from_ref(subject), cancel)
            });
            match result {
                Ok(mut outcomes) => return outcomes.pop().ok_or_else(no_outcome),
                Err(error) if is_fatal(&error) => {
                    if self.deaths_in_a_row >= self.policy.deaths_in_a_row_max {
                        return Err(error);
                    }
                    // An engine that did not even start again says nothing about the item.
                    deaths += u32::from(in_flight);
                    if deaths == 2 {
                        return Ok(Err(JudgeError::EngineDied { reason: error.to_string() }));
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits before a restart; not before the first one in a row.
    fn wait(&self) {
        if self.engine.is_some() || self.deaths_in_a_row < 2 {
            return;
        }
        let doublings = (self.deaths_in_a_row - 2).min(16);
        thread::sleep((self.policy.backoff * (1 << doublings)).min(self.policy.backoff_max));
    }
}

fn no_outcome() -> EngineError {
    EngineError::Protocol { reason: "no outcome for a subject".into() }
}

impl Engine for Supervised {
    fn devices(&mut self) -> Result<Vec<DeviceInfo>, EngineError> {
        self.twice(&mut |engine| engine.devices())
    }

    fn describe(
        &mut self,
        source: &GuardSource,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<GuardCard, EngineError> {
        self.twice(&mut |engine| engine.describe(source, progress))
    }

    fn load(
        &mut self,
        request: &LoadRequest,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Loaded, EngineError> {
        // Forgotten first: if this one cannot be loaded, a restart must not bring back another guard in its place.
        self.request = None;
        self.loaded = None;
        let loaded = self.twice(&mut |engine| engine.load(request, progress))?;
        self.request = Some(request.clone());
        self.loaded = Some(loaded.clone());
        Ok(loaded)
    }

    fn judge(&mut self, subjects: &[Subject], cancel: &Cancel) -> Result<Vec<Outcome>, EngineError> {
        if self.request.is_none() {
            return Err(EngineError::NotLoaded);
        }
        self.deaths_in_a_row = 0;
        let mut in_flight = false;
        let died = match self.attempt(&mut |engine| {
            in_flight = true;
            engine.judge(subjects, cancel)
        }) {
            Err(error) if is_fatal(&error) => error,
            result => return result,
        };
        // Stopped and not answering: nobody waits for the items any more.
        if cancel.is_cancelled() {
            return Ok(subjects.iter().map(|_| Err(JudgeError::Cancelled)).collect());
        }
        if self.deaths_in_a_row >= self.policy.deaths_in_a_row_max {
            return Err(died);
        }
        let deaths_alone = u32::from(in_flight && subjects.len() == 1);
        subjects.iter().map(|subject| self.judge_alone(subject, deaths_alone, cancel)).collect()
    }

    fn render(
        &mut self,
        source: &GuardSource,
        settings: GuardSettings,
        subjects: &[Subject],
    ) -> Result<Vec<Result<Rendered, JudgeError>>, EngineError> {
        self.twice(&mut |engine| engine.render(source, settings, subjects))
    }

    fn generate(
        &mut self,
        request: &GenerateRequest,
        on_text: &mut dyn FnMut(&str),
        cancel: &Cancel,
    ) -> Result<Generated, EngineError> {
        if self.request.is_none() {
            return Err(EngineError::NotLoaded);
        }
        // Once: what was written already has been shown, and a second answer must not run on behind it.
        self.attempt(&mut |engine| engine.generate(request, on_text, cancel))
    }

    fn bench(&mut self, request: BenchRequest) -> Result<BenchReport, EngineError> {
        self.twice(&mut |engine| engine.bench(request))
    }

    fn unload(&mut self) -> Result<(), EngineError> {
        self.request = None;
        self.loaded = None;
        match self.engine.as_mut() {
            // Memory is given back by ending the process; an engine that died has none.
            Some(engine) => engine.unload(),
            None => Ok(()),
        }
    }
}
