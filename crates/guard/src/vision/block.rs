//! The block that both towers are made of: norm, attention, norm, two products with a GELU between them.
//!
//! N is patches of all images together, H hidden size, D head size. What a patch sees is its own *segment*. Here is what
//! loads it and how tensor operations compute it; how the processor's kernels do is in [`super::packed`].

use candle_core::{DType, Result, Tensor};
use saring_verdict::EngineError;

use super::{
    attention::{SCORES_BYTES_MAX, attend},
    packed::Buffers,
};
use crate::{
    checkpoint::TensorSpec,
    layers::{Activation, Computing, LayerNorm, Linear, Loader},
};

/// So many patches go through the two products at once: their inner size is four times the hidden size.
pub(super) const PATCHES_AT_ONCE: usize = 8192;

/// Where a block's tensors are: names below the block, without `.weight` and `.bias`.
pub(super) struct BlockNames {
    pub attention_norm: &'static str,
    pub mlp_norm: &'static str,
    /// Queries, keys and values: one product for all three, or one for each.
    pub projections: &'static [&'static str],
    pub output: &'static str,
    pub up: &'static str,
    pub down: &'static str,
}

/// The numbers that shape a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockShape {
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub heads: usize,
    pub norm_eps: f64,
}

#[derive(Debug)]
pub(super) struct Block {
    pub attention_norm: LayerNorm,
    pub mlp_norm: LayerNorm,
    pub projections: Vec<Linear>,
    pub output: Linear,
    pub up: Linear,
    pub down: Linear,
    pub heads: usize,
}

/// Cosines and sines `[N, D / 2]` in single precision.
pub(super) type Rotation = (Tensor, Tensor);

/// The hidden states `[N, H]` of a call on their way through the blocks, and what all blocks are told.
pub(super) enum Hidden {
    Tensors {
        x: Tensor,
        /// The lengths of what sees itself, N together.
        segments: Vec<usize>,
        rotation: Option<Rotation>,
    },
    Kernels(Buffers),
}

impl Hidden {
    /// `x` is what the first block is given; `segments` are the lengths of what sees itself, N together.
    ///
    /// # Errors
    /// Numbers that are not what `computing` computes with.
    pub fn new(
        x: Tensor,
        segments: Vec<usize>,
        rotation: Option<Rotation>,
        computing: Computing,
    ) -> Result<Self> {
        match computing {
            Computing::Kernels => Buffers::new(&x, &segments, rotation.as_ref()).map(Self::Kernels),
            Computing::Tensors => Ok(Self::Tensors { x, segments, rotation }),
        }
    }

    /// What the last block has left, `[N, H]`.
    ///
    /// # Errors
    /// Those of the device.
    pub fn tensor(&self) -> Result<Tensor> {
        match self {
            Self::Tensors { x, .. } => Ok(x.clone()),
            Self::Kernels(buffers) => buffers.tensor(),
        }
    }
}

impl BlockNames {
    /// The tensors of the block at `at`.
    pub fn tensors(&self, at: &str, shape: BlockShape) -> Vec<TensorSpec> {
        let (h, inner) = (shape.hidden_size, shape.intermediate_size);
        let projected = 3 * h / self.projections.len();
        let mut specs = Vec::new();
        let mut both = |name: &str, dims: &[usize]| {
            specs.push(TensorSpec { name: format!("{at}.{name}.weight"), shape: dims.to_vec() });
            specs.push(TensorSpec { name: format!("{at}.{name}.bias"), shape: vec![dims[0]] });
        };
        both(self.attention_norm, &[h]);
        both(self.mlp_norm, &[h]);
        for projection in self.projections {
            both(projection, &[projected, h]);
        }
        both(self.output, &[h, h]);
        both(self.up, &[inner, h]);
        both(self.down, &[h, inner]);
        specs
    }

    /// Loads the block at `at`.
    ///
    /// # Errors
    /// Those of the loader.
    pub fn load(
        &self,
        loader: &mut Loader<'_>,
        at: &str,
        shape: BlockShape,
    ) -> std::result::Result<Block, EngineError> {
        let mut norm = |name: &str| layer_norm(loader, &format!("{at}.{name}"), shape.norm_eps);
        let (attention_norm, mlp_norm) = (norm(self.attention_norm)?, norm(self.mlp_norm)?);
        let mut linear = |name: &str| loader.linear(&format!("{at}.{name}"));
        Ok(Block {
            attention_norm,
            mlp_norm,
            projections: self
                .projections
                .iter()
                .map(|name| linear(name))
                .collect::<std::result::Result<_, _>>()?,
            output: linear(self.output)?,
            up: linear(self.up)?,
            down: linear(self.down)?,
            heads: shape.heads,
        })
    }
}

impl Block {
    /// Computes the next hidden states.
    ///
    /// # Errors
    /// Those of the device.
    pub fn forward(&self, hidden: &mut Hidden) -> Result<()> {
        match hidden {
            Hidden::Tensors { x, segments, rotation } => {
                *x = self.forward_tensors(x, segments, rotation.as_ref())?;
                Ok(())
            }
            Hidden::Kernels(buffers) => self.forward_packed(buffers),
        }
    }

    fn forward_tensors(&self, x: &Tensor, segments: &[usize], rotation: Option<&Rotation>) -> Result<Tensor> {
        let x = (x + self.attend(&self.attention_norm.forward(x)?, segments, rotation)?)?;
        let n = x.dim(0)?;
        let mut parts = Vec::new();
        for start in (0..n).step_by(PATCHES_AT_ONCE) {
            let some = x.narrow(0, start, PATCHES_AT_ONCE.min(n - start))?;
            let inner = self.up.forward_activated(&self.mlp_norm.forward(&some)?, Activation::GeluTanh)?;
            parts.push((some + self.down.forward(&inner)?)?);
        }
        Tensor::cat(&parts, 0)
    }

    fn attend(&self, x: &Tensor, segments: &[usize], rotation: Option<&Rotation>) -> Result<Tensor> {
        let (n, h) = x.dims2()?;
        let d = h / self.heads;
        // 1. Queries, keys and values: [heads, N, D] each. Queries and keys are turned, and queries scaled, in single
        //    precision, as the reference does.
        let [q, k, v] = self.project(x)?;
        let (q, k) = (turn(&q, rotation)?, turn(&k, rotation)?);
        let q = (q * (d as f64).powf(-0.5))?.to_dtype(x.dtype())?;
        let k = k.to_dtype(x.dtype())?;
        // 2. Each segment by itself.
        let mut start = 0;
        let mut parts = Vec::new();
        for length in segments {
            let own = |t: &Tensor| t.narrow(1, start, *length);
            let (q, k, v) = (own(&q)?, own(&k)?, own(&v)?);
            parts.push(attend(&q, &k, &v, SCORES_BYTES_MAX)?.transpose(0, 1)?);
            start += length;
        }
        // 3. Back to [N, H].
        let y = Tensor::cat(&parts, 0)?.reshape((n, h))?;
        self.output.forward(&y)
    }

    fn project(&self, x: &Tensor) -> Result<[Tensor; 3]> {
        let (n, h) = x.dims2()?;
        let (heads, d) = (self.heads, h / self.heads);
        match self.projections.as_slice() {
            [all] => {
                let all = all.forward(x)?.reshape((n, 3, heads, d))?.permute((1, 2, 0, 3))?;
                Ok([all.get(0)?, all.get(1)?, all.get(2)?])
            }
            each => {
                let one = |i: usize| each[i].forward(x)?.reshape((n, heads, d))?.transpose(0, 1);
                Ok([one(0)?, one(1)?, one(2)?])
            }
        }
    }
}

/// Rotary positions, in single precision.
fn turn(x: &Tensor, rotation: Option<&Rotation>) -> Result<Tensor> {
    let x = x.to_dtype(DType::F32)?;
    match rotation {
        Some((cos, sin)) => candle_nn::rotary_emb::rope(&x.unsqueeze(0)?.contiguous()?, cos, sin)?.squeeze(0),
        None => Ok(x),
    }
}

/// The norm at `{name}.weight` and `{name}.bias`.
///
/// # Errors
/// Those of the loader.
pub(super) fn layer_norm(
    loader: &mut Loader<'_>,
    name: &str,
    eps: f64,
) -> std::result::Result<LayerNorm, EngineError> {
    let (weight, bias) = (loader.tensor(&format!("{name}.weight"))?, loader.tensor(&format!("{name}.bias"))?);
    Ok(LayerNorm::new(weight, bias, eps, loader.computing))
}
