//! Who sees whom. Nothing else in this crate decides it.
//!
//! What a token sees always lies in one piece: from where its window begins up to itself, or to the end of its image where
//! the tokens of an image see each other.

use std::ops::Range;

/// Where a token stands among those of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Place {
    /// How many tokens of its row come before it.
    pub order: u32,
    /// The order after the last token that it sees: its own, or the end of its image.
    pub until: u32,
}

/// Who is seen by the queries of one kind of attention.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Sight {
    /// How many places a query sees back, its own included.
    pub window: Option<usize>,
    /// How many places ahead a query sees: 0 in every real decoder.
    pub reach: u32,
}

impl Sight {
    /// The orders that a token sees in a row of `tokens` tokens so far.
    pub fn seen(self, place: Place, tokens: u32) -> Range<u32> {
        let window = self.window.map_or(u32::MAX, |window| u32::try_from(window).unwrap_or(u32::MAX));
        let start = (place.order + 1).saturating_sub(window);
        start..place.until.max(place.order + 1 + self.reach).min(tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Sight = Sight { window: None, reach: 0 };

    fn place(order: u32) -> Place {
        Place { order, until: order + 1 }
    }

    #[test]
    fn a_token_sees_itself_and_what_came_before() {
        assert_eq!(ALL.seen(place(0), 3), 0..1);
        assert_eq!(ALL.seen(place(2), 3), 0..3);
    }

    #[test]
    fn a_mask_that_is_off_by_one_shows_the_next_token_but_none_that_is_not_there() {
        let wrong = Sight { reach: 1, ..ALL };
        assert_eq!(wrong.seen(place(0), 3), 0..2);
        assert_eq!(wrong.seen(place(2), 3), 0..3);
    }

    #[test]
    fn a_window_of_two_shows_a_token_and_the_one_before_it() {
        let sight = Sight { window: Some(2), reach: 0 };
        assert_eq!([0, 1, 2].map(|order| sight.seen(place(order), 3)), [0..1, 0..2, 1..3]);
    }

    #[test]
    fn an_image_sees_itself_to_its_end_but_back_no_farther_than_the_window() {
        let sight = Sight { window: Some(2), reach: 0 };
        let image = [1, 2, 3].map(|order| Place { order, until: 4 });
        assert_eq!(image.map(|place| sight.seen(place, 5)), [0..4, 1..4, 2..4]);
        assert_eq!(sight.seen(place(4), 5), 3..5, "behind it, the window ends in it");
    }
}
