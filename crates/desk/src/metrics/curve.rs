//! How well scores rank: areas under the precision-recall and the ROC curve.
//!
//! The definitions are scikit-learn's, to the last tie: `auc(*precision_recall_curve(y, s)[1::-1])`,
//! `average_precision_score` and `roc_auc_score`. Guards are compared by the first of them in their papers.

/// One scored example.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The score, usually `p_unsafe`, 0 to 1.
    pub score: f64,
    /// Whether it is unsafe by the judgement that the scores are held against.
    pub positive: bool,
}

/// Areas under the curves of one set of examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Areas {
    /// Area under the precision-recall curve by the trapezoid rule.
    pub auprc: f64,
    /// Mean of precisions, each weighted by its step in recall.
    pub average_precision: f64,
    /// Probability that a positive outranks a negative, ties counting half.
    pub auroc: f64,
}

/// The areas, or `None` where a class is missing or a score is no number: then they are undefined, not zero or one.
pub fn areas(examples: &mut [Scored]) -> Option<Areas> {
    let positives = examples.iter().filter(|e| e.positive).count();
    let negatives = examples.len() - positives;
    if positives == 0 || negatives == 0 || examples.iter().any(|e| e.score.is_nan()) {
        return None;
    }
    examples.sort_by(|a, b| b.score.total_cmp(&a.score));
    let (positives, negatives) = (count(positives), count(negatives));
    // A threshold above every score: nothing is called unsafe, precision is one by definition.
    let (mut recall_before, mut precision_before, mut false_rate_before) = (0.0, 1.0, 0.0);
    let (mut true_positives, mut false_positives) = (0_usize, 0_usize);
    let mut areas = Areas { auprc: 0.0, average_precision: 0.0, auroc: 0.0 };
    // Equal scores pass a threshold together: they are one point of the curve.
    for tied in examples.chunk_by(|a, b| a.score == b.score) {
        let hits = tied.iter().filter(|e| e.positive).count();
        true_positives += hits;
        false_positives += tied.len() - hits;
        let recall = count(true_positives) / positives;
        let precision = count(true_positives) / count(true_positives + false_positives);
        let false_rate = count(false_positives) / negatives;
        areas.auprc += (recall - recall_before) * (precision + precision_before) / 2.0;
        areas.average_precision += (recall - recall_before) * precision;
        areas.auroc += (false_rate - false_rate_before) * (recall + recall_before) / 2.0;
        (recall_before, precision_before, false_rate_before) = (recall, precision, false_rate);
    }
    Some(areas)
}

#[allow(clippy::cast_precision_loss, reason = "a workspace has far fewer than 2^53 items")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// Made with scikit-learn:
    /// ```python
    /// p, r, _ = precision_recall_curve(labels, scores)
    /// dict(auprc=auc(r, p), ap=average_precision_score(labels, scores), auroc=roc_auc_score(labels, scores))
    /// ```
    const GOLDEN: &str = include_str!("golden_curves.json");

    #[derive(Deserialize)]
    struct Case {
        name: String,
        scores: Vec<f64>,
        labels: Vec<u8>,
        auprc: f64,
        ap: f64,
        auroc: f64,
    }

    fn examples(scores: &[f64], labels: &[u8]) -> Vec<Scored> {
        scores
            .iter()
            .zip(labels)
            .map(|(score, label)| Scored { score: *score, positive: *label == 1 })
            .collect()
    }

    #[test]
    fn areas_equal_those_of_scikit_learn_ties_included() {
        let cases: Vec<Case> = serde_json::from_str(GOLDEN).unwrap();
        assert!(cases.len() >= 7, "the golden file is whole");
        for case in cases {
            let found = areas(&mut examples(&case.scores, &case.labels)).unwrap();
            for (name, found, expected) in [
                ("auprc", found.auprc, case.auprc),
                ("average precision", found.average_precision, case.ap),
                ("auroc", found.auroc, case.auroc),
            ] {
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{} of {}: {found}, not {expected}",
                    name,
                    case.name
                );
            }
        }
    }

    #[test]
    fn areas_do_not_depend_on_the_order_of_examples() {
        let mut forward = examples(&[0.5, 0.5, 0.2, 0.9], &[1, 0, 1, 0]);
        let mut backward: Vec<Scored> = forward.iter().rev().copied().collect();
        assert_eq!(areas(&mut forward), areas(&mut backward));
    }

    #[test]
    fn with_one_class_only_nothing_is_defined() {
        assert_eq!(areas(&mut examples(&[0.1, 0.9], &[1, 1])), None);
        assert_eq!(areas(&mut examples(&[0.1, 0.9], &[0, 0])), None);
        assert_eq!(areas(&mut []), None);
        assert_eq!(areas(&mut examples(&[f64::NAN, 0.9], &[0, 1])), None);
    }
}
