//! The vocabulary that every other part of Saring speaks.
//!
//! A [`Subject`] is what a guard is asked about: a conversation, a [`Task`] and perhaps images. A [`Verdict`] is
//! what one forward pass answered. A [`Taxonomy`] says which labels and categories a guard has; a [`Reading`] turns a
//! verdict's probabilities into one number without running the model again. An [`Engine`] produces verdicts: in this
//! process, or in another one behind the [`wire`] protocol. A [`RiskTrace`] is what a guard says along a text; what an assistant
//! writes is [`Generated`], never a verdict.
//!
//! Invariant: this crate depends on nothing of ours, on no tensor library, no database and no window.

mod engine;
mod error;
mod generate;
mod guard;
mod reading;
mod subject;
mod taxonomy;
mod trace;
mod verdict;
pub mod wire;

pub use engine::{
    BenchPace, BenchReport, BenchRequest, BenchRow, Cancel, Engine, Loaded, Outcome, Progress, Rendered,
};
pub use error::{EngineError, JudgeError};
pub use generate::{Ending, GenerateRequest, Generated};
pub use guard::{
    DeviceChoice, DeviceInfo, DeviceKind, GuardCard, GuardSettings, GuardSource, LoadRequest, MemoryNeed,
    PrecisionChoice, PromptWording, Provenance,
};
pub use reading::{Mode, Reading, SensitiveAs};
pub use subject::{ImageRef, Message, Role, Subject, Task};
pub use taxonomy::{Family, Severity, TaskTaxonomy, Taxonomy};
pub use trace::{RiskTrace, TokenRisk};
pub use verdict::{LabelProbability, TokenCount, Verdict, VerdictNote};
