//! Policies: what reviewers may say in a queue, what the words mean, and where they must give a reason.
//!
//! A [`Policy`] is data: labels, categories, guidance, reason codes, and what each guard's own words are in it. It is written to
//! and read from a file of JSON (see [`Policy::from_file`]), and a version of it is known by the SHA-256 of its content, so that it
//! is the same one in every workspace. Versions are never changed: an edited policy is a new [`PolicyVersion`], and a queue goes
//! over to it only when somebody says so ([`Workspace::use_policy`](crate::Workspace::use_policy)). Every decision records the
//! version under which it was made.
//!
//! JSON, because the digest is over the JSON that is stored, because everything else that Saring reads and writes is JSON too, and
//! because guidance is short: nothing in it needs several lines.

mod adopt;
mod change;
mod check;
mod document;
mod file;
mod flaw;
mod kept;
mod mapping;
mod ready_made;

pub use change::{PolicyChange, Unsayable};
pub use check::{CheckedLabel, CheckedReason, Said, SayError};
pub use document::{
    Category, GestureRule, Gestures, GuardMapping, Label, Policy, PolicyFormat, PolicyVersion, Reason,
    RefusalQuestion,
};
pub use flaw::{Flaw, PolicyError};
pub use kept::{ImportedPolicy, PolicyListing};
pub(crate) use kept::{choose, find};
pub use ready_made::DEFAULT;

#[cfg(test)]
mod tests;
