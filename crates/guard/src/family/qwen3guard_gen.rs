//! Qwen3Guard-Gen: its instructions, categories included, stand in the checkpoint's chat template; it is given the
//! conversation as it is and answers `Safety: ...`, `Categories: ...` and, about responses, `Refusal: ...`.

use saring_verdict::{EngineError, GuardSettings, JudgeError, Subject, Task, TaskTaxonomy};

use super::{Answer, LabelWord, Rules, Words, category_list};
use crate::{
    template::ChatTemplate,
    turn::{Framing, Turn},
};

const LABELS: &[LabelWord] = &[
    LabelWord { label: "Safe", text: " Safe", optional: false },
    LabelWord { label: "Unsafe", text: " Unsafe", optional: false },
    LabelWord { label: "Controversial", text: " Controversial", optional: false },
];

/// The rules of Qwen3Guard-Gen.
pub(crate) struct Qwen3guardGen;

impl Rules for Qwen3guardGen {
    fn turns(&self, subject: &Subject, _: GuardSettings) -> Result<Vec<Turn>, JudgeError> {
        Ok(subject.messages.iter().map(Turn::from).collect())
    }

    fn framing(&self) -> Framing {
        // The authors render without a generation prompt; their template always opens the assistant's turn.
        Framing::default()
    }

    fn turns_are_the_frames(&self) -> bool {
        false
    }

    fn answer(&self) -> Answer {
        Answer::Words(Words { opening: "Safety:", labels: LABELS })
    }

    fn task(&self, template: &ChatTemplate, task: Task) -> Result<Option<TaskTaxonomy>, EngineError> {
        let subject = match task {
            Task::Prompt => Subject::prompt("x"),
            Task::Response => Subject::response("x", "x"),
        };
        let turns: Vec<Turn> = subject.messages.iter().map(Turn::from).collect();
        let text = match template.render(&turns, self.framing()) {
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
