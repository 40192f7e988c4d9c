//! The exponential, norms and rotations against f64.

#![allow(unsafe_code, reason = "calls a kernel directly")]

use crate::{
    rms_norm, rope,
    tests::{Numbers, wide},
};

#[test]
fn the_exponential_is_as_exact_as_it_says() {
    // The largest score is first, so that the others are powers of what is subtracted.
    let scores: Vec<f32> = (0..1 << 16).map(|i| -(i as f32) / 600.0).collect();
    for (isa, kernels) in wide::all() {
        let mut row = scores.clone();
        // SAFETY: the table belongs to this processor.
        let (max, sum) = unsafe { (kernels.softmax)(&mut row, f32::NEG_INFINITY) };
        assert_eq!(max, 0.0, "{isa}");
        let mut total = 0.0;
        for (got, score) in row.iter().zip(&scores) {
            let expected = f64::from(*score).exp();
            total += expected;
            if *score < -87.33 {
                assert_eq!(*got, 0.0, "{isa}: e^{score} is below what f32 normally holds");
            } else {
                let error = (f64::from(*got) / expected - 1.0).abs();
                assert!(error < 2.5e-7, "{isa}: e^{score} is {got}, relative error {error}");
            }
        }
        assert!((f64::from(sum) / total - 1.0).abs() < 3e-6, "{isa}: {sum} for {total}");
    }
}

#[test]
fn norms_agree_with_f64() {
    let mut numbers = Numbers(1);
    for (rows, width) in [(1, 1), (3, 17), (70, 1024)] {
        let (x, weight) = (numbers.take(rows * width), numbers.take(width));
        let mut y = vec![f32::NAN; x.len()];
        rms_norm(&x, &weight, 1e-6, &mut y);
        for (x, y) in x.chunks(width).zip(y.chunks(width)) {
            let squares: f64 = x.iter().map(|x| f64::from(*x).powi(2)).sum();
            let size = (squares / width as f64 + 1e-6).sqrt();
            for ((x, y), weight) in x.iter().zip(y).zip(&weight) {
                let expected = f64::from(*x) / size * f64::from(*weight);
                assert!(
                    (f64::from(*y) - expected).abs() < 1e-6 * (1.0 + expected.abs()),
                    "{y} for {expected}"
                );
            }
        }
    }
}

#[test]
fn rotations_turn_each_pair_by_its_angle() {
    let (tokens, heads, head_dim) = (9, 3, 8);
    let mut numbers = Numbers(2);
    let before = numbers.take(tokens * heads * head_dim);
    let angles = numbers.take(tokens * head_dim / 2);
    let (cos, sin): (Vec<f32>, Vec<f32>) = angles.iter().map(|angle| (angle.cos(), angle.sin())).unzip();
    let mut after = before.clone();
    rope(&mut after, heads, head_dim, &cos, &sin);
    for (index, (before, after)) in before.chunks(head_dim).zip(after.chunks(head_dim)).enumerate() {
        for i in 0..head_dim / 2 {
            let angle = angles[index / heads * head_dim / 2 + i];
            let (a, b) = (before[i], before[i + head_dim / 2]);
            let turned = [a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()];
            assert!((after[i] - turned[0]).abs() < 1e-6, "{} for {}", after[i], turned[0]);
            assert!((after[i + head_dim / 2] - turned[1]).abs() < 1e-6, "the second half");
        }
    }
}
