//! A curve with fewer points.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

use crate::Point;

/// A curve of at most `points_max` points (two at least) that looks the same and has the same area.
///
/// By Visvalingam and Whyatt (1993): again and again the point goes that spans the smallest triangle with its neighbours, so that every
/// step moves the area as little as it can; what lies on a line between its neighbours goes first and moves nothing. The ends stay.
pub fn thinned(points: &[Point], points_max: usize) -> Vec<Point> {
    let mut left = points.len();
    let end = points.len();
    let mut before: Vec<usize> = (0..end).map(|at| at.wrapping_sub(1)).collect();
    let mut after: Vec<usize> = (1..=end).collect();
    let mut version = vec![0_u32; end];
    let mut heap: BinaryHeap<Reverse<Candidate>> = (1..end.saturating_sub(1))
        .map(|at| {
            Reverse(Candidate {
                area: triangle(&points[at - 1], &points[at], &points[at + 1]),
                at,
                version: 0,
            })
        })
        .collect();
    let mut kept = vec![true; end];
    while left > points_max.max(2) {
        let Some(Reverse(smallest)) = heap.pop() else { break };
        let at = smallest.at;
        if !kept[at] || smallest.version != version[at] {
            continue;
        }
        kept[at] = false;
        left -= 1;
        let (left_of, right_of) = (before[at], after[at]);
        after[left_of] = right_of;
        before[right_of] = left_of;
        for neighbour in [left_of, right_of] {
            if neighbour == 0 || neighbour == end - 1 {
                continue;
            }
            version[neighbour] += 1;
            let (a, c) = (&points[before[neighbour]], &points[after[neighbour]]);
            // Never less than what went before it, or a whole flank would crumble away point by point.
            let area = triangle(a, &points[neighbour], c).max(smallest.area);
            heap.push(Reverse(Candidate { area, at: neighbour, version: version[neighbour] }));
        }
    }
    points.iter().zip(kept).filter(|(_, kept)| *kept).map(|(point, _)| *point).collect()
}

/// A point that may go.
struct Candidate {
    area: f64,
    at: usize,
    /// Of the neighbours that the area was computed with.
    version: u32,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.area.total_cmp(&other.area).then(self.at.cmp(&other.at)).then(self.version.cmp(&other.version))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}

/// Area of a triangle.
fn triangle(a: &Point, b: &Point, c: &Point) -> f64 {
    let (x, y) = (b.recall - a.recall, b.precision - a.precision);
    let (u, v) = (c.recall - a.recall, c.precision - a.precision);
    (x * v - u * y).abs() / 2.0
}
