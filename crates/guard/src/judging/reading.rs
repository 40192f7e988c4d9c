//! Questions on their way through the model, batch by batch, until each has its outcome.

use candle_core::Result;
use saring_verdict::{Cancel, JudgeError, Outcome};

use super::{PREFIX_TOKENS_MIN, common, heads, question::Asking, words::Answers};
use crate::{asking::Asker, decoder::SharedPrefix, layers::failure, model::Model};

/// Reads batches of questions.
pub(super) struct Reading<'a> {
    asker: &'a Asker,
    model: &'a Model,
    tokens_max: usize,
    cancel: &'a Cancel,
    /// Answers in words that are still being written.
    answers: Option<Answers<'a>>,
    /// Questions without an outcome yet.
    open: Vec<Asking<'a>>,
}

impl<'a> Reading<'a> {
    /// With at most `tokens_max` tokens in one pass.
    pub fn new(asker: &'a Asker, model: &'a Model, tokens_max: usize, cancel: &'a Cancel) -> Self {
        let answers =
            asker.labels.as_ref().map(|labels| Answers::new(asker, labels, &model.decoder, tokens_max));
        Self { asker, model, tokens_max, cancel, answers, open: Vec::new() }
    }

    /// Reads one batch. Answers that are being written go on in the same passes; those of this batch may go on in the next.
    pub fn read(&mut self, asked: Vec<Asking<'a>>, prefix: Option<&SharedPrefix>, outcomes: &mut [Outcome]) {
        if asked.is_empty() || self.cancel.is_cancelled() {
            return;
        }
        self.open.extend(asked.iter().cloned());
        let read = self.try_read(asked, prefix, outcomes);
        self.settle(read, outcomes);
    }

    /// Finishes the answers that are being written.
    pub fn finish(&mut self, outcomes: &mut [Outcome]) {
        if self.cancel.is_cancelled() {
            return;
        }
        let finished = match &mut self.answers {
            Some(answers) => answers.finish(outcomes, self.cancel),
            None => Ok(()),
        };
        self.settle(finished, outcomes);
    }

    fn try_read(
        &mut self,
        asked: Vec<Asking<'a>>,
        prefix: Option<&SharedPrefix>,
        outcomes: &mut [Outcome],
    ) -> Result<()> {
        match (&mut self.answers, &self.model.heads) {
            (Some(answers), _) => {
                let prefix = shared(prefix, &asked)?;
                answers.read(asked, prefix, outcomes, self.cancel)
            }
            (None, Some(heads)) => {
                let judged = heads::judge(&self.model.decoder, heads, &asked, self.tokens_max, self.cancel)?;
                for (asking, outcome) in asked.iter().zip(judged) {
                    outcomes[asking.place] = outcome;
                }
                Ok(())
            }
            (None, None) => candle_core::bail!("the checkpoint answers with text, not with labels"),
        }
    }

    /// Keeps what is still open. If the device refused, all that is open is read again, one by one.
    fn settle(&mut self, read: Result<()>, outcomes: &mut [Outcome]) {
        let Err(error) = read else {
            let answers = self.answers.as_ref();
            self.open.retain(|asking| answers.is_some_and(|answers| answers.is_writing(asking.place)));
            return;
        };
        let open = std::mem::take(&mut self.open);
        self.answers = None;
        if self.cancel.is_cancelled() {
            return;
        }
        if let [only] = &open[..] {
            outcomes[only.place] = Err(JudgeError::Inference { reason: failure(&error) });
        } else {
            for asking in open {
                let mut alone = Self::new(self.asker, self.model, self.tokens_max, self.cancel);
                alone.read(vec![asking], None, outcomes);
                alone.finish(outcomes);
            }
        }
        *self = Self::new(self.asker, self.model, self.tokens_max, self.cancel);
    }
}

/// What all questions share with the prefix; at least one token of each is left to compute.
fn shared(prefix: Option<&SharedPrefix>, asked: &[Asking<'_>]) -> Result<Option<SharedPrefix>> {
    let Some(prefix) = prefix else { return Ok(None) };
    let cached = asked.iter().map(|asking| common(prefix.tokens(), &asking.question.ids)).min().unwrap_or(0);
    (cached >= PREFIX_TOKENS_MIN).then(|| prefix.narrowed(cached)).transpose()
}
