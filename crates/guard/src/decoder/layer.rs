//! One layer: attention, then feed-forward, each added to what came in. Shapes are named in [`super::stack`].

use candle_core::{DType, Result, Tensor};
use saring_verdict::EngineError;

use super::{Cache, DecoderConfig, attention::Mask, feed_forward::FeedForward};
use crate::layers::{Linear, Loader, RmsNorm, failure, softmax};

/// What the layers of one kind of attention share in a call.
#[derive(Debug)]
pub(super) struct View {
    pub mask: Mask,
    /// `[T, D/2]` or `[B, T, D/2]`.
    pub cos: Tensor,
    pub sin: Tensor,
}

/// One layer with its weights.
#[derive(Debug)]
pub(super) struct Layer {
    /// Its place among the layers.
    index: usize,
    pub query: Linear,
    pub key: Linear,
    pub value: Linear,
    output: Linear,
    query_key_norms: Option<(RmsNorm, RmsNorm)>,
    attention_norm: RmsNorm,
    after_attention_norm: Option<RmsNorm>,
    feed_forward_norm: RmsNorm,
    after_feed_forward_norm: Option<RmsNorm>,
    feed_forward: FeedForward,
}

impl Layer {
    /// Reads the weights of layer `index`.
    pub fn load(
        loader: &mut Loader<'_>,
        config: &DecoderConfig,
        index: usize,
    ) -> std::result::Result<Self, EngineError> {
        let at = format!("model.layers.{index}");
        let names = config.norms;
        let mut norm = |name: &str| norm(loader, config, &format!("{at}.{name}"));
        let query_key_norms = match names.query_key {
            true => Some((norm("self_attn.q_norm")?, norm("self_attn.k_norm")?)),
            false => None,
        };
        let attention_norm = norm(names.attention)?;
        let after_attention_norm = names.after_attention.map(&mut norm).transpose()?;
        let feed_forward_norm = norm(names.feed_forward)?;
        let after_feed_forward_norm = names.after_feed_forward.map(&mut norm).transpose()?;
        let mut linear = |name: &str| loader.linear(&format!("{at}.self_attn.{name}"));
        Ok(Self {
            index,
            query: linear("q_proj")?,
            key: linear("k_proj")?,
            value: linear("v_proj")?,
            output: linear("o_proj")?,
            query_key_norms,
            attention_norm,
            after_attention_norm,
            feed_forward_norm,
            after_feed_forward_norm,
            feed_forward: FeedForward::load(loader, config.feed_forward, &format!("{at}.mlp"))?,
        })
    }

    /// `[B, T, H]` to `[B, T, H]`.
    pub fn forward(
        &self,
        x: &Tensor,
        view: &View,
        config: &DecoderConfig,
        cache: &mut Cache,
    ) -> Result<Tensor> {
        let attended = self.attend(&self.attention_norm.forward(x)?, view, config, cache)?;
        let x = (x + through(&self.after_attention_norm, attended)?)?;
        let fed = self.feed_forward.forward(&self.feed_forward_norm.forward(&x)?)?;
        &x + through(&self.after_feed_forward_norm, fed)?
    }

    fn attend(&self, x: &Tensor, view: &View, c: &DecoderConfig, cache: &mut Cache) -> Result<Tensor> {
        let (b, t, _) = x.dims3()?;
        let (n, kv, d) = (c.num_attention_heads, c.num_key_value_heads, c.head_dim);
        let rows = n / kv * t;
        let heads = |y: Tensor, n: usize| y.reshape((b, t, n, d))?.transpose(1, 2)?.contiguous();
        // 1. Queries [B, N, T, D]; keys and values [B, KV, T, D].
        let mut q = heads(self.query.forward(x)?, n)?;
        let mut k = heads(self.key.forward(x)?, kv)?;
        let v = heads(self.value.forward(x)?, kv)?;
        if let Some((query_norm, key_norm)) = &self.query_key_norms {
            (q, k) = (query_norm.forward(&q)?, key_norm.forward(&k)?);
        }
        let q = candle_nn::rotary_emb::rope(&q, &view.cos, &view.sin)?;
        let k = candle_nn::rotary_emb::rope(&k, &view.cos, &view.sin)?;
        let all = cache.extend(self.index, k, v)?;
        // 2. Scores [B, KV, G*T, S]: the heads of a group lie one after the other, so keys are never repeated. In single
        //    precision, as the reference's attention keeps them.
        let dtype = q.dtype();
        let (q, keys, values) = (single(&q)?, single(&all.key)?, single(&all.value)?);
        let masked = |scores: Tensor, mask: &Tensor| {
            let width = scores.dim(3)?;
            scores.reshape((b, n, t, width))?.broadcast_add(mask)?.reshape((b, kv, rows, width))
        };
        let q = (q.reshape((b, kv, rows, d))? * c.attention_scale)?;
        let own = masked(q.matmul(&keys.transpose(2, 3)?)?, &view.mask.own)?;
        let s = own.dim(3)?;
        // 3. The prefix belongs to all: one product for the whole batch, [KV, B*G*T, P].
        let y = match cache.prefix() {
            None => softmax(&own)?.matmul(&values)?,
            Some(prefix) => {
                let (p, shared) = (prefix.len(), prefix.layer(self.index));
                let flat = |y: &Tensor, width: usize| {
                    y.transpose(0, 1)?.contiguous()?.reshape((kv, b * rows, width))
                };
                let unflat = |y: Tensor, width: usize| y.reshape((kv, b, rows, width))?.transpose(0, 1);
                let keys = single(&shared.key)?.transpose(1, 2)?;
                let before = unflat(flat(&q, d)?.matmul(&keys)?, p)?.contiguous()?;
                let before = match &view.mask.prefix {
                    Some(mask) => masked(before, mask)?,
                    None => before,
                };
                let weights = softmax(&Tensor::cat(&[&before, &own], 3)?)?;
                let seen = flat(&weights.narrow(3, 0, p)?, p)?.matmul(&single(&shared.value)?)?;
                let own = weights.narrow(3, p, s)?.contiguous()?.matmul(&values)?;
                (unflat(seen, d)? + own)?
            }
        };
        // 4. Back to [B, T, H].
        let y = y.to_dtype(dtype)?.reshape((b, n, t, d))?.transpose(1, 2)?.reshape((b, t, n * d))?;
        self.output.forward(&y)
    }
}

/// Reads the norm `{name}.weight`.
pub(super) fn norm(
    loader: &mut Loader<'_>,
    config: &DecoderConfig,
    name: &str,
) -> std::result::Result<RmsNorm, EngineError> {
    let weight = loader.tensor(&format!("{name}.weight"))?;
    if config.norms.weights_less_one {
        let norm = RmsNorm::plus_one(&weight, config.rms_norm_eps);
        norm.map_err(|e| EngineError::Inference { reason: failure(&e) })
    } else {
        Ok(RmsNorm::new(weight, config.rms_norm_eps))
    }
}

fn single(x: &Tensor) -> Result<Tensor> {
    x.to_dtype(DType::F32)
}

fn through(norm: &Option<RmsNorm>, x: Tensor) -> Result<Tensor> {
    match norm {
        Some(norm) => norm.forward(&x),
        None => Ok(x),
    }
}
