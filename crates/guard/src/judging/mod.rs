//! [`Guard`]: a loaded checkpoint, and how a list of subjects becomes a list of outcomes.
//!
//! Subjects become questions, equal questions one; questions of one kind are read in batches, behind a prefix that is
//! computed once. How an answer is read off is the family's: [`words`] off the vocabulary, [`heads`] off heads.

mod batching;
mod heads;
mod limits;
mod looking;
mod question;
mod reading;
mod words;

use std::{collections::HashMap, thread};

use candle_core::Tensor;
use rayon::prelude::*;
use saring_verdict::{Cancel, EngineError, GuardSettings, JudgeError, Outcome, Subject, Task};

use self::{
    batching::{distinct, plan},
    looking::{Looking, PreparedImages, prepare},
    question::{Asking, Question},
    reading::Reading,
};
use crate::{
    asking::Asker,
    decoder::{Row, SharedPrefix},
    layers::failure,
    model::Model,
    vision::FeatureCache,
};

pub(crate) use limits::{LARGER_BATCHES, Limits, PROCESSOR_BATCH, SMALL_BATCH, working_bytes};

/// A prefix shorter than this is not worth keeping.
const PREFIX_TOKENS_MIN: usize = 8;

/// Questions of one kind that are read together.
struct Batch {
    task: Task,
    /// Questions with images begin otherwise, so they do not share the prefix of the others.
    with_images: bool,
    /// Their numbers.
    places: Vec<usize>,
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

    /// How many tokens are read in one pass.
    pub fn pass_tokens(&self) -> usize {
        self.limits.tokens_max
    }

    /// See [`saring_verdict::Engine::judge`].
    ///
    /// # Errors
    /// `Inference` only if the shared prefix cannot be computed; what concerns one subject is in its outcome.
    pub fn judge(&mut self, subjects: &[Subject], cancel: &Cancel) -> Result<Vec<Outcome>, EngineError> {
        let asked = self.ask(subjects, cancel);
        let mut outcomes: Vec<Option<Outcome>> = vec![None; subjects.len()];
        let mut questions = Vec::new();
        for (question, outcome) in asked.into_iter().zip(&mut outcomes) {
            match question {
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

    /// Subjects as questions, in their order; on all cores, since a tokenizer has only one subject to read at a time.
    fn ask(&self, subjects: &[Subject], cancel: &Cancel) -> Vec<Result<Question, JudgeError>> {
        let question = |subject| match cancel.is_cancelled() {
            true => Err(JudgeError::Cancelled),
            false => self.question(subject),
        };
        subjects.par_iter().map(question).collect()
    }

    fn question(&self, subject: &Subject) -> Result<Question, JudgeError> {
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
        let batches = self.plan(questions, cancel)?;
        let Self { asker, model, settings, limits, prefixes, features } = self;
        let (reader, pixels_max) = (asker.images.as_ref(), settings.pixels_max);
        let mut looking = Looking { reader, model, features, pixels_max };
        let mut reading = Reading::new(asker, model, limits.tokens_max, cancel);
        thread::scope(|scope| {
            let mut prepared = PreparedImages::new();
            for (i, batch) in batches.iter().enumerate() {
                // The images of the next batch are read and decoded while the model computes this one.
                let next: Vec<&Question> = batches
                    .iter()
                    .skip(i + 1)
                    .take(1)
                    .flat_map(|next| &next.places)
                    .map(|p| &questions[*p])
                    .collect();
                let wanted = looking.unseen(&next);
                let ahead = reader
                    .filter(|_| !wanted.is_empty())
                    .map(|reader| scope.spawn(move || prepare(reader, &wanted, pixels_max, cancel)));
                let mut asked = Vec::new();
                for place in batch.places.iter().copied() {
                    // A large image takes seconds. What is not reached is `Cancelled` already.
                    if cancel.is_cancelled() {
                        break;
                    }
                    let question = &questions[place];
                    match looking.spans(question, &mut prepared) {
                        Ok(images) => asked.push(Asking { place, question, images }),
                        Err(error) => outcomes[place] = Err(error),
                    }
                }
                let prefix = prefixes.get(&batch.task).filter(|_| !batch.with_images);
                reading.read(asked, prefix.and_then(Option::as_ref), &mut outcomes);
                prepared = ahead.and_then(|ahead| ahead.join().ok()).unwrap_or_default();
            }
        });
        reading.finish(&mut outcomes);
        Ok(outcomes)
    }

    /// Questions of one kind together, those of few tokens first; computes the prefixes that they share.
    fn plan(&mut self, questions: &[Question], cancel: &Cancel) -> Result<Vec<Batch>, EngineError> {
        let mut batches = Vec::new();
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
            let places = plan(&lengths, self.limits).into_iter();
            let places = places.map(|batch| batch.into_iter().map(|i| of_kind[i]).collect());
            batches.extend(places.map(|places| Batch { task, with_images, places }));
        }
        Ok(batches)
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
                    .then(|| self.model.decoder.prefix(tokens, self.limits.tokens_max, cancel));
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

    /// What rows of arbitrary tokens begin with, for measuring.
    ///
    /// # Errors
    /// Those of the device.
    pub fn prefix_of(&self, tokens: &[u32], cancel: &Cancel) -> candle_core::Result<SharedPrefix> {
        self.model.decoder.prefix(tokens, self.limits.tokens_max, cancel)
    }

    /// Logits at the last position of each row of arbitrary tokens behind `prefix`, for measuring.
    ///
    /// # Errors
    /// Those of the device.
    pub fn prefill_logits(
        &self,
        rows: &[&[u32]],
        prefix: Option<SharedPrefix>,
        cancel: &Cancel,
    ) -> candle_core::Result<Tensor> {
        let rows: Vec<Row<'_>> = rows.iter().map(|ids| Row::text(ids)).collect();
        let mut cache = self.model.decoder.cache(rows.len(), prefix);
        let hidden = self.model.decoder.prefill(&rows, &mut cache, self.limits.tokens_max, cancel)?;
        self.model.decoder.logits(&hidden)
    }
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
