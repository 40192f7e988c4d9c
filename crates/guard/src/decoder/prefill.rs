//! Reading rows: all at once or in chunks, into a cache.

use candle_core::{Result, Tensor};
use saring_verdict::Cancel;

use super::{
    Cache, Decoder, SharedPrefix,
    positions::Placed,
    row::{ImageSpan, Row},
    stack::Chunk,
};

impl Decoder {
    /// Computes keys and values of `tokens` once, for all rows that begin with them.
    ///
    /// # Errors
    /// Those of the device, and a cancelled run.
    pub fn prefix(&self, tokens: &[u32], chunk_tokens: usize, cancel: &Cancel) -> Result<SharedPrefix> {
        let mut cache = self.cache(1, None);
        self.prefill(&[Row::text(tokens)], &mut cache, chunk_tokens, cancel)?;
        cache.into_prefix(tokens)
    }

    /// Reads rows of any lengths, about `chunk_tokens` columns at once, and returns the last hidden state of each: `[B, H]`
    /// after the last norm. No row may be empty.
    ///
    /// # Errors
    /// Those of the device, images that do not fit their row, and a cancelled run.
    pub fn prefill(
        &self,
        rows: &[Row<'_>],
        cache: &mut Cache,
        chunk_tokens: usize,
        cancel: &Cancel,
    ) -> Result<Tensor> {
        let (mut parts, mut order) = (Vec::new(), Vec::new());
        self.read(rows, cache, chunk_tokens, cancel, |start, end, hidden| {
            let ending: Vec<usize> =
                (0..rows.len()).filter(|r| (start + 1..=end).contains(&rows[*r].ids.len())).collect();
            if !ending.is_empty() {
                let at: Vec<(usize, usize)> =
                    ending.iter().map(|r| (*r, rows[*r].ids.len() - 1 - start)).collect();
                parts.push(select(&hidden, &at)?);
                order.extend(ending);
            }
            Ok(())
        })?;
        let mut back = vec![0u32; rows.len()];
        for (place, row) in order.iter().enumerate() {
            back[*row] = place as u32;
        }
        Tensor::cat(&parts, 0)?.index_select(&Tensor::new(back.as_slice(), &self.device)?, 0)
    }

    /// Reads one row and returns its hidden states from token `from` of it on: `[T - from, H]` after the last norm. At least
    /// one token must be left.
    ///
    /// # Errors
    /// See [`Decoder::prefill`].
    pub fn hidden_states(
        &self,
        row: Row<'_>,
        from: usize,
        cache: &mut Cache,
        chunk_tokens: usize,
        cancel: &Cancel,
    ) -> Result<Tensor> {
        let mut parts = Vec::new();
        self.read(&[row], cache, chunk_tokens, cancel, |start, end, hidden| {
            if end > from {
                let skipped = from.saturating_sub(start);
                parts.push(hidden.squeeze(0)?.narrow(0, skipped, end - start - skipped)?);
            }
            Ok(())
        })?;
        Tensor::cat(&parts, 0)
    }

    /// Reads a few more tokens of each row, at least one, and returns the last hidden state of each: `[B, H]`.
    ///
    /// # Errors
    /// Those of the device.
    pub fn step(&self, rows: &[&[u32]], cache: &mut Cache) -> Result<Tensor> {
        let rows: Vec<Row<'_>> = rows.iter().map(|ids| Row::text(ids)).collect();
        let hidden = self.read_at_once(&rows, cache)?;
        let at: Vec<(usize, usize)> =
            rows.iter().enumerate().map(|(r, row)| (r, row.ids.len() - 1)).collect();
        select(&hidden, &at)
    }

    /// Reads rows in one chunk, padded on the right to the longest; returns `[B, T, H]` after the last norm.
    pub(super) fn read_at_once(&self, rows: &[Row<'_>], cache: &mut Cache) -> Result<Tensor> {
        let placed = self.place(rows, cache)?;
        let whole: Vec<Chunk<'_>> =
            placed.iter().map(|placed| Chunk { placed, start: 0, end: placed.row.ids.len() }).collect();
        self.forward(&whole, cache)
    }

    /// Reads rows chunk by chunk; `each` gets the first column of a chunk, the one after its last, and its hidden states
    /// `[B, T, H]`.
    fn read(
        &self,
        rows: &[Row<'_>],
        cache: &mut Cache,
        chunk_tokens: usize,
        cancel: &Cancel,
        mut each: impl FnMut(usize, usize, Tensor) -> Result<()>,
    ) -> Result<()> {
        let placed = self.place(rows, cache)?;
        let whole = if self.config.images_see_themselves { rows } else { &[] };
        let images: Vec<&ImageSpan> = whole.iter().flat_map(|row| row.images).collect();
        let longest = rows.iter().map(|row| row.ids.len()).max().unwrap_or(0);
        let mut start = 0;
        while start < longest {
            if cancel.is_cancelled() {
                candle_core::bail!("stopped on request");
            }
            let end = chunk_end(start, (start + chunk_tokens).min(longest), &images);
            let chunks: Vec<Chunk<'_>> = placed
                .iter()
                .map(|placed| {
                    let tokens = placed.row.ids.len();
                    Chunk { placed, start: start.min(tokens), end: end.min(tokens) }
                })
                .collect();
            each(start, end, self.forward(&chunks, cache)?)?;
            start = end;
        }
        Ok(())
    }

    fn place<'a>(&self, rows: &[Row<'a>], cache: &Cache) -> Result<Vec<Placed<'a>>> {
        rows.iter().zip(cache.next()).map(|(row, next)| self.counting.place(*row, *next)).collect()
    }
}

/// Where a chunk from `start` on ends: at `end`, or where no image is cut in two, before the image if there is anything
/// before it, else after it.
fn chunk_end(start: usize, end: usize, images: &[&ImageSpan]) -> usize {
    let cut = |end: usize| images.iter().filter(move |image| image.start < end && end < image.end());
    let mut before = end;
    while let Some(first) = cut(before).map(|image| image.start).min() {
        before = first;
    }
    if before > start {
        return before;
    }
    let mut after = end;
    while let Some(last) = cut(after).map(|image| image.end()).max() {
        after = last;
    }
    after
}

/// Picks (row, token) places out of `[B, T, H]`: `[places, H]`.
fn select(hidden: &Tensor, at: &[(usize, usize)]) -> Result<Tensor> {
    let (b, t, h) = hidden.dims3()?;
    let flat: Vec<u32> = at.iter().map(|(row, token)| (row * t + token) as u32).collect();
    hidden.reshape((b * t, h))?.index_select(&Tensor::new(flat.as_slice(), hidden.device())?, 0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use candle_core::{DType, Device};

    use super::*;
    use crate::decoder::ImageFeatures;

    #[test]
    fn no_chunk_ends_inside_an_image_of_any_row() {
        let span = |start: usize, tokens: usize| {
            let embeddings = Tensor::zeros((tokens, 2), DType::F32, &Device::Cpu).unwrap();
            let features = ImageFeatures { embeddings, deepstack: Vec::new(), grid: None };
            ImageSpan { start, features: Arc::new(features) }
        };
        let (a, b) = (span(10, 20), span(5, 8));
        assert_eq!(chunk_end(0, 4, &[&a]), 4);
        assert_eq!(chunk_end(0, 16, &[&a]), 10, "it ends before the image");
        assert_eq!(chunk_end(0, 16, &[&a, &b]), 5, "and before one of another row that this would cut");
        assert_eq!(chunk_end(10, 16, &[&a]), 30, "an image longer than a chunk is read at once");
        assert_eq!(chunk_end(5, 9, &[&a, &b]), 30, "with all that begins inside it");
        assert_eq!(chunk_end(0, 30, &[&a, &b]), 30);
    }
}
