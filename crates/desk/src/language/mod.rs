//! The language of an item: from its file, detected where the file does not say, corrected by reviewers; and the Zawgyi encoding
//! of Burmese.
//!
//! [`detect`] goes by the script where that decides (Burmese, Thai, Tamil and others) and by lingua's models among the languages
//! that are written in Latin letters. What it is not sure of has no language: a wrong one would be shown, counted and sorted by
//! as if somebody had said it. [`zawgyi`] tells and turns the encoding.

mod correct;
mod latin;
mod script;
pub mod zawgyi;

pub use correct::LanguageCorrection;

use script::{Letters, Script};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod workspace_tests;

/// Where the language of an item comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LanguageFrom {
    /// It came with the row.
    File,
    /// Nobody said it.
    Detected,
    /// A reviewer said it.
    Corrected,
}

impl LanguageFrom {
    /// The name used in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Detected => "detected",
            Self::Corrected => "corrected",
        }
    }
}

/// Characters of an item that are looked at: more make it no surer, and an item may be a book.
const CHARS_READ_MAX: usize = 600;

/// The language of a text as a BCP 47 tag, if it can be told with some certainty.
pub fn detect<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<&'static str> {
    let mut text = String::new();
    for c in texts.into_iter().flat_map(|text| text.chars().chain([' '])).take(CHARS_READ_MAX) {
        text.push(c);
    }
    let letters = Letters::of(text.chars());
    let (script, n) = letters.leading()?;
    // A text of two scripts in equal parts is of neither.
    if n * 5 < letters.total() * 3 {
        return None;
    }
    match script {
        Script::Latin => latin::detect(&text),
        Script::Thai => Some("th"),
        Script::Tamil => Some("ta"),
        Script::Khmer => Some("km"),
        Script::Lao => Some("lo"),
        Script::Hangul => Some("ko"),
        Script::Kana => Some("ja"),
        // Japanese is written with more Chinese characters than its own.
        Script::Han if letters.in_script(Script::Kana) > 0 => Some("ja"),
        Script::Han => Some("zh"),
        // Zawgyi uses the letters of the minorities for its own.
        Script::Myanmar | Script::MyanmarMinority if zawgyi::is_zawgyi(&text) => Some("my"),
        // Mon, Shan and Karen have them in nearly every word.
        Script::Myanmar if letters.in_script(Script::MyanmarMinority) * 20 < n => Some("my"),
        Script::Myanmar | Script::MyanmarMinority | Script::Other => None,
    }
}
