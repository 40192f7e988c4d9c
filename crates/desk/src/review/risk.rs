//! Risk along a response as a reviewer sees it: from which place on it is flagged, and how risky each piece is.

use saring_verdict::{Reading, RiskTrace, Task};

/// Risk along a response. Places are bytes of the response's UTF-8, at the edges of characters.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskAlong {
    /// Where the first flagged token begins, after debouncing; `None` if nothing is flagged.
    pub flagged_from: Option<usize>,
    /// One after the other, from the beginning. What lies behind the last was not read.
    pub spans: Vec<RiskSpan>,
}

/// A piece of a response that ends with a token, or with several that end at the same place: then the last one speaks.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskSpan {
    /// Where it ends.
    pub end: usize,
    /// Under the workspace's reading.
    pub p_unsafe: f64,
    /// Whether it is flagged, after debouncing.
    pub flagged: bool,
    /// The guard's likeliest category, where its likeliest label counts as unsafe.
    pub category: Option<String>,
}

impl RiskAlong {
    /// Reads what a streaming guard said along `text`.
    pub fn read(trace: &RiskTrace, text: &str, reading: Reading) -> Self {
        let unsafe_labels: Vec<bool> =
            trace.labels.iter().map(|label| reading.counts_as_unsafe(Task::Response, label)).collect();
        let (raw, flags) = (trace.raw_flags(reading.mode), trace.flags(reading.mode));
        let mut spans: Vec<RiskSpan> = Vec::with_capacity(trace.tokens.len());
        for (i, token) in trace.tokens.iter().enumerate() {
            let p: f64 =
                token.p.iter().zip(&unsafe_labels).filter(|(_, is)| **is).map(|(p, _)| f64::from(*p)).sum();
            let category = trace.categories.get(usize::from(token.category)).filter(|_| raw[i]);
            let span = RiskSpan {
                end: edge(text, token.end),
                p_unsafe: p.clamp(0.0, 1.0),
                flagged: flags[i],
                category: category.cloned(),
            };
            match spans.last_mut() {
                Some(last) if last.end >= span.end => *last = RiskSpan { end: last.end, ..span },
                _ => spans.push(span),
            }
        }
        Self { flagged_from: trace.flagged_from(reading.mode).map(|at| edge(text, at)), spans }
    }
}

/// The last edge of a character at or before a byte.
fn edge(text: &str, byte: u32) -> usize {
    text.floor_char_boundary(usize::try_from(byte).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use saring_verdict::{Mode, TokenRisk};

    use super::*;

    const SAFE: [f32; 3] = [0.9, 0.05, 0.05];
    const UNSAFE: [f32; 3] = [0.1, 0.8, 0.1];
    const CONTROVERSIAL: [f32; 3] = [0.2, 0.2, 0.6];

    fn trace(tokens: &[(u32, [f32; 3])]) -> RiskTrace {
        let token = |(end, p): &(u32, [f32; 3])| TokenRisk { end: *end, p: p.to_vec(), category: 1 };
        RiskTrace {
            labels: ["Safe", "Unsafe", "Controversial"].map(str::to_owned).to_vec(),
            categories: ["None", "Violent"].map(str::to_owned).to_vec(),
            tokens: tokens.iter().map(token).collect(),
        }
    }

    #[test]
    fn the_text_is_marked_from_the_beginning_of_the_first_flagged_token() {
        let trace = trace(&[(2, SAFE), (4, UNSAFE), (6, CONTROVERSIAL), (8, SAFE)]);
        let along = RiskAlong::read(&trace, "aabbccdd", Reading::default());
        assert_eq!(along.flagged_from, Some(4), "where the second of two risky tokens begins");
        let flagged: Vec<bool> = along.spans.iter().map(|span| span.flagged).collect();
        assert_eq!(flagged, [false, false, true, false]);
        assert_eq!(along.spans[1].category.as_deref(), Some("Violent"));
        assert_eq!(along.spans[3].category, None, "at a safe token the category means nothing");
        assert!((along.spans[2].p_unsafe - 0.8).abs() < 1e-6, "controversial counts in strict mode");

        let loose = Reading { mode: Mode::Loose, ..Reading::default() };
        let along = RiskAlong::read(&trace, "aabbccdd", loose);
        assert_eq!(along.flagged_from, None);
        assert!((along.spans[2].p_unsafe - 0.2).abs() < 1e-6, "and does not in loose mode");
    }

    #[test]
    fn tokens_that_share_a_character_are_one_span_and_the_last_of_them_speaks() {
        // The second letter has three bytes, which two tokens share.
        let along =
            RiskAlong::read(&trace(&[(1, SAFE), (1, UNSAFE), (4, UNSAFE)]), "aကb", Reading::default());
        let ends: Vec<usize> = along.spans.iter().map(|span| span.end).collect();
        assert_eq!(ends, [1, 4]);
        assert!(along.spans[0].p_unsafe > 0.5, "what the second token said");
    }

    #[test]
    fn places_that_do_not_fit_the_text_do_no_harm() {
        let along = RiskAlong::read(&trace(&[(2, UNSAFE), (90, UNSAFE)]), "က", Reading::default());
        let ends: Vec<usize> = along.spans.iter().map(|span| span.end).collect();
        assert_eq!(ends, [0, 3], "inside a character, and behind the end");
        assert_eq!(along.flagged_from, Some(0));
    }
}
