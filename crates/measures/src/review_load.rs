//! How much a threshold leaves to people.

/// For each threshold, how many scores are at or above it: the cases that would be brought before a reviewer if all that are
/// called positive are. `scores` are sorted; one that is no number is above every threshold, since nobody else can have looked.
pub fn review_load(scores: &mut [f64], thresholds: &[f64]) -> Vec<u64> {
    let positive = |score: &f64| if score.is_nan() { f64::INFINITY } else { *score };
    scores.sort_unstable_by(|a, b| positive(b).total_cmp(&positive(a)));
    let at_or_above = |threshold: &f64| scores.partition_point(|score| positive(score) >= *threshold) as u64;
    thresholds.iter().map(at_or_above).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_at_the_threshold_is_brought_up() {
        let mut scores = [0.2, 0.9, 0.5, 0.5, f64::NAN, 0.0];
        assert_eq!(review_load(&mut scores, &[0.0, 0.5, 0.51, 1.0]), [6, 4, 2, 1]);
        assert_eq!(review_load(&mut [], &[0.5]), [0]);
    }
}
