//! The queue that is measured: prompts in eight languages, the same on every machine, no two alike.

use saring_verdict::Subject;

use super::words::LANGUAGES;

/// Lengths in tokens, as the tokenizer of Qwen3 counts: many short, a few long, 91 on average.
const LENGTHS: [f64; 16] =
    [57.0, 20.0, 300.0, 81.0, 37.0, 125.0, 50.0, 31.0, 205.0, 64.0, 92.0, 25.0, 155.0, 43.0, 106.0, 72.0];
/// Words of a sentence.
const SENTENCE_WORDS: u32 = 9;

/// Prompts `first` to `first + count` of the queue that `saring bench` judges. Texts are of everyday words put together at
/// random; nothing about them is harmful, and no guard's answer to them means anything.
///
/// Every prompt has its number in it, so that no two are alike however many are taken.
pub fn workload(first: u32, count: u32) -> Vec<Subject> {
    (first..first.saturating_add(count)).map(|number| Subject::prompt(text(number))).collect()
}

fn text(number: u32) -> String {
    // Each length meets each language: eight and sixteen have a common divisor, so that one of them must be shifted.
    let language = &LANGUAGES[number as usize % LANGUAGES.len()];
    let length = LENGTHS[(number as usize + number as usize / LENGTHS.len()) % LENGTHS.len()];
    let mut random = Random::new(number);
    let words = ((length / language.tokens_per_word) as u32).max(1);
    let mut text = format!("{number}: ");
    for place in 1..=words {
        text.push_str(language.word(random.next()));
        let ends = place % SENTENCE_WORDS == 0 || place == words;
        text.push_str(if ends { language.stop } else { language.gap });
    }
    text.truncate(text.trim_end().len());
    text
}

/// A linear congruential generator with the constants of Knuth's MMIX.
struct Random(u64);

impl Random {
    fn new(seed: u32) -> Self {
        let mut random = Self(u64::from(seed));
        // The first draws of neighbouring seeds are alike.
        for _ in 0..4 {
            random.next();
        }
        random
    }

    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The upper bits are the good ones.
        (self.0 >> 33) as usize
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_workload_is_the_same_wherever_it_is_cut_and_no_two_items_are_alike() {
        let all: Vec<String> = (0..5000).map(text).collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "no two are alike");
        let cut: Vec<Subject> = [workload(0, 7), workload(7, 3)].concat();
        assert_eq!(cut, workload(0, 10));
        assert_eq!(cut[9].messages[0].content, all[9]);
    }

    #[test]
    fn every_language_has_items_of_every_length() {
        let pairs = (LANGUAGES.len() * LENGTHS.len()) as u32;
        let of = |number: u32| {
            let shifted = number as usize + number as usize / LENGTHS.len();
            (number as usize % LANGUAGES.len(), shifted % LENGTHS.len())
        };
        let met: HashSet<_> = (0..pairs * 2).map(of).collect();
        assert_eq!(met.len() as u32, pairs);
    }

    #[test]
    fn lengths_are_those_of_a_queue() {
        let mean = LENGTHS.iter().sum::<f64>() / LENGTHS.len() as f64;
        assert!((85.0..95.0).contains(&mean), "{mean}");
        let characters: Vec<usize> = (0..160).map(|n| text(n).chars().count()).collect();
        let (shortest, longest) = (characters.iter().min(), characters.iter().max());
        assert!(shortest < Some(&40) && longest > Some(&900), "{shortest:?} to {longest:?}");
    }
}
