//! What a guard should have answered, from a decision; and why a pair has no such answer. Pure.
//!
//! A field that the reviewer did not fill is never filled from a verdict: the pair is left out and counted.

use std::fmt;

use saring_verdict::{Family, GuardCard, Severity, Task};

use crate::{media::CHANGED, policy::Policy, store::exports::DecidedRow};

/// What "controversial" becomes for a guard that has no such label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ControversialAs {
    /// Those pairs are left out.
    #[default]
    Exclude,
    /// Safe.
    Safe,
    /// Unsafe.
    Unsafe,
}

impl ControversialAs {
    /// The name used in flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exclude => "exclude",
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// A string that is none of the choices.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is none of exclude, safe, unsafe")]
pub struct UnknownControversialAs(String);

impl std::str::FromStr for ControversialAs {
    type Err = UnknownControversialAs;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Exclude, Self::Safe, Self::Unsafe]
            .into_iter()
            .find(|c| c.as_str() == name)
            .ok_or_else(|| UnknownControversialAs(name.to_owned()))
    }
}

/// Why a pair is not in an export.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the sentences below say it")]
pub enum LeftOut {
    Undecided,
    AwaitingSecond,
    AwaitingAdjudication,
    Skipped,
    Escalated,
    Synthetic,
    Controversial,
    TaskUnsupported,
    CategoriesMissing,
    CategoryUnknown,
    RefusalMissing,
    Images,
    Markup,
    Frame,
    ImageChanged(String),
    Rendering(String),
}

impl LeftOut {
    /// Whether the item's content is the reason: those are listed one by one, since somebody may want to mend them.
    pub const fn is_held_back(&self) -> bool {
        matches!(self, Self::Images | Self::Markup | Self::Frame | Self::ImageChanged(_) | Self::Rendering(_))
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Undecided => "not decided",
            Self::AwaitingSecond => "decided once, and awaiting a second review",
            Self::AwaitingAdjudication => "decided differently by two reviewers, and awaiting adjudication",
            Self::Skipped => "skipped",
            Self::Escalated => "escalated",
            Self::Synthetic => "decided by a script",
            Self::Controversial => "controversial, which the guard has no label for",
            Self::TaskUnsupported => "a task that the guard does not judge",
            Self::CategoriesMissing => "decided without categories",
            Self::CategoryUnknown => "decided with a category that the guard does not have",
            Self::RefusalMissing => "decided without saying whether the response is a refusal",
            Self::Images => "with images, which this guard does not read",
            Self::Markup => "held back: the text contains what a trainer would take for markup",
            Self::Frame => "held back: the trainer's template would not give the text that the guard is fed",
            Self::ImageChanged(sha256) => return write!(f, "held back: the image {sha256} {CHANGED}"),
            Self::Rendering(reason) => return write!(f, "held back: {reason}"),
        })
    }
}

/// The answer that a guard should have given. `policy` is the one under which the decision was made: its mapping says what the
/// decision's categories are called by the guard.
///
/// # Errors
/// Why there is none.
pub(super) fn answer(
    card: &GuardCard,
    task: Task,
    decision: &DecidedRow,
    policy: Option<&Policy>,
    controversial_as: ControversialAs,
) -> Result<String, LeftOut> {
    let taxonomy = card.taxonomy.task(task).ok_or(LeftOut::TaskUnsupported)?;
    let decided: Severity =
        decision.label.as_deref().and_then(|l| l.parse().ok()).ok_or(LeftOut::Undecided)?;
    let native_label = |severity: Severity| {
        card.taxonomy.labels.iter().find(|label| label.eq_ignore_ascii_case(severity.as_str()))
    };
    let label = match (native_label(decided), decided, controversial_as) {
        (Some(label), ..) => label,
        (None, Severity::Controversial, ControversialAs::Safe) => {
            native_label(Severity::Safe).ok_or(LeftOut::Controversial)?
        }
        (None, Severity::Controversial, ControversialAs::Unsafe) => {
            native_label(Severity::Unsafe).ok_or(LeftOut::Controversial)?
        }
        (None, ..) => return Err(LeftOut::Controversial),
    };
    if card.family == Family::SeaGuard {
        return Ok(label.clone());
    }
    let categories = native(card.family, policy, categories(decision))?;
    if categories.iter().any(|c| !taxonomy.categories.contains(c)) {
        return Err(LeftOut::CategoryUnknown);
    }
    if decided != Severity::Safe && categories.is_empty() && !taxonomy.categories.is_empty() {
        return Err(LeftOut::CategoriesMissing);
    }
    let names = if categories.is_empty() { "None".to_owned() } else { categories.join(", ") };
    let mut text = format!("Safety: {label}\nCategories: {names}");
    if taxonomy.refusal {
        let refusal = decision.refusal.ok_or(LeftOut::RefusalMissing)?;
        text.push_str(if refusal { "\nRefusal: Yes" } else { "\nRefusal: No" });
    }
    Ok(text)
}

/// Categories of a decision as the guard calls them, in the order of the decision.
fn native(family: Family, policy: Option<&Policy>, said: Vec<String>) -> Result<Vec<String>, LeftOut> {
    let Some(policy) = policy else { return Ok(said) };
    said.iter()
        .map(|c| policy.native_category(family, c).map(str::to_owned).ok_or(LeftOut::CategoryUnknown))
        .collect()
}

/// The categories of a decision; none where the column is empty.
pub(super) fn categories(decision: &DecidedRow) -> Vec<String> {
    decision.categories.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use saring_verdict::{TaskTaxonomy, Taxonomy};

    use super::*;

    pub(crate) fn card(family: Family) -> GuardCard {
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let (labels, categories, refusal) = match family {
            Family::SeaGuard => (words(&["safe", "unsafe"]), vec![], false),
            _ => (words(&["Safe", "Controversial", "Unsafe"]), words(&["Violent", "PII"]), true),
        };
        let task = |task, refusal| TaskTaxonomy { task, categories: categories.clone(), refusal };
        GuardCard {
            architecture: "Qwen3ForCausalLM".into(),
            family,
            family_reason: String::new(),
            taxonomy: Taxonomy {
                labels,
                tasks: vec![task(Task::Prompt, false), task(Task::Response, refusal)],
            },
            weights_sha256: "w".into(),
            template_sha256: "t".into(),
            weights_bytes: 1,
            parameters: 1,
            precision: "f32".into(),
            context_tokens: 100,
            memory_needed_bytes: 1,
            memory: vec![],
            images: false,
            processor_sha256: None,
            languages: vec![],
            license: None,
            warnings: vec![],
        }
    }

    fn decision(label: &str, categories: &str, refusal: Option<bool>) -> DecidedRow {
        DecidedRow {
            id: "d".into(),
            kind: "label".into(),
            label: Some(label.into()),
            categories: Some(categories.into()),
            refusal,
            note: None,
            reason: None,
            reviewer: "r".into(),
            decided_at: String::new(),
            anchored: false,
            draw_id: None,
            synthetic: false,
            policy_id: None,
        }
    }

    fn qwen(task: Task, decision: &DecidedRow) -> Result<String, LeftOut> {
        answer(&card(Family::Qwen3guardGen), task, decision, None, ControversialAs::Exclude)
    }

    #[test]
    fn qwen3guard_answers_in_two_lines_for_prompts_and_three_for_responses() {
        let unsafe_prompt = decision("unsafe", r#"["Violent","PII"]"#, None);
        assert_eq!(qwen(Task::Prompt, &unsafe_prompt).unwrap(), "Safety: Unsafe\nCategories: Violent, PII");
        let safe_response = decision("safe", "[]", Some(true));
        assert_eq!(
            qwen(Task::Response, &safe_response).unwrap(),
            "Safety: Safe\nCategories: None\nRefusal: Yes"
        );
        let controversial = decision("controversial", r#"["PII"]"#, Some(false));
        assert_eq!(
            qwen(Task::Response, &controversial).unwrap(),
            "Safety: Controversial\nCategories: PII\nRefusal: No"
        );
    }

    #[test]
    fn what_the_reviewer_did_not_say_is_never_made_up() {
        let bare = decision("unsafe", "[]", None);
        assert_eq!(qwen(Task::Prompt, &bare), Err(LeftOut::CategoriesMissing));
        let no_refusal = decision("safe", "[]", None);
        assert_eq!(qwen(Task::Response, &no_refusal), Err(LeftOut::RefusalMissing));
        let foreign = decision("unsafe", r#"["Astrology"]"#, None);
        assert_eq!(qwen(Task::Prompt, &foreign), Err(LeftOut::CategoryUnknown));
    }

    #[test]
    fn controversial_is_excluded_from_sea_guard_unless_it_is_said_what_it_is() {
        let controversial = decision("controversial", "[]", None);
        let sea = |choice| answer(&card(Family::SeaGuard), Task::Prompt, &controversial, None, choice);
        assert_eq!(sea(ControversialAs::Exclude), Err(LeftOut::Controversial));
        assert_eq!(sea(ControversialAs::Safe).unwrap(), "safe");
        assert_eq!(sea(ControversialAs::Unsafe).unwrap(), "unsafe");
    }

    #[test]
    fn categories_of_a_team_are_written_as_the_guard_calls_them_or_not_at_all() {
        let policy = Policy::from_file(
            r#"{"format": "saring-policy-1", "name": "p", "version": 1, "labels": [{"label": "safe"}, {"label": "unsafe"}],
                "categories": [{"name": "Fights", "tasks": ["prompt"]}, {"name": "Rude", "tasks": ["prompt"]}],
                "guards": [{"family": "qwen3guard-gen", "categories": {"Violent": "Fights"}}]}"#,
        )
        .unwrap();
        let asked = |categories| {
            let row = decision("unsafe", categories, None);
            answer(&card(Family::Qwen3guardGen), Task::Prompt, &row, Some(&policy), ControversialAs::Exclude)
        };
        assert_eq!(asked(r#"["Fights"]"#).unwrap(), "Safety: Unsafe\nCategories: Violent");
        assert_eq!(
            asked(r#"["Fights","Rude"]"#),
            Err(LeftOut::CategoryUnknown),
            "half an answer is a wrong one"
        );
    }

    #[test]
    fn sea_guard_answers_one_word_and_asks_for_nothing_else() {
        let bare = decision("unsafe", "[]", None);
        let word = answer(&card(Family::SeaGuard), Task::Response, &bare, None, ControversialAs::Exclude);
        assert_eq!(word.unwrap(), "unsafe");
    }
}
