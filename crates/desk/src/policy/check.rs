//! What a reviewer says, held against a policy and put into its spelling. Pure.
//!
//! Labels, categories and codes are matched without regard to case and kept in the policy's spelling.

use saring_verdict::{Severity, Task};

use super::{Category, GestureRule, Label, Policy};
use crate::review::DecisionKind;

/// What a reviewer says of a task.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// A label, in any case.
    pub label: &'a str,
    /// Categories, in any case.
    pub categories: &'a [String],
    /// Whether the response is a refusal, where that is asked.
    pub refusal: Option<bool>,
    /// Why.
    pub note: Option<&'a str>,
}

/// The same in the policy's spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedLabel {
    /// The label.
    pub label: Severity,
    /// In the policy's order and spelling, each once.
    pub categories: Vec<String>,
    /// Whether the response is a refusal, where it was said.
    pub refusal: Option<bool>,
    /// Not empty.
    pub note: Option<String>,
}

/// Why something was skipped, escalated or flagged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedReason {
    /// A code of the policy in its spelling, or the reviewer's own words.
    pub reason: Option<String>,
    /// Not empty.
    pub note: Option<String>,
}

/// Why something cannot be said under a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SayError {
    /// A label that the policy does not have.
    #[error("there is no label {found:?} in {policy}; its labels are {known}")]
    UnknownLabel {
        /// What was given.
        found: String,
        /// Name and version.
        policy: String,
        /// The labels, joined by commas.
        known: String,
    },
    /// A category that the policy does not have for the task.
    #[error("there is no category {found:?} for the {task} in {policy}; {known}")]
    UnknownCategory {
        /// What was given.
        found: String,
        /// For which task.
        task: Task,
        /// Name and version.
        policy: String,
        /// A half-sentence with the categories that exist.
        known: String,
    },
    /// A refusal where the policy asks for none.
    #[error("{policy} does not ask whether the {task} is a refusal")]
    NoRefusal {
        /// For which task.
        task: Task,
        /// Name and version.
        policy: String,
    },
    /// Categories beside the label safe.
    #[error("what is safe has no categories")]
    SafeWithCategories,
    /// No note, where the policy wants one.
    #[error("{policy} wants a note that says why, with {what}; nothing is saved without it")]
    NoteMissing {
        /// Name and version.
        policy: String,
        /// A label, a category or a gesture.
        what: String,
    },
    /// No reason, where the policy wants one.
    #[error("{policy} wants a reason to {gesture}; {known}")]
    ReasonMissing {
        /// Name and version.
        policy: String,
        /// skip, escalate, flag.
        gesture: DecisionKind,
        /// A half-sentence with the reasons that exist.
        known: String,
    },
    /// A reason that is no code, where only codes will do.
    #[error("{policy} has no reason {found:?} to {gesture}; {known}")]
    UnknownReason {
        /// Name and version.
        policy: String,
        /// What was given.
        found: String,
        /// skip, escalate, flag.
        gesture: DecisionKind,
        /// A half-sentence with the reasons that exist.
        known: String,
    },
}

impl Policy {
    /// What it says about a label.
    pub fn label(&self, label: Severity) -> Option<&Label> {
        self.labels.iter().find(|l| l.label == label)
    }

    /// Its category of this name, in any case.
    pub fn category(&self, name: &str) -> Option<&Category> {
        self.categories.iter().find(|c| same_word(&c.name, name))
    }

    /// Its rule for skipping, escalating or flagging; `None` for what nobody has to explain.
    pub const fn gesture(&self, kind: DecisionKind) -> Option<&GestureRule> {
        match kind {
            DecisionKind::Skip => Some(&self.reasons.skip),
            DecisionKind::Escalate => Some(&self.reasons.escalate),
            DecisionKind::Flag => Some(&self.reasons.flag),
            _ => None,
        }
    }

    /// Checks what a reviewer says of `task`, and gives it in the policy's spelling.
    ///
    /// # Errors
    /// What the policy does not have, with what it has; a note that it wants.
    pub fn check(&self, task: Task, said: Said<'_>) -> Result<CheckedLabel, SayError> {
        let label = self.check_label(said.label)?;
        let known: Vec<&Category> = self.categories_of(task).collect();
        let mut wanted = vec![false; known.len()];
        for category in said.categories.iter().map(|c| c.trim()).filter(|c| !c.is_empty()) {
            let index = known.iter().position(|k| same_word(&k.name, category));
            wanted[index.ok_or_else(|| self.no_category(task, category))?] = true;
        }
        let chosen: Vec<&Category> =
            known.into_iter().zip(wanted).filter_map(|(c, wanted)| wanted.then_some(c)).collect();
        if label == Severity::Safe && !chosen.is_empty() {
            return Err(SayError::SafeWithCategories);
        }
        if said.refusal.is_some() && !self.asks_refusal(task) {
            return Err(SayError::NoRefusal { task, policy: self.reference() });
        }
        let note = given(said.note);
        if note.is_none()
            && let Some(what) = self.wants_note(label, &chosen)
        {
            return Err(SayError::NoteMissing { policy: self.reference(), what });
        }
        let categories = chosen.into_iter().map(|c| c.name.clone()).collect();
        Ok(CheckedLabel { label, categories, refusal: said.refusal, note })
    }

    /// Checks why a reviewer skips, escalates or flags; of anything else, nothing is asked.
    ///
    /// # Errors
    /// A reason or a note that is missing, or a reason that the policy does not have.
    pub fn check_reason(
        &self,
        gesture: DecisionKind,
        reason: Option<&str>,
        note: Option<&str>,
    ) -> Result<CheckedReason, SayError> {
        let (reason, note) = (given(reason), given(note));
        let Some(rule) = self.gesture(gesture) else { return Ok(CheckedReason { reason, note }) };
        let policy = self.reference();
        let code = reason.as_ref().and_then(|r| rule.codes.iter().find(|known| same_word(&known.code, r)));
        let reason = match (reason, code) {
            (_, Some(known)) => Some(known.code.clone()),
            (Some(found), None) if !rule.free_text => {
                return Err(SayError::UnknownReason { policy, found, gesture, known: known_codes(rule) });
            }
            (own_words, None) => own_words,
        };
        if reason.is_none() && rule.required {
            return Err(SayError::ReasonMissing { policy, gesture, known: known_codes(rule) });
        }
        // A reason in a reviewer's own words says why.
        let explained = note.is_some() || (reason.is_some() && code.is_none());
        if rule.rationale && !explained {
            return Err(SayError::NoteMissing { policy, what: format!("every {gesture}") });
        }
        Ok(CheckedReason { reason, note })
    }

    /// A stored reason as reviewers read it: the text of a code, or their own words.
    pub fn reason_text(&self, gesture: DecisionKind, reason: &str) -> String {
        let codes = self.gesture(gesture).map(|rule| rule.codes.as_slice()).unwrap_or_default();
        let known = codes.iter().find(|known| known.code == reason);
        known.map_or(reason, |known| &known.text).to_owned()
    }

    /// Its labels, joined by commas.
    pub(super) fn label_words(&self) -> String {
        self.labels.iter().map(|l| l.label.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn check_label(&self, label: &str) -> Result<Severity, SayError> {
        let parsed = label.trim().parse::<Severity>().ok().filter(|l| self.label(*l).is_some());
        parsed.ok_or_else(|| SayError::UnknownLabel {
            found: label.to_owned(),
            policy: self.reference(),
            known: self.label_words(),
        })
    }

    /// The label or the first of the categories that wants a note, in words.
    fn wants_note(&self, label: Severity, categories: &[&Category]) -> Option<String> {
        if self.label(label).is_some_and(|l| l.rationale) {
            return Some(format!("the label {label}"));
        }
        categories.iter().find(|c| c.rationale).map(|c| format!("the category {}", c.name))
    }

    fn no_category(&self, task: Task, found: &str) -> SayError {
        let names: Vec<&str> = self.categories_of(task).map(|c| c.name.as_str()).collect();
        let known = if names.is_empty() {
            "it has none".to_owned()
        } else {
            format!("its categories are {}", names.join(", "))
        };
        SayError::UnknownCategory { found: found.to_owned(), task, policy: self.reference(), known }
    }
}

fn known_codes(rule: &GestureRule) -> String {
    let codes: Vec<&str> = rule.codes.iter().map(|r| r.code.as_str()).collect();
    let own = if rule.free_text { ", or your own words" } else { "" };
    if codes.is_empty() {
        "say it in your own words".to_owned()
    } else {
        format!("the reasons are {}{own}", codes.join(", "))
    }
}

fn given(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned)
}

pub(super) fn same_word(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}
