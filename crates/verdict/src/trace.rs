//! Risk along a text: what a streaming guard said at every token of a response.

use serde::{Deserialize, Serialize};

use crate::{Mode, Severity};

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
    /// as debouncing has it; the pair that is worst so is taken, a flagged one if there is any. `None` without tokens.
    pub fn deciding_token(&self, mode: Mode) -> Option<usize> {
        let risk: Vec<f32> = self.tokens.iter().map(|token| self.p_not_safe(token)).collect();
        if risk.len() < 2 {
            return (!risk.is_empty()).then_some(0);
        }
        let flags = self.flags(mode);
        let raw = self.raw_flags(mode);
        let any = flags.iter().any(|flag| *flag);
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

    fn p_not_safe(&self, token: &TokenRisk) -> f32 {
        let labels = self.labels.iter().zip(&token.p);
        labels.filter(|(label, _)| counts(label, Mode::Strict)).map(|(_, p)| *p).sum()
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
