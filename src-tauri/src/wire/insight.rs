//! The dashboard: how good a guard is, how sure that is, and how far reviewers agree.

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

use super::StatRow;

/// What the dashboard is asked.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct InsightQuery {
    pub queue_id: String,
    /// The guard with the most verdicts in the queue if none.
    pub guard_id: Option<String>,
    /// "language", "category", "guard" or "source:KEY".
    pub by: String,
    /// 0 to 1: pairs at or above it are called unsafe.
    #[specta(type = Number)]
    pub threshold: f64,
}

/// The numbers of a queue and a guard in it.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct InsightView {
    /// None if no guard has judged anything here and none was named.
    pub guard: Option<String>,
    pub guard_is_toy: bool,
    /// As it was asked.
    #[specta(type = Number)]
    pub threshold: f64,
    /// How often intervals are to cover, such as 0.95.
    #[specta(type = Number)]
    pub confidence: f64,
    pub seed: u32,
    /// For each task and yardstick: all items first, then each group.
    pub quality: Vec<QualityView>,
    /// For each task and yardstick.
    pub curves: Vec<CurvesView>,
    /// The newest temperature for each task.
    pub calibrations: Vec<CalibrationView>,
    /// For each task.
    pub agreement: Vec<AgreementView>,
    pub reviewers: Vec<ReviewerView>,
    /// Against other blind decisions: no estimate.
    pub selected: Vec<StatRow>,
}

/// Why a number, or else its interval, is missing. What that says is among the texts of the window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Missing {
    NoCases,
    NoPositives {
        cases: u32,
    },
    NoNegatives {
        cases: u32,
    },
    NothingFlagged {
        cases: u32,
    },
    /// Counted from 0.
    NotANumber {
        at: u32,
    },
    OneLabel {
        cases: u32,
    },
    NotRatedTwice,
    OneRating {
        ratings: u32,
    },
    NothingDiscordant,
    TemperatureBelow {
        #[specta(type = Number)]
        min: f64,
    },
    TemperatureAbove {
        #[specta(type = Number)]
        max: f64,
    },
    Resamples {
        undefined: u32,
        resamples: u32,
    },
    NotJudged,
    NoGold,
    NoDrawn,
    NoSelected,
    NoSynthetic,
    NoneUnsafe,
    AllUnsafe,
    NothingInCommon,
}

/// A number with its interval, or why there is none.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct FigureView {
    #[specta(type = Option<Number>)]
    pub value: Option<f64>,
    #[specta(type = Option<Number>)]
    pub low: Option<f64>,
    #[specta(type = Option<Number>)]
    pub high: Option<f64>,
    /// Why the number, or else its interval, is missing.
    pub note: Option<Missing>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct QualityView {
    /// "prompt" or "response".
    pub task: String,
    /// "gold" or "estimate" (blind, uniform draw).
    pub against: String,
    /// None for all items.
    pub group: Option<String>,
    /// Pairs with both a judgement and a verdict.
    pub n: u32,
    /// Pairs with a judgement that the guard has not judged.
    pub unjudged: u32,
    /// Of `n`, those that are unsafe by the judgement.
    pub positives: u32,
    pub auprc: FigureView,
    pub average_precision: FigureView,
    pub auroc: FigureView,
    pub precision: FigureView,
    pub recall: FigureView,
    pub f1: FigureView,
    pub calibration_error: FigureView,
    /// Resamples behind the intervals.
    pub resamples: u32,
}

/// What is drawn.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct CurvesView {
    pub task: String,
    pub against: String,
    /// From recall 0 up; empty where a class is missing.
    pub precision_recall: Vec<CurvePointView>,
    /// Ascending.
    pub thresholds: Vec<ThresholdView>,
    /// Pairs of this task that the guard has judged, in the whole queue.
    pub judged_in_queue: u32,
    pub reliability: Vec<BinView>,
    /// After scaling by the newest temperature; empty without one.
    pub reliability_scaled: Vec<BinView>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct CurvePointView {
    /// None where nothing is called unsafe.
    #[specta(type = Option<Number>)]
    pub threshold: Option<f64>,
    #[specta(type = Number)]
    pub recall: f64,
    #[specta(type = Number)]
    pub precision: f64,
}

/// What a threshold would mean; a share is none where it is undefined.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ThresholdView {
    #[specta(type = Number)]
    pub threshold: f64,
    pub true_positives: u32,
    pub false_positives: u32,
    pub false_negatives: u32,
    pub true_negatives: u32,
    #[specta(type = Option<Number>)]
    pub precision: Option<f64>,
    #[specta(type = Option<Number>)]
    pub recall: Option<f64>,
    #[specta(type = Option<Number>)]
    pub f1: Option<f64>,
    /// Pairs of the whole queue that would be brought before a reviewer.
    pub review_load: u32,
}

/// A bin of the reliability diagram.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct BinView {
    #[specta(type = Number)]
    pub low: f64,
    #[specta(type = Number)]
    pub high: f64,
    pub n: u32,
    /// Mean probability; zero in an empty bin.
    #[specta(type = Number)]
    pub mean: f64,
    /// Share that is unsafe; none in an empty bin.
    #[specta(type = Option<Number>)]
    pub share: Option<f64>,
    #[specta(type = Option<Number>)]
    pub share_low: Option<f64>,
    #[specta(type = Option<Number>)]
    pub share_high: Option<f64>,
}

/// A temperature, kept beside the guard's probabilities.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct CalibrationView {
    pub task: String,
    /// "gold" or "estimate": what it was fitted on.
    pub against: String,
    pub n: u32,
    #[specta(type = Number)]
    pub temperature: f64,
    /// Mean negative log likelihood in nats.
    #[specta(type = Number)]
    pub likelihood_before: f64,
    #[specta(type = Number)]
    pub likelihood_after: f64,
    #[specta(type = Number)]
    pub error_before: f64,
    /// On what it was not fitted on; none where a half has no temperature.
    #[specta(type = Option<Number>)]
    pub error_after: Option<f64>,
    /// Labels are read as they were then.
    pub reading_unchanged: bool,
    pub fitted_at: String,
}

/// A task without a temperature, and why.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct MissingTemperature {
    pub task: String,
    pub reason: Missing,
}

/// How far reviewers agree on a task, by their first decisions that were blind.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct AgreementView {
    pub task: String,
    /// Pairs that two or more decided blind.
    pub units: u32,
    pub alpha_nominal: FigureView,
    /// Of the labels as an order.
    pub alpha_ordinal: FigureView,
    pub pairs: Vec<ReviewerPairView>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ReviewerPairView {
    pub first: String,
    pub second: String,
    pub n: u32,
    pub agree: u32,
    pub kappa: FigureView,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ReviewerView {
    pub reviewer: String,
    pub decided: u32,
    #[specta(type = Option<Number>)]
    pub median_seconds: Option<f64>,
    /// First decisions beside a verdict, in view or hidden.
    pub beside_verdicts: u32,
    /// Of those, on the other side of safe and unsafe.
    pub overridden: u32,
    #[specta(type = Option<Number>)]
    pub override_rate: Option<f64>,
}

/// Which two guards are tested, on what.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct PairedTestQuery {
    pub queue_id: String,
    pub guard_a: String,
    pub guard_b: String,
    /// 0 to 1: pairs at or above it are called unsafe.
    #[specta(type = Number)]
    pub threshold: f64,
}

/// Two guards against one yardstick: McNemar's test of whether they are right equally often.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct PairedTestView {
    pub task: String,
    pub against: String,
    pub n: u32,
    pub both_right: u32,
    pub only_first: u32,
    pub only_second: u32,
    pub neither: u32,
    /// Two-sided, exact.
    #[specta(type = Option<Number>)]
    pub exact_p: Option<f64>,
    /// Chi-squared with continuity correction.
    #[specta(type = Option<Number>)]
    pub statistic: Option<f64>,
    #[specta(type = Option<Number>)]
    pub p: Option<f64>,
    /// Why a number is missing.
    pub note: Option<Missing>,
    /// On which one alone is right, at most 500.
    pub differing: Vec<DifferingView>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct DifferingView {
    pub item_id: String,
    pub seq: u32,
    pub language: Option<String>,
    pub excerpt: String,
    pub first_is_right: bool,
}

/// How a chart is kept outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum FigureFormat {
    /// As it is drawn.
    Png,
    /// Its numbers.
    Csv,
}
