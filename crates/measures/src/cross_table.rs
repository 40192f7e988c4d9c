//! How often each label of one rater met each of another one.

/// Counts of label pairs, with the labels that occur.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossTable<L> {
    labels: Vec<L>,
    /// Row by row: first rater's label, then the second one's.
    counts: Vec<u64>,
}

impl<L: Ord + Clone> CrossTable<L> {
    /// Counts pairs; the same pair may come more than once.
    pub fn new(pairs: impl IntoIterator<Item = ((L, L), u64)>) -> Self {
        let pairs: Vec<((L, L), u64)> = pairs.into_iter().collect();
        let mut labels: Vec<L> =
            pairs.iter().flat_map(|((first, second), _)| [first.clone(), second.clone()]).collect();
        labels.sort_unstable();
        labels.dedup();
        let mut counts = vec![0; labels.len() * labels.len()];
        for ((first, second), n) in &pairs {
            let (row, column) =
                (labels.partition_point(|l| l < first), labels.partition_point(|l| l < second));
            counts[row * labels.len() + column] += n;
        }
        Self { labels, counts }
    }
}

impl<L> CrossTable<L> {
    /// The labels that occur, sorted: of rows and of columns.
    pub fn labels(&self) -> &[L] {
        &self.labels
    }

    /// Row by row.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// All pairs.
    pub fn cases(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Pairs of equal labels.
    pub fn agreeing(&self) -> u64 {
        (0..self.labels.len()).map(|at| self.counts[at * self.labels.len() + at]).sum()
    }
}
