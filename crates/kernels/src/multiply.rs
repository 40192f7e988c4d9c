//! Products of packed weights with the tokens of a batch, and what becomes of them: see [`crate::task`] for how they are
//! computed.

#![allow(unsafe_code, reason = "threads write disjoint columns of one output")]

use crate::{
    Isa, Matrix,
    activations::{Activations, Format},
    exponential::Activation,
    isa::Kernels,
    line::PANEL,
    matrix::Storage,
    task::{Output, Task, for_each_task},
};

impl Matrix {
    /// `y = x W^T` for rows `x` of `inputs` numbers; `y` has as many rows of `outputs` numbers.
    ///
    /// int8 rounds activations to 8 bits with an f32 scale for each group of 32 (what is below 1e-36 is zero there);
    /// bf16 rounds them to bf16 where the processor multiplies bf16 and takes subnormal numbers as zero. All else is f32.
    /// What is not a number stays so.
    ///
    /// # Panics
    /// If `x` or `y` are not whole rows, or not as many.
    pub fn multiply(&self, x: &[f32], y: &mut [f32]) {
        product(Isa::best().kernels(), self, x, Epilogue::default(), y);
    }

    /// The same, and what becomes of it while it is still in the caches.
    ///
    /// # Panics
    /// If `x` or `y` are not whole rows, or not as many, or the bias is not as long as a row of `y`.
    pub fn multiply_then(&self, x: &[f32], epilogue: Epilogue<'_>, y: &mut [f32]) {
        product(Isa::best().kernels(), self, x, epilogue, y);
    }
}

/// What becomes of a product on its way to the output.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
    /// Added to each row.
    pub bias: Option<&'a [f32]>,
    /// What then.
    pub then: Then,
}

/// What is done with a product and its bias.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// It takes the place of what was there.
    #[default]
    Write,
    /// It is added to what was there.
    Add,
    /// What this makes of it takes the place of what was there.
    Activate(Activation),
}

/// `y = gate(x G^T) * (x U^T)`: the first half of a feed-forward block, without its wide intermediate in memory.
///
/// # Panics
/// If the matrices differ in shape, or `x` or `y` are not whole rows, or not as many.
pub fn multiply_gated(gate: &Matrix, up: &Matrix, activation: Activation, x: &[f32], y: &mut [f32]) {
    product_gated(Isa::best().kernels(), gate, up, activation, x, y);
}

pub(crate) fn product(
    kernels: &Kernels,
    matrix: &Matrix,
    x: &[f32],
    Epilogue { bias, then }: Epilogue<'_>,
    y: &mut [f32],
) {
    check(matrix, x, y);
    assert!(bias.is_none_or(|bias| bias.len() == matrix.outputs()), "a bias for each output");
    let activations = Activations::pack(kernels, format_of(kernels, matrix), x, matrix.inputs());
    let out = Output { start: y.as_mut_ptr(), stride: matrix.outputs() };
    for_each_task(kernels, matrix, &activations, |scratch, panels, blocks| {
        let add = then == Then::Add;
        let task =
            Task { kernels, matrix, activations: &activations, panels, blocks, add: add || bias.is_some() };
        // SAFETY: `y` has a row for each of the activations, and tasks have disjoint columns or rows.
        unsafe {
            let to = out.at(task.first_row(), task.panels.start * PANEL);
            if let Some(bias) = bias {
                let bias = &bias[task.panels.start * PANEL..][..task.columns()];
                task.each_row(to, out.stride, |y| begin(y, bias, add));
            }
            task.run(scratch, to, out.stride);
            if let Then::Activate(activation) = then {
                task.each_row(to, out.stride, |y| (kernels.activate)(activation, y));
            }
        }
    });
}

/// What a row's products are added to.
fn begin(y: &mut [f32], bias: &[f32], add: bool) {
    if add {
        y.iter_mut().zip(bias).for_each(|(y, bias)| *y += bias);
    } else {
        y.copy_from_slice(bias);
    }
}

pub(crate) fn product_gated(
    kernels: &Kernels,
    gate: &Matrix,
    up: &Matrix,
    activation: Activation,
    x: &[f32],
    y: &mut [f32],
) {
    check(up, x, y);
    assert_eq!(
        (gate.outputs(), gate.inputs()),
        (up.outputs(), up.inputs()),
        "a gate has the shape of what it gates"
    );
    let for_up = Activations::pack(kernels, format_of(kernels, up), x, up.inputs());
    let own = (format_of(kernels, gate) != for_up.format)
        .then(|| Activations::pack(kernels, format_of(kernels, gate), x, up.inputs()));
    let for_gate = own.as_ref().unwrap_or(&for_up);
    let out = Output { start: y.as_mut_ptr(), stride: up.outputs() };
    for_each_task(kernels, up, &for_up, |scratch, panels, blocks| {
        let task = |matrix, activations| Task {
            kernels,
            matrix,
            activations,
            panels: panels.clone(),
            blocks: blocks.clone(),
            add: false,
        };
        let (up, gate) = (task(up, &for_up), task(gate, for_gate));
        let columns = up.columns();
        let mut gates = std::mem::take(&mut scratch.gates);
        gates.resize(up.rows() * columns, 0.0);
        // SAFETY: `gates` has a row of `columns` for each row of the task, as long as those of `y`; for `y` see `product`. Its
        // rows are written before they are borrowed, and no other task borrows these columns of them.
        unsafe {
            let to = out.at(up.first_row(), panels.start * PANEL);
            gate.run(scratch, gates.as_mut_ptr(), columns);
            up.run(scratch, to, out.stride);
            let mut gates = gates.chunks_exact(columns);
            up.each_row(to, out.stride, |y| {
                (kernels.gated)(activation, gates.next().expect("a row of gates for each of `y`"), y);
            });
        }
        scratch.gates = gates;
    });
}

fn check(matrix: &Matrix, x: &[f32], y: &[f32]) {
    let (outputs, inputs) = (matrix.outputs(), matrix.inputs());
    let rows = x.len().checked_div(inputs).unwrap_or(0);
    assert_eq!(x.len(), rows * inputs, "activations are whole rows of {inputs}");
    assert_eq!(Some(y.len()), rows.checked_mul(outputs), "{rows} rows of {outputs} outputs");
}

/// What the activations must be for a matrix.
fn format_of(kernels: &Kernels, matrix: &Matrix) -> Format {
    match matrix.storage() {
        Storage::Int8 { .. } => Format::Int8,
        Storage::Bf16(_) if kernels.bf16.is_some() => Format::Bf16,
        Storage::F32(_) | Storage::Bf16(_) | Storage::F16(_) | Storage::Rows(_) => Format::F32,
    }
}
