//! From the desk's errors to what the window shows: what happened, what to do next, and the details folded away.
//!
//! The desk's errors carry ids, names and paths and never item text, so that all of it may be shown and reported.

use std::error::Error as _;

use saring_desk::{Error, Thing};
use saring_verdict::EngineError;

use crate::wire::{Code, Failure};

/// What every command answers.
pub(crate) type Answer<T> = Result<T, Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match error {
            // The page says it in passing: nothing was lost.
            Error::NothingToUndo { .. } => Code::NotFound,
            _ => code(error.code()),
        };
        let failure = Self {
            code,
            message: sentence(&error.to_string()),
            advice: advice(&error, code).to_owned(),
            details: details(&error),
        };
        tracing::debug!("a command failed: {}", failure.details);
        failure
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Error::from(error).into()
    }
}

impl Failure {
    /// Something was asked with a value that cannot be used.
    pub(crate) fn invalid(message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { code: Code::Invalid, message: message.into(), advice: advice.into(), details: String::new() }
    }

    /// A word that is none of those known, from a page of another version or a hand-made call.
    pub(crate) fn unknown_word(error: &impl std::error::Error) -> Self {
        Self::invalid(sentence(&error.to_string()), "Choose one of those that are offered")
    }

    /// A part of the program ended in the middle of its work.
    pub(crate) fn broken_off(error: &impl std::error::Error) -> Self {
        Self {
            code: Code::Io,
            message: "The program could not finish this".into(),
            advice: "Try again; if it happens again, report the details below".into(),
            details: error.to_string(),
        }
    }
}

fn code(code: saring_desk::Code) -> Code {
    match code {
        saring_desk::Code::NotFound => Code::NotFound,
        saring_desk::Code::Invalid => Code::Invalid,
        saring_desk::Code::Conflict => Code::Conflict,
        saring_desk::Code::NewerVersion => Code::NewerVersion,
        saring_desk::Code::DiskFull => Code::DiskFull,
        saring_desk::Code::Busy => Code::Busy,
        saring_desk::Code::Damaged => Code::Damaged,
        saring_desk::Code::Io => Code::Io,
        saring_desk::Code::Engine => Code::Engine,
        saring_desk::Code::Cancelled => Code::Cancelled,
    }
}

fn advice(error: &Error, code: Code) -> &'static str {
    match (error, code) {
        (Error::Engine(error), _) => engine_advice(error),
        (Error::NothingToUndo { .. }, _) => "Everything that you decided here has been taken back already",
        (Error::Exists { .. }, _) => "Choose another name, or use the one that is there",
        (Error::Bundle { .. }, _) => {
            "Nothing of it was taken in. Ask whoever made it for the file once more, and check that it is meant for here"
        }
        (Error::Conflict { thing: Thing::Item, .. }, _) => {
            "Go on with another item, or leave this one to somebody else"
        }
        (_, Code::NotFound) => "Choose again; it may have been moved, removed or put in quarantine",
        (_, Code::Invalid) => "Change it and try again",
        (_, Code::Conflict) => "Wait until that has ended, or stop it first",
        (_, Code::NewerVersion) => {
            "Open it with the newer version of Saring, or choose another workspace folder"
        }
        (_, Code::DiskFull) => "Free some space on this disk and try again; what was saved before is safe",
        (_, Code::Busy) => "Another program is writing to this workspace; try again in a moment",
        (_, Code::Damaged) => {
            "Close Saring, keep a copy of the workspace folder and restore the last good one"
        }
        (_, Code::Io | Code::Engine) => "Check that the folder can be read and written, and try again",
        (_, Code::Cancelled) => "Start it again to go on where it stopped",
    }
}

fn engine_advice(error: &EngineError) -> &'static str {
    match error {
        EngineError::OutOfMemory { .. } => "Close other programs, or take a smaller guard or precision",
        EngineError::UnknownArchitecture { .. } => "Choose a guard of one of these architectures",
        EngineError::DeviceUnavailable { .. } => "Choose the device \"auto\" or \"cpu\"",
        EngineError::PrecisionUnavailable { .. } => "Choose the precision \"auto\"",
        EngineError::WrongFamily { .. } => "Choose a guard for judging and an assistant for questions",
        EngineError::NotACheckpoint { .. } => "Choose the folder that holds config.json",
        EngineError::MissingFile { .. }
        | EngineError::BadConfig { .. }
        | EngineError::CorruptWeights { .. }
        | EngineError::MissingTensor { .. }
        | EngineError::TensorShape { .. }
        | EngineError::UnexpectedTensors { .. }
        | EngineError::NoChatTemplate { .. }
        | EngineError::BadTemplate { .. }
        | EngineError::BadTokenizer { .. } => {
            "Copy the whole checkpoint folder again from where it came from"
        }
        EngineError::Cancelled => "Start it again to go on where it stopped",
        EngineError::Io { .. } => "Check that the folder can be read, and try again",
        EngineError::Died { .. } | EngineError::Protocol { .. } => {
            "Try again; if it happens again, install Saring anew or report the details below"
        }
        EngineError::NotLoaded | EngineError::Inference { .. } => {
            "Try again; run the guard's self-test if it stays"
        }
    }
}

/// The error and what lies beneath it, one a line.
fn details(error: &Error) -> String {
    let mut lines = vec![format!("{:?}: {error}", error.code())];
    let mut cause = error.source();
    while let Some(inner) = cause {
        lines.push(inner.to_string());
        cause = inner.source();
    }
    lines.dedup();
    lines.join("\n")
}

/// With a capital first letter.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(char::to_uppercase).into_iter().flatten().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_happened_and_what_to_do() {
        let failure = Failure::from(Error::not_found(Thing::Queue, "forum"));
        assert_eq!(failure.code, Code::NotFound);
        assert_eq!(failure.message, "There is no queue \"forum\"");
        assert!(!failure.advice.is_empty(), "no failure leaves a person without a next step");
        assert!(failure.details.contains("forum"), "the details can be reported");
    }

    #[test]
    fn a_guard_that_does_not_fit_gets_advice_of_its_own() {
        let failure = Failure::from(EngineError::OutOfMemory { needed_bytes: 2, free_bytes: 1 });
        assert_eq!(failure.code, Code::Engine);
        assert!(failure.advice.contains("smaller guard"), "{}", failure.advice);
    }
}
