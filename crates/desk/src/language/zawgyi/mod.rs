//! Burmese in the Zawgyi encoding: told from Unicode, and turned into it.
//!
//! Zawgyi was the fonts of a generation of telephones. It gives the code points of the Myanmar block other meanings and writes a
//! syllable in the order in which it looks, not in the order in which it is spoken, so that the same bytes are two texts. Nothing
//! in a file says which; [`is_zawgyi`] goes by sequences that make a syllable in one of the two only. [`to_unicode`] makes the
//! text that was meant. Stored items keep their bytes.
//!
//! Sources: the Unicode Standard, chapter 16.3 (Myanmar); Unicode Technical Note 11, "Representing Myanmar in Unicode", for the
//! order within a syllable; the Unicode FAQ on Myanmar scripts and the code chart of the Zawgyi-One font for what Zawgyi makes of each
//! code point. The golden file was made by ICU's transform `my-Zawgyi` from sentences of the demo queue, and holds this against ICU's
//! `Zawgyi-my`.

mod convert;

pub use convert::to_unicode;

use std::borrow::Cow;

const AA: char = '\u{102c}';
const TALL_AA: char = '\u{102b}';
const E: char = '\u{1031}';
const DOT_BELOW: char = '\u{1037}';
const VISARGA: char = '\u{1038}';
/// Stacks consonants in Unicode, ends a syllable in Zawgyi.
const U1039: char = '\u{1039}';
/// Ends a syllable in Unicode, is the medial ya in Zawgyi.
const U103A: char = '\u{103a}';
/// The medial ya in Unicode; the medial ra, written before its consonant, in Zawgyi.
const U103B: char = '\u{103b}';

/// Whether a text is Burmese in Zawgyi: more of it is no syllable in Unicode than is none in Zawgyi. Texts without Burmese and
/// those too short to tell are not.
pub fn is_zawgyi(text: &str) -> bool {
    let (mut against_unicode, mut against_zawgyi) = (0_usize, 0_usize);
    let mut previous = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if is_myanmar(c) {
            let next = chars.peek().copied().filter(|n| is_myanmar(*n));
            against_unicode += usize::from(is_impossible_in_unicode(previous, c, next));
            against_zawgyi += usize::from(is_impossible_in_zawgyi(previous, c, next));
            previous = Some(c);
        } else if c != '\u{200b}' && c != '\u{200c}' && c != '\u{200d}' {
            previous = None;
        }
    }
    against_unicode > 2 * against_zawgyi
}

/// The text that is meant: of one in Zawgyi its Unicode text, any other as it stands. Each text by itself: people write in Zawgyi,
/// and models answer in Unicode.
pub fn in_unicode(text: &str) -> Cow<'_, str> {
    if is_zawgyi(text) { to_unicode(text).into() } else { text.into() }
}

const fn is_myanmar(c: char) -> bool {
    matches!(c, '\u{1000}'..='\u{109f}' | '\u{a9e0}'..='\u{a9fe}' | '\u{aa60}'..='\u{aa7f}')
}

/// Consonants of Burmese, with great sa and the independent vowels that can bear signs.
const fn is_consonant(c: char) -> bool {
    matches!(c, '\u{1000}'..='\u{1021}' | '\u{1025}' | '\u{1027}' | '\u{1029}' | '\u{103f}')
}

/// Consonants of the languages that share the block, in Unicode.
const fn is_minority_consonant(c: char) -> bool {
    matches!(c,
        '\u{1022}' | '\u{1028}' | '\u{105a}'..='\u{105d}' | '\u{1061}' | '\u{1065}' | '\u{1066}' | '\u{106e}'..='\u{1070}'
        | '\u{1075}'..='\u{1081}' | '\u{108e}' | '\u{a9e0}'..='\u{a9ef}' | '\u{aa60}'..='\u{aa6f}' | '\u{aa71}'..='\u{aa73}')
}

/// Medials, as Unicode has them.
const fn is_medial(c: char) -> bool {
    matches!(c, '\u{103b}'..='\u{103e}' | '\u{105e}'..='\u{1060}' | '\u{1082}')
}

const fn is_vowel_sign(c: char) -> bool {
    matches!(c, '\u{102b}'..='\u{1030}' | '\u{1032}' | '\u{1036}')
}

/// The medial ra as Zawgyi draws it around consonants of several widths.
const fn is_zawgyi_ra(c: char) -> bool {
    matches!(c, '\u{103b}' | '\u{107e}'..='\u{1084}')
}

fn is_impossible_in_unicode(previous: Option<char>, c: char, next: Option<char>) -> bool {
    let follows = |what: fn(char) -> bool| previous.is_some_and(what);
    match c {
        // The vowel is stored behind its consonant and that one's medials.
        E => !follows(|p| is_consonant(p) || is_minority_consonant(p) || is_medial(p)),
        // What stacks stands between two consonants.
        U1039 => !next.is_some_and(|n| is_consonant(n) || is_minority_consonant(n)),
        // What ends a syllable bears no vowel.
        U103A => next.is_some_and(|n| is_vowel_sign(n) || n == E),
        // A medial stands behind its consonant, or behind the asat of a contraction.
        U103B => !follows(|p| is_consonant(p) || is_minority_consonant(p) || p == U103A),
        _ => false,
    }
}

fn is_impossible_in_zawgyi(previous: Option<char>, c: char, next: Option<char>) -> bool {
    match c {
        // The vowel is written before its consonant, or before the ra around that.
        E => !next.is_some_and(|n| {
            is_consonant(n)
                || is_zawgyi_ra(n)
                || matches!(n, '\u{1040}'..='\u{1049}' | '\u{106a}'..='\u{1097}')
        }),
        // The medial ya stands behind a consonant, never behind a vowel or a tone, and does not end a syllable.
        U103A => {
            previous.is_none_or(|p| is_vowel_sign(p) || p == DOT_BELOW || p == VISARGA)
                || next.is_none_or(|n| n == VISARGA)
        }
        // The medial ra stands before a consonant, or before the vowel that was typed between.
        U103B => !next.is_some_and(|n| {
            is_consonant(n) || n == E || matches!(n, '\u{1040}'..='\u{1049}' | '\u{1060}'..='\u{1097}')
        }),
        // Zawgyi has neither.
        '\u{103e}' | '\u{103f}' => true,
        AA | TALL_AA => next == Some(U103A),
        _ => false,
    }
}
