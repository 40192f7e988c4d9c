//! The exponential, norms and rotations against f64.

#![allow(unsafe_code, reason = "calls a kernel directly")]

use crate::{
    Activation, Affine,
    norm::layer_norm_with,
    rms_norm, rope,
    tests::{Numbers, wide},
};

/// What an activation makes of a number, in f64.
pub(super) fn activated(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::GeluTanh => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            0.5 * x * (1.0 + inner.tanh())
        }
        Activation::Gelu => {
            // erf(z) = 2 / sqrt(pi) e^(-z^2) (z + 2 z^3 / 3 + 4 z^5 / 15 + ...): all terms of one sign.
            // Beyond 6 erf is one.
            let z = (x / std::f64::consts::SQRT_2).clamp(-6.0, 6.0);
            let (mut term, mut sum) = (z, z);
            for n in 1..200 {
                term *= 2.0 * z * z / f64::from(2 * n + 1);
                sum += term;
            }
            0.5 * x * (1.0 + 2.0 / std::f64::consts::PI.sqrt() * (-z * z).exp() * sum)
        }
    }
}

#[test]
fn activations_agree_with_f64_on_every_remainder() {
    let numbers: Vec<f32> = (-9000..9000).map(|i| i as f32 / 1000.0).collect();
    for (isa, kernels) in wide::all() {
        for activation in [Activation::Silu, Activation::GeluTanh, Activation::Gelu] {
            for length in [1, 16, 37, numbers.len()] {
                let mut y = numbers[..length].to_vec();
                // SAFETY: the table belongs to this processor.
                unsafe { (kernels.activate)(activation, &mut y) };
                for (y, x) in y.iter().zip(&numbers) {
                    let expected = activated(activation, f64::from(*x));
                    let error = (f64::from(*y) - expected).abs();
                    assert!(
                        error <= 3e-7 + 2e-7 * expected.abs(),
                        "{isa}, {activation:?}: {y} for {expected} at {x}, off by {error:e}"
                    );
                }
            }
        }
    }
}

#[test]
fn activations_keep_their_ends_and_what_is_not_a_number() {
    for (isa, kernels) in wide::all() {
        for activation in [Activation::Silu, Activation::GeluTanh, Activation::Gelu] {
            let mut y = [-1e4, -100.0, -0.0, 0.0, 100.0, 1e4, f32::NAN];
            // SAFETY: the table belongs to this processor.
            unsafe { (kernels.activate)(activation, &mut y) };
            assert!(
                y[..4].iter().all(|y| y.abs() < 1e-30),
                "{isa}, {activation:?}: nothing is left below, {y:?}"
            );
            assert_eq!(y[4..6], [100.0, 1e4], "{isa}, {activation:?}: above it stays what it is");
            assert!(y[6].is_nan(), "{isa}, {activation:?}: {y:?}");
        }
    }
}

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
fn layer_norms_agree_with_f64_on_every_remainder() {
    let mut numbers = Numbers(3);
    for (rows, width) in [(1, 1), (3, 17), (5, 48), (70, 1031)] {
        // Far from zero, so that a variance by the difference of two sums would lose its digits.
        let x: Vec<f32> = numbers.take(rows * width).iter().map(|x| x + 20.0).collect();
        let (weight, bias) = (numbers.take(width), numbers.take(width));
        for (isa, kernels) in wide::all() {
            let mut y = vec![f32::NAN; x.len()];
            layer_norm_with(kernels, &x, Affine { weight: &weight, bias: &bias }, 1e-6, &mut y);
            for (x, y) in x.chunks(width).zip(y.chunks(width)) {
                let mean = x.iter().map(|x| f64::from(*x)).sum::<f64>() / width as f64;
                let squares: f64 = x.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum();
                let size = (squares / width as f64 + 1e-6).sqrt();
                for (i, (x, y)) in x.iter().zip(y).enumerate() {
                    let expected = (f64::from(*x) - mean) / size * f64::from(weight[i]) + f64::from(bias[i]);
                    let error = (f64::from(*y) - expected).abs();
                    assert!(error < 1e-5, "{isa}, {width}: {y} for {expected}");
                }
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
    rope(&mut after, heads * head_dim, heads, head_dim, &cos, &sin);
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

#[test]
fn only_the_first_heads_of_a_wider_token_are_turned() {
    let (tokens, heads, head_dim, stride) = (5, 2, 6, 20);
    let mut numbers = Numbers(4);
    let before = numbers.take(tokens * stride);
    let (cos, sin) = (numbers.take(tokens * head_dim / 2), numbers.take(tokens * head_dim / 2));
    let mut alone: Vec<f32> =
        before.chunks(stride).flat_map(|token| token[..heads * head_dim].to_vec()).collect();
    rope(&mut alone, heads * head_dim, heads, head_dim, &cos, &sin);
    let mut wide = before.clone();
    rope(&mut wide, stride, heads, head_dim, &cos, &sin);
    for ((wide, alone), before) in
        wide.chunks(stride).zip(alone.chunks(heads * head_dim)).zip(before.chunks(stride))
    {
        let (turned, rest) = wide.split_at(heads * head_dim);
        assert_eq!(turned, alone, "turned as if nothing stood behind them");
        assert_eq!(rest, &before[heads * head_dim..], "what stands behind them stays");
    }
}
