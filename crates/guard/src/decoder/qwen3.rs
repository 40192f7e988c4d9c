//! Qwen3: grouped-query attention with normalized queries and keys, rotary positions, gated MLP.
//!
//! Follows `modeling_qwen3.py` of transformers. In shape comments B is rows, T tokens of this call, S cached columns
//! after the prefix, P prefix columns, N query heads, KV key heads, G = N / KV, D head size, H hidden size, V
//! vocabulary.

use candle_core::{DType, Device, Result, Tensor};
use saring_verdict::{Cancel, EngineError, Progress};

use super::{
    Cache, Qwen3Config, SUPPORTED, SharedPrefix,
    attention::{mask, query_positions},
    rope::Rope,
};
use crate::{
    checkpoint::{TensorSpec, Weights},
    layers::{Embedding, Linear, Loader, Quantization, RmsNorm, failure, softmax},
};

#[derive(Debug)]
struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    query_norm: RmsNorm,
    key_norm: RmsNorm,
    input_norm: RmsNorm,
    post_norm: RmsNorm,
    gate: Linear,
    up: Linear,
    down: Linear,
}

/// A Qwen3 decoder with its weights on a device.
#[derive(Debug)]
pub(crate) struct Qwen3 {
    config: Qwen3Config,
    embed: Embedding,
    layers: Vec<Layer>,
    norm: RmsNorm,
    head: Linear,
    rope: Rope,
    dtype: DType,
    device: Device,
    /// See [`mask`]; 0, but for the test that proves that a wrong mask is noticed.
    reach: u32,
}

impl Qwen3 {
    /// The tensors that a checkpoint of this shape must hold.
    pub fn tensors(config: &Qwen3Config) -> Vec<TensorSpec> {
        let c = config;
        let (h, d) = (c.hidden_size, c.head_dim);
        let (queries, keys) = (c.num_attention_heads * d, c.num_key_value_heads * d);
        let spec = |name: String, shape: &[usize]| TensorSpec { name, shape: shape.to_vec() };
        let mut specs = vec![
            spec("model.embed_tokens.weight".into(), &[c.vocab_size, h]),
            spec("model.norm.weight".into(), &[h]),
        ];
        if !c.tie_word_embeddings {
            specs.push(spec("lm_head.weight".into(), &[c.vocab_size, h]));
        }
        for i in 0..c.num_hidden_layers {
            for (name, shape) in [
                ("self_attn.q_proj", &[queries, h][..]),
                ("self_attn.k_proj", &[keys, h]),
                ("self_attn.v_proj", &[keys, h]),
                ("self_attn.o_proj", &[h, queries]),
                ("self_attn.q_norm", &[d]),
                ("self_attn.k_norm", &[d]),
                ("input_layernorm", &[h]),
                ("post_attention_layernorm", &[h]),
                ("mlp.gate_proj", &[c.intermediate_size, h]),
                ("mlp.up_proj", &[c.intermediate_size, h]),
                ("mlp.down_proj", &[h, c.intermediate_size]),
            ] {
                specs.push(spec(format!("model.layers.{i}.{name}.weight"), shape));
            }
        }
        specs
    }

    /// Checks every tensor, then copies them to `device`. `progress` counts bytes of the weight files.
    ///
    /// # Errors
    /// `MissingTensor`, `TensorShape`, `Inference` when the device refuses.
    pub fn load(
        config: Qwen3Config,
        weights: &Weights,
        dtype: DType,
        device: &Device,
        quantization: Option<Quantization>,
        progress: &mut dyn FnMut(Progress),
    ) -> std::result::Result<Self, EngineError> {
        weights.require(SUPPORTED, &Self::tensors(&config))?;
        let mut loader = Loader::new(weights, dtype, device, quantization, progress);
        let embed = loader.embedding("model.embed_tokens")?;
        let layers = (0..config.num_hidden_layers)
            .map(|i| Layer::load(&mut loader, &format!("model.layers.{i}"), config.rms_norm_eps))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let norm = RmsNorm::new(loader.tensor("model.norm.weight")?, config.rms_norm_eps);
        let head = if config.tie_word_embeddings { tied(&embed)? } else { loader.head("lm_head")? };
        let rope = Rope::new(config.rope_theta, config.rope_scaling, config.head_dim);
        Ok(Self { config, embed, layers, norm, head, rope, dtype, device: device.clone(), reach: 0 })
    }

    /// Its shape.
    pub fn config(&self) -> &Qwen3Config {
        &self.config
    }

    /// An empty cache for `rows` rows that begin with `prefix`.
    pub fn cache(&self, rows: usize, prefix: Option<SharedPrefix>) -> Cache {
        Cache::new(rows, self.layers.len(), prefix)
    }

    /// Computes keys and values of `tokens` once, for all rows that begin with them.
    ///
    /// # Errors
    /// Those of the device, and a cancelled run.
    pub fn prefix(&self, tokens: &[u32], chunk_tokens: usize, cancel: &Cancel) -> Result<SharedPrefix> {
        let mut cache = self.cache(1, None);
        self.prefill(&[tokens], &mut cache, chunk_tokens, cancel)?;
        cache.into_prefix(tokens)
    }

    /// Reads rows of any lengths, at most `chunk_tokens` columns at once, and returns the last hidden state of each:
    /// `[B, H]`. No row may be empty.
    ///
    /// # Errors
    /// Those of the device, and a cancelled run.
    pub fn prefill(
        &self,
        rows: &[&[u32]],
        cache: &mut Cache,
        chunk_tokens: usize,
        cancel: &Cancel,
    ) -> Result<Tensor> {
        let longest = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let (mut parts, mut order) = (Vec::new(), Vec::new());
        for start in (0..longest).step_by(chunk_tokens) {
            if cancel.is_cancelled() {
                candle_core::bail!("stopped on request");
            }
            let end = (start + chunk_tokens).min(longest);
            let chunk: Vec<&[u32]> =
                rows.iter().map(|row| &row[start.min(row.len())..end.min(row.len())]).collect();
            let hidden = self.forward(&chunk, cache)?;
            let ending: Vec<usize> =
                (0..rows.len()).filter(|r| (start + 1..=end).contains(&rows[*r].len())).collect();
            if !ending.is_empty() {
                let at: Vec<(usize, usize)> =
                    ending.iter().map(|r| (*r, rows[*r].len() - 1 - start)).collect();
                parts.push(select(&hidden, &at)?);
                order.extend(ending);
            }
        }
        let mut back = vec![0u32; rows.len()];
        for (place, row) in order.iter().enumerate() {
            back[*row] = place as u32;
        }
        Tensor::cat(&parts, 0)?.index_select(&Tensor::new(back.as_slice(), &self.device)?, 0)
    }

    /// Reads a few more tokens of each row, at least one, and returns the last hidden state of each: `[B, H]`.
    ///
    /// # Errors
    /// Those of the device.
    pub fn step(&self, rows: &[&[u32]], cache: &mut Cache) -> Result<Tensor> {
        let hidden = self.forward(rows, cache)?;
        let at: Vec<(usize, usize)> = rows.iter().enumerate().map(|(r, row)| (r, row.len() - 1)).collect();
        select(&hidden, &at)
    }

    /// Logits over the whole vocabulary of hidden states `[R, H]`: `[R, V]` in single precision.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        self.head.forward(hidden)?.to_dtype(DType::F32)
    }

    /// Logits of some tokens only: `[R, tokens]` in single precision.
    pub fn logits_of(&self, hidden: &Tensor, tokens: &[u32]) -> Result<Tensor> {
        self.head.forward_some(hidden, tokens)?.to_dtype(DType::F32)
    }

    /// Reads the next tokens of each row, padded on the right to the longest; returns `[B, T, H]` after the last norm.
    pub(super) fn forward(&self, rows: &[&[u32]], cache: &mut Cache) -> Result<Tensor> {
        let lengths: Vec<usize> = rows.iter().map(|row| row.len()).collect();
        let t = lengths.iter().copied().max().unwrap_or(0);
        // 1. Positions and mask. In this call padding stands where it would if it were real: behind everything that
        //    a real token sees. Afterwards the cache knows it for padding.
        let positions = query_positions(cache.next_positions(), t);
        let columns: Vec<Vec<_>> = cache
            .columns()
            .iter()
            .zip(&positions)
            .map(|(old, new)| old.iter().copied().chain(new.iter().copied().map(Some)).collect())
            .collect();
        let mask = mask(&positions, &columns, self.reach, self.dtype, &self.device)?;
        let tables = self.rope.tables(&positions, self.dtype, &self.device)?;
        // 2. Embedding: [B, T, H].
        let padded: Vec<u32> =
            rows.iter().flat_map(|r| r.iter().copied().chain((r.len()..t).map(|_| 0))).collect();
        let ids = Tensor::from_vec(padded, rows.len() * t, &self.device)?;
        let mut x = self.embed.forward(&ids)?.reshape((rows.len(), t, self.config.hidden_size))?;
        // 3. Layers.
        for (i, layer) in self.layers.iter().enumerate() {
            let attended = self.attend(i, &layer.input_norm.forward(&x)?, &tables, &mask, cache)?;
            x = (x + attended)?;
            x = (&x + layer.mlp(&layer.post_norm.forward(&x)?)?)?;
        }
        cache.advance(&lengths, t);
        // 4. Last norm.
        self.norm.forward(&x)
    }

    fn attend(
        &self,
        index: usize,
        x: &Tensor,
        (cos, sin): &(Tensor, Tensor),
        mask: &Tensor,
        cache: &mut Cache,
    ) -> Result<Tensor> {
        let (c, layer) = (&self.config, &self.layers[index]);
        let (b, t, _) = x.dims3()?;
        let (n, kv, d) = (c.num_attention_heads, c.num_key_value_heads, c.head_dim);
        let rows = n / kv * t;
        let heads = |y: Tensor, n: usize| y.reshape((b, t, n, d))?.transpose(1, 2)?.contiguous();
        // 1. Queries [B, N, T, D]; keys and values [B, KV, T, D].
        let q = layer.query_norm.forward(&heads(layer.query.forward(x)?, n)?)?;
        let k = layer.key_norm.forward(&heads(layer.key.forward(x)?, kv)?)?;
        let v = heads(layer.value.forward(x)?, kv)?;
        let q = candle_nn::rotary_emb::rope(&q, cos, sin)?;
        let k = candle_nn::rotary_emb::rope(&k, cos, sin)?;
        let all = cache.extend(index, k, v)?;
        // 2. Scores [B, KV, G*T, S]: the heads of a group lie one after the other, so keys are never repeated.
        let q = (q.reshape((b, kv, rows, d))? * (d as f64).powf(-0.5))?;
        let own = q.matmul(&all.key.transpose(2, 3)?)?;
        let s = own.dim(3)?;
        let own = own.reshape((b, n, t, s))?.broadcast_add(mask)?.reshape((b, kv, rows, s))?;
        // 3. The prefix is seen by all and belongs to all: one product for the whole batch, [KV, B*G*T, P].
        let y = match cache.prefix() {
            None => softmax(&own)?.matmul(&all.value)?,
            Some(prefix) => {
                let (p, shared) = (prefix.len(), prefix.layer(index));
                let flat = |y: &Tensor, width: usize| {
                    y.transpose(0, 1)?.contiguous()?.reshape((kv, b * rows, width))
                };
                let unflat = |y: Tensor, width: usize| y.reshape((kv, b, rows, width))?.transpose(0, 1);
                let before = unflat(flat(&q, d)?.matmul(&shared.key.transpose(1, 2)?)?, p)?.contiguous()?;
                let weights = softmax(&Tensor::cat(&[&before, &own], 3)?)?;
                let seen = flat(&weights.narrow(3, 0, p)?, p)?.matmul(&shared.value)?;
                let own = weights.narrow(3, p, s)?.contiguous()?.matmul(&all.value)?;
                (unflat(seen, d)? + own)?
            }
        };
        // 4. Back to [B, T, H].
        let y = y.reshape((b, n, t, d))?.transpose(1, 2)?.reshape((b, t, n * d))?;
        layer.output.forward(&y)
    }

    /// Makes masks reach one position too far, to prove that tests notice.
    #[cfg(test)]
    pub(super) fn with_reach(mut self, reach: u32) -> Self {
        self.reach = reach;
        self
    }

    /// Exchanges keys and values of all layers, to prove that tests notice.
    #[cfg(test)]
    pub(super) fn with_swapped_keys_and_values(mut self) -> Self {
        for layer in &mut self.layers {
            std::mem::swap(&mut layer.key, &mut layer.value);
        }
        self
    }
}

impl Layer {
    fn load(loader: &mut Loader<'_>, at: &str, eps: f64) -> std::result::Result<Self, EngineError> {
        let mut norm = |name: &str| {
            Ok::<_, EngineError>(RmsNorm::new(loader.tensor(&format!("{at}.{name}.weight"))?, eps))
        };
        let (query_norm, key_norm) = (norm("self_attn.q_norm")?, norm("self_attn.k_norm")?);
        let (input_norm, post_norm) = (norm("input_layernorm")?, norm("post_attention_layernorm")?);
        let mut linear = |name: &str| loader.linear(&format!("{at}.{name}"));
        Ok(Self {
            query: linear("self_attn.q_proj")?,
            key: linear("self_attn.k_proj")?,
            value: linear("self_attn.v_proj")?,
            output: linear("self_attn.o_proj")?,
            query_norm,
            key_norm,
            input_norm,
            post_norm,
            gate: linear("mlp.gate_proj")?,
            up: linear("mlp.up_proj")?,
            down: linear("mlp.down_proj")?,
        })
    }

    fn mlp(&self, x: &Tensor) -> Result<Tensor> {
        let gate = self.gate.forward(x)?.silu()?;
        self.down.forward(&(gate * self.up.forward(x)?)?)
    }
}

fn tied(embed: &Embedding) -> std::result::Result<Linear, EngineError> {
    embed.tied_head().map_err(|e| EngineError::Inference { reason: failure(&e) })
}

/// Picks (row, token) places out of `[B, T, H]`: `[places, H]`.
fn select(hidden: &Tensor, at: &[(usize, usize)]) -> Result<Tensor> {
    let (b, t, h) = hidden.dims3()?;
    let flat: Vec<u32> = at.iter().map(|(row, token)| (row * t + token) as u32).collect();
    hidden.reshape((b * t, h))?.index_select(&Tensor::new(flat.as_slice(), hidden.device())?, 0)
}
