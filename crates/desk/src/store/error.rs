//! What a database can refuse, told apart where a user can do something about it.

use std::{io, path::PathBuf};

use sqlx::error::DatabaseError;

use crate::error::{Code, io_code};

/// Why a statement or a transaction failed. Carries no item text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database has a migration that this program does not know.
    #[error(
        "this workspace was written by a newer version of Saring (schema {found}, this version knows up to {known}); \
         install the newer version to open it"
    )]
    NewerVersion {
        /// Newest migration in the database.
        found: i64,
        /// Newest migration in this program.
        known: i64,
    },
    /// No space is left.
    #[error(
        "there is no space left on the workspace's disk; what was saved is safe, free some space and try again"
    )]
    DiskFull,
    /// Another process holds the write lock.
    #[error("another process is writing to this workspace; try again")]
    Busy,
    /// The file or its folder may not be written.
    #[error(
        "the workspace cannot be written: its folder or saring.db is read-only, or does not exist any more"
    )]
    ReadOnly,
    /// The file is no database, or a broken one.
    #[error("saring.db is damaged or is not a database of Saring: {reason}")]
    Damaged {
        /// What does not fit.
        reason: String,
    },
    /// A file beside the database could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// A rule of the schema was broken: a unique value or a reference.
    #[error("the database refused a row: {rule}")]
    Constraint {
        /// The columns or the rule, as SQLite names them.
        rule: String,
    },
    /// Anything else that the database said.
    #[error("the database failed: {reason}")]
    Failed {
        /// Its words.
        reason: String,
    },
}

impl StoreError {
    /// What a face branches on.
    pub fn code(&self) -> Code {
        match self {
            Self::NewerVersion { .. } => Code::NewerVersion,
            Self::DiskFull => Code::DiskFull,
            Self::Busy => Code::Busy,
            Self::ReadOnly => Code::Io,
            Self::Damaged { .. } => Code::Damaged,
            Self::Io { source, .. } => io_code(source),
            Self::Constraint { .. } => Code::Conflict,
            Self::Failed { .. } => Code::Io,
        }
    }

    pub(crate) fn damaged(reason: impl Into<String>) -> Self {
        Self::Damaged { reason: reason.into() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => from_sqlite(error.as_ref()),
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::ColumnDecode { index, source } => {
                Self::damaged(format!("column {index} holds what it should not: {source}"))
            }
            other => Self::Failed { reason: other.to_string() },
        }
    }
}

/// SQLite's result codes, <https://www.sqlite.org/rescode.html>; the primary code is the low byte.
fn from_sqlite(error: &dyn DatabaseError) -> StoreError {
    let extended: u32 = error.code().and_then(|code| code.parse().ok()).unwrap_or(1);
    let reason = error.message().to_owned();
    match extended & 0xff {
        5 | 6 => StoreError::Busy,
        8 | 14 => StoreError::ReadOnly,
        11 | 26 => StoreError::damaged(reason),
        13 => StoreError::DiskFull,
        19 => StoreError::Constraint { rule: reason },
        _ => StoreError::Failed { reason },
    }
}
