//! Agreement of two raters beyond chance.

use crate::{CrossTable, Interval, Measured, Resampling, Undefined, intervals, real};

/// Cohen's kappa (1960): (observed - expected) / (1 - expected), where `expected` is what two raters reach by chance who give
/// each label as often as these do. scikit-learn's `cohen_kappa_score`.
///
/// # Errors
/// Undefined without cases, and where chance explains everything: both gave one and the same label to all.
pub fn kappa<L>(table: &CrossTable<L>) -> Measured {
    of(table.counts(), table.labels().len())
}

/// Its bootstrap interval over cases.
///
/// # Errors
/// Undefined where kappa is, or in most resamples.
pub fn kappa_interval<L>(table: &CrossTable<L>, resampling: &Resampling) -> Result<Interval, Undefined> {
    kappa(table)?;
    let [interval] = intervals(table.counts(), resampling, |counts| [of(counts, table.labels().len())]);
    interval
}

/// `counts` row by row, `labels` a side.
fn of(counts: &[u64], labels: usize) -> Measured {
    let cases: u64 = counts.iter().sum();
    if cases == 0 {
        return Err(Undefined::NoCases);
    }
    let row = |at: usize| counts[at * labels..(at + 1) * labels].iter().sum::<u64>();
    let column = |at: usize| (0..labels).map(|row| counts[row * labels + at]).sum::<u64>();
    if (0..labels).any(|at| row(at) == cases && column(at) == cases) {
        return Err(Undefined::OneLabel { cases });
    }
    let n = real(cases);
    let observed = real((0..labels).map(|at| counts[at * labels + at]).sum()) / n;
    let expected: f64 = (0..labels).map(|at| real(row(at)) / n * (real(column(at)) / n)).sum();
    Ok((observed - expected) / (1.0 - expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(counts: &[(&'static str, &'static str, u64)]) -> CrossTable<&'static str> {
        CrossTable::new(counts.iter().map(|(first, second, n)| ((*first, *second), *n)))
    }

    #[test]
    fn kappa_is_agreement_beyond_chance() {
        let known = table(&[("yes", "yes", 20), ("yes", "no", 5), ("no", "yes", 10), ("no", "no", 15)]);
        let found = kappa(&known).unwrap();
        assert!((found - 0.4).abs() < 1e-12, "0.7 observed, 0.5 by chance: {found}");
        assert_eq!(kappa(&table(&[("safe", "unsafe", 5), ("unsafe", "safe", 5)])), Ok(-1.0));
    }

    #[test]
    fn one_label_for_all_says_nothing() {
        let alike = table(&[("safe", "safe", 9)]);
        assert_eq!(kappa(&alike), Err(Undefined::OneLabel { cases: 9 }));
        let resampling = Resampling::default();
        assert_eq!(kappa_interval(&alike, &resampling), Err(Undefined::OneLabel { cases: 9 }));
        assert_eq!(kappa(&table(&[])), Err(Undefined::NoCases));
    }
}
