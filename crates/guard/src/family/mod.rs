//! Families: how a guard is asked and what it may answer. Text only; no tensors, so tested without weights.
//!
//! A [`Rules`] turns a [`Subject`] into the messages that the checkpoint's chat template renders, and says which words
//! the answer begins with and which labels follow. [`detect`] tells the family from the template, never from a name.

mod assistant;
mod category_list;
mod qwen3guard_gen;
mod qwen3guard_stream;
mod sea_guard;

use saring_verdict::{EngineError, Family, GuardSettings, JudgeError, Role, Subject, Task, TaskTaxonomy};

use crate::{
    decoder::Architecture,
    stream_heads::StreamConfig,
    template::ChatTemplate,
    turn::{Framing, Turn},
};

pub(crate) use assistant::{Assistant, LANGUAGES as ASSISTANT_LANGUAGES};
pub(crate) use qwen3guard_gen::Qwen3guardGen;
pub(crate) use qwen3guard_stream::Qwen3guardStream;
pub(crate) use sea_guard::SeaGuard;

/// A native label and how the answer spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LabelWord {
    /// As stored in verdicts.
    pub label: &'static str,
    /// As generated, after the answer's opening.
    pub text: &'static str,
    /// Whether the guard may do without it: left out if the tokenizer gives it no first token of its own.
    pub optional: bool,
}

/// How an answer in words begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// The fixed text that the answer begins with; may be empty.
    pub opening: &'static str,
    /// The labels in the order of the taxonomy.
    pub labels: &'static [LabelWord],
}

/// By what a family answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The probabilities of the labels' first tokens.
    Words(Words),
    /// Heads of its own over hidden states.
    Heads,
    /// Text for people.
    Text,
}

/// How a family is asked and answers.
pub(crate) trait Rules: Send + Sync {
    /// The turns that the chat template is given. Item text stands in them as it is.
    ///
    /// # Errors
    /// What concerns this subject: several turns, a task that does not fit.
    fn turns(&self, subject: &Subject, settings: GuardSettings) -> Result<Vec<Turn>, JudgeError>;

    /// How the template is asked to frame them.
    fn framing(&self) -> Framing;

    /// Whether the turns given to the template are also those of the frame; otherwise they are read back from the
    /// rendered text.
    fn turns_are_the_frames(&self) -> bool;

    /// By what it answers.
    fn answer(&self) -> Answer;

    /// What may be answered for a task, read from the template; `None` for a task that the template does not render.
    ///
    /// # Errors
    /// `BadTemplate` for a template whose instructions cannot be read.
    fn task(&self, template: &ChatTemplate, task: Task) -> Result<Option<TaskTaxonomy>, EngineError>;
}

/// A family and one sentence that says why.
pub(crate) struct Detected {
    /// The family.
    pub family: Family,
    /// The sentence.
    pub reason: String,
    /// Whether it is only what is left when nothing else fits.
    pub guessed: bool,
}

/// Tells the family of a checkpoint from its architecture and its chat template. `wish` overrides.
pub(crate) fn detect(architecture: Architecture, template: &ChatTemplate, wish: Option<Family>) -> Detected {
    if let Some(family) = wish {
        let reason = format!("Taken for {family} because that was asked for.");
        return Detected { family, reason, guessed: false };
    }
    match architecture {
        Architecture::Qwen3GuardStream => {
            let reason = "Taken for qwen3guard-stream because it has heads that answer at every token.";
            return Detected { family: Family::Qwen3guardStream, reason: reason.into(), guessed: false };
        }
        Architecture::Apertus => {
            let reason = "Taken for assistant because no guard has the architecture of Apertus.";
            return Detected { family: Family::Assistant, reason: reason.into(), guessed: false };
        }
        Architecture::Qwen3 | Architecture::Qwen3Vl | Architecture::Gemma3 | Architecture::Llama => {}
    }
    let asks = ["Safety:", "Categories:"].iter().all(|word| template.source().contains(word));
    if asks {
        let reason =
            "Taken for qwen3guard-gen because its chat template itself asks for `Safety:` and `Categories:`.";
        Detected { family: Family::Qwen3guardGen, reason: reason.into(), guessed: false }
    } else {
        let reason = "Taken for sea-guard because its chat template is an ordinary one: it does not ask for `Safety:` \
                      and `Categories:` itself.";
        Detected { family: Family::SeaGuard, reason: reason.into(), guessed: true }
    }
}

/// The rules of a family, for a checkpoint of that architecture with such heads as it has.
pub(crate) fn rules(
    family: Family,
    architecture: Architecture,
    heads: Option<&StreamConfig>,
) -> Result<Box<dyn Rules>, EngineError> {
    Ok(match (family, heads) {
        (Family::Qwen3guardGen, None) => Box::new(Qwen3guardGen),
        (Family::SeaGuard, None) => Box::new(SeaGuard {
            text_system: (architecture == Architecture::Gemma3).then_some(sea_guard::GEMMA_TEXT_SYSTEM),
        }),
        (Family::Qwen3guardStream, Some(heads)) => Box::new(Qwen3guardStream {
            query_categories: heads.query.categories.clone(),
            response_categories: heads.response.categories.clone(),
        }),
        (Family::Assistant, None) => Box::new(Assistant),
        (family, _) => {
            return Err(EngineError::WrongFamily {
                family: family.to_string(),
                wanted: format!("be run on the architecture {}", architecture.name()),
            });
        }
    })
}

/// What must hold for every family.
pub(crate) fn check(subject: &Subject) -> Result<(), JudgeError> {
    if subject.messages.iter().all(|m| m.content.trim().is_empty()) && subject.images.is_empty() {
        return Err(JudgeError::NothingToJudge);
    }
    let wanted = match subject.task {
        Task::Prompt => Role::User,
        Task::Response => Role::Assistant,
    };
    if subject.messages.last().is_some_and(|m| m.role != wanted) {
        return Err(JudgeError::TaskMismatch { task: subject.task });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn family(source: &str, wish: Option<Family>) -> Family {
        let template = ChatTemplate::new(source.into(), &Value::Null, jiff::Zoned::now).unwrap();
        detect(Architecture::Qwen3, &template, wish).family
    }

    #[test]
    fn a_template_that_asks_for_safety_and_categories_makes_a_qwen3guard() {
        assert_eq!(family("say 'Safety: Safe' and 'Categories: None'", None), Family::Qwen3guardGen);
        assert_eq!(family("{{ messages[0].content }}", None), Family::SeaGuard);
        assert_eq!(family("Safety: only", None), Family::SeaGuard, "one of the two words is not enough");
        assert_eq!(family("{{ messages }}", Some(Family::Qwen3guardGen)), Family::Qwen3guardGen);
    }

    #[test]
    fn nothing_to_judge_and_a_last_message_of_the_wrong_role_are_told_apart() {
        assert_eq!(check(&Subject::prompt(" \n")), Err(JudgeError::NothingToJudge));
        let mut subject = Subject::response("a", "b");
        subject.task = Task::Prompt;
        assert_eq!(check(&subject), Err(JudgeError::TaskMismatch { task: Task::Prompt }));
        assert_eq!(check(&Subject::response("", "b")), Ok(()), "an empty prompt is valid beside a response");
    }
}
