//! Every measure against its reference implementation; `tests/reference/measures.py` made the data.

use std::{collections::BTreeMap, fs, path::PathBuf};

use saring_measures::*;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;

fn golden<T: DeserializeOwned>(part: &str) -> T {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/golden/measures.json");
    let mut whole: Value = serde_json::from_str(&fs::read_to_string(path).expect("golden")).expect("JSON");
    serde_json::from_value(whole[part].take()).expect("a part of the golden file")
}

#[track_caller]
fn assert_close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= TOLERANCE, "{what}: {found}, not {expected}");
}

/// The reference's number, or nothing where it is undefined there.
#[track_caller]
fn assert_measured(found: Measured, expected: Option<f64>, what: &str) {
    match (found, expected) {
        (Ok(found), Some(expected)) => assert_close(found, expected, what),
        (Err(_), None) => {}
        (found, expected) => panic!("{what}: {found:?}, not {expected:?}"),
    }
}

#[derive(Deserialize)]
struct ScoredCase {
    name: String,
    scores: Vec<f64>,
    labels: Vec<u8>,
    auprc: f64,
    average_precision: f64,
    auroc: f64,
    thresholds: Vec<AtThreshold>,
    reliability: Vec<Reliability>,
    curve: Option<Curve>,
}

#[derive(Deserialize)]
struct AtThreshold {
    threshold: f64,
    tn: u64,
    fp: u64,
    #[serde(rename = "fn")]
    false_negatives: u64,
    tp: u64,
    precision: Option<f64>,
    recall: Option<f64>,
    f1: Option<f64>,
    accuracy: f64,
}

#[derive(Deserialize)]
struct Reliability {
    bins: usize,
    counts: Vec<u64>,
    share: Vec<f64>,
    mean: Vec<f64>,
    error: f64,
}

#[derive(Deserialize)]
struct Curve {
    precision: Vec<f64>,
    recall: Vec<f64>,
    thresholds: Vec<f64>,
}

fn scored() -> Vec<(ScoredCase, Ranking)> {
    let cases: Vec<ScoredCase> = golden("scored");
    assert!(cases.len() >= 6, "the golden file is whole");
    cases
        .into_iter()
        .map(|case| {
            let examples = case.scores.iter().zip(&case.labels);
            let examples = examples.map(|(score, label)| Scored { score: *score, positive: *label == 1 });
            let ranking = Ranking::new(examples.collect()).expect("numbers");
            (case, ranking)
        })
        .collect()
}

#[test]
fn areas_are_those_of_scikit_learn_ties_included() {
    for (case, ranking) in scored() {
        assert_measured(auprc(&ranking), Some(case.auprc), &case.name);
        assert_measured(average_precision(&ranking), Some(case.average_precision), &case.name);
        assert_measured(auroc(&ranking), Some(case.auroc), &case.name);
        let together = Quality::of(&ranking, 0.5, 10);
        assert_eq!(together.auprc, auprc(&ranking), "one pass gives the same");
        assert_eq!(
            (together.average_precision, together.auroc),
            (average_precision(&ranking), auroc(&ranking))
        );
    }
}

#[test]
fn the_curve_is_that_of_scikit_learn() {
    let mut compared = 0;
    for (case, ranking) in scored() {
        let Some(expected) = case.curve else { continue };
        let points = curve(&ranking).unwrap();
        assert_eq!(points.len(), expected.precision.len(), "{}", case.name);
        for (point, (precision, recall)) in
            points.iter().rev().zip(expected.precision.iter().zip(&expected.recall))
        {
            assert_close(point.precision, *precision, &case.name);
            assert_close(point.recall, *recall, &case.name);
        }
        for (point, threshold) in points.iter().rev().zip(&expected.thresholds) {
            assert_close(point.threshold, *threshold, &case.name);
        }
        compared += 1;
    }
    assert!(compared >= 3);
}

#[test]
fn numbers_at_a_threshold_are_those_of_scikit_learn() {
    for (case, ranking) in scored() {
        for at in case.thresholds {
            let what = format!("{} at {}", case.name, at.threshold);
            let found = confusion(&ranking, at.threshold);
            let expected = Confusion {
                true_positives: at.tp,
                false_positives: at.fp,
                false_negatives: at.false_negatives,
                true_negatives: at.tn,
            };
            assert_eq!(found, expected, "{what}");
            assert_measured(precision(&found), at.precision, &what);
            assert_measured(recall(&found), at.recall, &what);
            assert_measured(f1(&found), at.f1, &what);
            assert_measured(accuracy(&found), Some(at.accuracy), &what);
        }
    }
}

#[test]
fn the_reliability_diagram_is_that_of_scikit_learn() {
    for (case, ranking) in scored() {
        for expected in case.reliability {
            let bins = reliability(&ranking, expected.bins);
            let counts: Vec<u64> = bins.iter().map(|bin| bin.cases).collect();
            assert_eq!(counts, expected.counts, "{}", case.name);
            let filled = bins.iter().filter(|bin| bin.cases > 0);
            for (bin, (share, mean)) in filled.zip(expected.share.iter().zip(&expected.mean)) {
                assert_close(bin.positive_share().unwrap(), *share, &case.name);
                assert_close(bin.mean_probability, *mean, &case.name);
            }
            assert_measured(calibration_error(&bins), Some(expected.error), &case.name);
        }
    }
}

#[derive(Deserialize)]
struct TemperatureCase {
    name: String,
    probabilities: Vec<Vec<f64>>,
    positive: Vec<u8>,
    temperature: f64,
    before: f64,
    after: f64,
}

#[test]
fn the_temperature_minimises_the_log_loss() {
    for case in golden::<Vec<TemperatureCase>>("temperature") {
        let mut answers = Answers::default();
        for (probabilities, positive) in case.probabilities.iter().zip(&case.positive) {
            let right: Vec<bool> =
                (0..probabilities.len()).map(|label| (label > 0) == (*positive == 1)).collect();
            assert!(answers.push(probabilities, &right));
        }
        let found = answers.temperature().unwrap();
        assert_close(found.temperature, case.temperature, &case.name);
        assert_close(found.likelihood_before, case.before, &case.name);
        assert_close(found.likelihood_after, case.after, &case.name);
        // As scikit-learn sees the scaled probabilities.
        let loss = |(probabilities, positive): (&Vec<f64>, &u8)| {
            let safe = scaled(probabilities, found.temperature)[0];
            -(if *positive == 1 { 1.0 - safe } else { safe }).ln()
        };
        let losses = case.probabilities.iter().zip(&case.positive).map(loss);
        let mean = losses.sum::<f64>() / f64::from(u32::try_from(case.positive.len()).unwrap());
        assert_close(mean, case.after, &case.name);
    }
}

#[derive(Deserialize)]
struct McNemarCase {
    only_first: u64,
    only_second: u64,
    exact: f64,
    statistic: Option<f64>,
    p: Option<f64>,
}

#[test]
fn mcnemars_test_is_that_of_statsmodels() {
    let cases: Vec<McNemarCase> = golden("mcnemar");
    assert!(cases.len() >= 10);
    for case in cases {
        let what = format!("{} against {}", case.only_first, case.only_second);
        let found = mcnemar(case.only_first, case.only_second);
        assert_close(found.exact_p, case.exact, &what);
        assert_measured(found.corrected.map(|c| c.statistic), case.statistic, &what);
        assert_measured(found.corrected.map(|c| c.p), case.p, &what);
    }
}

#[derive(Deserialize)]
struct KappaCase {
    first: Vec<u8>,
    second: Vec<u8>,
    kappa: f64,
}

#[test]
fn kappa_is_that_of_scikit_learn() {
    for case in golden::<Vec<KappaCase>>("kappa") {
        let pairs = case.first.into_iter().zip(case.second).map(|pair| (pair, 1));
        assert_measured(kappa(&CrossTable::new(pairs)), Some(case.kappa), "kappa");
    }
}

#[derive(Deserialize)]
struct AlphaCase {
    name: String,
    labels: usize,
    raters: Vec<Vec<Option<usize>>>,
    nominal: f64,
    ordinal: f64,
}

#[test]
fn alpha_is_that_of_krippendorff_with_gaps() {
    let cases: Vec<AlphaCase> = golden("alpha");
    assert!(cases.len() >= 4);
    for case in cases {
        let mut ratings = Ratings::new(case.labels);
        for unit in 0..case.raters[0].len() {
            ratings.push(&case.raters.iter().filter_map(|rater| rater[unit]).collect::<Vec<usize>>());
        }
        assert_measured(ratings.alpha(Level::Nominal), Some(case.nominal), &case.name);
        assert_measured(ratings.alpha(Level::Ordinal), Some(case.ordinal), &case.name);
    }
}

#[derive(Deserialize)]
struct WilsonCase {
    hits: u64,
    cases: u64,
    confidence: f64,
    interval: (f64, f64),
}

#[test]
fn wilsons_interval_is_that_of_statsmodels() {
    for case in golden::<Vec<WilsonCase>>("wilson") {
        let (low, high) = wilson(case.hits, case.cases, case.confidence).unwrap();
        assert_close(low, case.interval.0, "low");
        assert_close(high, case.interval.1, "high");
    }
    assert_eq!(wilson(0, 0, 0.95), Err(Undefined::NoCases));
}

#[derive(Deserialize)]
struct Percentiles {
    values: Vec<f64>,
    shares: BTreeMap<String, f64>,
}

#[test]
fn percentiles_are_those_of_numpy() {
    let golden: Percentiles = golden("percentile");
    for (share, expected) in &golden.shares {
        assert_close(percentile(&golden.values, share.parse().unwrap()), *expected, share);
    }
    assert!(percentile(&[], 0.5).is_nan());
}
