//! PDQ, the perceptual hash of images: two pictures that look the same have hashes that differ in few of 256 bits. Pure.
//!
//! As "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (Facebook, 2019) describes it: luminance, two passes
//! of a box filter in each direction, 64 by 64 samples, the 16 by 16 lowest frequencies of their cosine transform without the
//! constant one, each a bit by whether it lies above their median. The golden file was made by the authors' own program from pictures
//! of the demo queue. There is one port in Rust, whose picture decoders date from 2021.

use std::f32::consts::PI;

/// Bytes of a hash.
pub const PDQ_BYTES: usize = 32;
/// Samples of a side.
const SIDE: usize = 64;
/// Frequencies of a side.
const FREQUENCIES: usize = 16;
/// Hashes of pictures with less to see, from 0 to 100, say nothing.
const QUALITY_MIN: u32 = 50;
/// Most bits in which pictures differ that are the same, as the paper recommends.
pub const DISTANCE_MAX: u32 = 31;

/// The hash of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pdq([u8; PDQ_BYTES]);

impl Pdq {
    /// From the luminance of a picture, row by row, 0 to 255. `None` if there is too little to see in it.
    pub fn of(luminance: &[f32], width: usize) -> Option<Self> {
        let (hash, quality) = Self::with_quality(luminance, width)?;
        (quality >= QUALITY_MIN).then_some(hash)
    }

    fn with_quality(luminance: &[f32], width: usize) -> Option<(Self, u32)> {
        let height = luminance.len().checked_div(width)?;
        if height == 0 || width * height != luminance.len() {
            return None;
        }
        let mut blurred = luminance.to_vec();
        for _ in 0..2 {
            blur(&mut blurred, width, 1, height, width);
            blur(&mut blurred, height, width, width, 1);
        }
        let at = |n: usize, of: usize| (2 * n + 1) * of / (2 * SIDE);
        let samples: Vec<f32> =
            (0..SIDE * SIDE).map(|n| blurred[at(n / SIDE, height) * width + at(n % SIDE, width)]).collect();
        Some((Self(bits(&frequencies(&samples))), quality(&samples)))
    }

    /// From the database.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// For the database.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// In how many of 256 bits two hashes differ.
    pub fn distance(&self, other: &Self) -> u32 {
        self.0.iter().zip(&other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    /// The keys that it is kept under: each of its sixteen words of sixteen bits.
    pub fn bands(&self) -> Vec<i64> {
        self.words().map(|(at, word)| key(at, word)).collect()
    }

    /// The keys that it is looked up under: each word, and each with one bit turned. Of hashes that differ in at most 31 bits, some
    /// word of the sixteen differs in at most one, so that none is missed.
    pub fn probes(&self) -> Vec<i64> {
        self.words()
            .flat_map(|(at, word)| {
                let turned = (0..16).map(move |bit| key(at, word ^ (1 << bit)));
                std::iter::once(key(at, word)).chain(turned)
            })
            .collect()
    }

    fn words(&self) -> impl Iterator<Item = (usize, u16)> {
        self.0.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).enumerate()
    }
}

fn key(at: usize, word: u16) -> i64 {
    i64::try_from(at << 16 | usize::from(word)).unwrap_or_default()
}

/// The mean over a window, along each of `lines` lines of `len` values that are `step` apart; lines begin `apart` from each other.
#[allow(clippy::cast_precision_loss, reason = "a window has at most some hundred values")]
fn blur(values: &mut [f32], len: usize, step: usize, lines: usize, apart: usize) {
    let window = len.div_ceil(2 * SIDE);
    let (before, after) = (window.saturating_sub(1) / 2, window / 2);
    let mut line = vec![0.0_f32; len];
    for start in (0..lines).map(|n| n * apart) {
        for (at, value) in line.iter_mut().enumerate() {
            *value = values[start + at * step];
        }
        for at in 0..len {
            let range = at.saturating_sub(before)..(at + after + 1).min(len);
            let n = range.len() as f32;
            values[start + at * step] = line[range].iter().sum::<f32>() / n;
        }
    }
}

/// How much there is to see, 0 to 100: the paper's sum of differences between neighbours, in hundredths of the range.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 100 times the number of samples"
)]
fn quality(samples: &[f32]) -> u32 {
    let step = |a: usize, b: usize| ((samples[a] - samples[b]) * 100.0 / 255.0).abs() as u32;
    let down: u32 = (0..SIDE * (SIDE - 1)).map(|n| step(n, n + SIDE)).sum();
    let across: u32 = (0..SIDE * SIDE).filter(|n| n % SIDE < SIDE - 1).map(|n| step(n, n + 1)).sum();
    ((down + across) / 90).min(100)
}

/// The lowest frequencies of the cosine transform, rows by columns, without the constant.
#[allow(clippy::cast_precision_loss, reason = "numbers up to 128")]
fn frequencies(samples: &[f32]) -> Vec<f32> {
    let scale = (2.0 / SIDE as f32).sqrt();
    let wave = |frequency: usize, at: usize| {
        scale * (PI / (2 * SIDE) as f32 * (frequency + 1) as f32 * (2 * at + 1) as f32).cos()
    };
    let waves: Vec<f32> = (0..FREQUENCIES * SIDE).map(|n| wave(n / SIDE, n % SIDE)).collect();
    // 16 x 64: waves down the columns.
    let down: Vec<f32> = (0..FREQUENCIES * SIDE)
        .map(|n| (0..SIDE).map(|at| waves[n / SIDE * SIDE + at] * samples[at * SIDE + n % SIDE]).sum())
        .collect();
    // 16 x 16: waves along the rows.
    (0..FREQUENCIES * FREQUENCIES)
        .map(|n| {
            let (row, column) = (n / FREQUENCIES, n % FREQUENCIES);
            (0..SIDE).map(|at| down[row * SIDE + at] * waves[column * SIDE + at]).sum()
        })
        .collect()
}

/// A bit for each frequency above the median, the first in the last byte's lowest bit.
fn bits(frequencies: &[f32]) -> [u8; PDQ_BYTES] {
    let mut sorted = frequencies.to_vec();
    sorted.sort_by(f32::total_cmp);
    let median = sorted[sorted.len() / 2 - 1];
    let mut bytes = [0; PDQ_BYTES];
    for (at, _) in frequencies.iter().enumerate().filter(|(_, value)| **value > median) {
        bytes[PDQ_BYTES - 1 - at / 8] |= 1 << (at % 8);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 200;

    /// A picture of soft blobs, another one for each seed.
    fn picture(seed: u64) -> Vec<f32> {
        let random = |n: u64| (super::super::text::mix(seed << 8 | n) >> 40) as f32 / (1_u32 << 24) as f32;
        let blobs: Vec<[f32; 4]> =
            (0..60).map(|n| std::array::from_fn(|at| random(4 * n + at as u64))).collect();
        (0..SIZE * SIZE)
            .map(|n| {
                let (x, y) = ((n % SIZE) as f32 / SIZE as f32, (n / SIZE) as f32 / SIZE as f32);
                let light = |[bx, by, size, height]: &[f32; 4]| {
                    let size = 0.03 + 0.07 * size;
                    let far = ((x - bx).powi(2) + (y - by).powi(2)) / (size * size);
                    (height - 0.5) * 300.0 * (-far).exp()
                };
                (128.0 + blobs.iter().map(light).sum::<f32>()).clamp(0.0, 255.0)
            })
            .collect()
    }

    fn hash(picture: &[f32]) -> Pdq {
        Pdq::of(picture, SIZE).expect("there is enough to see")
    }

    #[test]
    fn brightness_contrast_noise_and_size_leave_the_hash_near_and_other_pictures_are_far() {
        for seed in 0..6 {
            let original = picture(seed);
            let of = hash(&original);
            let brighter: Vec<f32> = original.iter().map(|v| (v * 0.8 + 40.0).min(255.0)).collect();
            let noisy: Vec<f32> =
                original.iter().enumerate().map(|(n, v)| v + (n * 7919 % 17) as f32 - 8.0).collect();
            let half: Vec<f32> = (0..SIZE * SIZE / 4)
                .map(|n| {
                    let (x, y) = (n % (SIZE / 2) * 2, n / (SIZE / 2) * 2);
                    [0, 1, SIZE, SIZE + 1].iter().map(|by| original[y * SIZE + x + by]).sum::<f32>() / 4.0
                })
                .collect();
            for (what, distance) in [
                ("brighter", of.distance(&hash(&brighter))),
                ("noisy", of.distance(&hash(&noisy))),
                ("half the size", of.distance(&Pdq::of(&half, SIZE / 2).expect("enough to see"))),
            ] {
                assert!(distance <= DISTANCE_MAX, "{what}: {distance} bits, seed {seed}");
            }
            let other = of.distance(&hash(&picture(seed + 100)));
            assert!(other > 2 * DISTANCE_MAX, "another picture: {other} bits, seed {seed}");
            let turned: Vec<f32> = original.iter().rev().copied().collect();
            assert!(
                of.distance(&hash(&turned)) > 2 * DISTANCE_MAX,
                "a turned picture is another one, seed {seed}"
            );
        }
    }

    #[test]
    fn half_of_the_bits_are_set_and_blank_pictures_have_no_hash() {
        let ones: u32 = hash(&picture(1)).0.iter().map(|byte| byte.count_ones()).sum();
        assert_eq!(ones, 128, "the median parts them");
        assert_eq!(Pdq::of(&[255.0; 10_000], 100), None, "nothing to see");
        assert_eq!(Pdq::of(&[], 0), None);
        assert_eq!(Pdq::of(&[1.0; 10], 3), None, "no whole rows");
    }

    #[test]
    fn hashes_that_differ_in_at_most_31_bits_are_always_looked_up_under_a_common_key() {
        let of = hash(&picture(3));
        for seed in 0..200_u64 {
            let mut bytes = of.0;
            // 31 bits spread as evenly as can be, the hardest case, from another place each time.
            for n in 0..31 {
                let bit = (seed as usize * 37 + n * 256 / 31) % 256;
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            let near = Pdq(bytes);
            assert_eq!(near.distance(&of), 31);
            let bands = of.bands();
            assert!(near.probes().iter().any(|probe| bands.contains(probe)), "seed {seed}");
        }
    }
}
