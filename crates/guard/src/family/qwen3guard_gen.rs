//! Qwen3Guard-Gen: its instructions, categories included, stand in the checkpoint's chat template; it is given the
//! conversation as it is and answers `Safety: ...`, `Categories: ...` and, about responses, `Refusal: ...`.

use saring_verdict::{EngineError, GuardSettings, JudgeError, Message, Subject, Task, TaskTaxonomy};

use super::{LabelWord, Rules, category_list};
use crate::template::ChatTemplate;

const LABELS: &[LabelWord] = &[
    LabelWord { label: "Safe", text: " Safe", optional: false },
    LabelWord { label: "Unsafe", text: " Unsafe", optional: false },
    LabelWord { label: "Controversial", text: " Controversial", optional: false },
];

/// The rules of Qwen3Guard-Gen.
pub(crate) struct Qwen3guardGen;

impl Rules for Qwen3guardGen {
    fn messages(&self, subject: &Subject, _: GuardSettings) -> Result<Vec<Message>, JudgeError> {
        Ok(subject.messages.clone())
    }

    fn generation_prompt(&self) -> bool {
        // The authors render without it; their template always opens the assistant's turn.
        false
    }

    fn messages_are_turns(&self) -> bool {
        false
    }

    fn opening(&self) -> &'static str {
        "Safety:"
    }

    fn labels(&self) -> &'static [LabelWord] {
        LABELS
    }

    fn task(&self, template: &ChatTemplate, task: Task) -> Result<Option<TaskTaxonomy>, EngineError> {
        let subject = match task {
            Task::Prompt => Subject::prompt("x"),
            Task::Response => Subject::response("x", "x"),
        };
        let text = match template.render(&subject.messages, self.generation_prompt()) {
            Ok(text) => text,
            // A prompt is what every guard judges; a template that cannot render one is broken.
            Err(error) if task == Task::Prompt => {
                return Err(EngineError::BadTemplate { reason: error.to_string() });
            }
            Err(JudgeError::Template { reason }) if reason.contains("fuel") => {
                return Err(EngineError::BadTemplate { reason });
            }
            Err(_) => return Ok(None),
        };
        if !text.contains("Safety:") || !text.contains("Categories:") {
            return Ok(None);
        }
        let categories = category_list::read(&text)
            .map_err(|reason| EngineError::BadTemplate { reason: format!("for the {task} task {reason}") })?;
        Ok(Some(TaskTaxonomy { task, categories, refusal: text.contains("Refusal:") }))
    }
}
