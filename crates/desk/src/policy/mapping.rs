//! What a guard says in the words of a policy, and back. Pure.

use saring_verdict::{Family, Reading, Severity, Task};

use super::{GuardMapping, Policy, check::same_word};

impl Policy {
    fn mapping(&self, family: Option<Family>) -> Option<&GuardMapping> {
        self.guards.iter().find(|m| Some(m.family) == family)
    }

    /// The label that a guard's own one is; `None` if it has no counterpart. The words of a family without a mapping are taken as
    /// they are.
    pub fn label_of(&self, family: Option<Family>, native: &str) -> Option<Severity> {
        let label = match self.mapping(family) {
            Some(mapping) => {
                mapping.labels.iter().find(|(known, _)| same_word(known, native)).map(|(_, label)| *label)
            }
            None => Reading::severity(native),
        };
        label.filter(|l| self.label(*l).is_some())
    }

    /// The categories of `task` that a guard's own ones are, in the policy's order, each once.
    pub fn categories_from(&self, family: Option<Family>, task: Task, native: &[String]) -> Vec<String> {
        let mapping = self.mapping(family);
        let targets: Vec<&String> = match mapping {
            Some(mapping) => native.iter().filter_map(|word| mapping.categories.get(word)).collect(),
            None => native.iter().collect(),
        };
        self.categories_of(task)
            .filter(|c| targets.iter().any(|t| same_word(t, &c.name)))
            .map(|c| c.name.clone())
            .collect()
    }

    /// The one native category that is this one; `None` if there is none or more than one, since which of them is meant was not
    /// said.
    pub fn native_category<'a>(&'a self, family: Family, category: &'a str) -> Option<&'a str> {
        let Some(mapping) = self.mapping(Some(family)) else { return Some(category) };
        let mut native = mapping.categories.iter().filter(|(_, target)| *target == category);
        match (native.next(), native.next()) {
            (Some((word, _)), None) => Some(word),
            _ => None,
        }
    }
}
