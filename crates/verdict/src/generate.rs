//! Text that a model writes: the assistant beside the reviewer. Never a verdict.

use serde::{Deserialize, Serialize};

use crate::Message;

/// What an assistant is asked to write an answer to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// The conversation; the last message is the user's. Data: none of it becomes a control token.
    pub messages: Vec<Message>,
    /// Longest answer in tokens.
    pub tokens_max: u32,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The model closed its turn.
    Finished,
    /// It was cut at the longest answer that was asked for, or at the end of the context.
    Length,
    /// It was stopped on request.
    Cancelled,
}

/// An answer, decoded greedily: the same question gets the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// The whole text.
    pub text: String,
    /// Tokens of the question, frame included.
    pub tokens_prompt: u32,
    /// Tokens of the answer.
    pub tokens_generated: u32,
    /// Why it ended.
    pub ending: Ending,
}
