//! A policy as it is written down.

use std::collections::BTreeMap;

use saring_verdict::{Family, Severity, Task};
use serde::{Deserialize, Serialize};

/// Which layout a policy's file has. A file of another layout is refused by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PolicyFormat {
    /// The only one so far.
    #[default]
    #[serde(rename = "saring-policy-1")]
    V1,
}

/// What reviewers may say, what it means, and where they must say why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The layout.
    pub format: PolicyFormat,
    /// What its versions have in common.
    pub name: String,
    /// From 1.
    pub version: u32,
    /// Where it comes from, and whose words it has.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// In the order of their keys; at least two.
    pub labels: Vec<Label>,
    /// In the order of their keys. Empty where there are none.
    #[serde(default)]
    pub categories: Vec<Category>,
    /// Asked about responses, unless it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalQuestion>,
    /// Why something is skipped, escalated or flagged.
    #[serde(default)]
    pub reasons: Gestures,
    /// What guards' own words are in this policy. The words of a family that is missing are taken as they are.
    #[serde(default)]
    pub guards: Vec<GuardMapping>,
}

/// What may be said of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// How severe it is, which is also its name.
    pub label: Severity,
    /// When to say it, in a clause.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub guidance: String,
    /// What it would be said of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// Whether a note must say why.
    #[serde(default, skip_serializing_if = "is_false")]
    pub rationale: bool,
}

/// What kind of harm there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// As it is stored with decisions.
    pub name: String,
    /// Of which tasks it may be said.
    pub tasks: Vec<Task>,
    /// When to say it, in a clause.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub guidance: String,
    /// What it would be said of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// Whether a note must say why.
    #[serde(default, skip_serializing_if = "is_false")]
    pub rationale: bool,
}

/// The question whether a response refuses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalQuestion {
    /// What counts as one, in a clause.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub guidance: String,
}

/// The rules for what a reviewer does with an item besides deciding it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gestures {
    /// Passing over.
    #[serde(default)]
    pub skip: GestureRule,
    /// Leaving it to somebody who knows better.
    #[serde(default)]
    pub escalate: GestureRule,
    /// Marking.
    #[serde(default)]
    pub flag: GestureRule,
}

/// Why one of them is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GestureRule {
    /// The team's own reasons, in the order of their keys.
    #[serde(default)]
    pub codes: Vec<Reason>,
    /// Whether a reason in a reviewer's own words will do.
    #[serde(default = "yes")]
    pub free_text: bool,
    /// Whether there must be a reason.
    #[serde(default)]
    pub required: bool,
    /// Whether a note must say more than a code does.
    #[serde(default)]
    pub rationale: bool,
}

impl Default for GestureRule {
    fn default() -> Self {
        Self { codes: Vec::new(), free_text: true, required: false, rationale: false }
    }
}

/// A reason of the team's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// What is stored: lower-case letters, digits and hyphens.
    pub code: String,
    /// What reviewers read.
    pub text: String,
}

/// What a family of guards says, in the words of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardMapping {
    /// Which guards.
    pub family: Family,
    /// Native label -> label. A native label that is missing has no counterpart: nothing is suggested.
    #[serde(default)]
    pub labels: BTreeMap<String, Severity>,
    /// Native category -> category. One that is missing has no counterpart.
    #[serde(default)]
    pub categories: BTreeMap<String, String>,
}

/// A version of a policy, and how it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    /// SHA-256 of its content, lower-case hexadecimal.
    pub id: String,
    /// What it says.
    pub terms: Policy,
}

impl Policy {
    /// Names of the categories that may be said of a task, in the order of their keys.
    pub fn categories_of(&self, task: Task) -> impl Iterator<Item = &Category> {
        self.categories.iter().filter(move |category| category.tasks.contains(&task))
    }

    /// Whether it is asked if a task is a refusal; never for requests.
    pub fn asks_refusal(&self, task: Task) -> bool {
        task == Task::Response && self.refusal.is_some()
    }

    /// `NAME@VERSION`, which is how a version is asked for.
    pub fn reference(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// Whether two say the same, whatever they are called and whichever version they are.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let bare = |p: &Self| Self { name: String::new(), version: 0, ..p.clone() };
        bare(self) == bare(other)
    }
}

const fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}
