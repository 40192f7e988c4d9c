//! What one forward pass reads: pieces of rows, one behind the other, without padding between them.

use std::ops::Range;

use super::{
    Cache,
    attention::{Place, RowQueries, RowTokens, Sight},
    positions::{Placed, Position},
};

/// Some tokens of a row, which are read in one call.
#[derive(Clone, Debug)]
pub(super) struct Chunk<'a> {
    pub placed: &'a Placed<'a>,
    /// Its row in the cache.
    pub row: usize,
    /// Index in the row of its first token here.
    pub start: usize,
    /// Index after its last token here.
    pub end: usize,
    /// Index of the first token whose hidden state is asked for, before `end`. What the others are to the last layer is keys
    /// and values alone.
    pub asked_from: usize,
}

impl<'a> Chunk<'a> {
    /// How many tokens.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Where its tokens are turned to.
    pub fn positions(&self) -> &'a [Position] {
        &self.placed.positions[self.start..self.end]
    }

    /// Ids to look up: 0 for tokens that an image stands in for, whose ids need be in no vocabulary.
    pub fn ids(&self) -> Vec<u32> {
        let mut ids = self.placed.row.ids[self.start..self.end].to_vec();
        for image in self.placed.row.images {
            let from = image.start.clamp(self.start, self.end) - self.start;
            let to = image.end().clamp(self.start, self.end) - self.start;
            ids[from..to].fill(0);
        }
        ids
    }

    fn tokens(&self) -> RowTokens {
        RowTokens { row: self.row, tokens: self.len() }
    }

    /// What each of its tokens from `first` on sees.
    fn queries(&self, first: usize, sight: Sight) -> RowQueries {
        let places = &self.placed.places;
        // The row ends, for now, with this chunk.
        let tokens = places[self.end - 1].order + 1;
        let seen = |place: &Place| sight.seen(*place, tokens);
        RowQueries { row: self.row, seen: places[first..self.end].iter().map(seen).collect() }
    }
}

/// Pieces of rows that share a cache.
#[derive(Debug)]
pub(super) struct Part<'a, 'c> {
    /// The number of the cache.
    pub group: usize,
    /// None of them empty, and no two of one row.
    pub chunks: Vec<Chunk<'a>>,
    pub cache: &'c mut Cache,
}

impl Part<'_, '_> {
    /// How many tokens.
    pub fn tokens(&self) -> usize {
        self.chunks.iter().map(Chunk::len).sum()
    }

    /// Its rows, as the cache knows them.
    pub fn rows(&self) -> Vec<RowTokens> {
        self.chunks.iter().map(Chunk::tokens).collect()
    }

    /// What every token sees.
    pub fn queries(&self, sight: Sight) -> Vec<RowQueries> {
        self.chunks.iter().map(|chunk| chunk.queries(chunk.start, sight)).collect()
    }

    /// What those see that are asked for.
    pub fn asked_queries(&self, sight: Sight) -> Vec<RowQueries> {
        self.chunks.iter().map(|chunk| chunk.queries(chunk.asked_from, sight)).collect()
    }

    /// Tells the cache what is read, before a layer computes it.
    pub fn begin(&mut self) {
        // A row is placed as a whole before its first chunk, so where it goes on is known.
        let next: Vec<_> = self.chunks.iter().map(|chunk| (chunk.row, chunk.placed.next)).collect();
        self.cache.begin(&self.rows(), next);
    }
}

/// The places of the tokens that are asked for among all tokens of a call; `None` if that is all of them.
pub(super) fn asked_places(parts: &[Part<'_, '_>]) -> Option<Vec<u32>> {
    let mut places: Vec<u32> = Vec::new();
    let mut start = 0;
    for chunk in parts.iter().flat_map(|part| &part.chunks) {
        let asked: Range<usize> = start + chunk.asked_from - chunk.start..start + chunk.len();
        places.extend(asked.map(|place| place as u32));
        start += chunk.len();
    }
    (places.len() < start).then_some(places)
}
