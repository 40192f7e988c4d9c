//! From the desk's errors to what the window shows.

use crate::wire::{Code, Failure};

impl Failure {
    pub(crate) fn unavailable() -> Self {
        Self { code: Code::Invalid, message: String::new(), advice: String::new(), details: String::new() }
    }
}

/// What every command answers.
pub(crate) type Answer<T> = Result<T, Failure>;
