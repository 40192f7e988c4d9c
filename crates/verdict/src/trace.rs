//! Risk along a text: what a streaming guard said at every token of a response.

use serde::{Deserialize, Serialize};

use crate::{LabelProbability, Mode, Severity};

/// What a streaming guard said at one token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenRisk {
    /// Where the token ends in the response, in bytes of its UTF-8. A character that several tokens share ends with the
    /// last of them; the others end before it.
    pub end: u32,
    /// Probability of each label, in the order of [`RiskTrace::labels`]; they sum to one.
    pub p: Vec<f32>,
    /// The likeliest category, an index into [`RiskTrace::categories`]. Guards are trained to name one only where
    /// something is wrong, so it means nothing at a safe token.
    pub category: u16,
}

/// What a streaming guard said along a response.
///
/// A token is *raw-flagged* where its likeliest label counts as unsafe, and *flagged* where both it and the token before it
/// are: the debouncing of the Qwen3Guard technical report, section 4.4.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiskTrace {
    /// Native labels.
    pub labels: Vec<String>,
    /// Native names of categories.
    pub categories: Vec<String>,
    /// One for each token of the response that was read.
    pub tokens: Vec<TokenRisk>,
}

impl RiskTrace {
    /// Whether the likeliest label at each token counts as unsafe.
    pub fn raw_flags(&self, mode: Mode) -> Vec<bool> {
        let unsafe_labels: Vec<bool> = self.labels.iter().map(|label| counts(label, mode)).collect();
        self.tokens.iter().map(|token| first_highest(&token.p).is_some_and(|i| unsafe_labels[i])).collect()
    }

    /// Whether each token is flagged after debouncing.
    pub fn flags(&self, mode: Mode) -> Vec<bool> {
        let raw = self.raw_flags(mode);
        (0..raw.len()).map(|i| i > 0 && raw[i - 1] && raw[i]).collect()
    }

    /// The first flagged token.
    pub fn first_flagged(&self, mode: Mode) -> Option<usize> {
        self.flags(mode).into_iter().position(|flag| flag)
    }

    /// Where the first flagged token begins in the response, in bytes.
    pub fn flagged_from(&self, mode: Mode) -> Option<u32> {
        let first = self.first_flagged(mode)?;
        Some(first.checked_sub(1).map_or(0, |before| self.tokens[before].end))
    }

    /// The token that a verdict about the whole response speaks with. Of each pair of neighbours the weaker one counts,
    /// as debouncing has it; the pair that is worst so is taken, a flagged one if there is any. A pair that is flagged in
    /// loose mode comes before those that only strict mode flags: much that is controversial is not worse than something
    /// unsafe. `None` without tokens.
    pub fn deciding_token(&self, mode: Mode) -> Option<usize> {
        let risk: Vec<f32> = self.tokens.iter().map(|token| self.p_unsafe(token, mode)).collect();
        if risk.len() < 2 {
            return (!risk.is_empty()).then_some(0);
        }
        let is_any = |flags: &[bool]| flags.iter().any(|flag| *flag);
        let raw = self.raw_flags(mode);
        // What loose mode flags, strict mode flags too.
        let flags =
            Some(self.flags(Mode::Loose)).filter(|flags| is_any(flags)).unwrap_or_else(|| self.flags(mode));
        let any = is_any(&flags);
        let pairs = (1..risk.len()).filter(|i| !any || flags[*i]);
        let worst = pairs.fold(None, |best: Option<usize>, i| {
            let weaker = |i: usize| risk[i - 1].min(risk[i]);
            Some(best.filter(|b| weaker(*b) >= weaker(i)).unwrap_or(i))
        })?;
        // Of an unflagged pair the member that is not raw-flagged speaks, so that label and flags never contradict.
        let weaker = if risk[worst - 1] <= risk[worst] { worst - 1 } else { worst };
        let other = if weaker == worst { worst - 1 } else { worst };
        Some(if !any && raw[weaker] { other } else { weaker })
    }

    /// Probability of each label at the [deciding token](Self::deciding_token).
    pub fn probabilities(&self, mode: Mode) -> Option<Vec<LabelProbability>> {
        let token = &self.tokens[self.deciding_token(mode)?];
        let labels = self.labels.iter().zip(&token.p);
        Some(labels.map(|(label, p)| LabelProbability { label: label.clone(), p: f64::from(*p) }).collect())
    }

    /// The category at the [deciding token](Self::deciding_token); `None` where the likeliest label there is safe.
    pub fn category(&self, mode: Mode) -> Option<&str> {
        let token = &self.tokens[self.deciding_token(mode)?];
        let is_safe = matches!(self.labels[first_highest(&token.p)?].parse(), Ok(Severity::Safe));
        let category = self.categories.get(usize::from(token.category)).filter(|_| !is_safe);
        category.map(String::as_str)
    }

    fn p_unsafe(&self, token: &TokenRisk, mode: Mode) -> f32 {
        let labels = self.labels.iter().zip(&token.p);
        labels.filter(|(label, _)| counts(label, mode)).map(|(_, p)| *p).sum()
    }
}

fn counts(label: &str, mode: Mode) -> bool {
    match label.parse() {
        Ok(Severity::Unsafe) => true,
        Ok(Severity::Controversial) => mode == Mode::Strict,
        Ok(Severity::Safe) | Err(_) => false,
    }
}

fn first_highest(p: &[f32]) -> Option<usize> {
    (0..p.len()).reduce(|best, i| if p[i] > p[best] { i } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens of one byte, by P(Safe), P(Unsafe), P(Controversial).
    fn trace(tokens: &[[f32; 3]]) -> RiskTrace {
        let tokens = tokens.iter().enumerate();
        RiskTrace {
            labels: ["Safe", "Unsafe", "Controversial"].map(str::to_owned).to_vec(),
            categories: vec!["Violent".into()],
            tokens: tokens
                .map(|(i, p)| TokenRisk { end: i as u32 + 1, p: p.to_vec(), category: 0 })
                .collect(),
        }
    }

    const SAFE: [f32; 3] = [0.9, 0.05, 0.05];
    const UNSAFE: [f32; 3] = [0.1, 0.8, 0.1];
    const CONTROVERSIAL: [f32; 3] = [0.2, 0.2, 0.6];

    #[test]
    fn one_token_alone_is_not_flagged_and_the_second_of_two_is() {
        let trace = trace(&[SAFE, UNSAFE, SAFE, UNSAFE, CONTROVERSIAL, SAFE]);
        assert_eq!(trace.flags(Mode::Strict), [false, false, false, false, true, false]);
        assert_eq!(trace.first_flagged(Mode::Strict), Some(4));
        assert_eq!(trace.flagged_from(Mode::Strict), Some(4), "where the fourth token ends");
        assert_eq!(trace.first_flagged(Mode::Loose), None, "controversial is not unsafe in loose mode");
    }

    #[test]
    fn the_weaker_token_of_the_worst_pair_speaks_for_the_response() {
        let trace = trace(&[SAFE, UNSAFE, SAFE, CONTROVERSIAL, UNSAFE, SAFE]);
        assert_eq!(trace.deciding_token(Mode::Strict), Some(3));
    }

    #[test]
    fn what_is_unsafe_speaks_before_what_is_controversial_however_certain_that_is() {
        let [controversial, no_doubt] = [[0.01, 0.0, 0.99], [0.1, 0.9, 0.0]];
        let trace = trace(&[controversial, controversial, SAFE, no_doubt, no_doubt]);
        for mode in [Mode::Strict, Mode::Loose] {
            assert_eq!(trace.deciding_token(mode), Some(3), "{mode:?}: the pair that both modes flag");
            assert_eq!(trace.probabilities(mode).unwrap()[1].p, f64::from(0.9_f32), "{mode:?}");
        }
    }

    #[test]
    fn each_mode_takes_the_pair_that_is_worst_in_it() {
        let [mixed, no_doubt] = [[0.05, 0.5, 0.45], [0.1, 0.9, 0.0]];
        let trace = trace(&[mixed, mixed, SAFE, no_doubt, no_doubt]);
        assert_eq!(trace.deciding_token(Mode::Strict), Some(0), "0.95 against 0.9");
        assert_eq!(trace.deciding_token(Mode::Loose), Some(3), "0.5 against 0.9");
    }

    #[test]
    fn what_only_strict_mode_flags_does_not_speak_in_loose_mode() {
        let [controversial, doubtful] = [[0.3, 0.1, 0.6], [0.55, 0.45, 0.0]];
        let trace = trace(&[controversial, controversial, SAFE, doubtful, doubtful]);
        assert_eq!(
            (trace.deciding_token(Mode::Strict), trace.category(Mode::Strict)),
            (Some(0), Some("Violent"))
        );
        assert_eq!((trace.deciding_token(Mode::Loose), trace.category(Mode::Loose)), (Some(3), None));
    }

    #[test]
    fn without_a_flag_the_label_is_that_of_a_token_that_is_not_flagged() {
        let trace = trace(&[[0.48, 0.26, 0.26], [0.49, 0.51, 0.0]]);
        assert_eq!(trace.first_flagged(Mode::Strict), None);
        assert_eq!(
            trace.deciding_token(Mode::Strict),
            Some(0),
            "the second one alone would be called unsafe"
        );
    }

    #[test]
    fn a_response_of_one_token_speaks_for_itself() {
        assert_eq!(trace(&[UNSAFE]).deciding_token(Mode::Strict), Some(0));
        assert_eq!(trace(&[]).deciding_token(Mode::Strict), None);
    }
}
