//! The reviewer's assistant: a chat model in its own frame. It judges nothing.

use saring_verdict::{EngineError, GuardSettings, JudgeError, Subject, Task, TaskTaxonomy};

use super::{Answer, Rules};
use crate::{
    template::ChatTemplate,
    turn::{Framing, Turn},
};

/// Languages of Apertus-SEA-LION-v4-8B-IT by its model card: English, Burmese, Tagalog, Malay and Tamil.
pub(crate) const LANGUAGES: [&str; 5] = ["en", "my", "tl", "ms", "ta"];

/// The rules of an assistant.
pub(crate) struct Assistant;

impl Rules for Assistant {
    fn turns(&self, subject: &Subject, _: GuardSettings) -> Result<Vec<Turn>, JudgeError> {
        Err(JudgeError::TaskUnsupported { task: subject.task })
    }

    fn framing(&self) -> Framing {
        Framing { generation_prompt: true, thinking: None }
    }

    fn turns_are_the_frames(&self) -> bool {
        true
    }

    fn answer(&self) -> Answer {
        Answer::Text
    }

    fn task(&self, _: &ChatTemplate, _: Task) -> Result<Option<TaskTaxonomy>, EngineError> {
        Ok(None)
    }
}
