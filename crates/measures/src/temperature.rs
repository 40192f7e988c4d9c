//! Temperature scaling.

use crate::Undefined;

/// Lowest and highest temperature that are looked at.
const RANGE: (f64, f64) = (0.01, 100.0);
/// Temperatures tried before the best one is refined.
const TRIES: u32 = 16;
/// Logarithm that stands for a probability of zero: single precision, which guards answer in, ends there.
const LOGIT_MIN: f64 = -87.336_544_750_553_1;

/// Answers of a guard as label probabilities, each with the labels that the judgement makes right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    logits: Vec<f64>,
    right: Vec<bool>,
    /// Where each answer ends in both.
    ends: Vec<usize>,
}

/// How to make probabilities honest without changing their order within an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Temperature {
    /// What logits are divided by: above one, the guard was too sure.
    pub temperature: f64,
    /// Mean negative log likelihood of what is right, as the guard gave it, in nats.
    pub likelihood_before: f64,
    /// And after scaling.
    pub likelihood_after: f64,
}

impl Answers {
    /// Adds an answer: the probability of each label, and whether that label is on the side that was judged right. `false`, and not
    /// added, where all labels are or none is: no temperature changes that.
    pub fn push(&mut self, probabilities: &[f64], right: &[bool]) -> bool {
        let labels = probabilities.len().min(right.len());
        let hits = right[..labels].iter().filter(|right| **right).count();
        if hits == 0 || hits == labels {
            return false;
        }
        self.logits.extend(probabilities[..labels].iter().map(|p| logit(*p)));
        self.right.extend_from_slice(&right[..labels]);
        self.ends.push(self.logits.len());
        true
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The temperature that minimises the mean negative log likelihood of what is right (Guo et al., 2017, "On calibration of
    /// modern neural networks"). Logits are the logarithms of the stored probabilities, which differ from the guard's by a constant
    /// that a softmax does not see.
    ///
    /// # Errors
    /// [`Undefined::NoCases`]; [`Undefined::TemperatureBelow`] and [`Undefined::TemperatureAbove`] where the best one lies at an
    /// end of 0.01 to 100, as it does where the guard is right throughout.
    pub fn temperature(&self) -> Result<Temperature, Undefined> {
        if self.is_empty() {
            return Err(Undefined::NoCases);
        }
        // Over 1 / temperature: with two labels the likelihood is convex in it.
        let (coolest, hottest) = (1.0 / RANGE.0, 1.0 / RANGE.1);
        let step = (coolest / hottest).powf(1.0 / f64::from(TRIES));
        let tries: Vec<f64> = (0..=TRIES).map(|n| hottest * step.powi(n.cast_signed())).collect();
        let losses: Vec<f64> = tries.iter().map(|inverse| self.loss(*inverse).value).collect();
        let best = (0..tries.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap_or_default();
        let (low, high) = (tries[best.saturating_sub(1)], tries[(best + 1).min(tries.len() - 1)]);
        if self.loss(low).slope >= 0.0 {
            return Err(Undefined::TemperatureAbove { max: RANGE.1 });
        }
        if self.loss(high).slope <= 0.0 {
            return Err(Undefined::TemperatureBelow { min: RANGE.0 });
        }
        let inverse = self.refine(tries[best], low, high);
        let (before, after) = (self.loss(1.0).value, self.loss(inverse).value);
        Ok(Temperature { temperature: 1.0 / inverse, likelihood_before: before, likelihood_after: after })
    }

    /// Where the slope is zero between `low`, where it is negative, and `high`, where it is positive: Newton's method, halving where
    /// that leads astray.
    fn refine(&self, start: f64, mut low: f64, mut high: f64) -> f64 {
        let mut inverse = start;
        for _ in 0..200 {
            let loss = self.loss(inverse);
            if loss.slope < 0.0 {
                low = inverse;
            } else {
                high = inverse;
            }
            let newton = inverse - loss.slope / loss.curvature;
            let next = if newton > low && newton < high { newton } else { (low + high) / 2.0 };
            let moved = (next - inverse).abs();
            inverse = next;
            if moved <= 1e-14 * inverse {
                break;
            }
        }
        inverse
    }

    /// Mean negative log likelihood with logits times `inverse`.
    fn loss(&self, inverse: f64) -> Loss {
        let mut sum = Loss::default();
        let mut begin = 0;
        for end in &self.ends {
            let logits = &self.logits[begin..*end];
            let right = &self.right[begin..*end];
            let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            // Sums of weights, of weights times logits, and of weights times their squares: of all labels, and of the right ones.
            let (mut all, mut hit) = ([0.0; 3], [0.0; 3]);
            for (logit, right) in logits.iter().zip(right) {
                let centred = logit - top;
                let weight = (inverse * centred).exp();
                for (at, term) in
                    [weight, weight * centred, weight * centred * centred].into_iter().enumerate()
                {
                    all[at] += term;
                    hit[at] += if *right { term } else { 0.0 };
                }
            }
            begin = *end;
            if hit[0] == 0.0 {
                // So improbable that it underflows: by its largest logit, which all of it comes from.
                let hits = logits.iter().zip(right).filter(|(_, right)| **right);
                let centred = hits.map(|(logit, _)| logit - top).fold(f64::NEG_INFINITY, f64::max);
                hit = [1.0, centred, centred * centred];
                sum.value -= inverse * centred;
            }
            let (mean_all, mean_hit) = (all[1] / all[0], hit[1] / hit[0]);
            sum.value += all[0].ln() - hit[0].ln();
            sum.slope += mean_all - mean_hit;
            sum.curvature += all[2] / all[0] - mean_all * mean_all - (hit[2] / hit[0] - mean_hit * mean_hit);
        }
        #[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
        let n = self.ends.len() as f64;
        Loss { value: sum.value / n, slope: sum.slope / n, curvature: sum.curvature / n }
    }
}

/// The loss and its derivatives with respect to 1 / temperature.
#[derive(Clone, Copy, Debug, Default)]
struct Loss {
    value: f64,
    slope: f64,
    curvature: f64,
}

/// Probabilities at a temperature: the softmax of their logarithms divided by it.
pub fn scaled(probabilities: &[f64], temperature: f64) -> Vec<f64> {
    let top = probabilities.iter().map(|p| logit(*p)).fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = probabilities.iter().map(|p| ((logit(*p) - top) / temperature).exp()).collect();
    let whole: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / whole).collect()
}

fn logit(p: f64) -> f64 {
    p.ln().max(LOGIT_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_that_is_always_right_or_knows_nothing_has_no_temperature() {
        let mut right = Answers::default();
        let mut wrong = Answers::default();
        for p in [0.6, 0.7, 0.9] {
            assert!(right.push(&[1.0 - p, p], &[false, true]));
            assert!(wrong.push(&[1.0 - p, p], &[true, false]));
        }
        assert_eq!(right.temperature(), Err(Undefined::TemperatureBelow { min: 0.01 }));
        assert_eq!(wrong.temperature(), Err(Undefined::TemperatureAbove { max: 100.0 }));
        assert_eq!(Answers::default().temperature(), Err(Undefined::NoCases));
    }

    #[test]
    fn an_answer_that_no_temperature_changes_is_not_taken() {
        let mut answers = Answers::default();
        assert!(!answers.push(&[0.2, 0.8], &[true, true]));
        assert!(!answers.push(&[0.2, 0.8], &[false, false]));
        assert!(!answers.push(&[], &[]));
        assert!(answers.is_empty());
    }

    #[test]
    fn a_probability_of_zero_that_proves_right_costs_much_and_breaks_nothing() {
        let mut answers = Answers::default();
        answers.push(&[1.0, 0.0], &[false, true]);
        for _ in 0..200 {
            answers.push(&[0.9, 0.1], &[true, false]);
        }
        let found = answers.temperature().unwrap();
        assert!(found.temperature > 1.0 && found.temperature.is_finite(), "{found:?}");
        assert!(found.likelihood_after < found.likelihood_before);
        assert!(answers.loss(1000.0).value.is_finite(), "even where it underflows");
    }

    #[test]
    fn scaling_flattens_and_keeps_the_order() {
        let hot = scaled(&[0.9, 0.08, 0.02], 2.0);
        assert!((hot.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(hot[0] < 0.9 && hot[0] > hot[1] && hot[1] > hot[2], "{hot:?}");
        let same = scaled(&[0.9, 0.1], 1.0);
        assert!((same[0] - 0.9).abs() < 1e-12, "{same:?}");
    }
}
