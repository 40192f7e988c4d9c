//! What can go wrong between a question and a verdict. Serializable: an engine may live in another process.
//!
//! No variant carries item text.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Task;

/// Why one subject got no verdict; the other subjects of its batch are not touched by it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum JudgeError {
    /// No text and no image.
    #[error("there is nothing to judge: no text and no image")]
    NothingToJudge,
    /// The last message does not fit the task.
    #[error("the last message is not the one that the {task} task judges")]
    TaskMismatch {
        /// The task asked for.
        task: Task,
    },
    /// The guard cannot judge this task.
    #[error("this guard cannot judge the {task} task")]
    TaskUnsupported {
        /// The task asked for.
        task: Task,
    },
    /// The guard was made for a single request and response.
    #[error("this guard was made for one request and one response; the item has {turns} turns")]
    SeveralTurns {
        /// How many messages the item has.
        turns: usize,
    },
    /// The guard reads text only.
    #[error("this guard reads text only; the item has images")]
    ImagesUnsupported,
    /// An image cannot be used.
    #[error("image {position} cannot be used: {reason}")]
    Image {
        /// Which image of the subject, from 1.
        position: u32,
        /// Why, without its path.
        reason: String,
    },
    /// The chat template refused the conversation.
    #[error("the chat template refused this conversation: {reason}")]
    Template {
        /// What it said, without item text.
        reason: String,
    },
    /// What cannot be cut fills the context.
    #[error(
        "the guard's instructions and the item's images take {needed} tokens of a context of {context}; nothing is left for the item"
    )]
    ContextTooSmall {
        /// Tokens that cannot be cut.
        needed: usize,
        /// The guard's context in tokens.
        context: usize,
    },
    /// The forward pass failed, or gave numbers that are none.
    #[error("the guard failed on this item: {reason}")]
    Inference {
        /// What failed.
        reason: String,
    },
    /// The item was alone in the engine at two deaths of it.
    #[error("the guard's process died twice on this item alone: {reason}")]
    EngineDied {
        /// How the process ended.
        reason: String,
    },
    /// The run was stopped before this subject's turn.
    #[error("stopped before this item's turn")]
    Cancelled,
}

/// Why an engine could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum EngineError {
    /// The operating system refused.
    #[error("cannot read {path}: {reason}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// A folder was expected.
    #[error("{path} is not a checkpoint; give the folder that holds config.json, or a GGUF file")]
    NotACheckpoint {
        /// What was given.
        path: PathBuf,
    },
    /// A file of the checkpoint is missing.
    #[error("{folder} has no {file}; copy the whole checkpoint folder again")]
    MissingFile {
        /// The checkpoint.
        folder: PathBuf,
        /// The file's name.
        file: String,
    },
    /// A JSON file of the checkpoint cannot be understood.
    #[error("{path} cannot be understood: {reason}")]
    BadConfig {
        /// Which file.
        path: PathBuf,
        /// Key and expectation.
        reason: String,
    },
    /// An architecture that is not built in.
    #[error("the architecture {found} is not one that this version runs ({supported})")]
    UnknownArchitecture {
        /// From config.json.
        found: String,
        /// Names of those that can be run.
        supported: String,
    },
    /// A weight file is damaged.
    #[error("{path} is damaged or was not copied whole: {reason}")]
    CorruptWeights {
        /// Which file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A weight that the architecture needs is not there.
    #[error("the checkpoint has no tensor {name}")]
    MissingTensor {
        /// Its name.
        name: String,
    },
    /// Weights that the architecture has no place for: another model than config.json says.
    #[error("the checkpoint holds {count} tensors that {architecture} has no place for, the first is {name}")]
    UnexpectedTensors {
        /// The architecture.
        architecture: String,
        /// How many.
        count: usize,
        /// The first by name.
        name: String,
    },
    /// A weight has another shape than config.json says.
    #[error("tensor {name} has shape {found:?}; config.json asks for {expected:?}")]
    TensorShape {
        /// Its name.
        name: String,
        /// From config.json.
        expected: Vec<usize>,
        /// From the weight file.
        found: Vec<usize>,
    },
    /// Without its chat template a guard would be asked in the wrong words.
    #[error(
        "{folder} has no chat template; put its authors' chat_template.jinja beside the weights: a guard is never asked \
         in guessed words"
    )]
    NoChatTemplate {
        /// The checkpoint, a folder or a GGUF file.
        folder: PathBuf,
    },
    /// The chat template cannot be used.
    #[error("the chat template cannot be used: {reason}")]
    BadTemplate {
        /// What is wrong with it.
        reason: String,
    },
    /// Tokenizer and weights do not belong together.
    #[error("the tokenizer does not fit the checkpoint: {reason}")]
    BadTokenizer {
        /// What does not fit.
        reason: String,
    },
    /// The device cannot be used.
    #[error("{device} cannot be used here: {reason}")]
    DeviceUnavailable {
        /// Which one was asked for.
        device: String,
        /// Why not.
        reason: String,
    },
    /// The precision cannot be used.
    #[error("the precision {precision} cannot be used here: {reason}")]
    PrecisionUnavailable {
        /// Which one was asked for.
        precision: String,
        /// Why not.
        reason: String,
    },
    /// The guard does not fit.
    #[error("the guard needs {needed_bytes} bytes of memory and {free_bytes} are free")]
    OutOfMemory {
        /// Bytes needed.
        needed_bytes: u64,
        /// Bytes free.
        free_bytes: u64,
    },
    /// An assistant was asked to judge, or a guard to write.
    #[error("a checkpoint of the family {family} cannot {wanted}")]
    WrongFamily {
        /// Its family.
        family: String,
        /// What was asked of it.
        wanted: String,
    },
    /// Nothing is loaded.
    #[error("no guard is loaded")]
    NotLoaded,
    /// Stopped on request.
    #[error("stopped on request")]
    Cancelled,
    /// A forward pass or a loading step failed.
    #[error("inference failed: {reason}")]
    Inference {
        /// What failed.
        reason: String,
    },
    /// The engine's process could not be started or has ended.
    #[error("the guard's process ended: {reason}")]
    Died {
        /// How it ended, and the last of what it said on its error stream.
        reason: String,
    },
    /// The two ends do not speak the same protocol.
    #[error("the guard's process answered in a way that was not understood: {reason}")]
    Protocol {
        /// What was not understood.
        reason: String,
    },
}
