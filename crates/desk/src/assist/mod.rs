//! The reviewer's assistant: a chat model that helps to understand an item. It judges nothing.
//!
//! [`Workspace::assist`] puts one item and one task to the newest assistant of the registry, in an engine that the caller keeps
//! for it, so that a guard stays loaded beside it. What it writes is shown and forgotten: it becomes no verdict, no decision
//! and no row. How far an item is kept from instructing it is said and tested in [`prompt`].

mod languages;
pub mod prompt;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr, time::Duration};

use saring_verdict::{
    Cancel, DeviceChoice, Ending, Family, GenerateRequest, LoadRequest, PrecisionChoice, Progress,
};

use crate::{Error, Result, Workspace, engine::EngineHandle, guards::Guard, review::ItemView};

/// Longest answer, in tokens.
const ANSWER_TOKENS_MAX: u32 = 1024;
/// How often it is looked whether somebody wants to wait no longer.
const STOP_INTERVAL: Duration = Duration::from_millis(50);

/// What the assistant is asked to do with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssistTask {
    /// Say it in the reviewer's language.
    Translate,
    /// Explain cultural references, slang and allusions.
    Explain,
    /// Say what a clause of a policy, which the reviewer gives, means for it.
    Policy,
}

impl AssistTask {
    /// Every task, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Translate, Self::Explain, Self::Policy];

    /// The name used in flags and by the window.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Translate => "translate",
            Self::Explain => "explain",
            Self::Policy => "policy",
        }
    }
}

impl fmt::Display for AssistTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A string that names no task of the assistant.
#[derive(Debug, thiserror::Error)]
#[error("the assistant has no task {0:?}; its tasks are translate, explain and policy")]
pub struct UnknownAssistTask(String);

impl FromStr for AssistTask {
    type Err = UnknownAssistTask;

    fn from_str(name: &str) -> std::result::Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|t| t.as_str() == name).ok_or_else(|| UnknownAssistTask(name.to_owned()))
    }
}

/// What to ask about which item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssistOrder {
    /// A visible item.
    pub item_id: String,
    /// What to do.
    pub task: AssistTask,
    /// The reviewer's own words; for [`AssistTask::Policy`] the clause.
    pub question: Option<String>,
    /// The reviewer's language, BCP 47: the answer is to be in it.
    pub language: String,
}

/// What the assistant wrote. Generated text, to be marked as such wherever it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assisted {
    /// The whole text.
    pub text: String,
    /// Name of the assistant.
    pub assistant: String,
    /// Why it ended.
    pub ending: Ending,
    /// What the reviewer must know about it, one sentence each.
    pub warnings: Vec<String>,
}

impl Workspace {
    /// The newest assistant of the registry, if there is one.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn assistant(&self) -> Result<Option<Guard>> {
        let guards = self.guards().await?;
        Ok(guards.into_iter().rfind(|guard| guard.card.family == Family::Assistant))
    }

    /// Lets the assistant write about an item. `on_text` gets the answer in pieces as it is written, `on_loading` how far loading
    /// has come. A stop through `cancel` is no error; while the assistant is loaded it is not waited for, and loading goes on.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for the item; [`Error::Invalid`] if no assistant was added, the item has no text, or a
    /// question is missing or too long; what the engine refuses.
    pub async fn assist(
        &self,
        engine: &EngineHandle,
        order: &AssistOrder,
        on_loading: impl FnMut(Progress) + Send + 'static,
        on_text: impl FnMut(&str) + Send + 'static,
        cancel: Cancel,
    ) -> Result<Assisted> {
        let item = self.item(&order.item_id).await?;
        let assistant = self.assistant().await?.ok_or_else(|| {
            let how = "there is none; add the folder of Apertus-SEA-LION-v4-8B-IT as a guard";
            Error::invalid("assistant", how)
        })?;
        let ids = || self.clock().new_id();
        let asked = prompt::build(&item, order, ids)?;
        let request = LoadRequest {
            source: assistant.source.clone(),
            device: DeviceChoice::Auto,
            precision: PrecisionChoice::Auto,
            settings: assistant.settings,
            features_dir: None,
        };
        let loaded = tokio::select! {
            loaded = engine.ensure_loaded(request.clone(), on_loading) => Some(loaded?),
            () = stopped(&cancel) => None,
        };
        let (text, ending) = match loaded {
            Some(loaded) => {
                assistant.check_unchanged(&loaded.card)?;
                let generate = GenerateRequest { messages: asked.messages, tokens_max: ANSWER_TOKENS_MAX };
                let generated = engine.generate(request, generate, on_text, cancel).await?;
                (generated.text, generated.ending)
            }
            None => (String::new(), Ending::Cancelled),
        };
        let mut warnings = language_warnings(&assistant, &item, &order.language);
        warnings.extend(asked.cut);
        Ok(Assisted { text, assistant: assistant.name, ending, warnings })
    }
}

async fn stopped(cancel: &Cancel) {
    while !cancel.is_cancelled() {
        tokio::time::sleep(STOP_INTERVAL).await;
    }
}

/// Which of the languages in play the assistant was not made for.
fn language_warnings(assistant: &Guard, item: &ItemView, answer: &str) -> Vec<String> {
    let known = &assistant.card.languages;
    let missing = |language: &str| {
        let is_known = known.iter().any(|k| languages::primary(k) == languages::primary(language));
        (!known.is_empty() && !is_known && languages::primary(language) != "und")
            .then(|| format!("{} was not trained for {}.", assistant.name, languages::english_name(language)))
    };
    let mut warnings: Vec<String> = item.language.as_deref().and_then(missing).into_iter().collect();
    if let Some(warning) = missing(answer)
        && !warnings.contains(&warning)
    {
        warnings.push(warning);
    }
    warnings
}
