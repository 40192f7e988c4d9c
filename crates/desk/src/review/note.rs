//! Notes of verdicts in words.

use saring_verdict::VerdictNote;

/// What a note says, as a sentence.
pub const fn note_words(note: VerdictNote) -> &'static str {
    match note {
        VerdictNote::ImageWithoutText => {
            "The item has images and no text: the guard's authors did not describe how to ask about that."
        }
        VerdictNote::ZawgyiReadAsUnicode => {
            "The item is in the Zawgyi encoding: the guard read the Unicode text that it means."
        }
    }
}
