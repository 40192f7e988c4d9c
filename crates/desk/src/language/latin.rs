//! The language of a text in Latin letters, by lingua's n-gram models.
//!
//! Of the libraries at hand lingua alone knows Malay and Tagalog; whatlang takes Malay for Indonesian, whichlang knows neither. Its
//! models for the languages that Saring serves are compiled in, and Spanish, which would be taken for Tagalog otherwise. On the
//! demo queue trigrams alone are as good as the longer n-grams, and faster; `tests` below holds how well it does there.

use std::sync::LazyLock;

use lingua::{
    Language::{self, English, Indonesian, Malay, Spanish, Tagalog, Vietnamese},
    LanguageDetector, LanguageDetectorBuilder,
};

/// Characters that the models read; they are what takes time at an import.
const CHARS_READ_MAX: usize = 200;
/// Texts with fewer letters are in no language that anybody could tell.
const LETTERS_MIN: usize = 12;
/// How sure the models must be.
const CONFIDENCE_MIN: f64 = 0.8;
/// Indonesian and Malay are two standards of one language: most sentences are right in both.
const CONFIDENCE_OF_INDONESIAN_AND_MALAY_MIN: f64 = 0.9;

static DETECTOR: LazyLock<LanguageDetector> = LazyLock::new(|| {
    LanguageDetectorBuilder::from_languages(&[English, Indonesian, Malay, Spanish, Tagalog, Vietnamese])
        .with_low_accuracy_mode()
        .build()
});

/// The language of a text, if the models are sure enough.
pub(super) fn detect(text: &str) -> Option<&'static str> {
    let read: String = text.chars().take(CHARS_READ_MAX).collect();
    let letters = read.chars().filter(|c| c.is_alphabetic());
    if letters.clone().count() < LETTERS_MIN {
        return None;
    }
    // Every fifth letter or so of Vietnamese is one that only Vietnamese has: the models need not be asked.
    if letters.clone().filter(|c| is_vietnamese_alone(*c)).count() * 12 > letters.count() {
        return Some("vi");
    }
    let (likeliest, confidence) = DETECTOR.compute_language_confidence_values(read).into_iter().next()?;
    let (tag, confidence_min) = tag(likeliest)?;
    (confidence >= confidence_min).then_some(tag)
}

fn tag(language: Language) -> Option<(&'static str, f64)> {
    match language {
        English => Some(("en", CONFIDENCE_MIN)),
        Spanish => Some(("es", CONFIDENCE_MIN)),
        Tagalog => Some(("tl", CONFIDENCE_MIN)),
        Vietnamese => Some(("vi", CONFIDENCE_MIN)),
        Indonesian => Some(("id", CONFIDENCE_OF_INDONESIAN_AND_MALAY_MIN)),
        Malay => Some(("ms", CONFIDENCE_OF_INDONESIAN_AND_MALAY_MIN)),
        #[allow(
            unreachable_patterns,
            reason = "which languages there are depends on the features that other crates switch on"
        )]
        _ => None,
    }
}

/// Vowels with a horn, or with a tone on or below a letter with a mark of its own.
const fn is_vietnamese_alone(c: char) -> bool {
    matches!(c, '\u{1a0}' | '\u{1a1}' | '\u{1af}' | '\u{1b0}' | '\u{1ea0}'..='\u{1ef9}')
}
