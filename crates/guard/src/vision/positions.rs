//! Where the patches of an image stand: the order in which they come, learned positions stretched to the image's grid,
//! and rotary angles.
//!
//! Follows `get_vision_interpolation_indices_and_weights` and `get_vision_position_ids` in `vision_utils.py` of
//! transformers. Nothing else in the towers makes positions.

use candle_core::{Device, Result, Tensor};

use super::block::Rotation;

/// Row and column of each patch of a grid `[t, h, w]`: merge blocks by rows, inside of each its patches by rows, once for
/// each of the `t` frames.
pub(super) fn patches(grid: [usize; 3], merge: usize) -> Vec<(usize, usize)> {
    let [t, h, w] = grid;
    let mut frame = Vec::with_capacity(t * h * w);
    for block_row in (0..h).step_by(merge) {
        for block_column in (0..w).step_by(merge) {
            for row in block_row..block_row + merge {
                frame.extend((block_column..block_column + merge).map(|column| (row, column)));
            }
        }
    }
    frame.repeat(t)
}

/// The four entries of a square table that surround each patch, and how much each counts.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Surroundings {
    /// By corner, by patch: an index into the flattened table.
    pub indices: [Vec<u32>; 4],
    /// By corner, by patch: its part; the four parts of a patch make 1.
    pub weights: [Vec<f32>; 4],
}

impl Surroundings {
    /// Adds the patches of one grid; the table has `side` entries a side, the outermost of which are the grid's edges.
    pub fn extend(&mut self, grid: [usize; 3], merge: usize, side: usize) {
        for (row, column) in patches(grid, merge) {
            let ((top, down), (left, right)) = (between(row, grid[1], side), between(column, grid[2], side));
            let (bottom, end) = ((top + 1).min(side - 1), (left + 1).min(side - 1));
            let corners = [
                (top, left, (1.0 - down) * (1.0 - right)),
                (top, end, (1.0 - down) * right),
                (bottom, left, down * (1.0 - right)),
                (bottom, end, down * right),
            ];
            for (corner, (y, x, weight)) in corners.into_iter().enumerate() {
                self.indices[corner].push((y * side + x) as u32);
                self.weights[corner].push(weight);
            }
        }
    }
}

/// The entry before place `index` of `count`, and how far behind it that lies.
fn between(index: usize, count: usize, side: usize) -> (usize, f32) {
    let place = index as f32 * (side - 1) as f32 / (count.max(2) - 1) as f32;
    (place as usize, place - place.floor())
}

/// Rotary tables for patches at rows and columns: half of the angles turn with the row, half with the column.
/// `head_dim` is a multiple of 4.
pub(super) fn rotation(
    patches: &[(usize, usize)],
    head_dim: usize,
    theta: f64,
    device: &Device,
) -> Result<Rotation> {
    let half = head_dim / 2;
    let frequencies: Vec<f32> =
        (0..half).step_by(2).map(|i| 1.0 / (theta as f32).powf(i as f32 / half as f32)).collect();
    let mut angles = Vec::with_capacity(patches.len() * half);
    for (row, column) in patches {
        for place in [row, column] {
            angles.extend(frequencies.iter().map(|frequency| *place as f32 * frequency));
        }
    }
    let table = |f: fn(f32) -> f32| {
        let numbers: Vec<f32> = angles.iter().map(|angle| f(*angle)).collect();
        Tensor::from_vec(numbers, (patches.len(), half), device)
    };
    Ok((table(f32::cos)?, table(f32::sin)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_of_a_merge_block_lie_next_to_each_other() {
        assert_eq!(patches([1, 2, 4], 2), [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (0, 3), (1, 2), (1, 3)]);
        assert_eq!(patches([2, 2, 2], 2)[4..], patches([1, 2, 2], 2), "frames repeat the order");
    }

    #[test]
    fn corners_of_the_grid_are_corners_of_the_table() {
        let mut found = Surroundings::default();
        found.extend([1, 4, 2], 2, 3);
        let heaviest = |patch: usize| {
            let corner =
                (0..4).max_by(|a, b| found.weights[*a][patch].total_cmp(&found.weights[*b][patch])).unwrap();
            (found.indices[corner][patch], found.weights[corner][patch])
        };
        assert_eq!(heaviest(0), (0, 1.0), "the first patch is the first entry");
        assert_eq!(heaviest(7), (8, 1.0), "the last patch is the last entry");
    }

    #[test]
    fn a_place_between_two_entries_is_made_of_both() {
        assert_eq!(between(1, 3, 4), (1, 0.5));
        assert_eq!(between(0, 1, 4), (0, 0.0), "a single patch stands at the beginning");
    }
}
