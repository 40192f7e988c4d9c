//! Reading verdicts off the vocabulary: one forward pass over the prompt gives the label, and the same sequence runs on under
//! the answer's grammar.
//!
//! The label is the softmax over the label tokens at the last prompt position. The grammar continues on the keys and values
//! that the label was read from, so prompts are never computed twice.

use candle_core::Result;
use saring_verdict::{Cancel, JudgeError, LabelProbability, Outcome, Verdict};

use crate::{
    asking::Asker,
    decoder::{Cache, Decoder, Row, SharedPrefix},
    grammar::{Grammar, Labels, Walk},
    guard::{Batch, CHUNK_TOKENS, Question},
};

/// A guard that answers in words.
pub(crate) struct Words<'a> {
    pub asker: &'a Asker,
    pub labels: &'a Labels,
    pub decoder: &'a Decoder,
}

impl Words<'_> {
    /// One outcome for each question of a batch; all of them begin with `prefix`.
    ///
    /// # Errors
    /// Those of the device, and a stop on request.
    pub fn judge(
        &self,
        batch: &Batch<'_>,
        prefix: Option<SharedPrefix>,
        cancel: &Cancel,
    ) -> Result<Vec<Outcome>> {
        let cached = prefix.as_ref().map_or(0, SharedPrefix::len);
        // 1. The last hidden state of each row, and its logits over the vocabulary.
        let spans = batch.spans_after(cached);
        let rows: Vec<Row<'_>> = batch
            .questions
            .iter()
            .zip(&spans)
            .map(|(question, images)| Row { ids: &question.ids[cached..], images })
            .collect();
        let mut cache = self.decoder.cache(rows.len(), prefix);
        let hidden = self.decoder.prefill(&rows, &mut cache, CHUNK_TOKENS, cancel)?;
        let logits: Vec<Vec<f32>> = self.decoder.logits(&hidden)?.to_vec2()?;
        let tokens = self.labels.first_tokens();
        let verdicts = batch.questions.iter().zip(&logits);
        let mut outcomes: Vec<Outcome> =
            verdicts.map(|(question, logits)| self.verdict(question, logits, &tokens, cached)).collect();
        // 2. What follows the label.
        if let Some(grammar) = self.asker.grammar(batch.task) {
            self.continue_answers(grammar, &mut outcomes, cache, cancel)?;
        }
        Ok(outcomes)
    }

    fn verdict(&self, question: &Question, logits: &[f32], tokens: &[u32], cached: usize) -> Outcome {
        let (probabilities, label_mass) =
            label_probabilities(logits, tokens).ok_or_else(|| not_a_number("its label"))?;
        let names = self.labels.labels.iter().map(|l| l.name.to_owned());
        Ok(Verdict {
            probabilities: names.zip(probabilities).map(|(label, p)| LabelProbability { label, p }).collect(),
            label_mass,
            categories: Vec::new(),
            refusal: None,
            tokens: question.count(cached),
            truncated: question.truncated,
            notes: question.notes.clone(),
            risk: None,
        })
    }

    /// Lets every row run on under the grammar, all rows together, until each has decided all there is.
    fn continue_answers(
        &self,
        grammar: &Grammar,
        outcomes: &mut [Outcome],
        mut cache: Cache,
        cancel: &Cancel,
    ) -> Result<()> {
        let first_tokens = self.labels.first_tokens();
        let decided = grammar.tokens();
        let mut active: Vec<(usize, Walk<'_>)> = Vec::new();
        for (row, outcome) in outcomes.iter().enumerate() {
            let label = outcome.as_ref().ok().and_then(Verdict::label);
            let names = self.labels.labels.iter().map(|l| l.name);
            if let Some(label) = names.enumerate().find(|(_, name)| Some(*name) == label).map(|(i, _)| i) {
                active.push((row, grammar.walk(label, first_tokens[label])));
            }
        }
        // Places of the active rows in the cache.
        let mut places: Vec<usize> = active.iter().map(|(row, _)| *row).collect();
        while !active.is_empty() {
            if cancel.is_cancelled() {
                candle_core::bail!("stopped on request");
            }
            if places.len() < cache.rows() {
                cache.keep(&places)?;
            }
            let feeds: Vec<Vec<u32>> = active.iter_mut().map(|(_, walk)| walk.take_feed()).collect();
            let feeds: Vec<&[u32]> = feeds.iter().map(Vec::as_slice).collect();
            let hidden = self.decoder.step(&feeds, &mut cache)?;
            let logits: Vec<Vec<f32>> = self.decoder.logits_of(&hidden, &decided)?.to_vec2()?;
            places = Vec::new();
            let mut next = Vec::new();
            for (place, ((row, mut walk), logits)) in active.into_iter().zip(&logits).enumerate() {
                if !walk.decide(&decided, logits) {
                    outcomes[row] = Err(not_a_number("its categories"));
                } else if walk.is_done() {
                    if let Ok(verdict) = &mut outcomes[row] {
                        verdict.categories = walk.categories();
                        verdict.refusal = walk.refusal();
                    }
                } else {
                    places.push(place);
                    next.push((row, walk));
                }
            }
            active = next;
        }
        Ok(())
    }
}

pub(crate) fn not_a_number(of: &str) -> JudgeError {
    JudgeError::Inference { reason: format!("the logits of {of} are not numbers") }
}

/// Softmax over the label tokens, and what they have of the whole vocabulary's probability. `None` if a number is none.
fn label_probabilities(logits: &[f32], tokens: &[u32]) -> Option<(Vec<f64>, f64)> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if !highest.is_finite() || logits.iter().any(|x| x.is_nan()) {
        return None;
    }
    let weight = |logit: f32| (f64::from(logit) - f64::from(highest)).exp();
    let all: f64 = logits.iter().map(|x| weight(*x)).sum();
    let top = tokens.iter().map(|t| logits[*t as usize]).fold(f32::NEG_INFINITY, f32::max);
    if !top.is_finite() {
        return None;
    }
    // Against the highest label, so that labels far below the vocabulary's favourite keep their digits.
    let weights: Vec<f64> =
        tokens.iter().map(|t| (f64::from(logits[*t as usize]) - f64::from(top)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let mass = sum * weight(top) / all;
    Some((weights.into_iter().map(|w| w / sum).collect(), mass))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_probabilities_sum_to_one_and_mass_is_the_share_of_the_vocabulary() {
        let logits = [0.0, 1.0, 2.0, 3.0];
        let (p, mass) = label_probabilities(&logits, &[1, 2]).unwrap();
        let e = |x: f64| x.exp();
        assert!((p[0] - e(1.0) / (e(1.0) + e(2.0))).abs() < 1e-12);
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let all = e(0.0) + e(1.0) + e(2.0) + e(3.0);
        assert!((mass - (e(1.0) + e(2.0)) / all).abs() < 1e-12);
    }

    #[test]
    fn numbers_that_are_none_give_no_verdict() {
        assert!(label_probabilities(&[0.0, f32::NAN], &[0]).is_none());
        assert!(label_probabilities(&[0.0, f32::INFINITY], &[0]).is_none());
        assert!(label_probabilities(&[0.0, f32::NEG_INFINITY], &[1]).is_none());
    }
}
