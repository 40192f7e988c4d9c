//! The block on processors: by the kernels, in buffers that all blocks of a call share.
//!
//! Products add their biases, apply the GELU and add to the hidden states themselves; attention reads queries, keys and
//! values where their product has left them. Nothing is copied between the two.

use std::ops::Range;

use candle_core::{Device, Result, Tensor};
use saring_kernels::{Queries, Segment, Strided, Then, attend, rope};

use super::block::{Block, Rotation};
use crate::layers::{Activation, numbers};

/// So many patches go through the two products at once: more would take more memory, and be no faster.
const PATCHES_IN_CACHE: usize = 1024;

/// What the blocks compute in; made as large as it must be by the first of them.
pub(super) struct Buffers {
    /// The hidden states, `[N, H]`.
    x: Vec<f32>,
    hidden_size: usize,
    /// What is multiplied next: `[N, H]`, first their norm, then what was attended.
    input: Vec<f32>,
    /// Queries, keys and values: `[N, 3H]` by one product, `[3, N, H]` by three.
    projected: Vec<f32>,
    /// Between the last two products, of [`PATCHES_IN_CACHE`].
    inner: Vec<f32>,
    /// Of each segment which patches each of its patches sees, and keys and values of the block at hand.
    seen: Vec<Vec<Range<u32>>>,
    own: Vec<Segment>,
    rotation: Option<(Vec<f32>, Vec<f32>)>,
}

impl Buffers {
    /// `x` is `[N, H]`; `segments` are the lengths of what sees itself, N together.
    ///
    /// # Errors
    /// Tensors that are not on the processor in single precision.
    pub fn new(x: &Tensor, segments: &[usize], rotation: Option<&Rotation>) -> Result<Self> {
        let (_, hidden_size) = x.dims2()?;
        let plain = |t: &Tensor| numbers(&t.contiguous()?, <[f32]>::to_vec);
        Ok(Self {
            x: plain(x)?,
            hidden_size,
            input: Vec::new(),
            projected: Vec::new(),
            inner: Vec::new(),
            seen: segments.iter().map(|length| vec![0..*length as u32; *length]).collect(),
            own: Vec::new(),
            rotation: rotation
                .map(|(cos, sin)| Ok::<_, candle_core::Error>((plain(cos)?, plain(sin)?)))
                .transpose()?,
        })
    }

    /// The hidden states, `[N, H]`.
    ///
    /// # Errors
    /// Those of the device.
    pub fn tensor(&self) -> Result<Tensor> {
        Tensor::from_slice(&self.x, (self.x.len() / self.hidden_size, self.hidden_size), &Device::Cpu)
    }
}

impl Block {
    /// Computes the next hidden states.
    ///
    /// # Errors
    /// Weights that are not packed for the processor.
    pub(super) fn forward_packed(&self, buffers: &mut Buffers) -> Result<()> {
        self.attend_packed(buffers)?;
        let Buffers { x, hidden_size, input, inner, .. } = buffers;
        let at_once = PATCHES_IN_CACHE * *hidden_size;
        for (x, input) in x.chunks_mut(at_once).zip(input.chunks_mut(at_once)) {
            self.mlp_norm.normalize(x, input)?;
            inner.resize(x.len() / *hidden_size * self.up.outputs(), 0.0);
            self.up.multiply(input, Then::Activate(Activation::GeluTanh.of_kernels()), inner)?;
            self.down.multiply(inner, Then::Add, x)?;
        }
        Ok(())
    }

    fn attend_packed(&self, buffers: &mut Buffers) -> Result<()> {
        let Buffers { x, hidden_size: h, input, projected, seen, own, rotation, .. } = buffers;
        let (h, heads, d) = (*h, self.heads, *h / self.heads);
        let n = x.len() / h;
        // 1. Queries, keys and values: side by side, or one after the other.
        input.resize(n * h, 0.0);
        self.attention_norm.normalize(x, input)?;
        projected.resize(3 * n * h, 0.0);
        let products = self.projections.len();
        for (projection, part) in
            self.projections.iter().zip(projected.chunks_exact_mut(3 * n * h / products))
        {
            projection.multiply(input, Then::Write, part)?;
        }
        let (stride, apart) = if products == 1 { (3 * h, h) } else { (h, n * h) };
        // 2. Queries and keys are turned.
        if let Some((cos, sin)) = rotation {
            let (turned, parts) = if products == 1 { (2 * heads, 1) } else { (heads, 2) };
            for part in projected.chunks_exact_mut(3 * n * h / products).take(parts) {
                rope(part, stride, turned, d, cos, sin);
            }
        }
        // 3. Each segment by itself.
        own.resize_with(seen.len(), || Segment::new(heads, d));
        let part =
            |i: usize, first: usize| Strided { numbers: &projected[i * apart + first * stride..], stride };
        let mut rows = Vec::with_capacity(seen.len());
        let mut first = 0;
        for (own, seen) in own.iter_mut().zip(&*seen) {
            own.clear();
            own.push_strided(part(1, first), part(2, first), seen.len());
            rows.push(Queries { first, own, seen });
            first += seen.len();
        }
        let scale = (d as f64).powf(-0.5) as f32;
        attend(part(0, 0), heads, d, scale, None, &rows, input);
        // 4. Back into the hidden states.
        self.output.multiply(input, Then::Add, x)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use saring_kernels::Matrix;

    use super::{super::block::Hidden, *};
    use crate::layers::{Computing, LayerNorm, Linear};

    const HIDDEN: usize = 60;
    const INNER: usize = 100;

    fn random(shape: &[usize]) -> Tensor {
        Tensor::randn(0f32, 0.3, shape, &Device::Cpu).unwrap()
    }

    /// The same block, computed by both.
    fn both(products: usize) -> [(Computing, Block); 2] {
        let weight = |out: usize, inputs: usize| (random(&[out, inputs]), random(&[out]));
        let norms = [(random(&[HIDDEN]), random(&[HIDDEN])), (random(&[HIDDEN]), random(&[HIDDEN]))];
        let projections: Vec<_> = (0..products).map(|_| weight(3 * HIDDEN / products, HIDDEN)).collect();
        let (output, up, down) = (weight(HIDDEN, HIDDEN), weight(INNER, HIDDEN), weight(HIDDEN, INNER));
        [Computing::Kernels, Computing::Tensors].map(|computing| {
            let linear = |(weight, bias): &(Tensor, Tensor)| match computing {
                Computing::Tensors => Linear::dense(weight.clone(), Some(bias.clone())).unwrap(),
                Computing::Kernels => {
                    let (out, inputs) = weight.dims2().unwrap();
                    let packed = numbers(weight, |w| Matrix::f32(out, inputs, w)).unwrap().unwrap();
                    Linear::packed(Arc::new(packed), Some(bias.clone()))
                }
            };
            let norm = |i: usize| LayerNorm::new(norms[i].0.clone(), norms[i].1.clone(), 1e-6, computing);
            let block = Block {
                attention_norm: norm(0),
                mlp_norm: norm(1),
                projections: projections.iter().map(linear).collect(),
                output: linear(&output),
                up: linear(&up),
                down: linear(&down),
                heads: 3,
            };
            (computing, block)
        })
    }

    #[test]
    fn the_kernels_compute_blocks_as_the_tensor_operations_do() {
        for (products, turned) in [(1, true), (3, true), (3, false)] {
            let x = random(&[37, HIDDEN]);
            let angles = random(&[37, 10]);
            let rotation = || turned.then(|| (angles.cos().unwrap(), angles.sin().unwrap()));
            let [found, expected] = both(products).map(|(computing, block)| {
                let mut hidden = Hidden::new(x.clone(), vec![20, 17], rotation(), computing).unwrap();
                // Twice, so that what the first has left in the buffers is noticed.
                block.forward(&mut hidden).unwrap();
                block.forward(&mut hidden).unwrap();
                hidden.tensor().unwrap()
            });
            let difference = (&found - &expected).unwrap().abs().unwrap().flatten_all().unwrap();
            let worst: f32 = difference.max(0).unwrap().to_scalar().unwrap();
            assert!(worst <= 5e-5, "{products} products, turned {turned}: the two differ by {worst:e}");
        }
    }
}
