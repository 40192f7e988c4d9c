//! Which script a text is written in: for most scripts that decides the language.
//!
//! Letters and signs are counted by the blocks of the Unicode Standard, chapters 16 (Southeast Asia), 12 (South Asia) and 18
//! (East Asia). Digits, punctuation and emoji say nothing.

/// A script that says something about the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    /// Burmese, unless letters of its neighbours are among it.
    Myanmar,
    /// Letters that the Myanmar blocks have for Mon, Shan, Karen, Khamti and others.
    MyanmarMinority,
    Thai,
    Tamil,
    Khmer,
    Lao,
    Han,
    Kana,
    Hangul,
    /// Any other: several languages share it.
    Other,
}

impl Script {
    /// Every script, in the order of its variants.
    const ALL: [Self; 11] = [
        Self::Latin,
        Self::Myanmar,
        Self::MyanmarMinority,
        Self::Thai,
        Self::Tamil,
        Self::Khmer,
        Self::Lao,
        Self::Han,
        Self::Kana,
        Self::Hangul,
        Self::Other,
    ];

    const fn of(c: char) -> Option<Self> {
        Some(match c {
            'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => Self::Latin,
            '\u{1022}' | '\u{1028}' | '\u{1033}'..='\u{1035}' | '\u{105a}'..='\u{108f}' => {
                Self::MyanmarMinority
            }
            '\u{a9e0}'..='\u{a9ef}' | '\u{a9fa}'..='\u{a9fe}' | '\u{aa60}'..='\u{aa7f}' => {
                Self::MyanmarMinority
            }
            '\u{1000}'..='\u{103f}' | '\u{104c}'..='\u{1059}' => Self::Myanmar,
            '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' => Self::Thai,
            '\u{b82}'..='\u{bd7}' => Self::Tamil,
            '\u{1780}'..='\u{17d3}' => Self::Khmer,
            '\u{e81}'..='\u{ece}' | '\u{edc}'..='\u{edf}' => Self::Lao,
            '\u{3041}'..='\u{30ff}' => Self::Kana,
            '\u{ac00}'..='\u{d7a3}' | '\u{1100}'..='\u{11ff}' => Self::Hangul,
            '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{323af}' => Self::Han,
            _ => return None,
        })
    }
}

/// How many letters and signs of each script a text has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Letters([usize; Script::ALL.len()]);

impl Letters {
    /// Counts.
    pub fn of(text: impl Iterator<Item = char>) -> Self {
        let mut letters = Self::default();
        for c in text {
            let other = || c.is_alphabetic().then_some(Script::Other);
            if let Some(script) = Script::of(c).or_else(other) {
                letters.0[script as usize] += 1;
            }
        }
        letters
    }

    /// Of one script.
    pub const fn in_script(&self, script: Script) -> usize {
        self.0[script as usize]
    }

    /// Of all scripts together.
    pub fn total(&self) -> usize {
        self.0.iter().sum()
    }

    /// The script that most letters are of; `None` if there are no letters.
    pub fn leading(&self) -> Option<(Script, usize)> {
        Script::ALL
            .into_iter()
            .map(|script| (script, self.in_script(script)))
            .max_by_key(|(_, n)| *n)
            .filter(|(_, n)| *n > 0)
    }
}
