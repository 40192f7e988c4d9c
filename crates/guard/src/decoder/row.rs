//! What a decoder is given: tokens, and what stands in the place of some of them.

use std::sync::Arc;

use candle_core::{Result, Tensor};

/// A sequence of tokens that follows what is cached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    /// The tokens.
    pub ids: &'a [u32],
    /// The images among them, from left to right.
    pub images: &'a [ImageSpan],
}

/// Where an image stands in a row.
#[derive(Clone, Debug)]
pub(crate) struct ImageSpan {
    /// Index in the row's `ids` of its first token. A prefix is not counted: it holds no image, and its tokens are not
    /// in `ids`.
    pub start: usize,
    /// What stands in the place of the tokens from there on; the ids there are not looked up.
    pub features: Arc<ImageFeatures>,
}

/// What a vision tower made of an image. N is its number of tokens, H the decoder's hidden size.
#[derive(Debug)]
pub(crate) struct ImageFeatures {
    /// `[N, H]`, in place of the embeddings of its tokens.
    pub embeddings: Tensor,
    /// `[N, H]` each; the first is added to what layer 0 gives, the second to layer 1, and so on.
    pub deepstack: Vec<Tensor>,
    /// Its tokens in time, height and width, where these give its positions.
    pub grid: Option<[usize; 3]>,
}

impl ImageFeatures {
    /// How many tokens it takes.
    pub fn tokens(&self) -> usize {
        self.embeddings.dim(0).unwrap_or_default()
    }
}

impl ImageSpan {
    /// The index after its last token.
    pub fn end(&self) -> usize {
        self.start + self.features.tokens()
    }
}

impl<'a> Row<'a> {
    /// A row without images.
    pub fn text(ids: &'a [u32]) -> Self {
        Self { ids, images: &[] }
    }

    /// Checks that images lie in the row, one after the other.
    ///
    /// # Errors
    /// A sentence that says which does not.
    pub(super) fn check(&self) -> Result<()> {
        let mut end = 0;
        for (i, image) in self.images.iter().enumerate() {
            let tokens = image.features.tokens();
            if image.start < end || image.end() > self.ids.len() || tokens == 0 {
                candle_core::bail!(
                    "image {i} has {tokens} tokens at {}, which do not fit a row of {}",
                    image.start,
                    self.ids.len()
                );
            }
            end = image.end();
        }
        Ok(())
    }
}
