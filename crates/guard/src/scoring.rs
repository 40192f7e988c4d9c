//! A loaded guard: from ids to verdicts.
//!
//! [`Guard`] reads the logits of the label tokens at the last prompt position, then lets the same sequence run on under
//! the answer's grammar. Prompts are never computed twice: what all begin with is a shared prefix, and the grammar
//! continues on the keys and values that the label was read from.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use saring_verdict::{
    Cancel, EngineError, GuardSettings, JudgeError, LabelProbability, Outcome, Subject, Task, TokenCount,
    Verdict,
};

use crate::{
    asking::Asker,
    batching::{Limits, distinct, plan},
    decoder::{Cache, Qwen3, Qwen3Config, SharedPrefix},
    grammar::{Grammar, Walk},
    layers::failure,
};

/// A prefix shorter than this is not worth keeping.
const PREFIX_TOKENS_MIN: usize = 8;

/// Columns that are computed at once: bounds the scores of one layer.
const CHUNK_TOKENS: usize = 256;

/// A row to be computed. Equal rows give equal verdicts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Row {
    task: Task,
    /// The opening of the answer included.
    ids: Vec<u32>,
    truncated: bool,
}

/// A guard with its weights on a device.
pub(crate) struct Guard {
    /// How it is asked.
    pub asker: Asker,
    /// What it computes with.
    pub decoder: Qwen3,
    settings: GuardSettings,
    limits: Limits,
    prefixes: HashMap<Task, Option<SharedPrefix>>,
}

impl Guard {
    /// From its parts. `device` decides how much is computed at once.
    pub fn new(asker: Asker, decoder: Qwen3, settings: GuardSettings, device: &Device) -> Self {
        Self { asker, decoder, settings, limits: limits(device), prefixes: HashMap::new() }
    }

    /// How many subjects make a good batch for a caller: a few batches of ours, so that sorting by length pays.
    pub fn batch_subjects(&self) -> u32 {
        (self.limits.rows_max * 2) as u32
    }

    /// See [`saring_verdict::Engine::judge`].
    ///
    /// # Errors
    /// `Inference` only if the shared prefix cannot be computed; what concerns one subject is in its outcome.
    pub fn judge(&mut self, subjects: &[Subject], cancel: &Cancel) -> Result<Vec<Outcome>, EngineError> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; subjects.len()];
        let mut rows = Vec::new();
        for (subject, outcome) in subjects.iter().zip(&mut outcomes) {
            if cancel.is_cancelled() {
                *outcome = Some(Err(JudgeError::Cancelled));
                continue;
            }
            match self.asker.ask(subject, self.settings) {
                Ok(asked) => {
                    let mut ids = asked.ids;
                    ids.extend(&self.asker.labels.opening);
                    rows.push(Row { task: subject.task, ids, truncated: asked.truncated });
                }
                Err(error) => *outcome = Some(Err(error)),
            }
        }
        let (rows, places) = distinct(rows);
        let judged = self.judge_rows(&rows, cancel)?;
        let mut places = places.into_iter();
        Ok(outcomes
            .into_iter()
            .map(|outcome| {
                outcome.or_else(|| places.next().map(|place| judged[place].clone())).unwrap_or_else(|| {
                    Err(JudgeError::Inference { reason: "the subject was lost on its way".into() })
                })
            })
            .collect())
    }

    fn judge_rows(&mut self, rows: &[Row], cancel: &Cancel) -> Result<Vec<Outcome>, EngineError> {
        let mut outcomes: Vec<Outcome> = vec![Err(JudgeError::Cancelled); rows.len()];
        for task in [Task::Prompt, Task::Response] {
            let of_task: Vec<usize> = (0..rows.len()).filter(|i| rows[*i].task == task).collect();
            if of_task.is_empty() || cancel.is_cancelled() {
                continue;
            }
            let prefix = self.prefix(task, cancel)?;
            let known = prefix.as_ref().map_or(0, SharedPrefix::len);
            let lengths: Vec<usize> =
                of_task.iter().map(|i| rows[*i].ids.len().saturating_sub(known)).collect();
            for batch in plan(&lengths, self.limits) {
                if cancel.is_cancelled() {
                    break;
                }
                let batch: Vec<usize> = batch.into_iter().map(|i| of_task[i]).collect();
                let batch_rows: Vec<&Row> = batch.iter().map(|i| &rows[*i]).collect();
                for (place, outcome) in batch.iter().zip(self.judge_batch(task, &batch_rows, &prefix, cancel))
                {
                    outcomes[*place] = outcome;
                }
            }
        }
        Ok(outcomes)
    }

    /// One batch; if the device refuses it, its rows one by one.
    fn judge_batch(
        &self,
        task: Task,
        rows: &[&Row],
        prefix: &Option<SharedPrefix>,
        cancel: &Cancel,
    ) -> Vec<Outcome> {
        match self.try_batch(task, rows, prefix.as_ref(), cancel) {
            Ok(outcomes) => outcomes,
            Err(_) if cancel.is_cancelled() => vec![Err(JudgeError::Cancelled); rows.len()],
            Err(error) if rows.len() == 1 => {
                vec![Err(JudgeError::Inference { reason: failure(&error) })]
            }
            Err(_) => rows.iter().flat_map(|row| self.judge_batch(task, &[row], prefix, cancel)).collect(),
        }
    }

    fn try_batch(
        &self,
        task: Task,
        rows: &[&Row],
        prefix: Option<&SharedPrefix>,
        cancel: &Cancel,
    ) -> candle_core::Result<Vec<Outcome>> {
        // 1. What all rows share with the prefix; at least one token of each is left to compute.
        let cached =
            prefix.map_or(0, |p| rows.iter().map(|row| common(p.tokens(), &row.ids)).min().unwrap_or(0));
        let cached = if cached < PREFIX_TOKENS_MIN { 0 } else { cached };
        let prefix = match prefix {
            Some(prefix) if cached > 0 => Some(prefix.narrowed(cached)?),
            _ => None,
        };
        // 2. The last hidden state of each row, and its logits over the vocabulary.
        let own: Vec<&[u32]> = rows.iter().map(|row| &row.ids[cached..]).collect();
        let mut cache = self.decoder.cache(rows.len(), prefix);
        let hidden = self.decoder.prefill(&own, &mut cache, CHUNK_TOKENS, cancel)?;
        let logits: Vec<Vec<f32>> = self.decoder.logits(&hidden)?.to_vec2()?;
        let tokens = self.asker.labels.first_tokens();
        let mut outcomes: Vec<Outcome> = rows
            .iter()
            .zip(&logits)
            .map(|(row, logits)| {
                let (probabilities, label_mass) =
                    label_probabilities(logits, &tokens).ok_or_else(|| not_a_number("its label"))?;
                let names = self.asker.labels.labels.iter().map(|l| l.name.to_owned());
                let prompt = row.ids.len() as u32;
                Ok(Verdict {
                    probabilities: names
                        .zip(probabilities)
                        .map(|(label, p)| LabelProbability { label, p })
                        .collect(),
                    label_mass,
                    categories: Vec::new(),
                    refusal: None,
                    tokens: TokenCount { prompt, cached: cached as u32, computed: prompt - cached as u32 },
                    truncated: row.truncated,
                    notes: Vec::new(),
                    risk: None,
                })
            })
            .collect();
        // 3. What follows the label.
        if let Some(grammar) = self.asker.grammar(task) {
            self.continue_answers(grammar, &mut outcomes, cache, cancel)?;
        }
        Ok(outcomes)
    }

    /// Lets every row run on under the grammar, all rows together, until each has decided all there is.
    fn continue_answers(
        &self,
        grammar: &Grammar,
        outcomes: &mut [Outcome],
        mut cache: Cache,
        cancel: &Cancel,
    ) -> candle_core::Result<()> {
        let first_tokens = self.asker.labels.first_tokens();
        let decided = grammar.tokens();
        let mut active: Vec<(usize, Walk<'_>)> = Vec::new();
        for (row, outcome) in outcomes.iter().enumerate() {
            let label = outcome.as_ref().ok().and_then(Verdict::label);
            let names = self.asker.labels.labels.iter().map(|l| l.name);
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

    /// The tokens that every prompt of a task begins with, computed once.
    fn prefix(&mut self, task: Task, cancel: &Cancel) -> Result<Option<SharedPrefix>, EngineError> {
        if let Some(known) = self.prefixes.get(&task) {
            return Ok(known.clone());
        }
        let probes = match task {
            Task::Prompt => ["a", "\u{0e01}\n"].map(Subject::prompt),
            Task::Response => ["a", "\u{0e01}\n"].map(|text| Subject::response(text, text)),
        };
        let ids = probes.map(|probe| self.asker.ask(&probe, self.settings).map(|asked| asked.ids));
        let prefix = match ids {
            [Ok(a), Ok(b)] => {
                let tokens = &a[..common(&a, &b)];
                let prefix = (tokens.len() >= PREFIX_TOKENS_MIN)
                    .then(|| self.decoder.prefix(tokens, CHUNK_TOKENS, cancel));
                match prefix.transpose() {
                    Ok(prefix) => prefix,
                    // Not kept: the next call may be given the time.
                    Err(_) if cancel.is_cancelled() => return Ok(None),
                    Err(e) => return Err(EngineError::Inference { reason: failure(&e) }),
                }
            }
            _ => None,
        };
        self.prefixes.insert(task, prefix.clone());
        Ok(prefix)
    }

    /// Logits at the last position of one row of arbitrary tokens, for measuring.
    ///
    /// # Errors
    /// Those of the device.
    pub fn prefill_logits(&self, rows: &[&[u32]], cancel: &Cancel) -> candle_core::Result<Tensor> {
        let mut cache = self.decoder.cache(rows.len(), None);
        let hidden = self.decoder.prefill(rows, &mut cache, CHUNK_TOKENS, cancel)?;
        self.decoder.logits(&hidden)
    }
}

fn limits(device: &Device) -> Limits {
    match device {
        Device::Cpu => Limits { tokens_max: 2048, rows_max: 32 },
        _ => Limits { tokens_max: 16_384, rows_max: 128 },
    }
}

/// Bytes that one batch needs beside the weights: keys and values, scores, and the widest intermediate results.
pub(crate) fn working_bytes(config: &Qwen3Config, dtype: DType, device: &Device) -> u64 {
    let number = dtype.size_in_bytes() as u64;
    let limits = limits(device);
    let tokens = limits.tokens_max as u64;
    let cache = config.cache_bytes_per_token(dtype.size_in_bytes()) * tokens * 2;
    let widest = (config.intermediate_size * 4 + config.hidden_size * 6) as u64 * tokens * number;
    let scores = (config.num_attention_heads * CHUNK_TOKENS) as u64 * 4096 * 4 * 2;
    let logits = config.vocab_size as u64 * limits.rows_max as u64 * 4 * 2;
    cache + widest + scores + logits
}

fn not_a_number(of: &str) -> JudgeError {
    JudgeError::Inference { reason: format!("the logits of {of} are not numbers") }
}

/// How many tokens two sequences begin with together, leaving at least one of `row`.
fn common(prefix: &[u32], row: &[u32]) -> usize {
    let same = prefix.iter().zip(row).take_while(|(a, b)| a == b).count();
    same.min(row.len().saturating_sub(1))
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

    #[test]
    fn a_prefix_leaves_at_least_one_token_to_compute() {
        assert_eq!(common(&[1, 2, 3], &[1, 2, 3]), 2);
        assert_eq!(common(&[1, 2, 3], &[1, 9]), 1);
    }
}
