//! Every number about scores and judgements, at once.

use crate::{
    Interval, Measured, Ranking, Resampling, Tied, Undefined, accuracy, auprc, auroc, average_precision,
    calibration_error, confusion, f1, intervals, precision, recall, reliability,
};

/// Numbers, or their intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality<T> {
    /// See [`auprc()`].
    pub auprc: T,
    /// See [`average_precision()`].
    pub average_precision: T,
    /// See [`auroc()`].
    pub auroc: T,
    /// See [`precision()`].
    pub precision: T,
    /// See [`recall()`].
    pub recall: T,
    /// See [`f1()`].
    pub f1: T,
    /// See [`accuracy()`].
    pub accuracy: T,
    /// See [`calibration_error()`].
    pub calibration_error: T,
}

impl<T> Quality<T> {
    fn from_array(numbers: [T; 8]) -> Self {
        let [auprc, average_precision, auroc, precision, recall, f1, accuracy, calibration_error] = numbers;
        Self { auprc, average_precision, auroc, precision, recall, f1, accuracy, calibration_error }
    }

    /// Two sets of numbers as one.
    pub fn zip<U>(self, other: Quality<U>) -> Quality<(T, U)> {
        Quality {
            auprc: (self.auprc, other.auprc),
            average_precision: (self.average_precision, other.average_precision),
            auroc: (self.auroc, other.auroc),
            precision: (self.precision, other.precision),
            recall: (self.recall, other.recall),
            f1: (self.f1, other.f1),
            accuracy: (self.accuracy, other.accuracy),
            calibration_error: (self.calibration_error, other.calibration_error),
        }
    }

    /// The same of each number.
    pub fn map<U>(self, mut of: impl FnMut(T) -> U) -> Quality<U> {
        Quality {
            auprc: of(self.auprc),
            average_precision: of(self.average_precision),
            auroc: of(self.auroc),
            precision: of(self.precision),
            recall: of(self.recall),
            f1: of(self.f1),
            accuracy: of(self.accuracy),
            calibration_error: of(self.calibration_error),
        }
    }
}

impl Quality<Measured> {
    /// The numbers of a ranking, with a threshold for those that need one and bins for the calibration error.
    pub fn of(ranking: &Ranking, threshold: f64, bins: usize) -> Self {
        Self::from_array(numbers(ranking, threshold, bins))
    }
}

impl Quality<Result<Interval, Undefined>> {
    /// Their bootstrap intervals over cases. Cases are sorted once; a resample is how many of each step are in it.
    pub fn intervals(ranking: &Ranking, threshold: f64, bins: usize, resampling: &Resampling) -> Self {
        // Two cells a step, without those that nothing can fall into.
        let mut cells = Vec::new();
        let mut classes = Vec::new();
        for (at, tied) in ranking.tied().iter().enumerate() {
            for (n, positive) in [(tied.positives, true), (tied.negatives, false)] {
                if n > 0 {
                    cells.push(n);
                    classes.push((at, positive));
                }
            }
        }
        let mut resampled = ranking.clone();
        Self::from_array(intervals(&cells, resampling, |drawn| {
            let empty = |tied: &mut Tied| (tied.positives, tied.negatives) = (0, 0);
            resampled.tied.iter_mut().for_each(empty);
            for ((at, positive), n) in classes.iter().zip(drawn) {
                let tied = &mut resampled.tied[*at];
                *(if *positive { &mut tied.positives } else { &mut tied.negatives }) = *n;
            }
            numbers(&resampled, threshold, bins)
        }))
    }
}

fn numbers(ranking: &Ranking, threshold: f64, bins: usize) -> [Measured; 8] {
    let [auprc, average_precision, auroc] = areas(ranking);
    let confusion = confusion(ranking, threshold);
    [
        auprc,
        average_precision,
        auroc,
        precision(&confusion),
        recall(&confusion),
        f1(&confusion),
        accuracy(&confusion),
        calibration_error(&reliability(ranking, bins)),
    ]
}

/// The three areas in one pass.
fn areas(ranking: &Ranking) -> [Measured; 3] {
    let steps = match ranking.steps() {
        Ok(steps) => steps,
        Err(undefined) => return [Err(undefined); 3],
    };
    let mut sums = [0.0; 3];
    for step in steps {
        sums[0] += auprc::slice(&step);
        sums[1] += average_precision::slice(&step);
        sums[2] += auroc::slice(&step);
    }
    sums.map(Ok)
}
