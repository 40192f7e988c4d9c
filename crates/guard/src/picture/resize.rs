//! Antialiased resizing of 8-bit RGB that equals torchvision's `resize` of a uint8 tensor on the CPU.
//!
//! Source: `aten/src/ATen/native/cpu/UpSampleKernel.cpp`. Filter weights are computed in double precision, rounded to
//! 16 bits with as many fraction bits as the largest weight leaves room for, and summed in 32-bit integers: first along
//! the rows, then along the columns, each pass rounded to 8 bits.

use std::borrow::Cow;

/// Interpolation between pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    /// Two pixels wide.
    Bilinear,
    /// Four pixels wide, a = -0.5.
    Bicubic,
}

impl Filter {
    /// Half of its width, in pixels.
    fn radius(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    fn weight(self, distance: f64) -> f64 {
        const A: f64 = -0.5;
        let x = distance.abs();
        match self {
            Self::Bilinear if x < 1.0 => 1.0 - x,
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A,
            _ => 0.0,
        }
    }
}

/// For each output position, where its input begins and the weights of what follows.
struct Taps {
    rows: Vec<(usize, Vec<i16>)>,
    /// Fraction bits of the weights; at least 13.
    precision: u32,
}

impl Taps {
    fn new(input: usize, output: usize, filter: Filter) -> Self {
        let scale = input as f64 / output as f64;
        let support = filter.radius() * scale.max(1.0);
        let inverse_scale = 1.0 / scale.max(1.0);
        let rows: Vec<(usize, Vec<f64>)> = (0..output)
            .map(|i| {
                let center = scale * (i as f64 + 0.5);
                // The casts cut towards zero, as the source's do.
                let begin = ((center - support + 0.5) as i64).max(0) as usize;
                let end = ((center + support + 0.5) as usize).min(input);
                let weigh = |at: usize| filter.weight((at as f64 - center + 0.5) * inverse_scale);
                let mut weights: Vec<f64> = (begin..end).map(weigh).collect();
                let total: f64 = weights.iter().sum();
                if total != 0.0 {
                    weights.iter_mut().for_each(|w| *w /= total);
                }
                (begin, weights)
            })
            .collect();
        let largest = rows.iter().flat_map(|(_, weights)| weights).fold(0.0f64, |a, w| a.max(*w));
        let fits = |bits: u32| ((0.5 + largest * f64::from(1 << bits)) as i64) < 1 << 15;
        let precision = (0..22).find(|bits| !fits(bits + 1)).unwrap_or(22);
        let rounded = |w: &f64| {
            let scaled = w * f64::from(1 << precision);
            (if *w < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i16
        };
        let rows =
            rows.iter().map(|(begin, weights)| (*begin, weights.iter().map(rounded).collect())).collect();
        Self { rows, precision }
    }

    fn half(&self) -> i32 {
        1 << (self.precision - 1)
    }

    fn finish(&self, sum: i32) -> u8 {
        (sum >> self.precision).clamp(0, 255) as u8
    }
}

/// Resizes `[height, width, 3]` from `from` to `to`, both (width, height).
pub(super) fn resize<'a>(
    rgb: &'a [u8],
    from: (usize, usize),
    to: (usize, usize),
    filter: Filter,
) -> Cow<'a, [u8]> {
    let mut pixels = Cow::Borrowed(rgb);
    if from.0 != to.0 {
        pixels = Cow::Owned(along_rows(&pixels, from.0, &Taps::new(from.0, to.0, filter)));
    }
    if from.1 != to.1 {
        pixels = Cow::Owned(along_columns(&pixels, to.0, &Taps::new(from.1, to.1, filter)));
    }
    pixels
}

fn along_rows(pixels: &[u8], width: usize, taps: &Taps) -> Vec<u8> {
    let mut output = Vec::with_capacity(pixels.len() / width * taps.rows.len());
    for row in pixels.chunks_exact(3 * width) {
        for (begin, weights) in &taps.rows {
            let mut sums = [taps.half(); 3];
            for (pixel, weight) in row[3 * begin..].chunks_exact(3).zip(weights) {
                let weight = i32::from(*weight);
                sums[0] += i32::from(pixel[0]) * weight;
                sums[1] += i32::from(pixel[1]) * weight;
                sums[2] += i32::from(pixel[2]) * weight;
            }
            output.extend(sums.map(|sum| taps.finish(sum)));
        }
    }
    output
}

/// Sums are kept for this many values of a row at a time, so that they stay in registers.
const BLOCK: usize = 32;

fn along_columns(pixels: &[u8], width: usize, taps: &Taps) -> Vec<u8> {
    let stride = 3 * width;
    let mut output = vec![0; stride * taps.rows.len()];
    for (row, (begin, weights)) in output.chunks_exact_mut(stride).zip(&taps.rows) {
        let lines = &pixels[begin * stride..];
        for (block, target) in row.chunks_mut(BLOCK).enumerate() {
            let mut sums = [taps.half(); BLOCK];
            for (tap, weight) in weights.iter().enumerate() {
                let line = &lines[tap * stride + block * BLOCK..][..target.len()];
                accumulate(&mut sums, line, *weight);
            }
            for (value, sum) in target.iter_mut().zip(sums) {
                *value = taps.finish(sum);
            }
        }
    }
    output
}

/// Adds a weighted line; a whole block has a length that the compiler knows.
fn accumulate(sums: &mut [i32; BLOCK], line: &[u8], weight: i16) {
    match <&[u8; BLOCK]>::try_from(line) {
        Ok(line) => add(sums, line, weight),
        Err(_) => add(sums, line, weight),
    }
}

#[inline(always)]
fn add(sums: &mut [i32; BLOCK], line: &[u8], weight: i16) {
    for (sum, value) in sums.iter_mut().zip(line) {
        *sum += i32::from(*value) * i32::from(weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_size_is_not_copied() {
        let rgb = [7u8; 12];
        assert!(matches!(resize(&rgb, (2, 2), (2, 2), Filter::Bicubic), Cow::Borrowed(_)));
    }

    #[test]
    fn one_colour_stays_that_colour_at_every_size() {
        for filter in [Filter::Bilinear, Filter::Bicubic] {
            for (width, height) in [(1, 1), (3, 50), (97, 2), (640, 1)] {
                let out = resize(&[200u8; 3 * 31 * 17], (31, 17), (width, height), filter).into_owned();
                assert_eq!(out, vec![200; 3 * width * height], "{filter:?} to {width} x {height}");
            }
        }
    }
}
