//! Which rows are computed together: short ones first, and no more tokens than the device takes well, so that a long item
//! does not hold up the others or fill the memory.

use std::{collections::HashMap, hash::Hash};

use super::limits::Limits;

/// Groups rows by length. Returns indices into `lengths`; every row is in exactly one batch, and a row longer than
/// the limit is alone. Rows of like length stand together: attention on cards pads them, and then little is padding.
pub(super) fn plan(lengths: &[usize], limits: Limits) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|i| (lengths[*i], *i));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut tokens = 0;
    for i in order {
        match batches.last_mut() {
            Some(batch) if batch.len() < limits.rows_max && tokens + lengths[i] <= limits.tokens_max => {
                batch.push(i);
                tokens += lengths[i];
            }
            _ => {
                batches.push(vec![i]);
                tokens = lengths[i];
            }
        }
    }
    batches
}

/// Finds equal rows: the distinct ones in order of first appearance, and for each row the number of its distinct one.
pub(super) fn distinct<T: Clone + Eq + Hash>(rows: impl IntoIterator<Item = T>) -> (Vec<T>, Vec<usize>) {
    let (mut unique, mut seen, mut places) = (Vec::new(), HashMap::new(), Vec::new());
    for row in rows {
        let place = *seen.entry(row.clone()).or_insert_with(|| {
            unique.push(row);
            unique.len() - 1
        });
        places.push(place);
    }
    (unique, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_like_length_share_a_batch_and_a_long_one_is_alone() {
        let limits = Limits { tokens_max: 40, rows_max: 3 };
        let batches = plan(&[10, 100, 9, 1, 8], limits);
        assert_eq!(batches, [vec![3, 4, 2], vec![0], vec![1]]);
    }

    #[test]
    fn every_row_is_in_exactly_one_batch() {
        let lengths: Vec<usize> = (0..97).map(|i| (i * 37) % 50).collect();
        let mut rows = plan(&lengths, Limits { tokens_max: 120, rows_max: 7 }).concat();
        rows.sort_unstable();
        assert_eq!(rows, (0..97).collect::<Vec<_>>());
    }

    #[test]
    fn equal_rows_are_computed_once() {
        assert_eq!(distinct(["a", "b", "a"]), (vec!["a", "b"], vec![0, 1, 0]));
    }
}
