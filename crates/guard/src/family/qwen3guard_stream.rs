//! Qwen3Guard-Stream: reads a conversation in the plain frame of Qwen3 and answers by heads of its own, about the request at
//! its end and about the response at every token.

use saring_verdict::{EngineError, GuardSettings, JudgeError, Role, Subject, Task, TaskTaxonomy};

use super::{Answer, Rules};
use crate::{
    template::ChatTemplate,
    turn::{Framing, Turn},
};

/// The rules of Qwen3Guard-Stream. Its categories are those of its heads.
pub(crate) struct Qwen3guardStream {
    /// Of the heads for requests.
    pub query_categories: Vec<String>,
    /// Of the heads for responses.
    pub response_categories: Vec<String>,
}

impl Rules for Qwen3guardStream {
    fn turns(&self, subject: &Subject, _: GuardSettings) -> Result<Vec<Turn>, JudgeError> {
        Ok(subject.messages.iter().map(Turn::from).collect())
    }

    fn framing(&self) -> Framing {
        // As the authors render it: an answer has an empty thought before it, and none is asked for.
        Framing { generation_prompt: false, thinking: Some(false) }
    }

    fn turns_are_the_frames(&self) -> bool {
        true
    }

    fn answer(&self) -> Answer {
        Answer::Heads
    }

    fn task(&self, template: &ChatTemplate, task: Task) -> Result<Option<TaskTaxonomy>, EngineError> {
        let probe = [Turn::text(Role::User, "x"), Turn::text(Role::Assistant, "x")];
        template
            .render(&probe, self.framing())
            .map_err(|error| EngineError::BadTemplate { reason: error.to_string() })?;
        let categories = match task {
            Task::Prompt => self.query_categories.clone(),
            Task::Response => self.response_categories.clone(),
        };
        Ok(Some(TaskTaxonomy { task, categories, refusal: false }))
    }
}
