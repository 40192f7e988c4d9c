//! Products of every instruction set against sums in f64 and against the portable one.

use std::sync::Arc;

use half::{bf16, f16};

use crate::{
    Activation, Epilogue, Isa, Matrix, Rows, ShapeError, Then,
    isa::Kernels,
    multiply::{product, product_gated},
    tests::{Numbers, rows::activated, wide},
};

/// Shapes with every kind of remainder: rows, outputs, inputs.
const SHAPES: [(usize, usize, usize); 13] = [
    (1, 1, 1),
    (1, 16, 64),
    (2, 33, 127),
    (3, 5, 255),
    (4, 48, 256),
    (5, 31, 257),
    (6, 17, 300),
    (7, 100, 511),
    (8, 64, 513),
    (13, 40, 640),
    (100, 200, 97),
    (250, 144, 1031),
    (9, 40, 1700),
];

#[derive(Debug)]
struct Plain {
    inputs: usize,
    numbers: Vec<f32>,
}

impl Rows for Plain {
    fn read(&self, row: usize, out: &mut [f32]) {
        out.copy_from_slice(&self.numbers[row * self.inputs..][..self.inputs]);
    }
    fn bytes(&self) -> usize {
        self.numbers.len() * 4
    }
}

fn rows_of(matrix: &Matrix) -> Vec<Vec<f32>> {
    let row = |index| {
        let mut row = vec![0.0; matrix.inputs()];
        matrix.row(index, &mut row);
        row
    };
    (0..matrix.outputs()).map(row).collect()
}

/// In f64, from the weights as the matrix holds them; and the sum of magnitudes, which bounds what rounding can do.
fn reference(matrix: &Matrix, x: &[f32]) -> Vec<(f64, f64)> {
    let weights = rows_of(matrix);
    let dot = |x: &[f32], w: &[f32]| {
        let terms = x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w));
        terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()))
    };
    x.chunks_exact(matrix.inputs()).flat_map(|x| weights.iter().map(move |w| dot(x, w))).collect()
}

fn multiplied(kernels: &Kernels, matrix: &Matrix, x: &[f32]) -> Vec<f32> {
    let mut y = vec![f32::NAN; x.len() / matrix.inputs() * matrix.outputs()];
    product(kernels, matrix, x, Epilogue::default(), &mut y);
    y
}

fn as_bf16(numbers: &[f32]) -> Vec<bf16> {
    numbers.iter().copied().map(bf16::from_f32).collect()
}

fn as_f16(numbers: &[f32]) -> Vec<f16> {
    numbers.iter().copied().map(f16::from_f32).collect()
}

fn float_matrices(outputs: usize, inputs: usize, w: &[f32]) -> Vec<(&'static str, Matrix)> {
    let rows = Arc::new(Plain { inputs, numbers: w.to_vec() });
    vec![
        ("f32", Matrix::f32(outputs, inputs, w).unwrap()),
        ("bf16", Matrix::bf16(outputs, inputs, &as_bf16(w)).unwrap()),
        ("f16", Matrix::f16(outputs, inputs, &as_f16(w)).unwrap()),
        ("rows", Matrix::unpacked_on_use(outputs, inputs, rows)),
    ]
}

/// The error allowed, relative to the sum of magnitudes: rounding of sums, and of activations where they are rounded.
fn tolerance(kernels: &Kernels, kind: &str) -> f64 {
    let rounds = kind == "bf16" && kernels.bf16.is_some();
    if rounds { 1.0 / 256.0 } else { 4e-6 }
}

#[test]
fn float_products_agree_with_f64_on_every_remainder() {
    let mut numbers = Numbers(1);
    for (rows, outputs, inputs) in SHAPES {
        let (w, x) = (numbers.take(outputs * inputs), numbers.take(rows * inputs));
        for (kind, matrix) in float_matrices(outputs, inputs, &w) {
            let expected = reference(&matrix, &x);
            for (isa, kernels) in wide::all() {
                for (got, (sum, size)) in multiplied(kernels, &matrix, &x).iter().zip(&expected) {
                    let error = (f64::from(*got) - sum).abs();
                    assert!(
                        error <= tolerance(kernels, kind) * size,
                        "{isa}, {kind}, {rows} x {inputs} x {outputs}: {got} is {error} off {sum}"
                    );
                }
            }
        }
    }
}

/// What rounding activations by half a step can do to a product.
fn half_steps(x: &[f32], w: &[f32]) -> f64 {
    let size = |numbers: &[f32]| numbers.iter().map(|number| f64::from(number.abs())).sum::<f64>();
    let of_group = |(x, w): (&[f32], &[f32])| {
        f64::from(x.iter().fold(0.0f32, |largest, x| largest.max(x.abs()))) / 254.0 * size(w)
    };
    x.chunks(32).zip(w.chunks(32)).map(of_group).sum()
}

#[test]
fn int8_products_are_the_same_on_every_instruction_set() {
    let mut numbers = Numbers(2);
    for (rows, outputs, inputs) in SHAPES {
        let inputs = inputs.next_multiple_of(32);
        let (w, mut x) = (numbers.take(outputs * inputs), numbers.take(rows * inputs));
        // An outlier channel, and a group of zeros.
        for row in x.chunks_exact_mut(inputs) {
            row[5] *= 1000.0;
            row[inputs - 32..].fill(0.0);
        }
        let matrix = Matrix::int8_from_f32(outputs, inputs, &w).unwrap();
        let (expected, weights) = (reference(&matrix, &x), rows_of(&matrix));
        let portable = multiplied(Isa::Portable.kernels(), &matrix, &x);
        for (isa, kernels) in wide::all() {
            let got = multiplied(kernels, &matrix, &x);
            for (i, (got, portable)) in got.iter().zip(&portable).enumerate() {
                // Integer sums are exact everywhere; what differs is how f32 sums of groups are rounded.
                let size = expected[i].1 as f32;
                assert!((got - portable).abs() <= 2e-6 * size, "{isa}: {got}, portable {portable}");
                let error = (f64::from(*got) - expected[i].0).abs();
                let bound = half_steps(&x[i / outputs * inputs..][..inputs], &weights[i % outputs]);
                assert!(error <= 1.001 * bound, "{isa}: {got} is {error} off {}", expected[i].0);
            }
        }
    }
}

#[test]
fn an_outlier_channel_costs_only_its_own_group() {
    let (outputs, inputs) = (16, 1024);
    let mut numbers = Numbers(3);
    let (w, mut x) = (numbers.take(outputs * inputs), numbers.take(inputs));
    let matrix = Matrix::int8_from_f32(outputs, inputs, &w).unwrap();
    let error = |x: &[f32]| {
        let expected = reference(&matrix, x);
        let got = multiplied(Isa::best().kernels(), &matrix, x);
        let squares = got.iter().zip(expected).map(|(y, (sum, _))| (f64::from(*y) - sum).powi(2));
        (squares.sum::<f64>() / outputs as f64).sqrt()
    };
    let plain = error(&x);
    x[100] = 300.0;
    // One scale for the row would make the step 300 times as large, and the error with it.
    let one_group = error(&x);
    assert!(one_group < 80.0 * plain, "error {plain} became {one_group}");
}

#[test]
fn the_largest_codes_do_not_overflow() {
    let inputs = 12_288;
    for sign in [1.0, -1.0] {
        let matrix = Matrix::int8_from_f32(1, inputs, &vec![sign * 127.0; inputs]).unwrap();
        for (isa, kernels) in wide::all() {
            let got = multiplied(kernels, &matrix, &vec![-127.0; inputs]);
            let expected = -sign * 127.0 * 127.0 * inputs as f32;
            assert!((got[0] - expected).abs() <= 1e-5 * expected.abs(), "{isa}: {} for {expected}", got[0]);
        }
    }
}

#[test]
fn q8_0_blocks_are_taken_as_they_are() {
    let (outputs, inputs) = (19, 64);
    let mut numbers = Numbers(4);
    let mut blocks = Vec::new();
    let mut expected = Vec::new();
    for _ in 0..outputs * inputs / 32 {
        let scale = f16::from_f32(numbers.next().abs() / 100.0);
        blocks.extend(scale.to_le_bytes());
        for _ in 0..32 {
            let code = (numbers.next() * 128.0) as i8;
            blocks.push(code.cast_unsigned());
            expected.push(f32::from(code) * scale.to_f32());
        }
    }
    let matrix = Matrix::int8_from_q8_0(outputs, inputs, &blocks).unwrap();
    assert_eq!(rows_of(&matrix).concat(), expected, "codes and scales come back unchanged");
    let x = numbers.take(7 * inputs);
    for (got, portable) in multiplied(Isa::best().kernels(), &matrix, &x).iter().zip(multiplied(
        Isa::Portable.kernels(),
        &matrix,
        &x,
    )) {
        assert!((got - portable).abs() < 1e-4, "{got}, portable {portable}");
    }
}

#[test]
fn quantised_weights_are_within_half_a_step() {
    let (outputs, inputs) = (33, 96);
    let mut w = Numbers(5).take(outputs * inputs);
    // A row with subnormal scales, one of zeros.
    w[..inputs].iter_mut().for_each(|w| *w *= 1e-5);
    w[inputs..2 * inputs].fill(0.0);
    let kinds = [
        ("f32", Matrix::int8_from_f32(outputs, inputs, &w).unwrap(), w.clone()),
        ("bf16", Matrix::int8_from_bf16(outputs, inputs, &as_bf16(&w)).unwrap(), {
            as_bf16(&w).into_iter().map(bf16::to_f32).collect()
        }),
        ("f16", Matrix::int8_from_f16(outputs, inputs, &as_f16(&w)).unwrap(), {
            as_f16(&w).into_iter().map(f16::to_f32).collect()
        }),
    ];
    for (kind, matrix, w) in kinds {
        for (got, w) in rows_of(&matrix).concat().chunks(32).zip(w.chunks(32)) {
            let largest = w.iter().fold(0.0f32, |largest, w| largest.max(w.abs()));
            // The two smallest f16 scales.
            let step = f16::from_f32(largest / 127.0).to_f32().max(1.2e-7);
            for (got, w) in got.iter().zip(w) {
                // Half a step, and what the largest code falls short by where the scale was rounded down.
                assert!((got - w).abs() <= 0.5005 * step + largest / 2000.0, "{kind}: {got} for {w}");
            }
        }
    }
}

#[test]
fn what_is_not_a_number_stays_so() {
    let (outputs, inputs) = (17, 64);
    let w = Numbers(6).take(outputs * inputs);
    let mut matrices = float_matrices(outputs, inputs, &w);
    matrices.push(("int8", Matrix::int8_from_f32(outputs, inputs, &w).unwrap()));
    for (kind, matrix) in matrices {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut x = Numbers(7).take(3 * inputs);
            x[inputs + 40] = bad;
            for (isa, kernels) in wide::all() {
                let y = multiplied(kernels, &matrix, &x);
                let finite: Vec<bool> = y.chunks(outputs).map(|y| y.iter().all(|y| y.is_finite())).collect();
                assert_eq!(finite, [true, false, true], "{isa}, {kind}: only the row with {bad} is spoilt");
                assert!(y[outputs..2 * outputs].iter().all(|y| !y.is_finite()), "{isa}, {kind}: all of it");
            }
        }
    }
}

#[test]
fn adding_and_gating_are_what_they_say() {
    let (rows, outputs, inputs) = (250, 75, 96);
    let mut numbers = Numbers(8);
    let (w, u, x) =
        (numbers.take(outputs * inputs), numbers.take(outputs * inputs), numbers.take(rows * inputs));
    let kinds = float_matrices(outputs, inputs, &w).into_iter().zip(float_matrices(outputs, inputs, &u));
    let int8 = |w: &[f32]| ("int8", Matrix::int8_from_f32(outputs, inputs, w).unwrap());
    let mixed = (int8(&w), float_matrices(outputs, inputs, &u).remove(1));
    for ((kind, gate), (_, up)) in kinds.chain([(int8(&w), int8(&u)), mixed]) {
        for (isa, kernels) in wide::all() {
            let (g, u) = (multiplied(kernels, &gate, &x), multiplied(kernels, &up, &x));
            let mut sum = g.clone();
            product(kernels, &up, &x, Epilogue { bias: None, then: Then::Add }, &mut sum);
            for ((sum, g), u) in sum.iter().zip(&g).zip(&u) {
                assert!((sum - (g + u)).abs() < 1e-4, "{isa}, {kind}: {sum} for {g} + {u}");
            }
            for activation in [Activation::Silu, Activation::GeluTanh, Activation::Gelu] {
                let mut y = vec![f32::NAN; rows * outputs];
                product_gated(kernels, &gate, &up, activation, &x, &mut y);
                for ((y, g), u) in y.iter().zip(&g).zip(&u) {
                    let expected = activated(activation, f64::from(*g)) * f64::from(*u);
                    let error = (f64::from(*y) - expected).abs();
                    assert!(
                        error <= 3e-6 * (expected.abs() + 1.0),
                        "{isa}, {activation:?}: {y} for {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_bias_and_an_activation_are_what_they_are_by_themselves() {
    let mut numbers = Numbers(10);
    for (rows, outputs, inputs) in [(1, 1, 32), (3, 33, 64), (7, 160, 416), (250, 75, 96)] {
        let (w, x) = (numbers.take(outputs * inputs), numbers.take(rows * inputs));
        let (bias, before) = (numbers.take(outputs), numbers.take(rows * outputs));
        let mut matrices = float_matrices(outputs, inputs, &w);
        matrices.push(("int8", Matrix::int8_from_f32(outputs, inputs, &w).unwrap()));
        for (kind, matrix) in matrices {
            for (isa, kernels) in wide::all() {
                let plain = multiplied(kernels, &matrix, &x);
                for (bias, then) in [
                    (Some(&bias), Then::Write),
                    (Some(&bias), Then::Add),
                    (Some(&bias), Then::Activate(Activation::GeluTanh)),
                    (None, Then::Activate(Activation::Gelu)),
                ] {
                    let mut y = before.clone();
                    let epilogue = Epilogue { bias: bias.map(Vec::as_slice), then };
                    product(kernels, &matrix, &x, epilogue, &mut y);
                    for (i, y) in y.iter().enumerate() {
                        let sum = f64::from(plain[i]) + bias.map_or(0.0, |b| f64::from(b[i % outputs]));
                        let expected = match then {
                            Then::Write => sum,
                            Then::Add => sum + f64::from(before[i]),
                            Then::Activate(activation) => activated(activation, sum),
                        };
                        let error = (f64::from(*y) - expected).abs();
                        assert!(error < 1e-5, "{isa}, {kind}, {then:?}: {y} for {expected}");
                    }
                }
            }
        }
    }
}

#[test]
fn rows_come_back_as_they_were_packed() {
    let (outputs, inputs) = (35, 129);
    let w = Numbers(9).take(outputs * inputs);
    let as_stored: Vec<Vec<f32>> = vec![
        w.clone(),
        as_bf16(&w).into_iter().map(bf16::to_f32).collect(),
        as_f16(&w).into_iter().map(f16::to_f32).collect(),
        w.clone(),
    ];
    for ((kind, matrix), stored) in float_matrices(outputs, inputs, &w).into_iter().zip(as_stored) {
        assert_eq!(rows_of(&matrix).concat(), stored, "{kind}");
    }
}

#[test]
fn no_rows_and_no_outputs_are_no_work() {
    let matrix = Matrix::f32(4, 8, &[1.0; 32]).unwrap();
    let mut nothing = [];
    matrix.multiply(&[], &mut nothing);
    let empty = Matrix::bf16(0, 8, &[]).unwrap();
    empty.multiply(&[1.0; 16], &mut nothing);
    assert_eq!(empty.bytes(), 0, "nothing is held for nothing");
}

#[test]
fn wrong_shapes_are_told() {
    let short = Matrix::f32(2, 3, &[0.0; 5]).unwrap_err();
    assert_eq!(short.to_string(), "2 x 3 weights need 6 numbers, and 5 are there");
    assert_eq!(Matrix::int8_from_f32(1, 48, &[0.0; 48]).unwrap_err(), ShapeError::Groups(48));
    let blocks = Matrix::int8_from_q8_0(1, 32, &[0; 33]).unwrap_err();
    assert_eq!(blocks.to_string(), "1 x 32 weights need 34 bytes of Q8_0, and 33 are there");
}
