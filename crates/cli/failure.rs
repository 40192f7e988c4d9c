//! Errors in words: what happened, where, and what to do next; and the exit code.

use std::{
    fmt,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use saring_desk::Code;
use saring_verdict::EngineError;
use serde_json::json;

use crate::output::Output;

/// Done, and what was looked for is wrong: no error of the program, but no success either.
const FAILED: u8 = 1;
/// The command line makes no sense.
const WRONG_USAGE: u8 = 2;

/// The command line makes no sense in a way that only the command itself can see.
#[derive(Debug)]
pub struct Usage(pub String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// A failure that knows better than anything general what to do next.
#[derive(Debug)]
pub struct Advised {
    /// What happened and where.
    pub what: String,
    /// What to do next.
    pub next: String,
}

impl fmt::Display for Advised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Advised {}

/// A folder that should be a workspace is none.
#[derive(Debug)]
pub struct NoWorkspace(pub PathBuf);

impl fmt::Display for NoWorkspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no workspace in {}", self.0.display())
    }
}

impl std::error::Error for NoWorkspace {}

/// What clap says, help and version included.
pub fn refused(refusal: &clap::Error) -> ExitCode {
    // Whether it could be shown changes nothing.
    let _ = refusal.print();
    if refusal.use_stderr() { ExitCode::from(WRONG_USAGE) } else { ExitCode::SUCCESS }
}

/// Says what went wrong on standard error.
pub fn report(error: &anyhow::Error, output: Output) -> ExitCode {
    let usage = error.downcast_ref::<Usage>().is_some();
    let what = sentence(error);
    let next = advice(error);
    let mut err = io::stderr().lock();
    // If it cannot be shown, the exit code still says it.
    let _ = if output.json() {
        writeln!(err, "{}", json!({ "error": what, "code": code(error), "next": next }))
    } else {
        let next = next.map(|next| format!("\nWhat to do: {next}")).unwrap_or_default();
        writeln!(err, "saring: {what}{next}")
    };
    ExitCode::from(if usage { WRONG_USAGE } else { FAILED })
}

/// The chain of causes, without those that only repeat the one before.
fn sentence(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain().map(ToString::to_string) {
        if !parts.last().is_some_and(|last| last.ends_with(&cause)) {
            parts.push(cause);
        }
    }
    parts.join(": ")
}

fn desk_code(error: &anyhow::Error) -> Option<Code> {
    error.chain().find_map(|cause| cause.downcast_ref::<saring_desk::Error>()).map(saring_desk::Error::code)
}

fn engine_error(error: &anyhow::Error) -> Option<&EngineError> {
    error.chain().find_map(|cause| match cause.downcast_ref::<saring_desk::Error>() {
        Some(saring_desk::Error::Engine(engine)) => Some(engine),
        _ => cause.downcast_ref::<EngineError>(),
    })
}

/// A word for scripts.
fn code(error: &anyhow::Error) -> &'static str {
    if error.downcast_ref::<Usage>().is_some() {
        return "usage";
    }
    if error.downcast_ref::<NoWorkspace>().is_some() {
        return "not_found";
    }
    if engine_error(error).is_some() {
        return "engine";
    }
    match desk_code(error) {
        Some(Code::NotFound) => "not_found",
        Some(Code::Invalid) => "invalid",
        Some(Code::Conflict) => "conflict",
        Some(Code::NewerVersion) => "newer_version",
        Some(Code::DiskFull) => "disk_full",
        Some(Code::Busy) => "busy",
        Some(Code::Damaged) => "damaged",
        Some(Code::Cancelled) => "cancelled",
        Some(Code::Engine) => "engine",
        Some(Code::Io) => "io",
        None => "failed",
    }
}

fn advice(error: &anyhow::Error) -> Option<String> {
    if let Some(advised) = error.chain().find_map(|cause| cause.downcast_ref::<Advised>()) {
        return Some(advised.next.clone());
    }
    if error.downcast_ref::<Usage>().is_some() {
        return Some("see saring help, or saring COMMAND --help".into());
    }
    if error.downcast_ref::<NoWorkspace>().is_some() {
        return Some("say where with --workspace DIR".into());
    }
    if let Some(engine) = engine_error(error) {
        return engine_advice(engine).map(str::to_owned);
    }
    let advice = match desk_code(error)? {
        Code::NotFound => {
            "check the name and the workspace (--workspace); `saring doctor` lists its queues, `saring models list` its guards, `saring policies list` its policies"
        }
        Code::NewerVersion => "update saring; this version does not touch the file",
        Code::DiskFull => "free some space and run the same command again; what was acknowledged is safe",
        Code::Busy => "another saring holds the workspace; wait for it, or end it, and try again",
        Code::Damaged => {
            "keep the folder as it is, copy it, and run `saring audit verify` on the copy; restore a backup if there is one"
        }
        Code::Io => "check the disk and the path, then run the same command again",
        Code::Cancelled => "run the same command again to go on",
        Code::Invalid | Code::Conflict | Code::Engine => return None,
    };
    Some(advice.into())
}

fn engine_advice(error: &EngineError) -> Option<&'static str> {
    Some(match error {
        EngineError::DeviceUnavailable { .. } => "use --device auto; `saring doctor` lists the devices",
        EngineError::PrecisionUnavailable { .. } => "use --precision auto",
        EngineError::OutOfMemory { .. } => "close other programs, or use a smaller guard",
        EngineError::UnknownArchitecture { .. } => {
            "use a guard of a supported architecture; the README lists them"
        }
        EngineError::CorruptWeights { .. }
        | EngineError::MissingTensor { .. }
        | EngineError::TensorShape { .. } => {
            "copy the checkpoint again, every file of it, and compare the hashes"
        }
        EngineError::Io { .. } => "check the path and who may read it",
        EngineError::NoChatTemplate { .. }
        | EngineError::BadTemplate { .. }
        | EngineError::BadTokenizer { .. } => {
            "copy the template and tokenizer files from where the checkpoint came from"
        }
        EngineError::Died { .. } => "run the same command again; `saring doctor` tries the guard's process",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_only_repeats_is_said_once() {
        let error = anyhow::anyhow!("no such file").context("a.jsonl: no such file").context("cannot import");
        assert_eq!(sentence(&error), "cannot import: a.jsonl: no such file");
    }

    #[test]
    fn every_engine_error_about_weights_says_what_to_do() {
        let error = anyhow::Error::from(EngineError::MissingTensor { name: "model.norm.weight".into() });
        assert!(
            advice(&error).is_some_and(|next| next.contains("copy")),
            "a damaged copy is mended by copying"
        );
    }
}
