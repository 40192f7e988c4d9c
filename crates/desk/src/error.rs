//! What can go wrong in the workstation, in words for people and as a small closed [`Code`] for programs.
//!
//! No variant carries item text; ids, names and paths do.

use std::{fmt, io, path::PathBuf};

use saring_verdict::EngineError;

use crate::{bundle::BundleProblem, policy::PolicyError, store::StoreError};

/// The result of anything the workstation does.
pub type Result<T> = std::result::Result<T, Error>;

/// What a face branches on. Closed and small: a new variant is a change of every face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// There is no such thing, or it is in quarantine.
    NotFound,
    /// What was asked for makes no sense here.
    Invalid,
    /// It exists already, or is in use.
    Conflict,
    /// The workspace was written by a newer version of the program.
    NewerVersion,
    /// There is no space left.
    DiskFull,
    /// Another process holds the workspace for too long.
    Busy,
    /// The database is damaged.
    Damaged,
    /// The operating system refused: a file that cannot be read, a folder that cannot be written.
    Io,
    /// A guard, or its process, failed.
    Engine,
    /// Stopped on request.
    Cancelled,
}

/// A kind of thing that can be looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A review queue.
    Queue,
    /// An item, or one that is in quarantine.
    Item,
    /// A task of an item.
    Task,
    /// A guard.
    Guard,
    /// A label run.
    Run,
    /// A verdict.
    Verdict,
    /// A decision.
    Decision,
    /// A recorded draw.
    Draw,
    /// An import.
    Import,
    /// An imported image.
    Image,
    /// A policy, or a version of one.
    Policy,
    /// A bundle, by its reviewer.
    Bundle,
    /// A saved filter.
    Filter,
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queue => "queue",
            Self::Item => "item",
            Self::Task => "task",
            Self::Guard => "guard",
            Self::Run => "run",
            Self::Verdict => "verdict",
            Self::Decision => "decision",
            Self::Draw => "draw",
            Self::Import => "import",
            Self::Image => "image",
            Self::Policy => "policy",
            Self::Bundle => "bundle for",
            Self::Filter => "saved filter",
        })
    }
}

/// Why the workstation could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such thing, or it is in quarantine.
    #[error("there is no {thing} {id:?}")]
    NotFound {
        /// What was looked for.
        thing: Thing,
        /// Its id or name.
        id: String,
    },
    /// A name is taken.
    #[error("there is a {thing} {name:?} already")]
    Exists {
        /// What was to be made.
        thing: Thing,
        /// Its name.
        name: String,
    },
    /// A value was given that cannot be used.
    #[error("{field}: {reason}")]
    Invalid {
        /// Which value.
        field: &'static str,
        /// Why it cannot be used, and what could.
        reason: String,
    },
    /// The thing is in a state in which this cannot be done.
    #[error("the {thing} {id:?} {reason}")]
    Conflict {
        /// What is in the way.
        thing: Thing,
        /// Its id or name.
        id: String,
        /// In which state it is.
        reason: &'static str,
    },
    /// A reviewer has nothing left to undo.
    #[error("there is nothing left to undo for {reviewer:?}")]
    NothingToUndo {
        /// Whose decisions were looked through.
        reviewer: String,
    },
    /// A policy cannot be taken, or not be gone over to.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A bundle, or what a laptop gave back, is refused whole.
    #[error("{}: {problem}", path.display())]
    Bundle {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: BundleProblem,
    },
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system refused.
    #[error("{}: {}", path.display(), io_words(source))]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// Its words.
        #[source]
        source: io::Error,
    },
    /// A guard, or its process, failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Stopped on request.
    #[error("stopped on request")]
    Cancelled,
}

impl Error {
    /// What a face branches on.
    pub fn code(&self) -> Code {
        match self {
            Self::NotFound { .. } => Code::NotFound,
            Self::Exists { .. } | Self::Conflict { .. } => Code::Conflict,
            Self::Policy(PolicyError::VersionTaken { .. } | PolicyError::NotSayable { .. }) => Code::Conflict,
            Self::Invalid { .. } | Self::NothingToUndo { .. } | Self::Policy(_) | Self::Bundle { .. } => {
                Code::Invalid
            }
            Self::Store(error) => error.code(),
            Self::Io { source, .. } => io_code(source),
            Self::Engine(EngineError::Cancelled) | Self::Cancelled => Code::Cancelled,
            Self::Engine(_) => Code::Engine,
        }
    }

    /// There is no `thing` called `id`.
    pub fn not_found(thing: Thing, id: impl Into<String>) -> Self {
        Self::NotFound { thing, id: id.into() }
    }

    /// `field` cannot be used because of `reason`.
    pub fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { field, reason: reason.into() }
    }

    /// Turns the operating system's error about `path` into ours; made for `map_err`.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

/// What an error of the operating system means to a face.
pub(crate) fn io_code(error: &io::Error) -> Code {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
        io::ErrorKind::NotFound => Code::NotFound,
        _ => Code::Io,
    }
}

fn io_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "there is no space left on this disk; free some and try again".to_owned()
        }
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "this may not be read or written by you".to_owned(),
        _ => error.to_string(),
    }
}
