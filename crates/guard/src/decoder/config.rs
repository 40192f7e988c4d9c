//! What shapes a decoder, whatever its architecture and whichever file it was read from.

use super::{Architecture, rope::RopeConfig};
use crate::layers::Activation;

/// What shapes a decoder. Numbers have config.json's names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DecoderConfig {
    pub architecture: Architecture,
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub num_key_value_heads: usize,
    pub head_dim: usize,
    pub vocab_size: usize,
    pub max_position_embeddings: usize,
    pub rms_norm_eps: f64,
    /// What embeddings of text are multiplied with; 1 in most architectures.
    pub embedding_scale: f64,
    /// What queries are multiplied with.
    pub attention_scale: f64,
    /// The kinds of attention that layers have.
    pub attentions: Vec<Attention>,
    /// For each layer the index of its kind in `attentions`.
    pub layer_attentions: Vec<usize>,
    /// Whether the tokens of one image see each other in both directions.
    pub images_see_themselves: bool,
    pub norms: Norms,
    pub feed_forward: FeedForwardKind,
    pub head: Head,
}

/// Where a layer looks, and how it tells positions apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attention {
    /// How many tokens a query sees, itself included; `None` is all before it.
    pub window: Option<usize>,
    pub rope: RopeConfig,
}

/// Which norms a layer has, and what its checkpoint calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Norms {
    /// Whether the checkpoint stores weights less 1, as Gemma's do.
    pub weights_less_one: bool,
    /// Whether queries and keys are normalized.
    pub query_key: bool,
    /// Before attention.
    pub attention: &'static str,
    /// After attention, before its result is added.
    pub after_attention: Option<&'static str>,
    /// Before the feed-forward part.
    pub feed_forward: &'static str,
    /// After the feed-forward part, before its result is added.
    pub after_feed_forward: Option<&'static str>,
}

impl Norms {
    /// As most architectures have them.
    pub const PLAIN: Self = Self {
        weights_less_one: false,
        query_key: true,
        attention: "input_layernorm",
        after_attention: None,
        feed_forward: "post_attention_layernorm",
        after_feed_forward: None,
    };
}

/// What stands between the two sides of a feed-forward part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FeedForwardKind {
    /// `down(act(gate(x)) * up(x))`.
    Gated(Activation),
    /// `down(xielu(up(x)))`, with learned constants in each layer.
    Xielu,
}

/// What turns hidden states into logits over the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// The embedding's table.
    Tied,
    /// A table of its own, `lm_head`.
    Own,
    /// Nothing: the checkpoint answers with other heads.
    None,
}

impl Head {
    /// Tied or of its own.
    pub fn tied(tied: bool) -> Self {
        if tied { Self::Tied } else { Self::Own }
    }
}

impl DecoderConfig {
    /// Bytes of one token's keys and values over all layers.
    pub fn cache_bytes_per_token(&self, number_bytes: usize) -> u64 {
        (2 * self.num_hidden_layers * self.num_key_value_heads * self.head_dim * number_bytes) as u64
    }
}
