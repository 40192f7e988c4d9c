//! What can be wrong with a policy, where, and what to do about it.

use std::fmt;

/// Why a policy cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The file is no policy.
    #[error("{}{what} (line {line}, column {column}); compare it with a policy that was exported", at_prefix(.at))]
    Unreadable {
        /// Where in the policy, such as `labels[1].label`; empty if the whole is no JSON.
        at: String,
        /// In the parser's words.
        what: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// It can be read, and makes no sense.
    #[error("{}{flaw}", at_prefix(.at))]
    Flawed {
        /// Where, such as `categories[3].name`.
        at: String,
        /// What is wrong.
        flaw: Flaw,
    },
    /// Another content has this name and version.
    #[error(
        "there is a version {version} of the policy {name:?} already, and it says something else (it is {known}); give yours \
         the version {free}, or another name"
    )]
    VersionTaken {
        /// The policy's.
        name: String,
        /// Which one is taken.
        version: u32,
        /// The first eight digits of the other one's id.
        known: String,
        /// The next one that is free.
        free: u32,
    },
    /// Decisions in force could not be said under it.
    #[error(
        "{decisions} decisions in force in the queue {queue:?} could not be made under {policy}: {first}; they would stay as they \
         are. Look at what the change means, and say that it is meant"
    )]
    NotSayable {
        /// The queue's name.
        queue: String,
        /// Name and version.
        policy: String,
        /// How many.
        decisions: u64,
        /// What most of them say.
        first: String,
    },
}

fn at_prefix(at: &str) -> String {
    if at.is_empty() || at == "." { String::new() } else { format!("{at}: ") }
}

/// What is wrong with a policy, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A name, code, category or example with nothing in it.
    Empty,
    /// A text past its limit.
    TooLong {
        /// Most characters.
        characters_max: usize,
    },
    /// A list past its limit.
    TooMany {
        /// Most entries.
        entries_max: usize,
    },
    /// Control characters or blanks at an end, where a name is expected.
    Untidy,
    /// A name with `@`, which stands between name and version.
    AtSign,
    /// A version below 1.
    VersionZero,
    /// Fewer than two labels.
    TooFewLabels,
    /// A word that stands there twice.
    Twice {
        /// Which.
        word: String,
    },
    /// A category of no task.
    NoTasks,
    /// A code with other characters than it may have.
    CodeCharacters,
    /// A reason is asked for, and none could be given.
    NothingToSay,
    /// A mapping for what gives no verdicts.
    NoGuard,
    /// A mapping to a label or a category that the policy does not have.
    UnknownTarget {
        /// What it maps to.
        found: String,
        /// What the policy has.
        known: String,
    },
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("nothing stands there; write something or take it out"),
            Self::TooLong { characters_max } => {
                write!(f, "this is too long; at most {characters_max} characters are shown beside an item")
            }
            Self::TooMany { entries_max } => {
                write!(f, "there are too many; at most {entries_max} can be chosen from")
            }
            Self::Untidy => {
                f.write_str("a name has no blanks at its ends and no control characters; take them out")
            }
            Self::AtSign => {
                f.write_str("a name has no @, which stands between name and version; use another sign")
            }
            Self::VersionZero => f.write_str("versions begin at 1"),
            Self::TooFewLabels => f.write_str(
                "there is nothing to choose; a policy has at least two of safe, controversial and unsafe",
            ),
            Self::Twice { word } => write!(f, "{word:?} stands there twice; take one of them out"),
            Self::NoTasks => f.write_str("it can be said of nothing; name \"prompt\", \"response\" or both"),
            Self::CodeCharacters => f.write_str(
                "a code has lower-case letters, digits and hyphens only; what reviewers read is its text",
            ),
            Self::NothingToSay => f.write_str(
                "a reason is asked for and none can be given; write codes, or set free_text to true",
            ),
            Self::NoGuard => f.write_str("an assistant gives no verdicts; take its mapping out"),
            Self::UnknownTarget { found, known } => {
                write!(f, "the policy has no {found:?}; it has {known}")
            }
        }
    }
}
