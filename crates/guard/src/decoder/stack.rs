//! [`Decoder`]: embedding, layers, last norm and head.
//!
//! In shape comments B is rows, T tokens of this call, S cached columns after the prefix, P prefix columns, N query heads,
//! KV key heads, G = N / KV, D head size, H hidden size, V vocabulary.

use candle_core::{DType, Device, Result, Tensor};
use saring_verdict::EngineError;

use super::{
    Cache, DecoderConfig, SharedPrefix,
    attention::{Column, Place, Sight},
    config::Head,
    images::Inserted,
    layer::{Layer, View},
    positions::{Counting, Placed, Position},
    rope::Rope,
    tensors,
};
use crate::{
    checkpoint::TensorSpec,
    layers::{Embedding, Linear, Loader, RmsNorm, failure},
};

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
    dtype: DType,
    pub(super) device: Device,
}

/// Some tokens of a row, which are read in one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk<'a> {
    pub placed: &'a Placed<'a>,
    /// Index in the row of its first token here.
    pub start: usize,
    /// Index after its last token here.
    pub end: usize,
}

impl Chunk<'_> {
    /// How many tokens.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Where `width` tokens stand, padding counted on.
    fn places(&self, width: usize) -> Vec<Place> {
        let after = self.placed.next.order;
        let padding = (after..).map(|order| Place { order, image: None });
        self.placed.places[self.start..self.end].iter().copied().chain(padding).take(width).collect()
    }

    fn positions(&self, width: usize) -> Vec<Position> {
        let padding = (self.placed.next.position..).map(|position| [position; 3]);
        self.placed.positions[self.start..self.end].iter().copied().chain(padding).take(width).collect()
    }

    /// Ids to look up: 0 for padding and for tokens that an image stands in for, whose ids need be in no vocabulary.
    fn ids(&self, width: usize) -> Vec<u32> {
        let mut ids = self.placed.row.ids[self.start..self.end].to_vec();
        ids.resize(width, 0);
        for image in self.placed.row.images {
            let from = image.start.clamp(self.start, self.end) - self.start;
            let to = image.end().clamp(self.start, self.end) - self.start;
            ids[from..to].fill(0);
        }
        ids
    }
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
        let (dtype, device) = (loader.dtype, loader.device.clone());
        let counting = Counting::new(&config);
        Ok(Self { config, embed, layers, norm, head, ropes, counting, reach: 0, dtype, device })
    }

    /// Its shape.
    pub fn config(&self) -> &DecoderConfig {
        &self.config
    }

    /// An empty cache for `rows` rows that begin with `prefix`.
    pub fn cache(&self, rows: usize, prefix: Option<SharedPrefix>) -> Cache {
        Cache::new(rows, self.layers.len(), prefix)
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

    /// Reads one chunk of each row, padded on the right to the longest; returns `[B, T, H]` after the last norm.
    pub(super) fn forward(&self, chunks: &[Chunk<'_>], cache: &mut Cache) -> Result<Tensor> {
        let t = chunks.iter().map(Chunk::len).max().unwrap_or(0);
        // 1. Who sees whom, and how heads are rotated, by kind of attention. In this call padding stands where it would if it
        //    were real: behind everything that a real token sees. Afterwards the cache knows it for padding.
        let places: Vec<Vec<Place>> = chunks.iter().map(|chunk| chunk.places(t)).collect();
        let mut columns: Vec<Vec<Column>> = cache
            .columns()
            .iter()
            .zip(&places)
            .map(|(old, new)| old.iter().copied().chain(new.iter().copied().map(Some)).collect())
            .collect();
        let views = self.views(chunks, &places, &columns, cache)?;
        // 2. Embedding: [B, T, H].
        let ids: Vec<u32> = chunks.iter().flat_map(|chunk| chunk.ids(t)).collect();
        let ids = Tensor::from_vec(ids, chunks.len() * t, &self.device)?;
        let mut x = self.embed.forward(&ids)?;
        if self.config.embedding_scale != 1.0 {
            // The factor is rounded to the precision of the weights, as in the reference.
            x = (x * self.config.embedding_scale)?;
        }
        let images = Inserted::new(chunks, t, self.dtype, &self.device)?;
        if let Some(images) = &images {
            x = images.in_place_of_embeddings(&x)?;
        }
        let mut x = x.reshape((chunks.len(), t, self.config.hidden_size))?;
        // 3. Layers.
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&x, &views[self.config.layer_attentions[i]], &self.config, cache)?;
            if let Some(images) = &images {
                x = images.after_layer(i, x)?;
            }
        }
        for (columns, chunk) in columns.iter_mut().zip(chunks) {
            let end = columns.len();
            columns[end - (t - chunk.len())..].fill(None);
        }
        // A row is placed as a whole before its first chunk, so where it goes on is known.
        cache.advance(columns, chunks.iter().map(|chunk| chunk.placed.next).collect());
        // 4. Last norm.
        self.norm.forward(&x)
    }

    fn views(
        &self,
        chunks: &[Chunk<'_>],
        places: &[Vec<Place>],
        columns: &[Vec<Column>],
        cache: &Cache,
    ) -> Result<Vec<View>> {
        let width = places.first().map_or(0, Vec::len);
        let positions: Vec<Vec<Position>> = chunks.iter().map(|chunk| chunk.positions(width)).collect();
        let prefix = cache.prefix().map_or(0, SharedPrefix::len);
        let kinds = self.config.attentions.iter().zip(&self.ropes);
        kinds
            .map(|(attention, rope)| {
                let sight = Sight { window: attention.window, reach: self.reach };
                let mask = sight.mask(places, columns, prefix, &self.device)?;
                let (cos, sin) = rope.tables(&positions, self.dtype, &self.device)?;
                Ok(View { mask, cos, sin })
            })
            .collect()
    }
}
