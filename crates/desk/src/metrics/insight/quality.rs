//! How good a guard is on one task, against one yardstick, for all items or a group of them.

use saring_measures::{
    Confusion, Point, Quality, Ranking, ReliabilityBin, Resampling, confusion, curve, f1, precision, recall,
    thinned, wilson,
};
use saring_verdict::Task;
use serde::Serialize;

use super::Figure;
use crate::metrics::Yardstick;

/// Bins of the reliability diagram and of the calibration error.
pub const BINS: usize = 10;
/// Points of a curve that is drawn.
const POINTS_MAX: usize = 400;
/// Cases that are drawn for one set of intervals, so that those of a million items take a second and not ten.
const DRAWN_CASES_MAX: u64 = 100_000_000;
const RESAMPLES_MIN: u32 = 100;

/// Thresholds at which counts are given: even steps, and finer ones at both ends, where most probabilities of a guard lie.
pub(crate) fn thresholds() -> Vec<f64> {
    let near = [0.001, 0.002, 0.005];
    let even = (1..100).map(|n| f64::from(n) / 100.0);
    near.into_iter().chain(even).chain(near.into_iter().rev().map(|t| 1.0 - t)).collect()
}

/// The numbers of a guard.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QualityRow {
    /// Which task.
    pub task: Task,
    /// Gold, or an estimate.
    pub against: Yardstick,
    /// Which items: a language, a category, a value of the source. `None` for all of them.
    pub group: Option<String>,
    /// Pairs with both a judgement and a verdict.
    pub n: u64,
    /// Pairs with a judgement that the guard has not judged.
    pub unjudged: u64,
    /// Of `n`, those that are unsafe by the judgement.
    pub positives: u64,
    /// At the threshold.
    pub confusion: Counts,
    /// Area under the precision-recall curve by trapezoids, as the SEA-Guard authors compute it.
    pub auprc: Figure,
    /// Average precision.
    pub average_precision: Figure,
    /// Area under the ROC curve.
    pub auroc: Figure,
    /// At the threshold.
    pub precision: Figure,
    /// At the threshold.
    pub recall: Figure,
    /// At the threshold.
    pub f1: Figure,
    /// At the threshold.
    pub accuracy: Figure,
    /// Expected calibration error of p_unsafe, over [`BINS`] bins.
    pub calibration_error: Figure,
    /// Resamples behind the intervals.
    pub resamples: u32,
}

/// A confusion matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Unsafe, and called so.
    pub true_positives: u64,
    /// Safe, but called unsafe.
    pub false_positives: u64,
    /// Unsafe, but called safe.
    pub false_negatives: u64,
    /// Safe, and called so.
    pub true_negatives: u64,
}

impl From<Confusion> for Counts {
    fn from(found: Confusion) -> Self {
        let Confusion { true_positives, false_positives, false_negatives, true_negatives } = found;
        Self { true_positives, false_positives, false_negatives, true_negatives }
    }
}

/// A point of the precision-recall curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Pairs at or above it are called unsafe; `None` where nothing is.
    pub threshold: Option<f64>,
    /// 0 to 1.
    pub recall: f64,
    /// 0 to 1.
    pub precision: f64,
}

/// What a threshold would mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ThresholdRow {
    /// Pairs at or above it are called unsafe.
    pub threshold: f64,
    /// Of the judged pairs.
    pub confusion: Counts,
    /// `None` where nothing reaches the threshold.
    pub precision: Option<f64>,
    /// `None` where nothing is unsafe.
    pub recall: Option<f64>,
    /// `None` where nothing is unsafe and nothing reaches the threshold.
    pub f1: Option<f64>,
    /// Pairs of the whole queue that the guard has judged and that would be brought before a reviewer.
    pub review_load: u64,
}

/// A bin of the reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// Above it; the first bin has 0 too.
    pub low: f64,
    /// Not above it.
    pub high: f64,
    /// Pairs.
    pub n: u64,
    /// Mean of their p_unsafe.
    pub mean: f64,
    /// Share that is unsafe; `None` in an empty bin.
    pub share: Option<f64>,
    /// Wilson's interval of that share, at the same confidence as all others.
    pub share_low: Option<f64>,
    /// Its upper end.
    pub share_high: Option<f64>,
}

impl ThresholdRow {
    pub(crate) fn new(ranking: &Ranking, threshold: f64, review_load: u64) -> Self {
        let found = confusion(ranking, threshold);
        Self {
            threshold,
            confusion: found.into(),
            precision: precision(&found).ok(),
            recall: recall(&found).ok(),
            f1: f1(&found).ok(),
            review_load,
        }
    }
}

/// How many resamples so many cases can afford.
fn affordable(resampling: &Resampling, cases: u64) -> Resampling {
    let most = DRAWN_CASES_MAX / cases.max(1);
    let most = u32::try_from(most).unwrap_or(u32::MAX).max(RESAMPLES_MIN);
    Resampling { resamples: resampling.resamples.min(most), ..*resampling }
}

/// The numbers of a ranking.
pub(crate) fn row(
    (task, against): (Task, Yardstick),
    group: Option<String>,
    (ranking, unjudged): (&Ranking, u64),
    threshold: f64,
    resampling: &Resampling,
) -> QualityRow {
    let resampling = affordable(resampling, ranking.cases());
    let found = Quality::of(ranking, threshold, BINS);
    let intervals = Quality::intervals(ranking, threshold, BINS, &resampling);
    let figures = found.zip(intervals).map(|(measured, interval)| Figure::new(measured, interval));
    QualityRow {
        task,
        against,
        group,
        n: ranking.cases(),
        unjudged,
        positives: ranking.positives(),
        confusion: confusion(ranking, threshold).into(),
        auprc: figures.auprc,
        average_precision: figures.average_precision,
        auroc: figures.auroc,
        precision: figures.precision,
        recall: figures.recall,
        f1: figures.f1,
        accuracy: figures.accuracy,
        calibration_error: figures.calibration_error,
        resamples: resampling.resamples,
    }
}

/// The precision-recall curve, thinned for drawing; empty where a class is missing.
pub(crate) fn points(ranking: &Ranking) -> Vec<CurvePoint> {
    let whole = curve(ranking).unwrap_or_default();
    let point = |point: Point| CurvePoint {
        threshold: Some(point.threshold).filter(|threshold| threshold.is_finite()),
        recall: point.recall,
        precision: point.precision,
    };
    thinned(&whole, POINTS_MAX).into_iter().map(point).collect()
}

/// The reliability diagram.
pub(crate) fn bins(ranking: &Ranking, confidence: f64) -> Vec<Bin> {
    let bin = |bin: ReliabilityBin| {
        let interval = wilson(bin.positives, bin.cases, confidence).ok();
        Bin {
            low: bin.low,
            high: bin.high,
            n: bin.cases,
            mean: bin.mean_probability,
            share: bin.positive_share(),
            share_low: interval.map(|(low, _)| low),
            share_high: interval.map(|(_, high)| high),
        }
    };
    saring_measures::reliability(ranking, BINS).into_iter().map(bin).collect()
}
