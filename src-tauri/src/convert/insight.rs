//! The numbers of the dashboard.

use saring_desk::metrics::{
    Agreement, Bin, Calibration, CurvePoint, Curves, Figure, Insight, QualityRow, QueueStats,
    ReviewerAgreement, ReviewerPair, ReviewerRow, ThresholdRow, Yardstick,
};

use super::{count, missing::missing};
use crate::wire::{
    AgreementView, BinView, CalibrationView, CurvePointView, CurvesView, FigureView, InsightView,
    QualityView, ReviewerPairView, ReviewerView, StatRow, ThresholdView,
};

pub(crate) fn view(insight: Insight, stats: QueueStats) -> InsightView {
    let selected = stats.agreement.into_iter().filter(|row| row.against == Yardstick::Selected);
    InsightView {
        guard: insight.guard,
        guard_is_toy: stats.guard_is_toy,
        threshold: insight.threshold,
        confidence: insight.confidence,
        seed: count(insight.seed),
        quality: insight.quality.into_iter().map(quality).collect(),
        curves: insight.curves.into_iter().map(curves).collect(),
        calibrations: insight.calibrations.into_iter().map(calibration).collect(),
        agreement: insight.agreement.into_iter().map(agreement).collect(),
        reviewers: insight.reviewers.into_iter().map(reviewer).collect(),
        selected: selected.map(stat_row).collect(),
    }
}

/// What a number is held against, in a word.
pub(crate) fn against(yardstick: Yardstick) -> &'static str {
    match yardstick {
        Yardstick::Gold => "gold",
        Yardstick::Estimate => "estimate",
        Yardstick::Selected => "selected",
        Yardstick::Synthetic => "synthetic",
    }
}

fn stat_row(row: Agreement) -> StatRow {
    StatRow {
        task: row.task.as_str().to_owned(),
        language: row.language,
        n: count(row.n),
        auprc: row.auprc,
        note: row.note.map(missing),
    }
}

fn figure(figure: Figure) -> FigureView {
    let Figure { value, low, high, note, .. } = figure;
    FigureView { value, low, high, note: note.map(missing) }
}

fn quality(row: QualityRow) -> QualityView {
    QualityView {
        task: row.task.as_str().to_owned(),
        against: against(row.against).to_owned(),
        group: row.group,
        n: count(row.n),
        unjudged: count(row.unjudged),
        positives: count(row.positives),
        auprc: figure(row.auprc),
        average_precision: figure(row.average_precision),
        auroc: figure(row.auroc),
        precision: figure(row.precision),
        recall: figure(row.recall),
        f1: figure(row.f1),
        calibration_error: figure(row.calibration_error),
        resamples: row.resamples,
    }
}

fn curves(curves: Curves) -> CurvesView {
    let point = |CurvePoint { threshold, recall, precision }| CurvePointView { threshold, recall, precision };
    CurvesView {
        task: curves.task.as_str().to_owned(),
        against: against(curves.against).to_owned(),
        precision_recall: curves.precision_recall.into_iter().map(point).collect(),
        thresholds: curves.thresholds.into_iter().map(threshold).collect(),
        judged_in_queue: count(curves.judged_in_queue),
        reliability: curves.reliability.into_iter().map(bin).collect(),
        reliability_scaled: curves.reliability_scaled.into_iter().map(bin).collect(),
    }
}

fn threshold(row: ThresholdRow) -> ThresholdView {
    let found = row.confusion;
    ThresholdView {
        threshold: row.threshold,
        true_positives: count(found.true_positives),
        false_positives: count(found.false_positives),
        false_negatives: count(found.false_negatives),
        true_negatives: count(found.true_negatives),
        precision: row.precision,
        recall: row.recall,
        f1: row.f1,
        review_load: count(row.review_load),
    }
}

fn bin(bin: Bin) -> BinView {
    BinView {
        low: bin.low,
        high: bin.high,
        n: count(bin.n),
        mean: bin.mean,
        share: bin.share,
        share_low: bin.share_low,
        share_high: bin.share_high,
    }
}

fn calibration(found: Calibration) -> CalibrationView {
    CalibrationView {
        task: found.task,
        against: found.against,
        n: count(found.n),
        temperature: found.temperature,
        likelihood_before: found.likelihood_before,
        likelihood_after: found.likelihood_after,
        error_before: found.error_before,
        error_after: found.error_after,
        reading_unchanged: found.reading_unchanged,
        fitted_at: found.fitted_at,
    }
}

fn agreement(found: ReviewerAgreement) -> AgreementView {
    AgreementView {
        task: found.task.as_str().to_owned(),
        units: count(found.units),
        alpha_nominal: figure(found.alpha_nominal),
        alpha_ordinal: figure(found.alpha_ordinal),
        pairs: found.pairs.into_iter().map(reviewer_pair).collect(),
    }
}

fn reviewer_pair(pair: ReviewerPair) -> ReviewerPairView {
    ReviewerPairView {
        first: pair.first,
        second: pair.second,
        n: count(pair.n),
        agree: count(pair.agree),
        kappa: figure(pair.kappa),
    }
}

fn reviewer(row: ReviewerRow) -> ReviewerView {
    let found = row.overrides;
    ReviewerView {
        reviewer: row.reviewer,
        decided: count(row.decided),
        median_seconds: row.median_seconds,
        beside_verdicts: count(found.anchored + found.blind),
        overridden: count(found.anchored_overridden + found.blind_overridden),
        override_rate: row.override_rate,
    }
}
