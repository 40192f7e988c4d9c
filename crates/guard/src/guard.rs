//! [`Guard`]: a loaded checkpoint, and how a list of subjects becomes a list of outcomes.
//!
//! Subjects become questions, equal questions one; questions of one kind and of like length are read in batches, behind a
//! prefix that is computed once. How an answer is read off is the family's: [`scoring`](crate::scoring) for words,
//! [`streaming`](crate::streaming) for heads.

use std::collections::HashMap;

use candle_core::{DType, Tensor};
use saring_verdict::{
    Cancel, EngineError, GuardSettings, ImageRef, JudgeError, Outcome, Subject, Task, TokenCount, VerdictNote,
};

use crate::{
    asking::{Asked, Asker},
    batching::{Limits, distinct, plan},
    decoder::{ImageSpan, Row, SharedPrefix},
    layers::failure,
    model::{Model, ModelConfig},
    response::ResponseSpan,
    scoring::Words,
    streaming,
    vision::{self, FeatureCache},
};

/// A prefix shorter than this is not worth keeping.
const PREFIX_TOKENS_MIN: usize = 8;

/// Columns that are computed at once: bounds the scores of one layer.
pub(crate) const CHUNK_TOKENS: usize = 256;

/// What a guard reads about one subject. Equal questions get equal verdicts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    /// What is asked about.
    pub task: Task,
    /// The tokens, the opening of the answer included.
    pub ids: Vec<u32>,
    /// See [`saring_verdict::Verdict::notes`].
    pub notes: Vec<VerdictNote>,
    /// See [`saring_verdict::Verdict::truncated`].
    pub truncated: bool,
    /// Where the response stands, for guards that answer at each of its tokens.
    pub response: Option<ResponseSpan>,
    /// Its images, and where the tokens of each begin in `ids`.
    images: Vec<(usize, ImageRef)>,
}

impl Question {
    fn new(subject: &Subject, asked: Asked, opening: &[u32]) -> Self {
        let mut ids = asked.ids;
        ids.extend(opening);
        Self {
            task: subject.task,
            ids,
            notes: asked.notes,
            truncated: asked.truncated,
            response: asked.response,
            images: asked.images.into_iter().zip(subject.images.iter().cloned()).collect(),
        }
    }

    /// Its tokens, `cached` of which were not computed for it.
    pub fn count(&self, cached: usize) -> TokenCount {
        let (prompt, cached) = (self.ids.len() as u32, cached as u32);
        TokenCount { prompt, cached, computed: prompt - cached }
    }
}

/// Questions of one kind that are computed together.
pub(crate) struct Batch<'a> {
    /// Their task.
    pub task: Task,
    /// The questions.
    pub questions: Vec<&'a Question>,
    /// The images of each, where they stand in its ids.
    images: Vec<Vec<ImageSpan>>,
}

impl Batch<'_> {
    /// Where the images stand in what follows `cached` tokens.
    pub fn spans_after(&self, cached: usize) -> Vec<Vec<ImageSpan>> {
        let moved = |span: &ImageSpan| ImageSpan { start: span.start - cached, ..span.clone() };
        self.images.iter().map(|spans| spans.iter().map(moved).collect()).collect()
    }

    fn single(&self, index: usize) -> Batch<'_> {
        Batch {
            task: self.task,
            questions: vec![self.questions[index]],
            images: vec![self.images[index].clone()],
        }
    }
}

/// A guard with its weights on a device.
pub(crate) struct Guard {
    /// How it is asked.
    pub asker: Asker,
    /// What it computes with.
    pub model: Model,
    settings: GuardSettings,
    limits: Limits,
    prefixes: HashMap<Task, Option<SharedPrefix>>,
    features: FeatureCache,
}

impl Guard {
    /// From its parts. `limits` say how much is computed at once.
    pub fn new(
        asker: Asker,
        model: Model,
        settings: GuardSettings,
        features: FeatureCache,
        limits: Limits,
    ) -> Self {
        Self { asker, model, settings, limits, prefixes: HashMap::new(), features }
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
        let mut questions = Vec::new();
        for (subject, outcome) in subjects.iter().zip(&mut outcomes) {
            if cancel.is_cancelled() {
                *outcome = Some(Err(JudgeError::Cancelled));
                continue;
            }
            match self.question(subject) {
                Ok(question) => questions.push(question),
                Err(error) => *outcome = Some(Err(error)),
            }
        }
        let (questions, places) = distinct(questions);
        let judged = self.judge_questions(&questions, cancel)?;
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

    fn question(&mut self, subject: &Subject) -> Result<Question, JudgeError> {
        let mut image_tokens = Vec::new();
        if let Some(images) = &self.asker.images {
            let pixels_max = self.settings.pixels_max;
            for (position, image) in (1..).zip(&subject.images) {
                // From the header: features of a whole call may be more than is kept of them.
                image_tokens.push(images.tokens(image, position, pixels_max)?);
            }
        }
        let asked = self.asker.ask(subject, self.settings, &image_tokens)?;
        let opening = self.asker.labels.as_ref().map_or(&[][..], |labels| &labels.opening);
        Ok(Question::new(subject, asked, opening))
    }

    fn judge_questions(
        &mut self,
        questions: &[Question],
        cancel: &Cancel,
    ) -> Result<Vec<Outcome>, EngineError> {
        let mut outcomes: Vec<Outcome> = vec![Err(JudgeError::Cancelled); questions.len()];
        // Questions with images begin otherwise, so they do not share the prefix of the others.
        for (task, with_images) in
            [Task::Prompt, Task::Response].into_iter().flat_map(|task| [(task, false), (task, true)])
        {
            let kind = |q: &Question| q.task == task && q.images.is_empty() != with_images;
            let of_kind: Vec<usize> = (0..questions.len()).filter(|i| kind(&questions[*i])).collect();
            if of_kind.is_empty() || cancel.is_cancelled() {
                continue;
            }
            let prefix = if with_images { None } else { self.prefix(task, cancel)? };
            let known = prefix.as_ref().map_or(0, SharedPrefix::len);
            let lengths: Vec<usize> =
                of_kind.iter().map(|i| questions[*i].ids.len().saturating_sub(known)).collect();
            for batch in plan(&lengths, self.limits) {
                if cancel.is_cancelled() {
                    break;
                }
                let places: Vec<usize> = batch.into_iter().map(|i| of_kind[i]).collect();
                let places = self.with_features(places, questions, &mut outcomes, cancel);
                let batch = Batch {
                    task,
                    questions: places.iter().map(|(place, _)| &questions[*place]).collect(),
                    images: places.iter().map(|(_, images)| images.clone()).collect(),
                };
                let judged = self.judge_batch(&batch, prefix.as_ref(), cancel);
                for ((place, _), outcome) in places.iter().zip(judged) {
                    outcomes[*place] = outcome;
                }
            }
        }
        Ok(outcomes)
    }

    /// Looks at the images of questions. One whose image cannot be used gets its outcome here and is left out.
    fn with_features(
        &mut self,
        places: Vec<usize>,
        questions: &[Question],
        outcomes: &mut [Outcome],
        cancel: &Cancel,
    ) -> Vec<(usize, Vec<ImageSpan>)> {
        let mut usable = Vec::new();
        for place in places {
            // A large image takes seconds. What is not reached is `Cancelled` already.
            if cancel.is_cancelled() {
                break;
            }
            match self.spans(&questions[place]) {
                Ok(spans) => usable.push((place, spans)),
                Err(error) => outcomes[place] = Err(error),
            }
        }
        usable
    }

    fn spans(&mut self, question: &Question) -> Result<Vec<ImageSpan>, JudgeError> {
        let Some(images) = &self.asker.images else { return Ok(Vec::new()) };
        let pixels_max = self.settings.pixels_max;
        let mut spans = Vec::new();
        for (position, (start, image)) in (1..).zip(&question.images) {
            let features = match self.features.get(&image.sha256, pixels_max) {
                Some(known) => known,
                None => {
                    let prepared = images.prepare(image, position, pixels_max)?;
                    let seen = self.model.see(prepared).map_err(|e| JudgeError::Image {
                        position,
                        reason: format!("the guard failed on it: {}", failure(&e)),
                    })?;
                    self.features.put(&image.sha256, pixels_max, seen)
                }
            };
            spans.push(ImageSpan { start: *start, features });
        }
        Ok(spans)
    }

    /// One batch; if the device refuses it, its questions one by one.
    fn judge_batch(&self, batch: &Batch<'_>, prefix: Option<&SharedPrefix>, cancel: &Cancel) -> Vec<Outcome> {
        let questions = batch.questions.len();
        match self.try_batch(batch, prefix, cancel) {
            Ok(outcomes) => outcomes,
            Err(_) if cancel.is_cancelled() => vec![Err(JudgeError::Cancelled); questions],
            Err(error) if questions == 1 => {
                vec![Err(JudgeError::Inference { reason: failure(&error) })]
            }
            Err(_) => {
                (0..questions).flat_map(|i| self.judge_batch(&batch.single(i), prefix, cancel)).collect()
            }
        }
    }

    fn try_batch(
        &self,
        batch: &Batch<'_>,
        prefix: Option<&SharedPrefix>,
        cancel: &Cancel,
    ) -> candle_core::Result<Vec<Outcome>> {
        if batch.questions.is_empty() {
            return Ok(Vec::new());
        }
        match (&self.asker.labels, &self.model.heads) {
            (Some(labels), _) => {
                // What all questions share with the prefix; at least one token of each is left to compute.
                let shared = |p: &SharedPrefix| {
                    batch.questions.iter().map(|q| common(p.tokens(), &q.ids)).min().unwrap_or(0)
                };
                let cached = prefix.map_or(0, shared);
                let prefix = prefix.filter(|_| cached >= PREFIX_TOKENS_MIN);
                let prefix = prefix.map(|prefix| prefix.narrowed(cached)).transpose()?;
                let words = Words { asker: &self.asker, labels, decoder: &self.model.decoder };
                words.judge(batch, prefix, cancel)
            }
            (None, Some(heads)) => streaming::judge(&self.model.decoder, heads, batch, cancel),
            (None, None) => candle_core::bail!("the checkpoint answers with text, not with labels"),
        }
    }

    /// The tokens that every prompt of a task begins with, computed once.
    fn prefix(&mut self, task: Task, cancel: &Cancel) -> Result<Option<SharedPrefix>, EngineError> {
        if let Some(known) = self.prefixes.get(&task) {
            return Ok(known.clone());
        }
        // Heads are read at places of their own, and every row is short of a shared beginning anyway.
        if self.model.heads.is_some() {
            return Ok(None);
        }
        let probes = match task {
            Task::Prompt => ["a", "\u{0e01}\n"].map(Subject::prompt),
            Task::Response => ["a", "\u{0e01}\n"].map(|text| Subject::response(text, text)),
        };
        let ids = probes.map(|probe| self.asker.ask(&probe, self.settings, &[]).map(|asked| asked.ids));
        let prefix = match ids {
            [Ok(a), Ok(b)] => {
                let tokens = &a[..common(&a, &b)];
                let prefix = (tokens.len() >= PREFIX_TOKENS_MIN)
                    .then(|| self.model.decoder.prefix(tokens, CHUNK_TOKENS, cancel));
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
        let rows: Vec<Row<'_>> = rows.iter().map(|ids| Row::text(ids)).collect();
        let mut cache = self.model.decoder.cache(rows.len(), None);
        let hidden = self.model.decoder.prefill(&rows, &mut cache, CHUNK_TOKENS, cancel)?;
        self.model.decoder.logits(&hidden)
    }
}

/// Pixels of an image that memory is counted for: a photo of four megapixels. Larger ones need more while they are read.
const USUAL_PIXELS: u64 = 1 << 22;

/// The batch that memory is counted for: enough for a processor, and what a small card gets.
pub(crate) const SMALL_BATCH: Limits = Limits { tokens_max: 2048, rows_max: 32 };
/// The batch that keeps a card busy.
pub(crate) const LARGE_BATCH: Limits = Limits { tokens_max: 16_384, rows_max: 128 };

/// Bytes that one batch needs beside the weights: keys and values, scores, the widest intermediate results, and an image.
pub(crate) fn working_bytes(config: &ModelConfig, dtype: DType, limits: Limits) -> u64 {
    let number = dtype.size_in_bytes() as u64;
    let tokens = limits.tokens_max as u64;
    let text = &config.text;
    let cache = text.cache_bytes_per_token(dtype.size_in_bytes()) * tokens * 2;
    let widest = (text.intermediate_size * 4 + text.hidden_size * 6) as u64 * tokens * number;
    let scores = (text.num_attention_heads * CHUNK_TOKENS) as u64 * 4096 * 4 * 2;
    let logits = text.vocab_size as u64 * limits.rows_max as u64 * 4 * 2;
    let image = config.vision.as_ref().map_or(0, |v| vision::working_bytes(v, dtype, USUAL_PIXELS));
    cache + widest + scores + logits + image
}

/// How many tokens two sequences begin with together, leaving at least one of `row`.
fn common(prefix: &[u32], row: &[u32]) -> usize {
    let same = prefix.iter().zip(row).take_while(|(a, b)| a == b).count();
    same.min(row.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_leaves_at_least_one_token_to_compute() {
        assert_eq!(common(&[1, 2, 3], &[1, 2, 3]), 2);
        assert_eq!(common(&[1, 2, 3], &[1, 9]), 1);
    }
}
