//! [`Decoder`]: embedding, layers, last norm and head.
//!
//! Tokens of all rows of a call lie one behind the other; that rows differ in length costs nothing. In shape comments T is
//! tokens of this call, Q those that ask, N query heads, KV key heads, D head size, H hidden size, V vocabulary.

use candle_core::{DType, Device, Result, Tensor};
use saring_verdict::EngineError;

use super::{
    Cache, DecoderConfig, SharedPrefix,
    attention::{RowTokens, Sight, View, Way},
    call::{Chunk, Part, asked_places},
    config::Head,
    images::Inserted,
    layer::{Layer, LayerCall, Turn},
    positions::{Counting, Position},
    rope::Rope,
    tensors,
};
use crate::{
    checkpoint::TensorSpec,
    layers::{Computing, Embedding, Linear, Loader, RmsNorm, failure},
};

/// Tokens of one row that are read at once where scores are kept in memory: bounds those of one layer.
const PADDED_TOKENS_MAX: usize = 256;

/// A decoder with its weights on a device.
#[derive(Debug)]
pub(crate) struct Decoder {
    pub(super) config: DecoderConfig,
    embed: Embedding,
    pub(super) layers: Vec<Layer>,
    norm: RmsNorm,
    /// `None` where the checkpoint answers with other heads.
    head: Option<Linear>,
    /// By kind of attention.
    ropes: Vec<Rope>,
    pub(super) counting: Counting,
    /// See [`Sight::reach`].
    pub(super) reach: u32,
    computing: Computing,
    /// How attention is computed where keys and values lie in a pool.
    pub(super) way: Way,
    dtype: DType,
    pub(super) device: Device,
}

/// What the layers of one kind of attention share in a call.
struct Kind {
    turn: Turn,
    /// By part.
    views: Vec<View>,
}

impl Decoder {
    /// The tensors that a checkpoint of this shape must hold.
    pub fn tensors(config: &DecoderConfig) -> Vec<TensorSpec> {
        tensors::specs(config)
    }

    /// Reads the weights. That all of them are there, in their shapes, has been checked with [`Decoder::tensors`].
    ///
    /// # Errors
    /// `MissingTensor`, `CorruptWeights`, `Inference` when the device refuses.
    pub fn load(config: DecoderConfig, loader: &mut Loader<'_>) -> std::result::Result<Self, EngineError> {
        let embed = loader.embedding("model.embed_tokens")?;
        let layers = (0..config.num_hidden_layers)
            .map(|index| Layer::load(loader, &config, index))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let norm = super::layer::norm(loader, &config, "model.norm")?;
        let head = match config.head {
            Head::Tied => {
                let head = embed.tied_head();
                Some(head.map_err(|e| EngineError::Inference { reason: failure(&e) })?)
            }
            Head::Own => Some(loader.head("lm_head")?),
            Head::None => None,
        };
        let ropes = config.attentions.iter().map(|a| Rope::new(&a.rope, config.head_dim)).collect();
        let (computing, dtype, device) = (loader.computing, loader.dtype, loader.device.clone());
        let counting = Counting::new(&config);
        let way = Way::best(&device, dtype, config.head_dim);
        Ok(Self {
            config,
            embed,
            layers,
            norm,
            head,
            ropes,
            counting,
            reach: 0,
            computing,
            way,
            dtype,
            device,
        })
    }

    /// Its shape.
    pub fn config(&self) -> &DecoderConfig {
        &self.config
    }

    /// An empty cache for `rows` rows that begin with `prefix`.
    pub fn cache(&self, rows: usize, prefix: Option<SharedPrefix>) -> Cache {
        Cache::new(rows, &self.config, self.computing, self.way, prefix)
    }

    /// Logits over the whole vocabulary of hidden states `[R, H]`: `[R, V]` in single precision.
    ///
    /// # Errors
    /// Those of the device, and a decoder without a head.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        self.head()?.forward(hidden)?.to_dtype(DType::F32)
    }

    /// Logits of some tokens only: `[R, tokens]` in single precision.
    ///
    /// # Errors
    /// Those of the device, and a decoder without a head.
    pub fn logits_of(&self, hidden: &Tensor, tokens: &[u32]) -> Result<Tensor> {
        self.head()?.forward_some(hidden, tokens)?.to_dtype(DType::F32)
    }

    fn head(&self) -> Result<&Linear> {
        match &self.head {
            Some(head) => Ok(head),
            None => candle_core::bail!("the checkpoint has no head over the vocabulary"),
        }
    }

    /// How many tokens of one row are read at once: padded scores of a long row would fill the memory. `with_images` says
    /// whether any row has images.
    pub(super) fn chunk_tokens_max(&self, with_images: bool) -> usize {
        // Images whose tokens see each other are computed with padding in every build.
        let see_themselves = with_images && self.config.images_see_themselves;
        match (self.computing, self.way, see_themselves) {
            (Computing::Tensors, Way::Padded, false) | (Computing::Tensors, _, true) => PADDED_TOKENS_MAX,
            #[cfg(any(feature = "flash-attn", test))]
            (Computing::Tensors, Way::Flash, false) => usize::MAX,
            (Computing::Kernels, ..) => usize::MAX,
        }
    }

    /// Reads the chunks of all parts together; returns the hidden states that they ask for, `[Q, H]` after the last norm.
    pub(super) fn forward(&self, parts: &mut [Part<'_, '_>]) -> Result<Tensor> {
        for part in &mut *parts {
            part.begin();
        }
        // 1. Which hidden states are asked for, who sees whom, and how heads are turned, by kind of attention.
        let asked = asked_places(parts);
        let all = self.kinds(parts, None)?;
        let last = match &asked {
            Some(places) => Some(self.kinds(parts, Some(places))?),
            None => None,
        };
        // 2. Embedding: [T, H].
        let chunks: Vec<Chunk<'_>> = parts.iter().flat_map(|part| part.chunks.iter().cloned()).collect();
        let ids: Vec<u32> = chunks.iter().flat_map(Chunk::ids).collect();
        let mut x = self.embed.forward(&Tensor::new(ids.as_slice(), &self.device)?)?;
        if self.config.embedding_scale != 1.0 {
            // The factor is rounded to the precision of the weights, as in the reference.
            x = (x * self.config.embedding_scale)?;
        }
        let images = Inserted::new(&chunks, asked.as_deref(), self.dtype, &self.device)?;
        if let Some(images) = &images {
            x = images.in_place_of_embeddings(&x)?;
        }
        // 3. Layers. From the last one only what is asked for is needed. Nothing in them waits for the device, and whatever they
        //    need from the host was copied before.
        let asked = asked.map(|places| Tensor::new(places.as_slice(), &self.device)).transpose()?;
        let rows: Vec<Vec<RowTokens>> = parts.iter().map(Part::rows).collect();
        for (i, layer) in self.layers.iter().enumerate() {
            let is_last = i + 1 == self.layers.len();
            let kind = self.config.layer_attentions[i];
            let narrowed = last.as_ref().filter(|_| is_last).map(|kinds| &kinds[kind]);
            let asked = asked.as_ref().filter(|_| is_last);
            let call = LayerCall {
                turn: &all[kind].turn,
                asked: asked.zip(narrowed).map(|(places, kind)| (places, &kind.turn)),
                rows: &rows,
                views: &narrowed.unwrap_or(&all[kind]).views,
            };
            x = layer.forward(&x, &call, &self.config, parts)?;
            if let Some(images) = &images {
                x = images.after_layer(i, x, is_last)?;
            }
        }
        // 4. Last norm.
        self.norm.forward(&x)
    }

    /// Who sees whom and how heads are turned, by kind of attention; of all tokens, or of those at the places that are asked
    /// for.
    fn kinds(&self, parts: &[Part<'_, '_>], asked: Option<&[u32]>) -> Result<Vec<Kind>> {
        let chunks = parts.iter().flat_map(|part| &part.chunks);
        let mut positions: Vec<Position> = chunks.flat_map(Chunk::positions).copied().collect();
        if let Some(places) = asked {
            positions = places.iter().map(|place| positions[*place as usize]).collect();
        }
        let kinds = self.config.attentions.iter().zip(&self.ropes);
        kinds
            .map(|(attention, rope)| {
                let sight = Sight { window: attention.window, reach: self.reach };
                let views = parts.iter().map(|part| {
                    let queries = match asked {
                        Some(_) => part.asked_queries(sight),
                        None => part.queries(sight),
                    };
                    part.cache.view(queries, &self.device)
                });
                let (cos, sin) = rope.tables(&positions, self.dtype, &self.device)?;
                Ok(Kind {
                    turn: Turn { cos, sin, computing: self.computing },
                    views: views.collect::<Result<_>>()?,
                })
            })
            .collect()
    }
}
