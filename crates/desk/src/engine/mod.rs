//! The guard's process: find it, start it, talk to it, start it again when it dies.
//!
//! [`EngineProcess`] is an [`Engine`] over a child process that runs `saring engine` and speaks
//! [`saring_verdict::wire`] over its standard input and output. [`EnginePrograms`] knows which programs to try.
//! [`Supervised`] keeps an engine alive across deaths and holds the loaded guard. [`EngineHandle`] puts it on a
//! thread of its own, which is how the rest of the desk, being asynchronous, reaches it.
//!
//! Whoever wants the guard in the same process passes another [`EngineFactory`]: everything above it is the same.
//!
//! The child lowers its own priority when it starts (`saring engine` does it first thing), because the window must stay
//! ahead of it and a parent can only do so through `unsafe` code between fork and exec. It ends when its input
//! ends, so that it never outlives a parent that was killed.

mod handle;
mod locate;
mod process;
#[cfg(test)]
pub(crate) mod scripted;
mod stderr;
mod supervised;

use saring_verdict::{Engine, EngineError};

pub use handle::{EngineHandle, Judged};
pub use locate::{ENGINE_VARIABLE, EngineProgram, EnginePrograms};
pub use process::{EngineProcess, ProcessOptions};
pub use supervised::{EngineNotice, RestartPolicy, Supervised};

/// Makes engines: the first one, and another one after each death.
pub trait EngineFactory: Send + Sync {
    /// A fresh engine with nothing loaded.
    ///
    /// # Errors
    /// [`EngineError::Died`] or [`EngineError::Protocol`] if none can be started.
    fn start(&self) -> Result<Box<dyn Engine>, EngineError>;
}

impl<F> EngineFactory for F
where
    F: Fn() -> Result<Box<dyn Engine>, EngineError> + Send + Sync,
{
    fn start(&self) -> Result<Box<dyn Engine>, EngineError> {
        self()
    }
}

/// Whether an engine can no longer be used after this error: its process is gone, or what it says makes no sense.
pub(crate) fn is_fatal(error: &EngineError) -> bool {
    matches!(error, EngineError::Died { .. } | EngineError::Protocol { .. })
}
