//! Reading verdicts off heads: about a request at its end, about a response at each of its tokens.
//!
//! Follows the Qwen3Guard technical report: the prompt's heads are read at the token that closes the last user turn, the
//! response's heads at every token behind the empty thought.

use candle_core::{Result, Tensor};
use candle_nn::ops;
use saring_verdict::{
    Cancel, JudgeError, LabelProbability, Mode, Outcome, RiskTrace, Task, TokenRisk, Verdict,
};

use super::{
    question::{Asking, Question},
    words::not_a_number,
};
use crate::{
    decoder::{Decoder, Row},
    response::ResponseSpan,
    stream_heads::{HeadNames, StreamHeads},
};

/// One outcome for each question of a batch, all of one task.
///
/// # Errors
/// Those of the device, and a stop on request.
pub(super) fn judge(
    decoder: &Decoder,
    heads: &StreamHeads,
    asked: &[Asking<'_>],
    tokens_max: usize,
    cancel: &Cancel,
) -> Result<Vec<Outcome>> {
    let questions: Vec<&Question> = asked.iter().map(|asking| asking.question).collect();
    match questions.first().map(|question| question.task) {
        Some(Task::Prompt) => requests(decoder, heads, &questions, tokens_max, cancel),
        Some(Task::Response) => responses(decoder, heads, &questions, tokens_max, cancel),
        None => Ok(Vec::new()),
    }
}

fn requests(
    decoder: &Decoder,
    heads: &StreamHeads,
    questions: &[&Question],
    tokens_max: usize,
    cancel: &Cancel,
) -> Result<Vec<Outcome>> {
    let rows: Vec<Row<'_>> = questions.iter().map(|q| Row::text(&q.ids)).collect();
    let mut cache = decoder.cache(rows.len(), None);
    let hidden = decoder.prefill(&rows, &mut cache, tokens_max, cancel)?;
    let (risk, category) = heads.query(&hidden)?;
    let read = Read::new(&risk, &category)?;
    let config = heads.config();
    let outcome = |(row, question): (usize, &&Question)| {
        read.verdict(row, question, &config.query).ok_or_else(|| not_a_number("its risk"))
    };
    Ok(questions.iter().enumerate().map(outcome).collect())
}

fn responses(
    decoder: &Decoder,
    heads: &StreamHeads,
    questions: &[&Question],
    tokens_max: usize,
    cancel: &Cancel,
) -> Result<Vec<Outcome>> {
    let spoken =
        |question: &&Question| question.response.as_ref().filter(|span| !span.ends.is_empty()).cloned();
    let spans: Vec<Option<ResponseSpan>> = questions.iter().map(spoken).collect();
    let (mut rows, mut from) = (Vec::new(), Vec::new());
    for (question, span) in questions.iter().zip(&spans) {
        if let Some(span) = span {
            rows.push(Row::text(&question.ids));
            from.push(span.from);
        }
    }
    let mut hidden = Vec::new().into_iter();
    if !rows.is_empty() {
        let mut cache = decoder.cache(rows.len(), None);
        hidden = decoder.hidden_states(&rows, &from, &mut cache, tokens_max, cancel)?.into_iter();
    }
    let outcome = |(question, span): (&&Question, Option<ResponseSpan>)| match span
        .and_then(|span| Some((span, hidden.next()?)))
    {
        Some((span, hidden)) => response(heads, question, &span, &hidden),
        None => Ok(Err(JudgeError::NothingToJudge)),
    };
    questions.iter().zip(spans).map(outcome).collect()
}

/// `hidden` are the states of the response's tokens: `[R, H]`.
fn response(
    heads: &StreamHeads,
    question: &Question,
    span: &ResponseSpan,
    hidden: &Tensor,
) -> Result<Outcome> {
    let (risk, category) = heads.response(hidden)?;
    let read = Read::new(&risk, &category)?;
    let config = heads.config();
    let tokens = span.ends.iter().zip(&read.risk).zip(&read.category);
    let trace = RiskTrace {
        labels: config.response.risks.clone(),
        categories: config.response.categories.clone(),
        tokens: tokens
            .map(|((end, p), category)| TokenRisk { end: *end, p: p.clone(), category: *category as u16 })
            .collect(),
    };
    let verdict =
        trace.deciding_token(Mode::Strict).and_then(|token| read.verdict(token, question, &config.response));
    let verdict = verdict.filter(|_| read.risk.iter().flatten().all(|p| p.is_finite()));
    Ok(verdict.map(|v| Verdict { risk: Some(trace), ..v }).ok_or_else(|| not_a_number("its risk")))
}

/// What the heads said, row by row.
struct Read {
    /// Probabilities of the labels.
    risk: Vec<Vec<f32>>,
    /// The likeliest category.
    category: Vec<u32>,
}

impl Read {
    fn new(risk: &Tensor, category: &Tensor) -> Result<Self> {
        let single = |logits: &Tensor| logits.to_dtype(candle_core::DType::F32);
        let risk = ops::softmax_last_dim(&single(risk)?)?.to_vec2()?;
        Ok(Self { risk, category: single(category)?.argmax(1)?.to_vec1()? })
    }

    /// The verdict that one row speaks; `None` if its numbers are none. A guard was trained to name a category only
    /// where something is wrong.
    fn verdict(&self, row: usize, question: &Question, names: &HeadNames) -> Option<Verdict> {
        let p = &self.risk[row];
        if p.iter().any(|p| !p.is_finite()) {
            return None;
        }
        let probability =
            |(label, p): (&String, &f32)| LabelProbability { label: label.clone(), p: f64::from(*p) };
        let mut verdict = Verdict {
            probabilities: names.risks.iter().zip(p).map(probability).collect(),
            // The heads know nothing but labels.
            label_mass: 1.0,
            categories: Vec::new(),
            refusal: None,
            tokens: question.count(0),
            truncated: question.truncated,
            notes: question.notes.clone(),
            risk: None,
        };
        let is_safe = verdict.label().is_some_and(|label| label.eq_ignore_ascii_case("safe"));
        if !is_safe {
            verdict.categories.extend(names.categories.get(self.category[row] as usize).cloned());
        }
        Some(verdict)
    }
}
