//! Reading verdicts off heads: about a request at its end, about a response at each of its tokens.
//!
//! Follows the Qwen3Guard technical report: the prompt's heads are read at the token that closes the last user turn, the
//! response's heads at every token behind the empty thought.

use candle_core::{Result, Tensor};
use candle_nn::ops;
use saring_verdict::{
    Cancel, JudgeError, LabelProbability, Mode, Outcome, RiskTrace, Task, TokenRisk, Verdict,
};

use crate::{
    decoder::{Decoder, Row},
    guard::{Batch, CHUNK_TOKENS, Question},
    scoring::not_a_number,
    stream_heads::{HeadNames, StreamHeads},
};

/// One outcome for each question of a batch.
///
/// # Errors
/// Those of the device, and a stop on request.
pub(crate) fn judge(
    decoder: &Decoder,
    heads: &StreamHeads,
    batch: &Batch<'_>,
    cancel: &Cancel,
) -> Result<Vec<Outcome>> {
    match batch.task {
        Task::Prompt => requests(decoder, heads, batch, cancel),
        Task::Response => {
            batch.questions.iter().map(|question| response(decoder, heads, question, cancel)).collect()
        }
    }
}

fn requests(
    decoder: &Decoder,
    heads: &StreamHeads,
    batch: &Batch<'_>,
    cancel: &Cancel,
) -> Result<Vec<Outcome>> {
    let rows: Vec<Row<'_>> = batch.questions.iter().map(|q| Row::text(&q.ids)).collect();
    let mut cache = decoder.cache(rows.len(), None);
    let hidden = decoder.prefill(&rows, &mut cache, CHUNK_TOKENS, cancel)?;
    let (risk, category) = heads.query(&hidden)?;
    let read = Read::new(&risk, &category)?;
    let config = heads.config();
    let outcome = |(row, question): (usize, &&Question)| {
        read.verdict(row, question, &config.query).ok_or_else(|| not_a_number("its risk"))
    };
    Ok(batch.questions.iter().enumerate().map(outcome).collect())
}

fn response(decoder: &Decoder, heads: &StreamHeads, question: &Question, cancel: &Cancel) -> Result<Outcome> {
    let Some(span) = question.response.as_ref().filter(|span| !span.ends.is_empty()) else {
        return Ok(Err(JudgeError::NothingToJudge));
    };
    let mut cache = decoder.cache(1, None);
    let hidden =
        decoder.hidden_states(Row::text(&question.ids), span.from, &mut cache, CHUNK_TOKENS, cancel)?;
    let (risk, category) = heads.response(&hidden)?;
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
