//! Fingerprints of texts: two are as similar as their fingerprints have bytes in common. Pure.
//!
//! A text is the set of its runs of four characters, which needs no spaces between words and so works in Thai and Burmese as in
//! English. MinHash (Broder, "On the resemblance and containment of documents", 1997) keeps of such a set the least value under each
//! of 64 hash functions: two sets agree in a value as often as they share their elements. One byte of each is enough (Li and König,
//! "b-Bit Minwise Hashing", 2010). Fingerprints lie in databases, so that every constant here is part of their format.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Hash functions, and bytes of a fingerprint.
pub const SKETCH_BYTES: usize = 64;
/// Characters of a run.
const RUN_CHARS: usize = 4;
/// Characters that are looked at; what follows in a longer text is left out.
const CHARS_READ_MAX: usize = 20_000;
/// Groups of bytes under which texts are looked up, and how many bytes each has. Texts that share four fifths of their runs meet in
/// one of five groups of four with a probability of 93 %, texts that share a twentieth with one of 0.004 %.
const BANDS: usize = 5;
const BAND_BYTES: usize = 4;

/// The fingerprint of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sketch([u8; SKETCH_BYTES]);

impl Sketch {
    /// Of an item's texts: of their letters and digits, or of what else there is if they have none. All empty texts are the same.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let texts = texts.into_iter().flat_map(|text| text.chars().chain(['\n'])).take(CHARS_READ_MAX);
        let folded = texts.nfkc().flat_map(char::to_lowercase).filter(|c| !c.is_whitespace());
        let all: Vec<char> = folded.collect();
        let is_letter = |c: &char| c.is_alphanumeric() || is_combining_mark(*c);
        let has_letters = all.iter().any(is_letter);
        let letters: Vec<u64> =
            all.into_iter().filter(|c| !has_letters || is_letter(c)).map(u64::from).collect();
        let mut least = [u32::MAX; SKETCH_BYTES];
        let mut take = |run: &[u64]| {
            let hash = run.iter().fold(0, |hash, c| mix(hash ^ c));
            for (least, (a, b)) in least.iter_mut().zip(FUNCTIONS) {
                *least = (*least).min((hash.wrapping_mul(a).wrapping_add(b) >> 32) as u32);
            }
        };
        if letters.len() < RUN_CHARS {
            take(&letters);
        }
        letters.windows(RUN_CHARS).for_each(take);
        Self(least.map(|value| value.to_le_bytes()[0]))
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How much of their runs two texts share, 0 to 1, as estimated with a standard error of at most 0.06.
    #[allow(clippy::cast_precision_loss, reason = "at most 64")]
    pub fn similarity(&self, other: &Self) -> f64 {
        let equal = self.0.iter().zip(&other.0).filter(|(a, b)| a == b).count() as f64;
        // One byte in 256 is equal by chance.
        ((equal / SKETCH_BYTES as f64 - 1.0 / 256.0) / (255.0 / 256.0)).max(0.0)
    }

    /// What it is looked up under, among those with the same `among`.
    fn bands(&self, among: u64) -> [i64; BANDS] {
        std::array::from_fn(|band| {
            let bytes = &self.0[band * BAND_BYTES..(band + 1) * BAND_BYTES];
            let key = bytes.iter().fold(mix(among ^ band as u64), |key, byte| mix(key ^ u64::from(*byte)));
            key.cast_signed()
        })
    }
}

/// The fingerprint of what an item says: of what is asked, and of what was answered. Two items are nearly the same if both are: the
/// same refusal to two questions makes them no copies of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextPrint {
    asked: Sketch,
    answer: Option<Sketch>,
}

impl TextPrint {
    /// Of all turns but a last answer, and of that.
    pub fn of<'a>(asked: impl IntoIterator<Item = &'a str>, answer: Option<&'a str>) -> Self {
        Self { asked: Sketch::of(asked), answer: answer.map(|answer| Sketch::of([answer])) }
    }

    /// From the database.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (asked, answer) = bytes.split_at_checked(SKETCH_BYTES)?;
        let answer = if answer.is_empty() { None } else { Some(Sketch::from_bytes(answer)?) };
        Some(Self { asked: Sketch::from_bytes(asked)?, answer })
    }

    /// For the database.
    pub fn to_bytes(self) -> Vec<u8> {
        let answer = self.answer.as_ref().map_or(&[][..], Sketch::as_bytes);
        [self.asked.as_bytes(), answer].concat()
    }

    /// Of the two parts, how similar the one is that differs more.
    pub fn similarity(&self, other: &Self) -> f64 {
        let answers = match (&self.answer, &other.answer) {
            (Some(one), Some(other)) => one.similarity(other),
            (None, None) => 1.0,
            _ => 0.0,
        };
        answers.min(self.asked.similarity(&other.asked))
    }

    /// What it is looked up under: what is asked or, where that is nothing, what was answered.
    pub fn bands(&self, among: u64) -> [i64; BANDS] {
        match &self.answer {
            Some(answer) if self.asked == Sketch::of([]) => answer.bands(among),
            _ => self.asked.bands(among),
        }
    }
}

/// Multiply-add-shift: the high half of `a * x + b` with odd `a`.
const FUNCTIONS: [(u64, u64); SKETCH_BYTES] = {
    let mut functions = [(0, 0); SKETCH_BYTES];
    let mut at = 0;
    while at < SKETCH_BYTES {
        functions[at] = (mix(2 * at as u64 + 1) | 1, mix(2 * at as u64 + 2));
        at += 1;
    }
    functions
};

/// Steele, Lea and Flood's SplitMix64 ("Fast splittable pseudorandom number generators", 2014).
pub(super) const fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Near copies: the text, and what somebody made of it.
    const NEAR: [(&str, &str); 8] = [
        (
            "Win a free phone today! Send your card number to this address and wait for the call.",
            "WIN A FREE PHONE TODAY. Send your card number to this adress, and wait for the call!!",
        ),
        (
            "How do I get to the central station from here without paying for a ticket?",
            "How do I get to the central station from here without buying for a ticket?",
        ),
        (
            "วันนี้อากาศดีมากเราควรออกไปเดินเล่นที่สวนสาธารณะใกล้บ้านตอนเย็น",
            "วันนี้อากาศดีมาก เราควรออกไปเดินเล่นที่สวนสาธารณะใกล้บ้านตอนเช้า",
        ),
        (
            "รับสมัครงานด่วน รายได้วันละห้าพันบาท ไม่ต้องมีประสบการณ์ ติดต่อได้ทุกวัน",
            "รับสมัครงานด่วนมาก รายได้วันละห้าพันบาท ไม่ต้องมีประสบการณ์ ติดต่อได้ทุกวันค่ะ",
        ),
        (
            "ဒီနေ့ရာသီဥတုသာယာတဲ့အတွက် ညနေပိုင်းမှာ ပန်းခြံထဲကို လမ်းလျှောက်ထွက်ကြရအောင်",
            "ဒီနေ့ရာသီဥတုသာယာတဲ့အတွက်၊ ညနေပိုင်းမှာ ပန်းခြံထဲကို လမ်းလျှောက်ထွက်ကြမယ်။",
        ),
        (
            "အလုပ်ခေါ်စာ တစ်ရက်ကို ငွေငါးသောင်းရမည် အတွေ့အကြုံမလိုပါ နေ့တိုင်းဆက်သွယ်နိုင်သည်",
            "အလုပ်ခေါ်စာ!! တစ်ရက်ကို ငွေငါးသောင်းရမည်။ အတွေ့အကြုံမလိုပါ။ နေ့တိုင်း ဆက်သွယ်နိုင်ပါသည်",
        ),
        (
            "இன்று வானிலை மிகவும் நன்றாக இருக்கிறது மாலையில் பூங்காவிற்கு நடந்து செல்லலாம்",
            "இன்று வானிலை மிகவும் நன்றாக இருக்கிறது, மாலையில் பூங்காவிற்கு நடந்து போகலாம்!",
        ),
        (
            "வேலை வாய்ப்பு ஒரு நாளைக்கு ஐயாயிரம் ரூபாய் சம்பளம் அனுபவம் தேவையில்லை",
            "வேலைவாய்ப்பு: ஒரு நாளைக்கு ஐயாயிரம் ரூபாய் சம்பளம். அனுபவம் தேவை இல்லை",
        ),
    ];

    #[test]
    fn near_copies_are_similar_in_every_script_and_unrelated_texts_are_not() {
        for (at, (text, copy)) in NEAR.iter().enumerate() {
            let sketch = Sketch::of([*text]);
            let similarity = sketch.similarity(&Sketch::of([*copy]));
            assert!(similarity >= super::super::SIMILARITY_MIN, "{similarity}: {text} and {copy}");
            for (other, _) in NEAR.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, pair)| pair) {
                let similarity = sketch.similarity(&Sketch::of([*other]));
                assert!(similarity < 0.3, "{similarity}: {text} and {other}");
            }
        }
    }

    #[test]
    fn the_estimate_is_near_the_share_of_runs_that_two_texts_have_in_common() {
        // 400 runs each, of which the second has 300 in common with the first: 300 of 500.
        let letters: Vec<char> = (0..603).map(|n| char::from_u32(0x4e00 + n).unwrap()).collect();
        let text = |from: usize| letters[from..from + 403].iter().collect::<String>();
        let similarity = Sketch::of([text(0).as_str()]).similarity(&Sketch::of([text(100).as_str()]));
        assert!((similarity - 0.6).abs() < 0.18, "three standard errors: {similarity}");
        assert_eq!(Sketch::of([text(0).as_str()]).similarity(&Sketch::of([text(0).as_str()])), 1.0);
    }

    #[test]
    fn case_spaces_and_punctuation_make_no_difference_and_texts_stay_apart() {
        assert_eq!(Sketch::of(["Hello,  World!"]), Sketch::of(["hello world"]));
        assert_eq!(Sketch::of(["a"]), Sketch::of([" A. "]));
        assert_ne!(Sketch::of(["a"]), Sketch::of(["b"]));
        assert_ne!(Sketch::of(["🙂"]), Sketch::of(["🔪"]), "signs count where there is nothing else");
    }

    #[test]
    fn the_format_of_stored_fingerprints_does_not_change() {
        for answer in [None, Some("jumps over the lazy dog")] {
            let print = TextPrint::of(["the quick brown fox"], answer);
            assert_eq!(TextPrint::from_bytes(&print.to_bytes()), Some(print));
        }
        assert_eq!(TextPrint::from_bytes(&[0; 3]), None);
        assert_eq!(TextPrint::from_bytes(&[0; SKETCH_BYTES + 1]), None);
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf, "the first value of SplitMix64 from seed 0");
    }

    #[test]
    fn the_same_refusal_makes_no_copies_of_two_questions() {
        let refusal = Some("I cannot help with that. If you are in danger, call the emergency services.");
        let print = |asked: &'static str| TextPrint::of([asked], refusal);
        let (one, copy) = NEAR[0];
        assert!(print(one).similarity(&print(NEAR[1].0)) < 0.3);
        assert!(print(one).similarity(&print(copy)) >= super::super::SIMILARITY_MIN);
        assert_eq!(print(one).similarity(&TextPrint::of([one], None)), 0.0, "only one was answered");
    }

    #[test]
    fn texts_of_other_queues_meet_in_no_band() {
        let sketch = Sketch::of(["the quick brown fox"]);
        assert!(sketch.bands(1).iter().all(|band| !sketch.bands(2).contains(band)));
    }
}
