//! Temperatures: fitted on judgements, stored beside the verdicts, applied on reading.

use saring_measures::{
    Answers, Measured, Ranking, Scored, Temperature, calibration_error, reliability, scaled,
};
use saring_verdict::{LabelProbability, Reading, Task};
use serde::Serialize;

use super::{
    quality::BINS,
    sample::{Basis, Judged},
};
use crate::store::calibrations::CalibrationRow;

/// A temperature that was fitted for a guard and a task in a queue.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// UUIDv7.
    pub id: String,
    /// prompt, response.
    pub task: String,
    /// gold, estimate: which judgements it was fitted on.
    pub against: String,
    /// How many.
    pub n: u64,
    /// What logits are divided by; above one, the guard is too sure.
    pub temperature: f64,
    /// Mean negative log likelihood of the judgements in nats, as the guard gave its probabilities.
    pub likelihood_before: f64,
    /// And scaled.
    pub likelihood_after: f64,
    /// Expected calibration error, as the guard gave its probabilities.
    pub error_before: f64,
    /// And scaled: each half of the judgements by the temperature of the other half, so that none is measured on what it was fitted
    /// on. `None` where a half has no temperature.
    pub error_after: Option<f64>,
    /// Whether labels are read as they were when it was fitted.
    pub reading_unchanged: bool,
    /// RFC 3339.
    pub fitted_at: String,
}

impl Calibration {
    pub(crate) fn from_row(row: CalibrationRow, reading: Reading) -> Self {
        Self {
            id: row.id,
            task: row.task,
            against: row.against,
            n: u64::try_from(row.n).unwrap_or_default(),
            temperature: row.temperature,
            likelihood_before: row.likelihood.0,
            likelihood_after: row.likelihood.1,
            error_before: row.error.0,
            error_after: row.error.1,
            reading_unchanged: reading_text(reading) == row.reading,
            fitted_at: row.fitted_at,
        }
    }
}

pub(crate) fn reading_text(reading: Reading) -> String {
    serde_json::json!(reading).to_string()
}

/// What a fit found.
pub(crate) struct Fit {
    pub n: usize,
    pub temperature: Temperature,
    pub error_before: f64,
    pub error_after: Option<f64>,
}

/// Fits a temperature on a sample.
pub(crate) fn fit(
    sample: &[Judged],
    reading: Reading,
    task: Task,
) -> std::result::Result<Fit, saring_measures::Undefined> {
    let judged: Vec<&Judged> = sample.iter().filter(|judged| judged.said.is_some()).collect();
    let answers = answers(judged.iter().copied(), reading, task);
    let temperature = answers.temperature()?;
    let half = |odd: usize| judged.iter().skip(odd).step_by(2).copied();
    let crossed = |odd: usize| {
        let other = self::answers(half(1 - odd), reading, task).temperature().ok()?.temperature;
        Some(scores(half(odd), reading, task, other))
    };
    let halves = crossed(0).zip(crossed(1)).map(|(mut even, odd)| {
        even.extend(odd);
        even
    });
    Ok(Fit {
        n: answers.len(),
        temperature,
        error_before: error(scores(judged.iter().copied(), reading, task, 1.0))?,
        error_after: halves.and_then(|scores| error(scores).ok()),
    })
}

fn answers<'a>(judged: impl Iterator<Item = &'a Judged>, reading: Reading, task: Task) -> Answers {
    let mut answers = Answers::default();
    for judged in judged {
        let said = judged.said.as_deref().unwrap_or_default();
        let p: Vec<f64> = said.iter().map(|x| x.p).collect();
        let right: Vec<bool> =
            said.iter().map(|x| reading.counts_as_unsafe(task, &x.label) == judged.positive).collect();
        answers.push(&p, &right);
    }
    answers
}

/// p_unsafe at a temperature, with the judgement.
fn scores<'a>(
    judged: impl Iterator<Item = &'a Judged>,
    reading: Reading,
    task: Task,
    temperature: f64,
) -> Vec<Scored> {
    judged
        .filter_map(|judged| {
            let said = judged.said.as_ref()?;
            let score = p_unsafe_at(said, reading, task, temperature);
            Some(Scored { score, positive: judged.positive })
        })
        .collect()
}

fn p_unsafe_at(said: &[LabelProbability], reading: Reading, task: Task, temperature: f64) -> f64 {
    let p: Vec<f64> = said.iter().map(|x| x.p).collect();
    let scaled = scaled(&p, temperature).into_iter().zip(said);
    let cooled: Vec<LabelProbability> =
        scaled.map(|(p, x)| LabelProbability { label: x.label.clone(), p }).collect();
    reading.p_unsafe_of(task, &cooled)
}

fn error(scores: Vec<Scored>) -> Measured {
    calibration_error(&reliability(&Ranking::new(scores)?, BINS))
}

/// A sample with its probabilities scaled; `None` without cases.
pub(crate) fn scaled_ranking(
    sample: &[Judged],
    reading: Reading,
    basis: Basis,
    temperature: f64,
) -> Option<Ranking> {
    let scores = scores(sample.iter(), reading, basis.task, temperature);
    Ranking::new(scores).ok().filter(|ranking| ranking.cases() > 0)
}
