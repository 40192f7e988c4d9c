//! Resamples of cases, as counts.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};

use crate::real;

/// From this many cases a cell on, drawing how many fall into each cell is faster than drawing cases one by one.
const CASES_PER_CELL_MIN: u64 = 16;

/// Draws as many cases as there are, uniformly and with replacement, and counts into which cell each falls. The same seed
/// gives the same draws on every machine.
pub(crate) struct Multinomial<'a> {
    cells: &'a [u64],
    total: u64,
    /// The cell of each case; empty where cells are drawn whole.
    cell_of: Vec<u32>,
    rng: ChaCha8Rng,
    drawn: Vec<u64>,
}

impl<'a> Multinomial<'a> {
    pub(crate) fn new(cells: &'a [u64], seed: u64) -> Self {
        let total = cells.iter().sum::<u64>();
        let one_by_one = total < CASES_PER_CELL_MIN * cells.len() as u64;
        let cell_of = match one_by_one {
            false => Vec::new(),
            true => (0_u32..).zip(cells).flat_map(|(at, n)| (0..*n).map(move |_| at)).collect(),
        };
        Self { cells, total, cell_of, rng: ChaCha8Rng::seed_from_u64(seed), drawn: vec![0; cells.len()] }
    }

    /// The next resample: how many cases each cell has in it.
    pub(crate) fn draw(&mut self) -> &[u64] {
        if self.cell_of.is_empty() {
            self.draw_cells();
        } else {
            self.drawn.fill(0);
            for _ in 0..self.total {
                let case = self.rng.random_range(0..self.cell_of.len());
                self.drawn[self.cell_of[case] as usize] += 1;
            }
        }
        &self.drawn
    }

    /// Cell by cell: of the cases that are left, a binomial number falls into the next cell.
    fn draw_cells(&mut self) {
        let (mut cases, mut weight) = (self.total, self.total);
        for (cell, drawn) in self.cells.iter().zip(&mut self.drawn) {
            let share = if weight == 0 { 0.0 } else { real(*cell) / real(weight) };
            // A share is between 0 and 1: the weight left has this cell in it.
            *drawn = Binomial::new(cases, share).map_or(0, |binomial| binomial.sample(&mut self.rng));
            cases -= *drawn;
            weight -= cell;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and variance of each cell over many draws.
    fn moments(cells: &[u64], draws: u32) -> Vec<(f64, f64)> {
        let mut multinomial = Multinomial::new(cells, 5);
        let total: u64 = cells.iter().sum();
        let mut sums = vec![(0.0, 0.0); cells.len()];
        for _ in 0..draws {
            let drawn = multinomial.draw();
            assert_eq!(drawn.iter().sum::<u64>(), total, "a resample has as many cases as there are");
            for (sum, n) in sums.iter_mut().zip(drawn) {
                *sum = (sum.0 + real(*n), sum.1 + real(*n).powi(2));
            }
        }
        let draws = f64::from(draws);
        sums.into_iter()
            .map(|(sum, squares)| (sum / draws, squares / draws - (sum / draws).powi(2)))
            .collect()
    }

    #[test]
    fn both_ways_of_drawing_have_the_moments_of_a_multinomial() {
        let few_cases: [u64; 4] = [1, 5, 0, 14];
        let many_cases: [u64; 4] = [100, 500, 0, 1400];
        for cells in [few_cases, many_cases] {
            let total = real(cells.iter().sum());
            for (cell, (mean, variance)) in cells.iter().zip(moments(&cells, 20_000)) {
                let expected = real(*cell) * (1.0 - real(*cell) / total);
                assert!(
                    (mean - real(*cell)).abs() <= 0.05 * expected.sqrt(),
                    "{cells:?}: mean {mean} of {cell}"
                );
                assert!(
                    (variance - expected).abs() <= 0.05 * expected,
                    "{cells:?}: {variance}, not {expected}"
                );
            }
        }
    }
}
