//! Qwen3-VL's vision tower.
//!
//! Follows `Qwen3VLVisionModel` in `modeling_qwen3_vl.py` of transformers. In shape comments N is patches of all images,
//! H hidden size, M merged size (the patches that become one token, side by side), O the decoder's hidden size.

use candle_core::{DType, Device, Result, Tensor};
use saring_verdict::EngineError;

use super::{
    Qwen3VlVisionConfig,
    block::{Block, BlockNames, BlockShape, Hidden, Rotation, layer_norm},
    positions::{Surroundings, patches, rotation},
};
use crate::{
    checkpoint::TensorSpec,
    decoder::ImageFeatures,
    layers::{Activation, Computing, LayerNorm, Linear, Loader},
};

/// The reference has it as a constant.
const NORM_EPS: f64 = 1e-6;

const BLOCK: BlockNames = BlockNames {
    attention_norm: "norm1",
    mlp_norm: "norm2",
    projections: &["attn.qkv"],
    output: "attn.proj",
    up: "mlp.linear_fc1",
    down: "mlp.linear_fc2",
};

/// Makes one token of neighbouring patches.
#[derive(Debug)]
struct Merger {
    norm: LayerNorm,
    /// Whether patches are normalized side by side rather than each by itself.
    norm_after_merging: bool,
    inner: Linear,
    outer: Linear,
    merged_size: usize,
    /// Unlike in the blocks, the exact GELU.
    activation: Activation,
}

/// The tower with its weights on a device.
#[derive(Debug)]
pub(crate) struct Qwen3VlTower {
    config: Qwen3VlVisionConfig,
    patch_embed: Linear,
    /// `[side * side, H]`.
    positions: Tensor,
    blocks: Vec<Block>,
    merger: Merger,
    /// By the number of the block behind which each stands.
    deepstack: Vec<(usize, Merger)>,
    dtype: DType,
    device: Device,
    computing: Computing,
    /// False only in the test that proves that positions without interpolation are noticed.
    interpolated: bool,
}

impl Qwen3VlTower {
    /// The tensors that a checkpoint of this shape must hold.
    pub fn tensors(config: &Qwen3VlVisionConfig) -> Vec<TensorSpec> {
        let c = config;
        let spec = |name: &str, shape: &[usize]| TensorSpec {
            name: format!("visual.{name}"),
            shape: shape.to_vec(),
        };
        let patch = [c.hidden_size, c.in_channels, c.temporal_patch_size, c.patch_size, c.patch_size];
        let mut specs = vec![
            spec("patch_embed.proj.weight", &patch),
            spec("patch_embed.proj.bias", &[c.hidden_size]),
            spec("pos_embed.weight", &[c.num_position_embeddings, c.hidden_size]),
        ];
        for i in 0..c.depth {
            specs.extend(BLOCK.tensors(&format!("visual.blocks.{i}"), shape(c)));
        }
        let mut merger = |at: &str, normalized: usize| {
            for (name, dims) in [
                ("norm", &[normalized][..]),
                ("linear_fc1", &[c.merged_size(), c.merged_size()]),
                ("linear_fc2", &[c.out_hidden_size, c.merged_size()]),
            ] {
                specs.push(spec(&format!("{at}.{name}.weight"), dims));
                specs.push(spec(&format!("{at}.{name}.bias"), &dims[..1]));
            }
        };
        merger("merger", c.hidden_size);
        for i in 0..c.deepstack_visual_indexes.len() {
            merger(&format!("deepstack_merger_list.{i}"), c.merged_size());
        }
        specs
    }

    /// Copies the tower to the loader's device. The tensors have been checked.
    ///
    /// # Errors
    /// Those of the loader.
    pub fn load(
        config: Qwen3VlVisionConfig,
        loader: &mut Loader<'_>,
    ) -> std::result::Result<Self, EngineError> {
        // The kernel of the convolution is as large as its stride: it is one product with the flattened patch.
        let patch_embed = loader.convolution("visual.patch_embed.proj")?;
        let blocks = (0..config.depth)
            .map(|i| BLOCK.load(loader, &format!("visual.blocks.{i}"), shape(&config)))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let merger = Merger::load(loader, "visual.merger", &config, false)?;
        let mut deepstack = Vec::new();
        for (i, layer) in config.deepstack_visual_indexes.iter().enumerate() {
            let at = format!("visual.deepstack_merger_list.{i}");
            deepstack.push((*layer, Merger::load(loader, &at, &config, true)?));
        }
        Ok(Self {
            patch_embed,
            positions: loader.tensor("visual.pos_embed.weight")?,
            blocks,
            merger,
            deepstack,
            dtype: loader.dtype,
            device: loader.device.clone(),
            computing: loader.computing,
            interpolated: true,
            config,
        })
    }

    /// What stands for each image in the decoder. `values` is `[N, patch numbers]` as the image processor makes them, all
    /// images one after the other, on any device and in any precision; `grids` are their patches `[t, h, w]`.
    ///
    /// # Errors
    /// Values that do not fit the grids, and those of the device.
    pub fn forward(&self, values: &Tensor, grids: &[[usize; 3]]) -> Result<Vec<ImageFeatures>> {
        let c = &self.config;
        let n: usize = grids.iter().map(|grid| grid.iter().product::<usize>()).sum();
        let merge = c.spatial_merge_size;
        let whole = grids.iter().all(|[t, h, w]| t * h * w > 0 && h % merge == 0 && w % merge == 0);
        if n == 0 || !whole || values.dims() != [n, c.patch_numbers()] {
            candle_core::bail!("pixel values {:?} do not fit the grids {grids:?}", values.dims());
        }
        // 1. Patches [N, H] with the positions that were learned for a square of them.
        let values = values.to_device(&self.device)?.to_dtype(self.dtype)?;
        let x = (self.patch_embed.forward(&values)? + self.learned_positions(grids)?)?;
        // 2. Blocks; a patch sees its own frame.
        let rotation = self.rotation(grids)?;
        let segments: Vec<usize> = grids.iter().flat_map(|[t, h, w]| vec![h * w; *t]).collect();
        let mut hidden = Hidden::new(x, segments, Some(rotation), self.computing)?;
        let mut deepstack = Vec::new();
        for (i, block) in self.blocks.iter().enumerate() {
            block.forward(&mut hidden)?;
            if let Some((_, merger)) = self.deepstack.iter().find(|(layer, _)| *layer == i) {
                deepstack.push(merger.forward(&hidden.tensor()?)?);
            }
        }
        // 3. Tokens [N / merge², O], parted by image.
        self.part(&self.merger.forward(&hidden.tensor()?)?, &deepstack, grids)
    }

    /// `[N, H]`: the table's entries around each patch, weighted in single precision.
    fn learned_positions(&self, grids: &[[usize; 3]]) -> Result<Tensor> {
        let mut around = Surroundings::default();
        for grid in grids {
            around.extend(*grid, self.config.spatial_merge_size, self.config.positions_side());
        }
        if !self.interpolated {
            around.weights = [1f32, 0.0, 0.0, 0.0].map(|weight| vec![weight; around.weights[0].len()]);
        }
        let mut sum: Option<Tensor> = None;
        for (indices, weights) in around.indices.iter().zip(&around.weights) {
            let indices = Tensor::new(indices.as_slice(), &self.device)?;
            let weights = Tensor::new(weights.as_slice(), &self.device)?.unsqueeze(1)?;
            let corner =
                self.positions.index_select(&indices, 0)?.to_dtype(DType::F32)?.broadcast_mul(&weights)?;
            sum = Some(match sum {
                Some(sum) => (sum + corner)?,
                None => corner,
            });
        }
        match sum {
            Some(sum) => sum.to_dtype(self.dtype),
            None => candle_core::bail!("a patch has four corners"),
        }
    }

    fn rotation(&self, grids: &[[usize; 3]]) -> Result<Rotation> {
        let c = &self.config;
        let places: Vec<_> = grids.iter().flat_map(|grid| patches(*grid, c.spatial_merge_size)).collect();
        rotation(&places, c.hidden_size / c.num_heads, c.rope_theta, &self.device)
    }

    fn part(
        &self,
        tokens: &Tensor,
        deepstack: &[Tensor],
        grids: &[[usize; 3]],
    ) -> Result<Vec<ImageFeatures>> {
        let merge = self.config.spatial_merge_size;
        let mut start = 0;
        let mut images = Vec::new();
        for [t, h, w] in grids {
            let grid = [*t, h / merge, w / merge];
            let length: usize = grid.iter().product();
            // Copied, so that one image that is kept does not keep the others.
            let own = |all: &Tensor| all.narrow(0, start, length)?.force_contiguous();
            images.push(ImageFeatures {
                embeddings: own(tokens)?,
                deepstack: deepstack.iter().map(own).collect::<Result<_>>()?,
                grid: Some(grid),
            });
            start += length;
        }
        Ok(images)
    }

    /// Takes the other GELU in every merger, to prove that tests notice.
    #[cfg(test)]
    pub(super) fn with_tanh_mergers(mut self) -> Self {
        self.merger.activation = Activation::GeluTanh;
        self.deepstack.iter_mut().for_each(|(_, merger)| merger.activation = Activation::GeluTanh);
        self
    }

    /// Takes the upper left position instead of four, to prove that tests notice.
    #[cfg(test)]
    pub(super) fn without_interpolation(mut self) -> Self {
        self.interpolated = false;
        self
    }

    /// Exchanges two deepstack mergers, to prove that tests notice.
    #[cfg(test)]
    pub(super) fn with_exchanged_mergers(mut self, one: usize, other: usize) -> Self {
        (self.deepstack[one].0, self.deepstack[other].0) = (self.deepstack[other].0, self.deepstack[one].0);
        self
    }
}

fn shape(config: &Qwen3VlVisionConfig) -> BlockShape {
    BlockShape {
        hidden_size: config.hidden_size,
        intermediate_size: config.intermediate_size,
        heads: config.num_heads,
        norm_eps: NORM_EPS,
    }
}

impl Merger {
    fn load(
        loader: &mut Loader<'_>,
        at: &str,
        config: &Qwen3VlVisionConfig,
        norm_after_merging: bool,
    ) -> std::result::Result<Self, EngineError> {
        Ok(Self {
            norm: layer_norm(loader, &format!("{at}.norm"), NORM_EPS)?,
            norm_after_merging,
            inner: loader.linear(&format!("{at}.linear_fc1"))?,
            outer: loader.linear(&format!("{at}.linear_fc2"))?,
            merged_size: config.merged_size(),
            activation: Activation::Gelu,
        })
    }

    /// `[N, H]` to `[N / merge², O]`.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let merged = |x: &Tensor| x.reshape(((), self.merged_size));
        let x = match self.norm_after_merging {
            true => self.norm.forward(&merged(x)?)?,
            false => merged(&self.norm.forward(x)?)?,
        };
        self.outer.forward(&self.inner.forward_activated(&x, self.activation)?)
    }
}
