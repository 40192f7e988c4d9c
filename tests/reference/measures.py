#!/usr/bin/env python3
"""Makes tests/reference/golden/measures.json: random data and what scikit-learn, krippendorff and statsmodels say about it.

    python tests/reference/measures.py

Deterministic. Scores come with many ties or few, with rare positives and with the ends 0 and 1; ratings come with gaps, with raters
who rated little and with units that were rated once. What is undefined is null. Versions: requirements.txt.
"""

import json
import warnings
from pathlib import Path

import krippendorff
import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp
from sklearn import metrics
from sklearn.calibration import calibration_curve
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

GOLDEN = Path(__file__).resolve().parent / "golden" / "measures.json"
THRESHOLDS = [0.05, 0.5, 0.9, 2.0]


def number(value):
    return None if value is None or not np.isfinite(value) else float(value)


def scored(name, rng, n, share, decimals, separation):
    """`n` scores, a share of them positive, rounded so that some are tied."""
    labels = (rng.random(n) < share).astype(int)
    labels[:2] = [0, 1]
    scores = np.round(1 / (1 + np.exp(-(rng.normal(size=n) + separation * (labels - 0.5)))), decimals)
    scores[rng.random(n) < 0.02] = 1.0
    scores[rng.random(n) < 0.02] = 0.0
    precision, recall, thresholds = metrics.precision_recall_curve(labels, scores)
    case = {
        "name": name,
        "scores": scores.tolist(),
        "labels": labels.tolist(),
        "auprc": metrics.auc(recall, precision),
        "average_precision": metrics.average_precision_score(labels, scores),
        "auroc": metrics.roc_auc_score(labels, scores),
        "thresholds": [at_threshold(labels, scores, threshold) for threshold in THRESHOLDS],
        "reliability": [reliability(labels, scores, bins) for bins in (5, 10, 15)],
    }
    if n <= 100:
        case["curve"] = {
            "precision": precision.tolist(), "recall": recall.tolist(), "thresholds": thresholds.tolist()}
    return case


def at_threshold(labels, scores, threshold):
    called = (scores >= threshold).astype(int)
    tn, fp, fn, tp = metrics.confusion_matrix(labels, called, labels=[0, 1]).ravel().tolist()
    return {
        "threshold": threshold, "tn": tn, "fp": fp, "fn": fn, "tp": tp,
        "precision": number(metrics.precision_score(labels, called, zero_division=np.nan)),
        "recall": number(metrics.recall_score(labels, called, zero_division=np.nan)),
        "f1": number(metrics.f1_score(labels, called, zero_division=np.nan)),
        "accuracy": metrics.accuracy_score(labels, called),
    }


def reliability(labels, scores, bins):
    """scikit-learn leaves empty bins out; the counts say which those are."""
    share, mean = calibration_curve(labels, scores, n_bins=bins, strategy="uniform")
    # As calibration_curve sorts scores into bins.
    of = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], scores)
    counts = np.bincount(of, minlength=bins)
    filled = counts[counts > 0]
    return {
        "bins": bins,
        "counts": counts.tolist(),
        "share": share.tolist(),
        "mean": mean.tolist(),
        "error": float(np.sum(filled * np.abs(share - mean)) / np.sum(filled)),
    }


def temperature(name, rng, n, labels, true_temperature):
    """Answers of a guard that is `true_temperature` times too sure; the first label is safe, the others are not."""
    logits = rng.normal(scale=2.0, size=(n, labels))
    truth = np.array([rng.choice(labels, p=p) for p in np.exp(logits - logsumexp(logits, axis=1, keepdims=True))])
    sure = logits * true_temperature
    probabilities = np.exp(sure - logsumexp(sure, axis=1, keepdims=True))
    positive = truth > 0
    right = np.where(positive[:, None], np.arange(labels)[None, :] > 0, np.arange(labels)[None, :] == 0)
    z = np.log(probabilities)

    def slope(inverse):
        every = np.exp(inverse * z - logsumexp(inverse * z, axis=1, keepdims=True))
        masked = np.where(right, inverse * z, -np.inf)
        hit = np.exp(masked - logsumexp(masked, axis=1, keepdims=True))
        return np.mean(np.sum(every * z, axis=1) - np.sum(hit * z, axis=1))

    def loss(inverse):
        every = np.exp(inverse * z - logsumexp(inverse * z, axis=1, keepdims=True))
        return metrics.log_loss(positive, np.sum(every[:, 1:], axis=1), labels=[False, True])

    inverse = brentq(slope, 0.05, 20, xtol=1e-15, rtol=1e-14, maxiter=500)
    return {
        "name": name, "probabilities": probabilities.tolist(), "positive": positive.astype(int).tolist(),
        "temperature": 1 / inverse, "before": loss(1.0), "after": loss(inverse),
    }


def discordant(only_first, only_second):
    table = [[7, only_first], [only_second, 11]]
    exact = mcnemar(table, exact=True)
    corrected = mcnemar(table, exact=False, correction=True)
    return {
        "only_first": only_first, "only_second": only_second, "exact": number(exact.pvalue),
        # statsmodels divides by zero where nothing is discordant.
        "statistic": number(corrected.statistic),
        "p": number(corrected.pvalue) if only_first + only_second else None,
    }


def pairs(rng, n, labels, agree):
    first = rng.integers(labels, size=n)
    second = np.where(rng.random(n) < agree, first, rng.integers(labels, size=n))
    return {
        "first": first.tolist(), "second": second.tolist(), "kappa": number(metrics.cohen_kappa_score(first, second))}


def ratings(name, rng, units, raters, labels, agree, missing):
    truth = rng.integers(labels, size=units)
    data = np.where(rng.random((raters, units)) < agree, truth, rng.integers(labels, size=(raters, units))).astype(float)
    data[rng.random((raters, units)) < missing] = np.nan
    # A unit that was rated once and, where there are more than two raters, one who rated two units.
    data[1:, 0] = np.nan
    if raters > 2:
        data[-1, 2:] = np.nan
    alpha = {
        level: number(krippendorff.alpha(reliability_data=data, level_of_measurement=level, value_domain=range(labels)))
        for level in ("nominal", "ordinal")
    }
    rows = [[None if np.isnan(x) else int(x) for x in row] for row in data]
    return {"name": name, "labels": labels, "raters": rows, **alpha}


def main():
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(20261121)
    values = np.sort(rng.normal(size=37))
    golden = {
        "scored": [
            scored("ten", rng, 10, 0.5, 2, 1.0),
            scored("sixty, heavy ties", rng, 60, 0.4, 1, 1.5),
            scored("a hundred, no ties", rng, 100, 0.3, 12, 2.0),
            scored("four hundred, rare positives", rng, 400, 0.01, 3, 2.0),
            scored("four hundred, worse than chance", rng, 400, 0.5, 2, -0.7),
            scored("a thousand, nearly all positive", rng, 1000, 0.97, 3, 1.0),
        ],
        "temperature": [
            temperature("two labels, too sure", rng, 120, 2, 2.5),
            temperature("two labels, not sure enough", rng, 60, 2, 0.6),
            temperature("three labels, too sure", rng, 120, 3, 1.7),
        ],
        "mcnemar": [
            discordant(*table)
            for table in [(0, 0), (1, 0), (0, 5), (6, 6), (3, 4), (12, 30), (121, 59), (480, 500), (31000, 31500), (1, 900)]
        ],
        "kappa": [pairs(rng, n, k, a) for n, k, a in [(12, 2, 0.5), (80, 3, 0.8), (300, 7, 0.3), (50, 2, 0.0)]],
        "alpha": [
            ratings("two raters", rng, 20, 2, 2, 0.8, 0.0),
            ratings("four raters with gaps", rng, 40, 4, 3, 0.7, 0.3),
            ratings("five raters, many gaps", rng, 60, 5, 5, 0.5, 0.6),
            ratings("no agreement", rng, 30, 3, 4, 0.0, 0.1),
        ],
        "wilson": [
            {"hits": hits, "cases": cases, "confidence": confidence,
             "interval": [float(x) for x in proportion_confint(hits, cases, 1 - confidence, method="wilson")]}
            for hits, cases, confidence in [(0, 5, 0.95), (5, 5, 0.95), (3, 17, 0.95), (400, 1000, 0.99), (1, 2, 0.8)]
        ],
        "percentile": {
            "values": values.tolist(),
            "shares": {str(share): float(np.quantile(values, share)) for share in (0.0, 0.025, 0.31, 0.5, 0.975, 1.0)},
        },
    }
    GOLDEN.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
