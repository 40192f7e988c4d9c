//! What reviewers may say in a queue: labels, categories by task, and whether a refusal is asked for.
//!
//! A [`LabelScheme`] is chosen when a queue is made and stays with it. It comes from a preset or from a guard's
//! [`Taxonomy`]. Labels and categories are matched without regard to case and kept in the scheme's spelling.

use saring_verdict::{Severity, Task, Taxonomy};
use serde::{Deserialize, Serialize};

/// What may be said about one task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskScheme {
    /// In the order of their keys. Empty where there are none.
    pub categories: Vec<String>,
    /// Whether it is asked if the response refuses; never for prompts.
    pub refusal: bool,
}

/// What reviewers may say in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelScheme {
    /// "qwen3guard", "sea-guard", or the name of the guard that it came from.
    pub name: String,
    /// In the order of their keys.
    pub labels: Vec<Severity>,
    /// For requests.
    pub prompt: TaskScheme,
    /// For responses.
    pub response: TaskScheme,
}

/// Categories of Qwen3Guard-Gen in the order of its policy (Qwen3Guard technical report); the last is for prompts only.
const QWEN3GUARD_CATEGORIES: [&str; 9] = [
    "Violent",
    "Non-violent Illegal Acts",
    "Sexual Content or Sexual Acts",
    "PII",
    "Suicide & Self-Harm",
    "Unethical Acts",
    "Politically Sensitive Topics",
    "Copyright Violation",
    "Jailbreak",
];

/// Why something cannot be said in a queue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemeError {
    /// A label that the scheme does not have.
    #[error("there is no label {found:?} in this queue; its labels are {known}")]
    UnknownLabel {
        /// What was given.
        found: String,
        /// The labels, joined by commas.
        known: String,
    },
    /// A category that the scheme does not have for the task.
    #[error("there is no category {found:?} for the {task} in this queue; {known}")]
    UnknownCategory {
        /// What was given.
        found: String,
        /// For which task.
        task: Task,
        /// A half-sentence with the categories that exist.
        known: String,
    },
    /// A refusal where the scheme asks for none.
    #[error("this queue does not ask whether the {task} is a refusal")]
    NoRefusal {
        /// For which task.
        task: Task,
    },
    /// Categories beside the label safe.
    #[error("what is safe has no categories")]
    SafeWithCategories,
    /// A preset that does not exist.
    #[error("there is no label scheme {found:?}; the schemes are qwen3guard and sea-guard")]
    UnknownPreset {
        /// What was given.
        found: String,
    },
}

/// What a reviewer said, checked against a scheme and in its spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedLabel {
    /// The label.
    pub label: Severity,
    /// Categories in the scheme's order and spelling, each once.
    pub categories: Vec<String>,
    /// Whether the response is a refusal, where it was said.
    pub refusal: Option<bool>,
}

impl LabelScheme {
    /// Names of the presets, in the order in which they are offered.
    pub const PRESETS: [&'static str; 2] = ["qwen3guard", "sea-guard"];

    /// A preset by its name.
    ///
    /// # Errors
    /// [`SchemeError::UnknownPreset`].
    pub fn preset(name: &str) -> Result<Self, SchemeError> {
        match name {
            "qwen3guard" => Ok(Self::qwen3guard()),
            "sea-guard" => Ok(Self::sea_guard()),
            other => Err(SchemeError::UnknownPreset { found: other.to_owned() }),
        }
    }

    /// Three severities, nine categories for prompts, eight and refusal for responses.
    pub fn qwen3guard() -> Self {
        let prompt: Vec<String> = QWEN3GUARD_CATEGORIES.iter().map(|c| (*c).to_owned()).collect();
        let response = prompt[..prompt.len() - 1].to_vec();
        Self {
            name: "qwen3guard".to_owned(),
            labels: vec![Severity::Safe, Severity::Controversial, Severity::Unsafe],
            prompt: TaskScheme { categories: prompt, refusal: false },
            response: TaskScheme { categories: response, refusal: true },
        }
    }

    /// Safe or unsafe, and nothing else.
    pub fn sea_guard() -> Self {
        Self {
            name: "sea-guard".to_owned(),
            labels: vec![Severity::Safe, Severity::Unsafe],
            prompt: TaskScheme::default(),
            response: TaskScheme::default(),
        }
    }

    /// What a guard itself can say. Labels that are no severity (SEA-Guard's "sensitive") are left out: people decide.
    pub fn from_taxonomy(name: &str, taxonomy: &Taxonomy) -> Self {
        let mut labels: Vec<Severity> = taxonomy.labels.iter().filter_map(|l| l.parse().ok()).collect();
        labels.sort_unstable();
        labels.dedup();
        let of = |task| {
            taxonomy.task(task).map_or_else(TaskScheme::default, |t| TaskScheme {
                categories: t.categories.clone(),
                refusal: t.refusal && task == Task::Response,
            })
        };
        Self { name: name.to_owned(), labels, prompt: of(Task::Prompt), response: of(Task::Response) }
    }

    /// What may be said about `task`.
    pub fn task(&self, task: Task) -> &TaskScheme {
        match task {
            Task::Prompt => &self.prompt,
            Task::Response => &self.response,
        }
    }

    /// Checks what a reviewer says about `task` and gives it in the scheme's spelling.
    ///
    /// # Errors
    /// What the scheme does not have, with what it has.
    pub fn check(
        &self,
        task: Task,
        label: &str,
        categories: &[String],
        refusal: Option<bool>,
    ) -> Result<CheckedLabel, SchemeError> {
        let label = self.check_label(label)?;
        let scheme = self.task(task);
        let mut wanted = vec![false; scheme.categories.len()];
        for category in categories.iter().map(|c| c.trim()).filter(|c| !c.is_empty()) {
            let known = scheme.categories.iter().position(|k| same_word(k, category));
            let index = known.ok_or_else(|| unknown_category(task, category, scheme))?;
            wanted[index] = true;
        }
        if label == Severity::Safe && wanted.contains(&true) {
            return Err(SchemeError::SafeWithCategories);
        }
        if refusal.is_some() && !scheme.refusal {
            return Err(SchemeError::NoRefusal { task });
        }
        let chosen = scheme.categories.iter().zip(wanted).filter(|(_, w)| *w).map(|(c, _)| c.clone());
        Ok(CheckedLabel { label, categories: chosen.collect(), refusal })
    }

    fn check_label(&self, label: &str) -> Result<Severity, SchemeError> {
        let parsed = label.trim().parse::<Severity>().ok().filter(|l| self.labels.contains(l));
        parsed.ok_or_else(|| SchemeError::UnknownLabel {
            found: label.to_owned(),
            known: self.labels.iter().map(|l| l.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

fn unknown_category(task: Task, found: &str, scheme: &TaskScheme) -> SchemeError {
    let known = if scheme.categories.is_empty() {
        "it has none".to_owned()
    } else {
        format!("its categories are {}", scheme.categories.join(", "))
    };
    SchemeError::UnknownCategory { found: found.to_owned(), task, known }
}

fn same_word(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|w| (*w).to_owned()).collect()
    }

    #[test]
    fn case_does_not_matter_and_the_spelling_and_order_are_the_schemes() {
        let checked = LabelScheme::qwen3guard()
            .check(Task::Prompt, " UNSAFE", &words(&["pii", "VIOLENT", "pii"]), None)
            .expect("all of it exists");
        assert_eq!(checked.label, Severity::Unsafe);
        assert_eq!(checked.categories, ["Violent", "PII"], "each once, in the scheme's order");
    }

    #[test]
    fn an_unknown_category_is_refused_with_those_that_exist() {
        let error = LabelScheme::qwen3guard()
            .check(Task::Response, "unsafe", &words(&["Jailbreak"]), None)
            .expect_err("jailbreak is for prompts only");
        let text = error.to_string();
        assert!(
            text.contains("Copyright Violation") && !text.contains("its categories are Jailbreak"),
            "{text}"
        );
        let none = LabelScheme::sea_guard()
            .check(Task::Prompt, "unsafe", &words(&["PII"]), None)
            .expect_err("it has no categories");
        assert!(none.to_string().contains("it has none"), "{none}");
    }

    #[test]
    fn a_label_outside_of_the_scheme_is_refused_with_those_inside() {
        let error = LabelScheme::sea_guard()
            .check(Task::Prompt, "controversial", &[], None)
            .expect_err("SEA-Guard has two labels");
        assert!(error.to_string().ends_with("safe, unsafe"), "{error}");
    }

    #[test]
    fn refusal_is_for_responses_and_safe_has_no_categories() {
        let scheme = LabelScheme::qwen3guard();
        assert_eq!(
            scheme.check(Task::Prompt, "safe", &[], Some(true)),
            Err(SchemeError::NoRefusal { task: Task::Prompt })
        );
        assert!(scheme.check(Task::Response, "safe", &[], Some(true)).is_ok());
        assert_eq!(
            scheme.check(Task::Prompt, "safe", &words(&["PII"]), None),
            Err(SchemeError::SafeWithCategories)
        );
    }

    #[test]
    fn a_taxonomy_becomes_a_scheme_without_the_label_that_is_no_severity() {
        let taxonomy = Taxonomy { labels: words(&["unsafe", "safe", "sensitive"]), tasks: vec![] };
        let scheme = LabelScheme::from_taxonomy("mine", &taxonomy);
        assert_eq!(scheme.labels, [Severity::Safe, Severity::Unsafe], "from harmless to harmful");
    }
}
