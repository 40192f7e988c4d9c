//! A policy as a file, and whether it makes sense.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::{Flaw, GestureRule, Policy, PolicyError, PolicyVersion};
use crate::audit::chain::hex;

/// Most characters of a name or a code.
const NAME_CHARS_MAX: usize = 100;
/// Most characters of a guidance text, an example or what a reason says.
const TEXT_CHARS_MAX: usize = 2000;
/// Most categories, or reasons of one kind.
const CHOICES_MAX: usize = 60;
/// Most examples of one clause.
const EXAMPLES_MAX: usize = 20;

impl Policy {
    /// Reads a policy from the text of a file.
    ///
    /// # Errors
    /// [`PolicyError`]: what is wrong, where, and what to do.
    pub fn from_file(text: &str) -> Result<Self, PolicyError> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let parsed: Result<Self, _> = serde_path_to_error::deserialize(&mut reader);
        let policy = parsed.map_err(|error| unreadable(error.path().to_string(), error.inner()))?;
        reader.end().map_err(|error| unreadable(String::new(), &error))?;
        policy.check_itself()?;
        Ok(policy)
    }

    /// The text of a file that [`from_file`](Self::from_file) reads back as the very same policy.
    pub fn to_file(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// What is stored: the same on one line. Its SHA-256 is the id of this version.
    pub(crate) fn body(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// This as a version, known by its digest.
    pub fn into_version(self) -> PolicyVersion {
        PolicyVersion { id: hex(&Sha256::digest(self.body())), terms: self }
    }

    /// Whether it makes sense.
    ///
    /// # Errors
    /// [`PolicyError::Flawed`]: the first thing that does not.
    pub fn check_itself(&self) -> Result<(), PolicyError> {
        check_name("name", &self.name)?;
        check_text("about", &self.about)?;
        if self.name.contains('@') {
            return flawed("name", Flaw::AtSign);
        }
        if self.version == 0 {
            return flawed("version", Flaw::VersionZero);
        }
        self.check_labels()?;
        self.check_categories()?;
        if let Some(refusal) = &self.refusal {
            check_text("refusal.guidance", &refusal.guidance)?;
        }
        let Self { reasons, .. } = self;
        for (name, rule) in
            [("skip", &reasons.skip), ("escalate", &reasons.escalate), ("flag", &reasons.flag)]
        {
            check_rule(&format!("reasons.{name}"), rule)?;
        }
        self.check_guards()
    }

    fn check_labels(&self) -> Result<(), PolicyError> {
        if self.labels.len() < 2 {
            return flawed("labels", Flaw::TooFewLabels);
        }
        let mut known = BTreeSet::new();
        for (n, label) in self.labels.iter().enumerate() {
            if !known.insert(label.label) {
                return flawed(&format!("labels[{n}].label"), Flaw::Twice { word: label.label.to_string() });
            }
            check_clause(&format!("labels[{n}]"), &label.guidance, &label.examples)?;
        }
        Ok(())
    }

    fn check_categories(&self) -> Result<(), PolicyError> {
        check_count("categories", self.categories.len(), CHOICES_MAX)?;
        let mut known = BTreeSet::new();
        for (n, category) in self.categories.iter().enumerate() {
            let at = format!("categories[{n}]");
            check_name(&format!("{at}.name"), &category.name)?;
            if !known.insert(category.name.to_lowercase()) {
                return flawed(&format!("{at}.name"), Flaw::Twice { word: category.name.clone() });
            }
            let tasks: BTreeSet<&str> = category.tasks.iter().map(|t| t.as_str()).collect();
            if tasks.is_empty() {
                return flawed(&format!("{at}.tasks"), Flaw::NoTasks);
            }
            if tasks.len() < category.tasks.len() {
                return flawed(&format!("{at}.tasks"), Flaw::Twice { word: category.tasks[0].to_string() });
            }
            check_clause(&at, &category.guidance, &category.examples)?;
        }
        Ok(())
    }

    fn check_guards(&self) -> Result<(), PolicyError> {
        let mut known = BTreeSet::new();
        for (n, mapping) in self.guards.iter().enumerate() {
            let at = format!("guards[{n}]");
            if !mapping.family.is_guard() {
                return flawed(&format!("{at}.family"), Flaw::NoGuard);
            }
            if !known.insert(mapping.family.as_str()) {
                return flawed(&format!("{at}.family"), Flaw::Twice { word: mapping.family.to_string() });
            }
            for (native, target) in &mapping.labels {
                if self.label(*target).is_none() {
                    return flawed(&format!("{at}.labels.{native}"), self.no_label(target.as_str()));
                }
            }
            for (native, target) in &mapping.categories {
                if self.categories.iter().all(|c| c.name != *target) {
                    let known: Vec<&str> = self.categories.iter().map(|c| c.name.as_str()).collect();
                    let known = if known.is_empty() { "no categories".to_owned() } else { known.join(", ") };
                    let flaw = Flaw::UnknownTarget { found: target.clone(), known };
                    return flawed(&format!("{at}.categories.{native}"), flaw);
                }
            }
        }
        Ok(())
    }

    fn no_label(&self, found: &str) -> Flaw {
        Flaw::UnknownTarget { found: found.to_owned(), known: self.label_words() }
    }
}

fn unreadable(at: String, error: &serde_json::Error) -> PolicyError {
    let text = error.to_string();
    // The place is said apart.
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what).to_owned();
    PolicyError::Unreadable { at, what, line: error.line(), column: error.column() }
}

fn check_rule(at: &str, rule: &GestureRule) -> Result<(), PolicyError> {
    check_count(&format!("{at}.codes"), rule.codes.len(), CHOICES_MAX)?;
    let mut known = BTreeSet::new();
    for (n, reason) in rule.codes.iter().enumerate() {
        let at = format!("{at}.codes[{n}]");
        check_name(&format!("{at}.code"), &reason.code)?;
        if !reason.code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return flawed(&format!("{at}.code"), Flaw::CodeCharacters);
        }
        if !known.insert(&reason.code) {
            return flawed(&format!("{at}.code"), Flaw::Twice { word: reason.code.clone() });
        }
        if reason.text.trim().is_empty() {
            return flawed(&format!("{at}.text"), Flaw::Empty);
        }
        check_text(&format!("{at}.text"), &reason.text)?;
    }
    if rule.required && rule.codes.is_empty() && !rule.free_text {
        return flawed(&format!("{at}.codes"), Flaw::NothingToSay);
    }
    Ok(())
}

fn check_clause(at: &str, guidance: &str, examples: &[String]) -> Result<(), PolicyError> {
    check_text(&format!("{at}.guidance"), guidance)?;
    check_count(&format!("{at}.examples"), examples.len(), EXAMPLES_MAX)?;
    for (n, example) in examples.iter().enumerate() {
        let at = format!("{at}.examples[{n}]");
        if example.trim().is_empty() {
            return flawed(&at, Flaw::Empty);
        }
        check_text(&at, example)?;
    }
    Ok(())
}

fn check_name(at: &str, name: &str) -> Result<(), PolicyError> {
    if name.trim().is_empty() {
        return flawed(at, Flaw::Empty);
    }
    if name.trim() != name || name.chars().any(char::is_control) {
        return flawed(at, Flaw::Untidy);
    }
    check_length(at, name, NAME_CHARS_MAX)
}

fn check_text(at: &str, text: &str) -> Result<(), PolicyError> {
    check_length(at, text, TEXT_CHARS_MAX)
}

fn check_length(at: &str, text: &str, characters_max: usize) -> Result<(), PolicyError> {
    if text.chars().count() > characters_max {
        return flawed(at, Flaw::TooLong { characters_max });
    }
    Ok(())
}

fn check_count(at: &str, entries: usize, entries_max: usize) -> Result<(), PolicyError> {
    if entries > entries_max {
        return flawed(at, Flaw::TooMany { entries_max });
    }
    Ok(())
}

fn flawed<T>(at: &str, flaw: Flaw) -> Result<T, PolicyError> {
    Err(PolicyError::Flawed { at: at.to_owned(), flaw })
}
