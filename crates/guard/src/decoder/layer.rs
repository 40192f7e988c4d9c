//! One layer: attention, then feed-forward, each added to what came in. Shapes are named in [`super::stack`].

use candle_core::{Result, Tensor};
use saring_verdict::EngineError;

use super::{
    DecoderConfig,
    attention::{Heads, RowTokens, View},
    call::Part,
    feed_forward::FeedForward,
};
use crate::layers::{Computing, Linear, Loader, RmsNorm, failure, numbers};

/// How heads are turned by their positions: cosines and sines, `[T, D/2]`.
#[derive(Debug)]
pub(super) struct Turn {
    pub cos: Tensor,
    pub sin: Tensor,
    pub computing: Computing,
}

/// What a layer reads in a call, beside the tokens.
pub(super) struct LayerCall<'a> {
    /// Of all tokens.
    pub turn: &'a Turn,
    /// The places `[Q]` of the tokens that ask, and how these are turned, where not all do.
    pub asked: Option<(&'a Tensor, &'a Turn)>,
    /// By part.
    pub rows: &'a [Vec<RowTokens>],
    /// By part: what those see that ask.
    pub views: &'a [View],
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

    /// `[T, H]` to `[Q, H]`: of those that ask.
    pub fn forward(
        &self,
        x: &Tensor,
        call: &LayerCall<'_>,
        config: &DecoderConfig,
        parts: &mut [Part<'_, '_>],
    ) -> Result<Tensor> {
        let attended = self.attend(&self.attention_norm.forward(x)?, call, config, parts)?;
        let x = match call.asked {
            Some((places, _)) => x.index_select(places, 0)?,
            None => x.clone(),
        };
        let x = added(&self.after_attention_norm, &self.output, &attended, x)?;
        let inner = self.feed_forward.inner(&self.feed_forward_norm.forward(&x)?)?;
        added(&self.after_feed_forward_norm, self.feed_forward.down(), &inner, x)
    }

    /// `[T, H]` to `[Q, N*D]`.
    fn attend(
        &self,
        x: &Tensor,
        call: &LayerCall<'_>,
        c: &DecoderConfig,
        parts: &mut [Part<'_, '_>],
    ) -> Result<Tensor> {
        let d = c.head_dim;
        let heads = |y: Tensor, n: usize| y.reshape(((), n, d));
        let (asking, turn) = match call.asked {
            Some((places, turn)) => (x.index_select(places, 0)?, turn),
            None => (x.clone(), call.turn),
        };
        // 1. Queries [Q, N, D]; keys and values [T, KV, D].
        let mut q = heads(self.query.forward(&asking)?, c.num_attention_heads)?;
        let mut k = heads(self.key.forward(x)?, c.num_key_value_heads)?;
        let v = heads(self.value.forward(x)?, c.num_key_value_heads)?;
        if let Some((query_norm, key_norm)) = &self.query_key_norms {
            (q, k) = (query_norm.forward(&q)?, key_norm.forward(&k)?);
        }
        let (q, k) = (turned(&q, turn)?, turned(&k, call.turn)?);
        // 2. Part by part: each has a cache of its own.
        let (mut seen, mut queries, mut tokens) = (Vec::new(), 0, 0);
        for ((part, rows), view) in parts.iter_mut().zip(call.rows).zip(call.views) {
            let own_queries: usize = view.queries.iter().map(|row| row.seen.len()).sum();
            let own_tokens = part.tokens();
            let heads = Heads {
                query: q.narrow(0, queries, own_queries)?,
                key: k.narrow(0, tokens, own_tokens)?,
                value: v.narrow(0, tokens, own_tokens)?,
            };
            seen.push(part.cache.attend(self.index, &heads, rows, view, c.attention_scale)?);
            (queries, tokens) = (queries + own_queries, tokens + own_tokens);
        }
        if seen.len() == 1 { Ok(seen.swap_remove(0)) } else { Tensor::cat(&seen, 0) }
    }
}

/// `[T, N, D]`, turned.
fn turned(heads: &Tensor, turn: &Turn) -> Result<Tensor> {
    if turn.computing == Computing::Kernels {
        let (_, n, d) = heads.dims3()?;
        let mut x = numbers(&heads.contiguous()?, <[f32]>::to_vec)?;
        let rope =
            |cos: &[f32]| numbers(&turn.sin, |sin| saring_kernels::rope(&mut x, n * d, n, d, cos, sin));
        numbers(&turn.cos, rope)??;
        return Tensor::from_vec(x, heads.dims(), heads.device());
    }
    candle_nn::rotary_emb::rope_thd(&heads.unsqueeze(0)?.contiguous()?, &turn.cos, &turn.sin)?.squeeze(0)
}

/// What `linear` makes of `inner`, through `norm` if there is one, added to `x`.
fn added(norm: &Option<RmsNorm>, linear: &Linear, inner: &Tensor, x: Tensor) -> Result<Tensor> {
    match norm {
        Some(norm) => x + norm.forward(&linear.forward(inner)?)?,
        None => linear.forward_added(inner, x),
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
        let norm = RmsNorm::plus_one(&weight, config.rms_norm_eps, loader.computing);
        norm.map_err(|e| EngineError::Inference { reason: failure(&e) })
    } else {
        Ok(RmsNorm::new(weight, config.rms_norm_eps, loader.computing))
    }
}
