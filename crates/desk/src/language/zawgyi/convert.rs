//! From Zawgyi to Unicode, syllable by syllable.
//!
//! Each code point of Zawgyi is one or more [`Piece`]s. What stands before a consonant waits for it; what stands behind is put into
//! the order of Unicode when the next consonant begins.

use super::{AA, E, TALL_AA, U103A};

const VIRAMA: char = '\u{1039}';
const RA: char = '\u{103c}';
const YA: char = '\u{103b}';
const WA: char = '\u{103d}';
const AFOREMENTIONED: char = '\u{104e}';
const HA: char = '\u{103e}';

/// What a code point of Zawgyi stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// Written before the consonant, stored behind it.
    Before(char),
    /// Begins a syllable.
    Base(char),
    /// Stands under the consonant.
    Stacked(char),
    /// A medial, a vowel, a tone or the asat.
    Sign(char),
    /// Written behind the consonant, stored before it.
    Kinzi,
}

/// The Unicode text that a Zawgyi text means.
pub fn to_unicode(zawgyi: &str) -> String {
    let mut out = String::with_capacity(zawgyi.len());
    let mut syllable = Syllable::default();
    let mut chars = zawgyi.chars().peekable();
    while let Some(c) = chars.next() {
        if c == AFOREMENTIONED && chars.peek() != Some(&'\u{1004}') {
            // One letter in Zawgyi, spelled out in Unicode; some spell it out in Zawgyi too.
            syllable.end(&mut out);
            out.extend([c, '\u{1004}', U103A, '\u{1038}']);
            continue;
        }
        let pieces = pieces(c);
        if pieces.is_empty() {
            // Punctuation, and what is no letter of the block, stands as it is.
            syllable.end(&mut out);
            out.push(c);
        }
        for piece in pieces {
            match *piece {
                Piece::Before(c) => {
                    if syllable.base.is_some() {
                        syllable.end(&mut out);
                    }
                    syllable.signs.push(c);
                }
                Piece::Base(c) => {
                    if syllable.base.is_some() {
                        syllable.end(&mut out);
                    }
                    syllable.base = Some(c);
                }
                Piece::Stacked(c) => syllable.stacked.push(c),
                Piece::Sign(c) => syllable.sign(c),
                Piece::Kinzi => syllable.kinzi = true,
            }
        }
    }
    syllable.end(&mut out);
    out
}

/// A syllable in the making.
#[derive(Debug, Default)]
struct Syllable {
    kinzi: bool,
    base: Option<char>,
    stacked: Vec<char>,
    signs: Vec<char>,
    /// The asat came before a medial: a contraction, which keeps that order.
    asat_first: bool,
    /// The sign of u that came behind the asat: a contraction too.
    last: Option<char>,
}

impl Syllable {
    fn sign(&mut self, c: char) {
        if c == YA && self.signs.last() == Some(&U103A) {
            self.signs.pop();
            self.asat_first = true;
        }
        if matches!(c, '\u{102f}' | '\u{1030}') && self.signs.last() == Some(&U103A) {
            self.last = Some(c);
        } else if !self.signs.contains(&c) {
            self.signs.push(c);
        }
    }

    /// Writes it in the order of Unicode and begins anew.
    fn end(&mut self, out: &mut String) {
        let Self { kinzi, base, stacked, mut signs, asat_first, last } = std::mem::take(self);
        signs.sort_by_key(|sign| rank(*sign));
        let base = base.map(|base| spelled(base, &mut signs));
        if kinzi {
            out.extend(['\u{1004}', U103A, VIRAMA]);
        }
        out.extend(base);
        if asat_first {
            out.push(U103A);
        }
        for consonant in stacked {
            out.extend([VIRAMA, consonant]);
        }
        out.extend(signs);
        out.extend(last);
    }
}

/// The letter that was meant where Zawgyi's users write another that looks the same.
fn spelled(base: char, signs: &mut Vec<char>) -> char {
    match base {
        // U with the sign of long i is the letter long u; with an asat it is the little nya.
        '\u{1025}' if signs.contains(&'\u{102e}') => {
            signs.retain(|sign| *sign != '\u{102e}');
            '\u{1026}'
        }
        '\u{1025}' if signs.contains(&U103A) => '\u{1009}',
        // A zero that bears signs is the letter wa.
        '\u{1040}' if !signs.is_empty() => '\u{101d}',
        base => base,
    }
}

/// The order within a syllable.
const fn rank(sign: char) -> u8 {
    match sign {
        YA => 0,
        RA => 1,
        WA => 2,
        HA => 3,
        E => 4,
        '\u{102d}' | '\u{102e}' => 5,
        '\u{1032}' => 6,
        '\u{102f}' | '\u{1030}' => 7,
        AA | TALL_AA => 8,
        '\u{1036}' => 9,
        '\u{1037}' => 10,
        U103A => 11,
        _ => 12,
    }
}

/// What a code point stands for; nothing for one that is no letter.
const fn pieces(c: char) -> &'static [Piece] {
    use Piece::{Base, Before, Kinzi, Sign, Stacked};
    macro_rules! same {
        ($kind:ident: $($letter:literal)*) => {
            match c { $($letter => return &[$kind($letter)],)* _ => {} }
        };
    }
    same!(Base: '\u{1000}' '\u{1001}' '\u{1002}' '\u{1003}' '\u{1004}' '\u{1005}' '\u{1006}' '\u{1007}' '\u{1008}' '\u{1009}'
        '\u{100a}' '\u{100b}' '\u{100c}' '\u{100d}' '\u{100e}' '\u{100f}' '\u{1010}' '\u{1011}' '\u{1012}' '\u{1013}' '\u{1014}'
        '\u{1015}' '\u{1016}' '\u{1017}' '\u{1018}' '\u{1019}' '\u{101a}' '\u{101b}' '\u{101c}' '\u{101d}' '\u{101e}' '\u{101f}'
        '\u{1020}' '\u{1021}' '\u{1022}' '\u{1023}' '\u{1024}' '\u{1025}' '\u{1026}' '\u{1027}' '\u{1028}' '\u{1029}' '\u{102a}'
        '\u{103f}' '\u{1040}' '\u{1041}' '\u{1042}' '\u{1043}' '\u{1044}' '\u{1045}' '\u{1046}' '\u{1047}' '\u{1048}' '\u{1049}');
    same!(Sign: '\u{102b}' '\u{102c}' '\u{102d}' '\u{102e}' '\u{102f}' '\u{1030}' '\u{1032}' '\u{1036}' '\u{1037}' '\u{1038}');
    match c {
        '\u{1031}' => &[Before(E)],
        '\u{1033}' => &[Sign('\u{102f}')],
        '\u{1034}' => &[Sign('\u{1030}')],
        '\u{1039}' => &[Sign(U103A)],
        '\u{103a}' | '\u{107d}' => &[Sign(YA)],
        '\u{103b}' | '\u{107e}'..='\u{1084}' => &[Before(RA)],
        '\u{103c}' => &[Sign(WA)],
        '\u{103d}' | '\u{1087}' => &[Sign(HA)],
        '\u{105a}' => &[Sign(TALL_AA), Sign(U103A)],
        '\u{1060}' => &[Stacked('\u{1000}')],
        '\u{1061}' => &[Stacked('\u{1001}')],
        '\u{1062}' => &[Stacked('\u{1002}')],
        '\u{1063}' => &[Stacked('\u{1003}')],
        '\u{1064}' => &[Kinzi],
        '\u{1065}' => &[Stacked('\u{1005}')],
        '\u{1066}' | '\u{1067}' => &[Stacked('\u{1006}')],
        '\u{1068}' => &[Stacked('\u{1007}')],
        '\u{1069}' => &[Stacked('\u{1008}')],
        '\u{106a}' => &[Base('\u{1009}')],
        '\u{106b}' => &[Base('\u{100a}')],
        '\u{106c}' => &[Stacked('\u{100b}')],
        '\u{106d}' => &[Stacked('\u{100c}')],
        '\u{106e}' => &[Base('\u{100d}'), Stacked('\u{100d}')],
        '\u{106f}' => &[Base('\u{100d}'), Stacked('\u{100e}')],
        '\u{1070}' => &[Stacked('\u{100f}')],
        '\u{1071}' | '\u{1072}' => &[Stacked('\u{1010}')],
        '\u{1073}' | '\u{1074}' => &[Stacked('\u{1011}')],
        '\u{1075}' => &[Stacked('\u{1012}')],
        '\u{1076}' => &[Stacked('\u{1013}')],
        '\u{1077}' => &[Stacked('\u{1014}')],
        '\u{1078}' => &[Stacked('\u{1015}')],
        '\u{1079}' => &[Stacked('\u{1016}')],
        '\u{107a}' => &[Stacked('\u{1017}')],
        '\u{107b}' | '\u{1093}' => &[Stacked('\u{1018}')],
        '\u{107c}' => &[Stacked('\u{1019}')],
        '\u{1085}' => &[Stacked('\u{101c}')],
        '\u{1086}' => &[Base('\u{103f}')],
        '\u{1088}' => &[Sign(HA), Sign('\u{102f}')],
        '\u{1089}' => &[Sign(HA), Sign('\u{1030}')],
        '\u{108a}' => &[Sign(WA), Sign(HA)],
        '\u{108b}' => &[Kinzi, Sign('\u{102d}')],
        '\u{108c}' => &[Kinzi, Sign('\u{102e}')],
        '\u{108d}' => &[Kinzi, Sign('\u{1036}')],
        '\u{108e}' => &[Sign('\u{102d}'), Sign('\u{1036}')],
        '\u{108f}' => &[Base('\u{1014}')],
        '\u{1090}' => &[Base('\u{101b}')],
        '\u{1091}' => &[Base('\u{100f}'), Stacked('\u{100d}')],
        '\u{1092}' => &[Base('\u{100b}'), Stacked('\u{100c}')],
        '\u{1094}' | '\u{1095}' => &[Sign('\u{1037}')],
        '\u{1096}' => &[Stacked('\u{1010}'), Sign(WA)],
        '\u{1097}' => &[Base('\u{100b}'), Stacked('\u{100b}')],
        _ => &[],
    }
}
