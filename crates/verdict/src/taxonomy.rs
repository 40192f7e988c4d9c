//! Which labels and categories a guard has. Never invent what a guard was not trained for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Task;

/// How a guard is asked and how it answers; separate from its architecture, which is about tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Qwen3Guard-Gen: three severities, categories, refusal; its instructions are in its chat template.
    Qwen3guardGen,
    /// SEA-Guard: safe or unsafe (and possibly sensitive) behind a classifier sentence of the model card.
    SeaGuard,
    /// Qwen3Guard-Stream: risk and category at the end of a request and at every token of a response, from heads of its own.
    Qwen3guardStream,
    /// No guard: a chat model that helps the reviewer to understand an item. It judges nothing.
    Assistant,
}

impl Family {
    /// Every family, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Qwen3guardGen, Self::SeaGuard, Self::Qwen3guardStream, Self::Assistant];

    /// Whether it gives verdicts.
    pub const fn is_guard(self) -> bool {
        !matches!(self, Self::Assistant)
    }

    /// The name used in databases, files and flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Qwen3guardGen => "qwen3guard-gen",
            Self::SeaGuard => "sea-guard",
            Self::Qwen3guardStream => "qwen3guard-stream",
            Self::Assistant => "assistant",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A string that names no family.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no family {0:?}; the families are qwen3guard-gen, sea-guard, qwen3guard-stream and assistant"
)]
pub struct UnknownFamily(String);

impl FromStr for Family {
    type Err = UnknownFamily;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|f| f.as_str() == name).ok_or_else(|| UnknownFamily(name.to_owned()))
    }
}

/// What a label means to a policy, across families. Ordered from harmless to harmful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing to object to.
    Safe,
    /// Depends on context or on the strictness of the policy.
    Controversial,
    /// Violates the policy.
    Unsafe,
}

impl Severity {
    /// The name used in databases, files and flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Controversial => "controversial",
            Self::Unsafe => "unsafe",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A string that names no severity.
#[derive(Debug, thiserror::Error)]
#[error("there is no label {0:?}; the labels are safe, controversial and unsafe")]
pub struct UnknownSeverity(String);

impl FromStr for Severity {
    type Err = UnknownSeverity;

    /// Case does not matter: guards write `Unsafe`, people write `unsafe`.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.to_ascii_lowercase().as_str() {
            "safe" => Ok(Self::Safe),
            "controversial" => Ok(Self::Controversial),
            "unsafe" => Ok(Self::Unsafe),
            _ => Err(UnknownSeverity(name.to_owned())),
        }
    }
}

/// What a guard may answer for one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskTaxonomy {
    /// Which task.
    pub task: Task,
    /// Category names as the guard writes them, without its `None`. Empty for a guard that has none.
    pub categories: Vec<String>,
    /// Whether the guard says if the response is a refusal.
    pub refusal: bool,
}

/// Everything a guard may answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taxonomy {
    /// Native labels in the order of their probabilities, as the guard writes them.
    pub labels: Vec<String>,
    /// What may be answered by task; a task that is missing cannot be judged.
    pub tasks: Vec<TaskTaxonomy>,
}

impl Taxonomy {
    /// What may be answered for `task`, if it can be judged at all.
    pub fn task(&self, task: Task) -> Option<&TaskTaxonomy> {
        self.tasks.iter().find(|t| t.task == task)
    }
}
