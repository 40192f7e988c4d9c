//! Positions and masks: who sees whom. Nothing else in this crate makes either.
//!
//! A *column* is one cached key. It stands at a position, or is padding that nobody sees. A query sees every column
//! that stands at its own position or before it. Rows of a batch are padded on the right, so one rule covers prefill,
//! a row that grows after a shorter neighbour, and a prefix shared by all.

use candle_core::{DType, Device, Result, Tensor};

/// Where a column stands; `None` is padding.
pub(crate) type Column = Option<u32>;

/// Positions of the next `width` tokens of each row, padding counted on: `[B][width]`.
pub(crate) fn query_positions(next: &[u32], width: usize) -> Vec<Vec<u32>> {
    next.iter().map(|start| (0..width as u32).map(|i| start + i).collect()).collect()
}

/// What is added to attention scores: 0 where a query sees a column, minus infinity elsewhere.
///
/// `queries` is `[B][T]`, `columns` `[B][S]`. The result is `[1, 1, T, S]` if all rows look alike, else `[B, 1, T, S]`.
/// `reach` is how many positions ahead a query sees: 0 in every real decoder.
pub(crate) fn mask(
    queries: &[Vec<u32>],
    columns: &[Vec<Column>],
    reach: u32,
    dtype: DType,
    device: &Device,
) -> Result<Tensor> {
    let alike = queries.windows(2).all(|pair| pair[0] == pair[1])
        && columns.windows(2).all(|pair| pair[0] == pair[1]);
    let rows = if alike { 1 } else { queries.len() };
    let (t, s) = (queries[0].len(), columns[0].len());
    let mut numbers = Vec::with_capacity(rows * t * s);
    for (queries, columns) in queries.iter().zip(columns).take(rows) {
        for query in queries {
            numbers.extend(columns.iter().map(|column| match column {
                Some(position) if *position <= query + reach => 0f32,
                _ => f32::NEG_INFINITY,
            }));
        }
    }
    Tensor::from_vec(numbers, (rows, 1, t, s), device)?.to_dtype(dtype)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO: f32 = f32::NEG_INFINITY;

    fn rows(mask: &Tensor) -> Vec<Vec<f32>> {
        mask.flatten_to(2).unwrap().to_vec2().unwrap()
    }

    #[test]
    fn prefill_sees_itself_and_what_came_before() {
        let queries = query_positions(&[0, 0], 3);
        let columns = vec![vec![Some(0), Some(1), Some(2)]; 2];
        let mask = mask(&queries, &columns, 0, DType::F32, &Device::Cpu).unwrap();
        assert_eq!(mask.dims(), [1, 1, 3, 3], "rows that look alike share one mask");
        assert_eq!(rows(&mask), [[0., NO, NO], [0., 0., NO], [0., 0., 0.]]);
    }

    #[test]
    fn a_row_that_grows_after_a_longer_neighbour_never_sees_padding() {
        // The first row has two tokens and one padding column, the second three tokens; each gets one more.
        let queries = query_positions(&[2, 3], 1);
        let columns = vec![vec![Some(0), Some(1), None, Some(2)], vec![Some(0), Some(1), Some(2), Some(3)]];
        let mask = mask(&queries, &columns, 0, DType::F32, &Device::Cpu).unwrap();
        assert_eq!(mask.dims(), [2, 1, 1, 4]);
        assert_eq!(rows(&mask), [[0., 0., NO, 0.], [0., 0., 0., 0.]]);
    }

    #[test]
    fn a_mask_that_is_off_by_one_shows_the_next_token() {
        let queries = query_positions(&[0], 2);
        let columns = vec![vec![Some(0), Some(1)]];
        let mask = mask(&queries, &columns, 1, DType::F32, &Device::Cpu).unwrap();
        assert_eq!(rows(&mask), [[0., 0.], [0., 0.]]);
    }
}
