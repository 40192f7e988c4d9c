//! Reading rows into caches: several caches' rows in one pass, so many tokens at once as the device takes well.

use candle_core::{Result, Tensor};
use saring_verdict::Cancel;

use super::{
    Cache, Decoder, SharedPrefix,
    call::{Chunk, Part},
    positions::Placed,
    row::{ImageSpan, Row},
};

/// Rows to be read into one cache: row `i` goes on with `rows[i]`, which is not empty.
#[derive(Debug)]
pub(crate) struct Group<'a, 'c> {
    /// The tokens of each row.
    pub rows: Vec<Row<'a>>,
    /// Where they go on.
    pub cache: &'c mut Cache,
}

/// A row that is being read.
struct Reading<'a> {
    placed: Placed<'a>,
    /// Index of the first token whose hidden state is asked for.
    from: usize,
    /// How many tokens are read.
    done: usize,
    /// Where the hidden states that were asked for stand among those of all passes.
    found: Vec<u32>,
}

impl<'a> Reading<'a> {
    /// The next piece of it that goes into a pass with room for `room` tokens more.
    fn chunk(&self, row: usize, room: usize, is_first: bool, images_stay_whole: bool) -> Option<Chunk<'_>> {
        let tokens = self.placed.row.ids.len();
        let images: &[ImageSpan] = if images_stay_whole { self.placed.row.images } else { &[] };
        let end = chunk_end(self.done, self.done.saturating_add(room).min(tokens), images);
        // An image that must stay whole may take more than there is room, but then alone.
        let fits = end - self.done <= room || is_first;
        (self.done < end && fits).then(|| Chunk {
            placed: &self.placed,
            row,
            start: self.done,
            end,
            // One of each chunk, so that no pass is without any.
            asked_from: self.from.clamp(self.done, end - 1),
        })
    }

    /// Records that a pass read up to `end`, and where its hidden states begin.
    fn advance(&mut self, asked_from: usize, end: usize, first: usize) {
        self.found.extend((asked_from.max(self.from)..end).map(|i| (first + i - asked_from) as u32));
        self.done = end;
    }
}

impl Decoder {
    /// Computes keys and values of `tokens` once, for all rows that begin with them.
    ///
    /// # Errors
    /// Those of the device, and a cancelled run.
    pub fn prefix(&self, tokens: &[u32], tokens_max: usize, cancel: &Cancel) -> Result<SharedPrefix> {
        let mut cache = self.cache(1, None);
        self.prefill(&[Row::text(tokens)], &mut cache, tokens_max, cancel)?;
        cache.into_prefix(tokens)
    }

    /// Reads rows of any lengths, at most `tokens_max` tokens at once, and returns the last hidden state of each: `[B, H]`
    /// after the last norm. No row may be empty.
    ///
    /// # Errors
    /// Those of the device, images that do not fit their row, and a cancelled run.
    pub fn prefill(
        &self,
        rows: &[Row<'_>],
        cache: &mut Cache,
        tokens_max: usize,
        cancel: &Cancel,
    ) -> Result<Tensor> {
        let mut group = [Group { rows: rows.to_vec(), cache }];
        let mut found = self.read_together(&mut group, tokens_max, cancel)?;
        match found.pop() {
            Some(hidden) => Ok(hidden),
            None => candle_core::bail!("nothing was read"),
        }
    }

    /// Reads the rows of several caches together, those of the first groups first, and returns the last hidden state of each
    /// row by group: `[B, H]` after the last norm.
    ///
    /// # Errors
    /// See [`Decoder::prefill`].
    pub fn read_together(
        &self,
        groups: &mut [Group<'_, '_>],
        tokens_max: usize,
        cancel: &Cancel,
    ) -> Result<Vec<Tensor>> {
        let last = |row: &Row<'_>| row.ids.len().saturating_sub(1);
        let mut readings = Vec::new();
        let mut caches = Vec::new();
        for group in groups {
            let from: Vec<usize> = group.rows.iter().map(last).collect();
            readings.push(self.readings(&group.rows, &from, group.cache)?);
            caches.push(&mut *group.cache);
        }
        let hidden = self.read(&mut readings, &mut caches, tokens_max, cancel)?;
        readings
            .iter()
            .map(|rows| {
                let found: Vec<u32> = rows.iter().flat_map(|row| row.found.iter().copied()).collect();
                hidden.index_select(&Tensor::new(found.as_slice(), &self.device)?, 0)
            })
            .collect()
    }

    /// Reads rows and returns the hidden states of each from its token `from` on: `[T - from, H]` after the last norm. At
    /// least one token of each must be left.
    ///
    /// # Errors
    /// See [`Decoder::prefill`].
    pub fn hidden_states(
        &self,
        rows: &[Row<'_>],
        from: &[usize],
        cache: &mut Cache,
        tokens_max: usize,
        cancel: &Cancel,
    ) -> Result<Vec<Tensor>> {
        let mut readings = [self.readings(rows, from, cache)?];
        let hidden = self.read(&mut readings, &mut [cache], tokens_max, cancel)?;
        let select =
            |row: &Reading<'_>| hidden.index_select(&Tensor::new(row.found.as_slice(), &self.device)?, 0);
        readings[0].iter().map(select).collect()
    }

    /// Reads a few more tokens of each row, at least one, and returns the last hidden state of each: `[B, H]`.
    ///
    /// # Errors
    /// Those of the device.
    pub fn step(&self, rows: &[&[u32]], cache: &mut Cache) -> Result<Tensor> {
        let rows: Vec<Row<'_>> = rows.iter().map(|ids| Row::text(ids)).collect();
        self.prefill(&rows, cache, usize::MAX, &Cancel::new())
    }

    fn readings<'a>(&self, rows: &[Row<'a>], from: &[usize], cache: &Cache) -> Result<Vec<Reading<'a>>> {
        let rows = rows.iter().zip(cache.next()).zip(from);
        rows.map(|((row, next), from)| {
            let placed = self.counting.place(*row, *next)?;
            Ok(Reading { placed, from: *from, done: 0, found: Vec::new() })
        })
        .collect()
    }

    /// Reads all rows to their ends; returns the hidden states of all passes, one behind the other.
    fn read(
        &self,
        readings: &mut [Vec<Reading<'_>>],
        caches: &mut [&mut Cache],
        tokens_max: usize,
        cancel: &Cancel,
    ) -> Result<Tensor> {
        let (mut passes, mut found) = (Vec::new(), 0);
        loop {
            if cancel.is_cancelled() {
                candle_core::bail!("stopped on request");
            }
            let mut parts = self.next_parts(readings, caches, tokens_max);
            if parts.is_empty() {
                break;
            }
            let hidden = self.forward(&mut parts)?;
            let read: Vec<(usize, usize, usize)> = parts
                .iter()
                .flat_map(|part| &part.chunks)
                .map(|chunk| (chunk.row, chunk.asked_from, chunk.end))
                .collect();
            let sizes: Vec<(usize, usize)> =
                parts.iter().map(|part| (part.group, part.chunks.len())).collect();
            drop(parts);
            let mut read = read.into_iter();
            for (group, chunks) in sizes {
                for (row, asked_from, end) in read.by_ref().take(chunks) {
                    readings[group][row].advance(asked_from, end, found);
                    found += end - asked_from;
                }
            }
            passes.push(hidden);
        }
        if passes.len() == 1 { Ok(passes.swap_remove(0)) } else { Tensor::cat(&passes, 0) }
    }

    /// What the next pass reads: as much of each row, one after the other, as there is room for.
    fn next_parts<'p>(
        &self,
        readings: &'p [Vec<Reading<'_>>],
        caches: &'p mut [&mut Cache],
        tokens_max: usize,
    ) -> Vec<Part<'p, 'p>> {
        let (mut parts, mut room) = (Vec::new(), tokens_max.max(1));
        let with_images = readings.iter().flatten().any(|row| !row.placed.row.images.is_empty());
        let chunk_tokens_max = self.chunk_tokens_max(with_images);
        for (group, (rows, cache)) in readings.iter().zip(caches).enumerate() {
            let mut chunks: Vec<Chunk<'p>> = Vec::new();
            for (index, row) in rows.iter().enumerate() {
                let is_first = parts.is_empty() && chunks.is_empty();
                let own_room = room.min(chunk_tokens_max);
                if let Some(chunk) = row.chunk(index, own_room, is_first, self.config.images_see_themselves) {
                    room = room.saturating_sub(chunk.len());
                    chunks.push(chunk);
                }
            }
            if !chunks.is_empty() {
                parts.push(Part { group, chunks, cache });
            }
        }
        parts
    }
}

/// Where a chunk from `start` on ends: at `end`, or where no image is cut in two, before the image if there is anything
/// before it, else after it. Images without anything between them are one.
fn chunk_end(start: usize, end: usize, images: &[ImageSpan]) -> usize {
    let mut block = 0..0;
    for image in images {
        block = if image.start == block.end { block.start..image.end() } else { image.start..image.end() };
        if block.start < end && end < block.end {
            // What follows the block without a gap is found with a later `end`.
            return if block.start > start { block.start } else { chunk_end(start, block.end, images) };
        }
        let next_is_joined = images.iter().any(|next| next.start == block.end);
        if block.end == end && next_is_joined {
            return if block.start > start { block.start } else { chunk_end(start, end + 1, images) };
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use candle_core::{DType, Device};

    use super::*;
    use crate::decoder::ImageFeatures;

    #[test]
    fn no_chunk_ends_inside_an_image() {
        let span = |start: usize, tokens: usize| {
            let embeddings = Tensor::zeros((tokens, 2), DType::F32, &Device::Cpu).unwrap();
            let features = ImageFeatures { embeddings, deepstack: Vec::new(), grid: None };
            ImageSpan { start, features: Arc::new(features) }
        };
        let images = [span(10, 20), span(40, 4), span(44, 6)];
        assert_eq!(chunk_end(0, 4, &images), 4);
        assert_eq!(chunk_end(0, 16, &images), 10, "it ends before the image");
        assert_eq!(chunk_end(10, 16, &images), 30, "an image longer than a chunk is read at once");
        assert_eq!(chunk_end(0, 30, &images), 30, "a whole image may end a chunk");
        assert_eq!(chunk_end(30, 44, &images), 40, "images without anything between them are one");
        assert_eq!(chunk_end(40, 44, &images), 50);
        assert_eq!(chunk_end(40, 47, &images), 50);
    }
}
