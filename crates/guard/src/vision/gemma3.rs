//! Gemma 3's vision tower: SigLIP, and the projector that pools its patches to a few tokens.
//!
//! Follows `SiglipVisionTransformer` in `modeling_siglip.py` and `Gemma3MultiModalProjector` in `modeling_gemma3.py` of
//! transformers. In shape comments I is images, G patches a side, K tokens a side, H hidden size, O the decoder's.

use candle_core::{DType, Device, Result, Tensor};
use saring_verdict::EngineError;

use super::{
    Gemma3VisionConfig,
    block::{Block, BlockNames, BlockShape, Hidden, layer_norm},
};
use crate::{
    checkpoint::TensorSpec,
    decoder::ImageFeatures,
    layers::{Computing, LayerNorm, Linear, Loader, RmsNorm, failure},
};

const BLOCK: BlockNames = BlockNames {
    attention_norm: "layer_norm1",
    mlp_norm: "layer_norm2",
    projections: &["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    output: "self_attn.out_proj",
    up: "mlp.fc1",
    down: "mlp.fc2",
};

const PATCH_EMBEDDING: &str = "vision_tower.embeddings.patch_embedding";
const POSITION_EMBEDDING: &str = "vision_tower.embeddings.position_embedding.weight";
const POST_NORM: &str = "vision_tower.post_layernorm";
const SOFT_NORM: &str = "multi_modal_projector.mm_soft_emb_norm.weight";
const PROJECTION: &str = "multi_modal_projector.mm_input_projection_weight";

/// The tower and its projector with their weights on a device.
#[derive(Debug)]
pub(crate) struct Gemma3Tower {
    config: Gemma3VisionConfig,
    patch_embed: Linear,
    /// `[G * G, H]`.
    positions: Tensor,
    blocks: Vec<Block>,
    post_norm: LayerNorm,
    soft_norm: RmsNorm,
    projection: Linear,
    dtype: DType,
    device: Device,
    computing: Computing,
}

impl Gemma3Tower {
    /// The tensors that a checkpoint of this shape must hold.
    pub fn tensors(config: &Gemma3VisionConfig) -> Vec<TensorSpec> {
        let (c, h) = (config, config.hidden_size);
        let spec = |name: String, shape: &[usize]| TensorSpec { name, shape: shape.to_vec() };
        let mut specs = vec![
            spec(format!("{PATCH_EMBEDDING}.weight"), &[h, c.num_channels, c.patch_size, c.patch_size]),
            spec(format!("{PATCH_EMBEDDING}.bias"), &[h]),
            spec(POSITION_EMBEDDING.into(), &[c.patches_side().pow(2), h]),
            spec(format!("{POST_NORM}.weight"), &[h]),
            spec(format!("{POST_NORM}.bias"), &[h]),
            spec(SOFT_NORM.into(), &[h]),
            spec(PROJECTION.into(), &[h, c.text_hidden_size]),
        ];
        for i in 0..c.num_hidden_layers {
            specs.extend(BLOCK.tensors(&block_at(i), shape(c)));
        }
        specs
    }

    /// Copies the tower to the loader's device. The tensors have been checked.
    ///
    /// # Errors
    /// Those of the loader.
    pub fn load(
        config: Gemma3VisionConfig,
        loader: &mut Loader<'_>,
    ) -> std::result::Result<Self, EngineError> {
        let failed = |e: candle_core::Error| EngineError::Inference { reason: failure(&e) };
        // The kernel of the convolution is as large as its stride: it is one product with the flattened patch.
        let patch_embed = loader.convolution(PATCH_EMBEDDING)?;
        let blocks = (0..config.num_hidden_layers)
            .map(|i| BLOCK.load(loader, &block_at(i), shape(&config)))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        // Stored as what is added to 1; and `[in, out]`, unlike every other product.
        let soft_norm =
            (loader.tensor(SOFT_NORM)?.to_dtype(DType::F32).and_then(|w| w + 1.0)).map_err(failed)?;
        let projection = loader.tensor(PROJECTION)?;
        let projection = projection.t().and_then(|w| loader.product(w.contiguous()?, None));
        Ok(Self {
            patch_embed,
            positions: loader.tensor(POSITION_EMBEDDING)?,
            blocks,
            post_norm: layer_norm(loader, POST_NORM, config.layer_norm_eps)?,
            soft_norm: RmsNorm::new(soft_norm, config.layer_norm_eps, loader.computing),
            projection: projection.map_err(failed)?,
            dtype: loader.dtype,
            device: loader.device.clone(),
            computing: loader.computing,
            config,
        })
    }

    /// What stands for each image in the decoder. `pixels` is `[I, channels, side, side]` as the image processor makes
    /// them, on any device and in any precision.
    ///
    /// # Errors
    /// Pixels of another shape, and those of the device.
    pub fn forward(&self, pixels: &Tensor) -> Result<Vec<ImageFeatures>> {
        let (c, side) = (&self.config, self.config.patches_side());
        let (images, channels, height, width) = pixels.dims4()?;
        if images == 0 || (channels, height, width) != (c.num_channels, c.image_size, c.image_size) {
            candle_core::bail!("pixel values {:?} do not fit images of {}", pixels.dims(), c.image_size);
        }
        // 1. Patches [I * G * G, H] with their positions.
        let (p, numbers) = (c.patch_size, channels * c.patch_size.pow(2));
        let patches = pixels
            .to_device(&self.device)?
            .to_dtype(self.dtype)?
            .reshape(&[images, channels, side, p, side, p][..])?
            .permute([0, 2, 4, 1, 3, 5])?
            .reshape((images, side * side, numbers))?;
        let x = self.patch_embed.forward(&patches)?.broadcast_add(&self.positions)?.flatten_to(1)?;
        // 2. Blocks; a patch sees its own image.
        let mut hidden = Hidden::new(x, vec![side * side; images], None, self.computing)?;
        for block in &self.blocks {
            block.forward(&mut hidden)?;
        }
        // 3. Tokens [I * K * K, O], parted by image.
        let tokens = self.project(&self.post_norm.forward(&hidden.tensor()?)?, images)?;
        (0..images)
            .map(|image| {
                // Copied, so that one image that is kept does not keep the others.
                let embeddings = tokens.get(image)?.force_contiguous()?;
                Ok(ImageFeatures { embeddings, deepstack: Vec::new(), grid: None })
            })
            .collect()
    }

    /// Averages squares of patches, normalizes and projects: `[I * G * G, H]` to `[I, K * K, O]`.
    fn project(&self, x: &Tensor, images: usize) -> Result<Tensor> {
        let (k, h) = (self.config.tokens_side(), self.config.hidden_size);
        let kernel = self.config.patches_side() / k;
        // The reference adds in single precision whatever the precision.
        let x = x.to_dtype(DType::F32)?;
        let rows = x.reshape((images * k, kernel, k, kernel * h))?.sum(1)?;
        let pooled = (rows.reshape((images * k * k, kernel, h))?.sum(1)? / (kernel * kernel) as f64)?;
        // The average is rounded before the norm, and the norm computes in single precision again.
        let pooled = pooled.to_dtype(self.dtype)?.to_dtype(DType::F32)?;
        let normed = self.soft_norm.forward(&pooled)?.to_dtype(self.dtype)?;
        self.projection.forward(&normed)?.reshape((images, k * k, ()))
    }
}

fn block_at(index: usize) -> String {
    format!("vision_tower.encoder.layers.{index}")
}

fn shape(config: &Gemma3VisionConfig) -> BlockShape {
    BlockShape {
        hidden_size: config.hidden_size,
        intermediate_size: config.intermediate_size,
        heads: config.num_attention_heads,
        norm_eps: config.layer_norm_eps,
    }
}
