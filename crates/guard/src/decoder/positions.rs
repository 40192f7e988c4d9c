//! Where tokens stand. Nothing else in this crate decides it.
//!
//! A token has two places. Its *order* counts tokens from the row's begin and decides who sees whom; its *position* is what
//! rotary embeddings are made of. They are the same but for images with a grid (M-RoPE, `get_rope_index` in
//! `modeling_qwen3_vl.py` of transformers): there the tokens of an image share a time and are told apart by height and
//! width, and what follows goes on after the largest coordinate.

use candle_core::Result;

use super::{attention::Place, config::DecoderConfig, row::Row};

/// Time, height and width; three times the same number for text.
pub(super) type Position = [u32; 3];

/// Where a row's next token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub order: u32,
    pub position: u32,
}

impl Next {
    /// After `tokens` tokens of text and nothing else.
    pub fn after(tokens: usize) -> Self {
        Self { order: tokens as u32, position: tokens as u32 }
    }
}

/// A row, and where each of its tokens stands.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub row: Row<'a>,
    /// Orders, and how far each token sees.
    pub places: Vec<Place>,
    /// Positions.
    pub positions: Vec<Position>,
    /// Where the row goes on.
    pub next: Next,
}

/// How positions are counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counting {
    /// Whether images are placed by their grid.
    pub grids: bool,
    /// Whether the tokens of an image see each other.
    pub images_see_themselves: bool,
    /// How far after the largest coordinate of an image a row goes on: 1 in every real decoder.
    pub after_image: u32,
}

impl Counting {
    /// What an architecture does.
    pub fn new(config: &DecoderConfig) -> Self {
        Self {
            grids: config.attentions.iter().any(|attention| attention.rope.sections.is_some()),
            images_see_themselves: config.images_see_themselves,
            after_image: 1,
        }
    }

    /// Places a row that begins at `next`.
    ///
    /// # Errors
    /// Images that do not fit the row, or grids that do not fit their images.
    pub fn place<'a>(self, row: Row<'a>, mut next: Next) -> Result<Placed<'a>> {
        row.check()?;
        let mut places: Vec<Place> =
            (next.order..).take(row.ids.len()).map(|order| Place { order, until: order + 1 }).collect();
        let mut positions = Vec::with_capacity(row.ids.len());
        let mut block = 0..0;
        for image in row.images {
            text(&mut positions, &mut next.position, image.start);
            if self.images_see_themselves {
                // Images without anything between them are one to the reference too.
                let start = if image.start == block.end { block.start } else { image.start };
                block = start..image.end();
                let until = next.order + block.end as u32;
                places[block.clone()].iter_mut().for_each(|place| place.until = until);
            }
            match image.features.grid {
                Some(grid) if self.grids => {
                    if grid.iter().product::<usize>() != image.features.tokens() {
                        candle_core::bail!(
                            "an image of {} tokens has the grid {grid:?}",
                            image.features.tokens()
                        );
                    }
                    let [times, height, width] = grid.map(|n| n as u32);
                    let at = next.position;
                    for t in 0..times {
                        for h in 0..height {
                            positions.extend((0..width).map(|w| [at + t, at + h, at + w]));
                        }
                    }
                    next.position += height.max(width) - 1 + self.after_image;
                }
                None if self.grids => candle_core::bail!("an image has no grid"),
                _ => text(&mut positions, &mut next.position, image.end()),
            }
        }
        text(&mut positions, &mut next.position, row.ids.len());
        next.order += row.ids.len() as u32;
        Ok(Placed { row, places, positions, next })
    }
}

/// Counts on to token `end`.
fn text(positions: &mut Vec<Position>, next: &mut u32, end: usize) {
    for _ in positions.len()..end {
        positions.push([*next; 3]);
        *next += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use candle_core::{DType, Device, Tensor};

    use super::*;
    use crate::decoder::{ImageFeatures, ImageSpan};

    fn image(start: usize, tokens: usize, grid: Option<[usize; 3]>) -> ImageSpan {
        let embeddings = Tensor::zeros((tokens, 2), DType::F32, &Device::Cpu).unwrap();
        ImageSpan { start, features: Arc::new(ImageFeatures { embeddings, deepstack: Vec::new(), grid }) }
    }

    const GRIDS: Counting = Counting { grids: true, images_see_themselves: false, after_image: 1 };
    const BLOCKS: Counting = Counting { grids: false, images_see_themselves: true, after_image: 1 };

    #[test]
    fn an_image_takes_as_many_positions_as_its_longer_side_and_as_many_orders_as_it_has_tokens() {
        let images = [image(1, 6, Some([1, 2, 3]))];
        let row = Row { ids: &[0; 9], images: &images };
        let placed = GRIDS.place(row, Next::after(10)).unwrap();
        let expected = [
            [10, 10, 10],
            [11, 11, 11],
            [11, 11, 12],
            [11, 11, 13],
            [11, 12, 11],
            [11, 12, 12],
            [11, 12, 13],
            [14, 14, 14],
            [15, 15, 15],
        ];
        assert_eq!(placed.positions, expected);
        assert_eq!(placed.next, Next { order: 19, position: 16 });
        assert!(placed.places.iter().zip(10..).all(|(place, order)| place.order == order));
    }

    #[test]
    fn tokens_of_one_image_see_to_its_end_and_text_sees_itself() {
        let images = [image(0, 2, None), image(3, 1, None), image(4, 2, None)];
        let row = Row { ids: &[0; 7], images: &images };
        let placed = BLOCKS.place(row, Next::after(0)).unwrap();
        let until: Vec<u32> = placed.places.iter().map(|place| place.until).collect();
        assert_eq!(until, [2, 2, 3, 6, 6, 6, 7]);
        assert_eq!(placed.positions[6], [6, 6, 6], "without grids, positions count tokens");
    }

    #[test]
    fn images_that_do_not_fit_are_refused() {
        for images in
            [vec![image(3, 3, None)], vec![image(0, 3, None), image(2, 1, None)], vec![image(0, 0, None)]]
        {
            let row = Row { ids: &[0; 5], images: &images };
            assert!(BLOCKS.place(row, Next::after(0)).is_err(), "{images:?}");
        }
        for grid in [None, Some([1, 2, 2])] {
            let images = [image(0, 3, grid)];
            let row = Row { ids: &[0; 5], images: &images };
            assert!(GRIDS.place(row, Next::after(0)).is_err(), "{grid:?}");
        }
    }
}
