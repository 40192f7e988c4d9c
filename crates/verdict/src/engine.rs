//! What produces verdicts.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde::{Deserialize, Serialize};

use crate::{
    DeviceInfo, EngineError, GenerateRequest, Generated, GuardCard, GuardSettings, GuardSource, JudgeError,
    LoadRequest, Message, Provenance, Subject, Verdict,
};

/// A request to stop that can be given from another thread.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Not cancelled yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ask for a stop. What is being computed ends soon, with an error instead of a verdict.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether a stop was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What one subject got.
pub type Outcome = Result<Verdict, JudgeError>;

/// How far a long step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps or bytes done.
    pub done: u64,
    /// Steps or bytes in all.
    pub total: u64,
}

/// What came of loading a guard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// What it is.
    pub card: GuardCard,
    /// What its verdicts will record.
    pub provenance: Provenance,
    /// Where it runs.
    pub device: DeviceInfo,
    /// Why it does not run on a faster device, if one was wished for; to be said loudly.
    pub device_fallback: Option<String>,
    /// How many subjects make a good batch on this device.
    pub batch_subjects: u32,
    /// How long loading took, in milliseconds.
    pub load_ms: u64,
}

/// The exact input of a guard for one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    /// The whole text before the answer, control tokens included.
    pub text: String,
    /// The token ids of that text, as a verdict's forward pass reads them (without the forced `Safety:`).
    pub ids: Vec<u32>,
    /// The turns inside the frame of control tokens: what a trainer that adds the frame itself must be given.
    pub turns: Vec<Message>,
    /// Whether item text contains something that a trainer would take for markup (`<image>`, control tokens).
    pub markup_in_item: bool,
}

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BenchRequest {
    /// About how long it may take, in milliseconds.
    pub budget_ms: u64,
    /// Judge exactly so many items of the workload, once each and however long it takes, and measure nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<u32>,
}

/// One measured figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchRow {
    /// What was measured, e.g. "prefill, 512 tokens".
    pub name: String,
    /// The figure.
    pub value: f64,
    /// Its unit, e.g. "tokens/s".
    pub unit: String,
}

/// How fast items were judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BenchPace {
    /// How many.
    pub items: u64,
    /// In what time.
    pub seconds: f64,
    /// Tokens before their labels, those from the cache included.
    pub tokens: u64,
    /// Of those, how many came from a shared prefix.
    pub cached: u64,
}

impl BenchPace {
    /// Items a second; 0 before anything was judged.
    pub fn items_per_second(&self) -> f64 {
        self.per_second(self.items)
    }

    /// Tokens a second, those from the cache included; 0 before anything was judged.
    pub fn tokens_per_second(&self) -> f64 {
        self.per_second(self.tokens)
    }

    /// Share of the tokens that came from the cache, 0 to 1.
    #[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
    pub fn cached_share(&self) -> f64 {
        if self.tokens == 0 { 0.0 } else { self.cached as f64 / self.tokens as f64 }
    }

    #[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
    fn per_second(&self, n: u64) -> f64 {
        if self.seconds > 0.0 { n as f64 / self.seconds } else { 0.0 }
    }
}

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BenchReport {
    /// Figures in the order in which they are shown.
    pub rows: Vec<BenchRow>,
    /// The queue of prompts; `None` from an engine that measures none.
    #[serde(default)]
    pub pace: Option<BenchPace>,
    /// What was left out and why, one sentence each.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Something that runs guards. One guard is loaded at a time; calls block.
pub trait Engine: Send {
    /// The devices that can be used, as they are now.
    fn devices(&mut self) -> Result<Vec<DeviceInfo>, EngineError>;

    /// What a checkpoint is, without loading it: reads every byte once, for its hash.
    /// `progress` counts bytes.
    fn describe(
        &mut self,
        source: &GuardSource,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<GuardCard, EngineError>;

    /// Loads a guard, letting go of the one loaded before. `progress` counts bytes.
    fn load(
        &mut self,
        request: &LoadRequest,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Loaded, EngineError>;

    /// Judges subjects with the loaded guard: one outcome each, in the order of the subjects.
    ///
    /// # Errors
    /// Only if no outcome can be given for any of them; what concerns one subject is in its outcome.
    fn judge(&mut self, subjects: &[Subject], cancel: &Cancel) -> Result<Vec<Outcome>, EngineError>;

    /// What a checkpoint's guard would be fed for each subject. Needs tokenizer and template, not the weights; does
    /// not touch the loaded guard.
    fn render(
        &mut self,
        source: &GuardSource,
        settings: GuardSettings,
        subjects: &[Subject],
    ) -> Result<Vec<Result<Rendered, JudgeError>>, EngineError>;

    /// Lets the loaded assistant write an answer. `on_text` gets the text in pieces as it is written. An engine that runs
    /// guards alone need not know how.
    ///
    /// # Errors
    /// `WrongFamily` for a guard; `Inference`. A stop on request is no error, see [`Generated::ending`].
    fn generate(
        &mut self,
        _request: &GenerateRequest,
        _on_text: &mut dyn FnMut(&str),
        _cancel: &Cancel,
    ) -> Result<Generated, EngineError> {
        Err(EngineError::WrongFamily { family: "guard".into(), wanted: "write an answer".into() })
    }

    /// Measures the loaded guard.
    fn bench(&mut self, request: BenchRequest) -> Result<BenchReport, EngineError>;

    /// Lets go of the loaded guard and its memory.
    fn unload(&mut self) -> Result<(), EngineError>;
}
