//! Reading verdicts off the vocabulary: one forward pass over the prompt gives the label, and the same sequence runs on under
//! the answer's grammar.
//!
//! The label is the softmax over the label tokens at the last prompt position. The grammar continues on the keys and values
//! that the label was read from, so prompts are never computed twice. What the grammar forces is read together with what
//! the model chose last, and all of it in the passes that read the next prompts: a pass over the weights for a few tokens
//! costs nearly what one for hundreds does.

use candle_core::{Result, Tensor};
use saring_verdict::{Cancel, JudgeError, LabelProbability, Outcome, Verdict};

use super::question::{Asking, Question};
use crate::{
    asking::Asker,
    decoder::{Cache, Decoder, Group, ImageSpan, Row, SharedPrefix},
    grammar::{Grammar, Labels, Walk},
};

/// Answers that are being written.
pub(super) struct Answers<'a> {
    asker: &'a Asker,
    labels: &'a Labels,
    decoder: &'a Decoder,
    tokens_max: usize,
    batches: Vec<Writing<'a>>,
}

/// The answers of one batch that are not finished.
struct Writing<'a> {
    cache: Cache,
    /// Every token that the grammar may ask about.
    decided: Vec<u32>,
    /// Row by row of the cache.
    rows: Vec<Answer<'a>>,
}

/// An answer of which the label is known.
struct Answer<'a> {
    place: usize,
    /// How many tokens of keys and values it keeps in memory, without the shared prefix.
    tokens: usize,
    verdict: Verdict,
    walk: Walk<'a>,
}

/// Prompts that are read for the first time.
struct Prompts<'a> {
    asked: Vec<Asking<'a>>,
    /// The images of each, behind what is cached.
    images: Vec<Vec<ImageSpan>>,
    cached: usize,
    cache: Cache,
}

impl<'a> Answers<'a> {
    /// With none yet.
    pub fn new(asker: &'a Asker, labels: &'a Labels, decoder: &'a Decoder, tokens_max: usize) -> Self {
        Self { asker, labels, decoder, tokens_max, batches: Vec::new() }
    }

    /// Whether the answer to the question at `place` is being written.
    pub fn is_writing(&self, place: usize) -> bool {
        self.batches.iter().flat_map(|batch| &batch.rows).any(|answer| answer.place == place)
    }

    /// Tokens that are kept in memory for what is being written.
    fn tokens(&self) -> usize {
        self.batches.iter().flat_map(|batch| &batch.rows).map(|answer| answer.tokens).sum()
    }

    /// Reads the prompts of one batch, all of which begin with `prefix`, and lets what is being written run on by one decision.
    ///
    /// # Errors
    /// Those of the device, and a stop on request. Nothing of what was being written can be used then.
    pub fn read(
        &mut self,
        asked: Vec<Asking<'a>>,
        prefix: Option<SharedPrefix>,
        outcomes: &mut [Outcome],
        cancel: &Cancel,
    ) -> Result<()> {
        // What is being written stays in memory; it may take as much as what is read.
        while self.tokens() > self.tokens_max {
            self.advance(None, outcomes, cancel)?;
        }
        let cached = prefix.as_ref().map_or(0, SharedPrefix::len);
        let images = asked.iter().map(|asking| asking.images_after(cached)).collect();
        let cache = self.decoder.cache(asked.len(), prefix);
        self.advance(Some(Prompts { asked, images, cached, cache }), outcomes, cancel)
    }

    /// Lets all answers run on to their ends.
    ///
    /// # Errors
    /// See [`Answers::read`].
    pub fn finish(&mut self, outcomes: &mut [Outcome], cancel: &Cancel) -> Result<()> {
        while !self.batches.is_empty() {
            self.advance(None, outcomes, cancel)?;
        }
        Ok(())
    }

    fn advance(
        &mut self,
        mut prompts: Option<Prompts<'a>>,
        outcomes: &mut [Outcome],
        cancel: &Cancel,
    ) -> Result<()> {
        let mut hidden = self.pass(&mut prompts, cancel)?;
        let fresh = if prompts.is_some() { hidden.pop() } else { None };
        for (mut batch, hidden) in std::mem::take(&mut self.batches).into_iter().zip(hidden) {
            let logits: Vec<Vec<f32>> = self.decoder.logits_of(&hidden, &batch.decided)?.to_vec2()?;
            if batch.decide(&logits, outcomes)? {
                self.batches.push(batch);
            }
        }
        if let (Some(prompts), Some(hidden)) = (prompts, fresh) {
            let logits: Vec<Vec<f32>> = self.decoder.logits(&hidden)?.to_vec2()?;
            self.batches.extend(self.begin(prompts, &logits, outcomes)?);
        }
        Ok(())
    }

    /// The last hidden states of what is being written, batch by batch, and of the prompts.
    fn pass(&mut self, prompts: &mut Option<Prompts<'a>>, cancel: &Cancel) -> Result<Vec<Tensor>> {
        let feeds: Vec<Vec<Vec<u32>>> = self.batches.iter_mut().map(Writing::take_feeds).collect();
        // Prompts fill a pass as planned; what is fed comes on top, else their last tokens would need a pass of their own.
        let fed: usize = feeds.iter().flatten().map(Vec::len).sum();
        let mut groups: Vec<Group<'_, '_>> = Vec::new();
        for (batch, feeds) in self.batches.iter_mut().zip(&feeds) {
            let rows = feeds.iter().map(|feed| Row::text(feed)).collect();
            groups.push(Group { rows, cache: &mut batch.cache });
        }
        if let Some(Prompts { asked, images, cached, cache }) = prompts {
            let rows = asked.iter().zip(images.iter());
            let rows = rows.map(|(asking, images)| Row { ids: &asking.question.ids[*cached..], images });
            groups.push(Group { rows: rows.collect(), cache });
        }
        self.decoder.read_together(&mut groups, self.tokens_max.saturating_add(fed), cancel)
    }

    /// Reads the labels; what is to follow them is begun.
    fn begin(
        &self,
        prompts: Prompts<'a>,
        logits: &[Vec<f32>],
        outcomes: &mut [Outcome],
    ) -> Result<Option<Writing<'a>>> {
        let Prompts { asked, cached, mut cache, .. } = prompts;
        let tokens = self.labels.first_tokens();
        let Some(task) = asked.first().map(|asking| asking.question.task) else { return Ok(None) };
        let grammar = self.asker.grammar(task);
        let (mut rows, mut kept) = (Vec::new(), Vec::new());
        for (row, (asking, logits)) in asked.iter().zip(logits).enumerate() {
            let outcome = self.verdict(asking.question, logits, &tokens, cached);
            match (grammar, outcome) {
                (Some(grammar), Ok(verdict)) => {
                    if let Some(walk) = self.walk(grammar, &verdict, &tokens).filter(|walk| !walk.is_done()) {
                        let tokens = asking.question.ids.len() - cached;
                        rows.push(Answer { place: asking.place, tokens, verdict, walk });
                        kept.push(row);
                    } else {
                        outcomes[asking.place] = Ok(verdict);
                    }
                }
                (_, outcome) => outcomes[asking.place] = outcome,
            }
        }
        let Some(grammar) = grammar.filter(|_| !rows.is_empty()) else { return Ok(None) };
        if kept.len() < cache.rows() {
            cache.keep(&kept)?;
        }
        Ok(Some(Writing { cache, decided: grammar.tokens(), rows }))
    }

    fn walk(&self, grammar: &'a Grammar, verdict: &Verdict, tokens: &[u32]) -> Option<Walk<'a>> {
        let label = verdict.label()?;
        let label = self.labels.labels.iter().position(|l| l.name == label)?;
        Some(grammar.walk(label, tokens[label]))
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
}

impl Writing<'_> {
    /// What the model must read of each answer before it decides again.
    fn take_feeds(&mut self) -> Vec<Vec<u32>> {
        self.rows.iter_mut().map(|answer| answer.walk.take_feed()).collect()
    }

    /// Decides in every answer; `false` when none is left.
    fn decide(&mut self, logits: &[Vec<f32>], outcomes: &mut [Outcome]) -> Result<bool> {
        let mut kept = Vec::new();
        for (row, (mut answer, logits)) in std::mem::take(&mut self.rows).into_iter().zip(logits).enumerate()
        {
            if !answer.walk.decide(&self.decided, logits) {
                outcomes[answer.place] = Err(not_a_number("its categories"));
            } else if answer.walk.is_done() {
                answer.verdict.categories = answer.walk.categories();
                answer.verdict.refusal = answer.walk.refusal();
                outcomes[answer.place] = Ok(answer.verdict);
            } else {
                kept.push(row);
                self.rows.push(answer);
            }
        }
        if !self.rows.is_empty() && kept.len() < self.cache.rows() {
            self.cache.keep(&kept)?;
        }
        Ok(!self.rows.is_empty())
    }
}

pub(super) fn not_a_number(of: &str) -> JudgeError {
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
