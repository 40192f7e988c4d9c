//! Masks: who sees whom. Nothing else in this crate decides it.
//!
//! A *column* is one cached key. It stands at a place, or is padding that nobody sees. A query sees every column at its own
//! place or before it, as far as its window reaches, and, where images see themselves, what comes later in its own image.
//! Rows of a batch are padded on the right, so one rule covers prefill, a row that grows after a shorter neighbour, and a
//! prefix shared by all.

use candle_core::{Device, Result, Tensor};

/// Where a token stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// How many tokens of its row come before it.
    pub order: u32,
    /// Which image it belongs to, where the tokens of an image see each other.
    pub image: Option<u32>,
}

/// Where a column stands; `None` is padding.
pub(super) type Column = Option<Place>;

/// Who is seen by the queries of one kind of attention.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    /// How many places a query sees, its own included.
    pub window: Option<usize>,
    /// How many places ahead a query sees: 0 in every real decoder.
    pub reach: u32,
}

/// What is added to attention scores: 0 where a query sees a column, minus infinity elsewhere, in
/// single precision.
#[derive(Debug)]
pub(super) struct Mask {
    /// For the columns after the prefix: `[1, 1, T, S]` if all rows look alike, else `[B, 1, T, S]`.
    pub own: Tensor,
    /// For the prefix, `[1 or B, 1, T, P]`; `None` where all of it is seen by all.
    pub prefix: Option<Tensor>,
}

impl Sight {
    fn sees(self, query: Place, column: Place) -> bool {
        let in_time = column.order <= query.order + self.reach
            || (column.image.is_some() && column.image == query.image);
        in_time && self.window.is_none_or(|window| (query.order as usize) < column.order as usize + window)
    }

    /// Masks for `queries` [B][T] over `columns` [B][S], and over the `prefix` tokens before them.
    pub fn mask(
        self,
        queries: &[Vec<Place>],
        columns: &[Vec<Column>],
        prefix: usize,
        device: &Device,
    ) -> Result<Mask> {
        let last = queries.iter().flatten().map(|query| query.order as usize).max().unwrap_or(0);
        let prefix = match self.window {
            Some(window) if prefix > 0 && last >= window => {
                let columns: Vec<Column> =
                    (0..prefix as u32).map(|order| Some(Place { order, image: None })).collect();
                Some(self.added(queries, &vec![columns; queries.len()], device)?)
            }
            _ => None,
        };
        Ok(Mask { own: self.added(queries, columns, device)?, prefix })
    }

    fn added(self, queries: &[Vec<Place>], columns: &[Vec<Column>], device: &Device) -> Result<Tensor> {
        let alike = queries.windows(2).all(|pair| pair[0] == pair[1])
            && columns.windows(2).all(|pair| pair[0] == pair[1]);
        let rows = if alike { 1 } else { queries.len() };
        let (t, s) = (queries[0].len(), columns[0].len());
        let mut numbers = Vec::with_capacity(rows * t * s);
        for (queries, columns) in queries.iter().zip(columns).take(rows) {
            for query in queries {
                numbers.extend(columns.iter().map(|column| match column {
                    Some(column) if self.sees(*query, *column) => 0f32,
                    _ => f32::NEG_INFINITY,
                }));
            }
        }
        Tensor::from_vec(numbers, (rows, 1, t, s), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO: f32 = f32::NEG_INFINITY;
    const ALL: Sight = Sight { window: None, reach: 0 };

    fn place(order: u32) -> Place {
        Place { order, image: None }
    }

    fn places(orders: std::ops::Range<u32>) -> Vec<Place> {
        orders.map(place).collect()
    }

    fn seen(places: &[Place]) -> Vec<Column> {
        places.iter().copied().map(Some).collect()
    }

    fn own(sight: Sight, queries: &[Vec<Place>], columns: &[Vec<Column>]) -> Tensor {
        sight.mask(queries, columns, 0, &Device::Cpu).unwrap().own
    }

    fn rows(mask: &Tensor) -> Vec<Vec<f32>> {
        mask.flatten_to(2).unwrap().to_vec2().unwrap()
    }

    #[test]
    fn prefill_sees_itself_and_what_came_before() {
        let queries = vec![places(0..3); 2];
        let mask = own(ALL, &queries, &vec![seen(&queries[0]); 2]);
        assert_eq!(mask.dims(), [1, 1, 3, 3], "rows that look alike share one mask");
        assert_eq!(rows(&mask), [[0., NO, NO], [0., 0., NO], [0., 0., 0.]]);
    }

    #[test]
    fn a_row_that_grows_after_a_longer_neighbour_never_sees_padding() {
        // The first row has two tokens and one padding column, the second three tokens; each gets one more.
        let queries = [places(2..3), places(3..4)];
        let first = vec![Some(place(0)), Some(place(1)), None, Some(place(2))];
        let mask = own(ALL, &queries, &[first, seen(&places(0..4))]);
        assert_eq!(mask.dims(), [2, 1, 1, 4]);
        assert_eq!(rows(&mask), [[0., 0., NO, 0.], [0., 0., 0., 0.]]);
    }

    #[test]
    fn a_mask_that_is_off_by_one_shows_the_next_token() {
        let queries = [places(0..2)];
        let mask = own(Sight { reach: 1, ..ALL }, &queries, &[seen(&queries[0])]);
        assert_eq!(rows(&mask), [[0., 0.], [0., 0.]]);
    }

    #[test]
    fn a_window_of_two_shows_a_token_and_the_one_before_it() {
        let queries = [places(0..3)];
        let mask = own(Sight { window: Some(2), reach: 0 }, &queries, &[seen(&queries[0])]);
        assert_eq!(rows(&mask), [[0., NO, NO], [0., 0., NO], [NO, 0., 0.]]);
    }

    #[test]
    fn an_image_sees_itself_to_its_end_but_back_no_farther_than_the_window() {
        let mut row = places(0..5);
        row[1..4].iter_mut().for_each(|place| place.image = Some(1));
        let columns = [seen(&row)];
        let mask = own(Sight { window: Some(2), reach: 0 }, &[row], &columns);
        let expected = [
            [0., NO, NO, NO, NO],
            [0., 0., 0., 0., NO],
            [NO, 0., 0., 0., NO],
            [NO, NO, 0., 0., NO],
            [NO, NO, NO, 0., 0.],
        ];
        assert_eq!(rows(&mask), expected);
    }

    #[test]
    fn a_prefix_is_masked_only_where_a_window_ends_in_it() {
        let queries = [places(3..5)];
        let columns = [seen(&queries[0])];
        let mask = |window| {
            let sight = Sight { window, reach: 0 };
            sight.mask(&queries, &columns, 3, &Device::Cpu).unwrap().prefix
        };
        assert!(mask(None).is_none());
        assert!(mask(Some(5)).is_none(), "the last query still sees the first token");
        assert_eq!(rows(&mask(Some(4)).unwrap()), [[0., 0., 0.], [NO, 0., 0.]]);
    }
}
