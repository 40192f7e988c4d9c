//! What a guard is asked about.

use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};

/// Who said a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions from the operator of the assistant.
    System,
    /// The human.
    User,
    /// The model whose answers are moderated.
    Assistant,
}

impl Role {
    /// The name used by chat templates.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who said it.
    pub role: Role,
    /// What was said. Data, never markup: whatever it contains must not become a control token.
    pub content: String,
}

/// What of a conversation is judged: verdicts, decisions, metrics and exports are all by (item, task).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// The last user message.
    Prompt,
    /// The last assistant message.
    Response,
}

impl Task {
    /// The name used in databases, files and flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Response => "response",
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A string that names no task.
#[derive(Debug, thiserror::Error)]
#[error("there is no task {0:?}; the tasks are prompt and response")]
pub struct UnknownTask(String);

impl FromStr for Task {
    type Err = UnknownTask;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "prompt" => Ok(Self::Prompt),
            "response" => Ok(Self::Response),
            other => Err(UnknownTask(other.to_owned())),
        }
    }
}

/// An image of a subject: by path and content hash, never by bytes, so that the wire stays small.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImageRef {
    /// Where the bytes are.
    pub path: PathBuf,
    /// Lower-case hexadecimal SHA-256 of the bytes.
    pub sha256: String,
}

/// One question to a guard: a conversation and which end of it to judge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// What the last message is judged as. `Response` requires the last message to be the assistant's.
    pub task: Task,
    /// All turns, oldest first. Empty only if there are images.
    pub messages: Vec<Message>,
    /// Images that belong to the last user message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageRef>,
}

impl Subject {
    /// The request of a user, alone.
    pub fn prompt(text: impl Into<String>) -> Self {
        Self {
            task: Task::Prompt,
            messages: vec![Message { role: Role::User, content: text.into() }],
            images: Vec::new(),
        }
    }

    /// The answer of an assistant to a user's request.
    pub fn response(prompt: impl Into<String>, response: impl Into<String>) -> Self {
        Self {
            task: Task::Response,
            messages: vec![
                Message { role: Role::User, content: prompt.into() },
                Message { role: Role::Assistant, content: response.into() },
            ],
            images: Vec::new(),
        }
    }
}
