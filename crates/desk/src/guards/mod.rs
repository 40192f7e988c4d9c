//! The registry of guards: which checkpoints a workspace knows, what they are and which one is the default.
//!
//! A checkpoint stays where it lies; the registry holds its path, its [`GuardCard`] and the hashes of the moment when it was
//! added. [`Workspace::check_guard`](crate::Workspace::check_guard) reads it again and says what has changed. The demo guard is
//! part of the program ([`demo`]) and unpacked on first use.

mod check;
mod default;
pub mod demo;
pub mod demo_queue;
pub(crate) mod registry;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use saring_verdict::{Family, GuardCard, GuardSettings, GuardSource};

pub use check::{SelfTest, SelfTestRow};

use crate::{
    Error, Result, Thing,
    store::{StoreError, guards::GuardRow, verdicts::Judge},
};

/// A guard of the registry.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// UUIDv7.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its folder, and an override of its family.
    pub source: GuardSource,
    /// How it is asked.
    pub settings: GuardSettings,
    /// What it was when it was added.
    pub card: GuardCard,
    /// The demo guard, which must not moderate anything.
    pub is_toy: bool,
    /// RFC 3339.
    pub added_at: String,
    /// RFC 3339; `None` while it is in use.
    pub removed_at: Option<String>,
}

/// A checkpoint to be added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewGuard {
    /// Its folder.
    pub path: PathBuf,
    /// What to call it; the folder's name if none is given.
    pub name: Option<String>,
    /// Overrides what the checkpoint says.
    pub family: Option<Family>,
    /// How to ask it.
    pub settings: GuardSettings,
}

impl Guard {
    fn from_row(row: GuardRow) -> Result<Self> {
        let damaged = |what: &str| StoreError::Damaged {
            reason: format!("the {what} of guard {} is unreadable", row.id),
        };
        let family = match &row.family {
            Some(name) => Some(name.parse::<Family>().map_err(|_| damaged("family"))?),
            None => None,
        };
        Ok(Self {
            source: GuardSource { path: PathBuf::from(&row.path), family },
            settings: serde_json::from_str(&row.settings).map_err(|_| damaged("settings"))?,
            card: serde_json::from_str(&row.card).map_err(|_| damaged("card"))?,
            id: row.id,
            name: row.name,
            is_toy: row.is_toy,
            added_at: row.added_at,
            removed_at: row.removed_at,
        })
    }

    /// As the store asks for what is left to judge.
    pub(crate) fn as_judge(&self) -> Judge<'_> {
        Judge { guard_id: &self.id, images: self.card.images }
    }

    /// Refuses what is no guard but the reviewer's assistant.
    ///
    /// # Errors
    /// [`Error::Conflict`].
    pub fn check_judges(&self) -> Result<()> {
        if self.card.family.is_guard() {
            return Ok(());
        }
        let reason = "is an assistant, which judges nothing; choose a guard";
        Err(Error::Conflict { thing: Thing::Guard, id: self.name.clone(), reason })
    }

    /// What differs between the guard as it was added and `card`, as half-sentences; empty if it is the same.
    pub fn differences(&self, card: &GuardCard) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: &str, then: &str, now: &str| {
            if then != now {
                found.push(format!("{what} changed on disk since it was added ({then} then, {now} now)"));
            }
        };
        compare("the weights", &self.card.weights_sha256, &card.weights_sha256);
        compare("the chat template", &self.card.template_sha256, &card.template_sha256);
        compare("the family", self.card.family.as_str(), card.family.as_str());
        found
    }

    /// Whether `card` is of the guard that was added. A verdict and a file for training name their guard by its hashes; one
    /// whose files were exchanged is another one.
    ///
    /// # Errors
    /// [`Error::Conflict`] if anything [differs](Self::differences).
    pub(crate) fn check_unchanged(&self, card: &GuardCard) -> Result<()> {
        if self.differences(card).is_empty() {
            return Ok(());
        }
        let reason = "has changed on disk since it was added; add it again under another name";
        Err(Error::Conflict { thing: Thing::Guard, id: self.name.clone(), reason })
    }
}
