//! Recorded uniform draws: model quality is estimated only from blind decisions on items of one from the whole queue.
//!
//! A draw is fixed when it is made: which items, in which order, from how many, with which seed. The same seed over the same
//! items gives the same draw.

use std::str::FromStr;

use super::{ItemState, Ordering, Queue, find_queue};
use crate::{
    Error, Result, Workspace,
    store::{
        self, WriteTx,
        events::{self, EventKind},
    },
};

/// A recorded draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// UUIDv7.
    pub id: String,
    /// Its queue.
    pub queue_id: String,
    /// What the order was made from.
    pub seed: i64,
    /// Which items it was drawn from.
    pub from: DrawFrom,
    /// How many those were.
    pub population: i64,
    /// Items drawn.
    pub size: i64,
    /// RFC 3339.
    pub created_at: String,
}

/// A draw, and how far its items have been decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawProgress {
    /// The draw.
    pub draw: Draw,
    /// Items of it that are pending.
    pub pending: i64,
}

/// What a draw is taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DrawFrom {
    /// Items that are pending. What was decided before is left out, so that it is no sample of the queue: it brings items
    /// up, but no estimate is made from it.
    Pending,
    /// Every visible item of the queue, decided or not.
    #[default]
    All,
}

impl DrawFrom {
    /// The name used in databases.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::All => "all",
        }
    }
}

/// A string that names nothing to draw from.
#[derive(Debug, thiserror::Error)]
#[error("nothing is drawn from {0:?}")]
pub struct UnknownDrawFrom(String);

impl FromStr for DrawFrom {
    type Err = UnknownDrawFrom;

    fn from_str(name: &str) -> std::result::Result<Self, Self::Err> {
        [Self::Pending, Self::All]
            .into_iter()
            .find(|from| from.as_str() == name)
            .ok_or_else(|| UnknownDrawFrom(name.to_owned()))
    }
}

impl Workspace {
    /// Draws `size` items uniformly, without replacement, records the draw and brings its items up from now on.
    ///
    /// # Errors
    /// [`Code::Invalid`](crate::Code) for an empty draw, or from nothing.
    pub async fn draw(&self, queue: &str, from: DrawFrom, size: u32, seed: i64) -> Result<Draw> {
        let mut tx = self.store().write().await?;
        let queue = find_queue(&mut tx, queue).await?;
        let draw = record_draw(&mut tx, &queue, from, size, seed).await?;
        store::queues::set_ordering(&mut tx, &queue.id, Ordering::Draw, Some(&draw.id)).await?;
        tx.commit().await?;
        Ok(draw)
    }
}

/// Draws items uniformly, without replacement, and records the draw.
pub(crate) async fn record_draw(
    tx: &mut WriteTx<'_>,
    queue: &Queue,
    from: DrawFrom,
    size: u32,
    seed: i64,
) -> Result<Draw> {
    let state = match from {
        DrawFrom::Pending => Some(ItemState::Pending),
        DrawFrom::All => None,
    };
    let mut items = store::draws::population(tx, &queue.id, state).await?;
    if items.is_empty() || size == 0 {
        return Err(Error::invalid("size", "there is nothing to draw"));
    }
    let population = items.len();
    shuffle_first(&mut items, size as usize, seed);
    items.truncate(size as usize);
    let draw = Draw {
        id: tx.clock().new_id(),
        queue_id: queue.id.clone(),
        seed,
        from,
        population: i64::try_from(population).unwrap_or(i64::MAX),
        size: i64::try_from(items.len()).unwrap_or(i64::MAX),
        created_at: tx.clock().now_text(),
    };
    store::draws::insert(tx, &draw).await?;
    store::draws::insert_items(tx, &draw.id, &items).await?;
    events::record(tx, EventKind::Draw, &draw.id).await?;
    Ok(draw)
}

/// Brings a uniform choice of `n` to the front, in random order (Fisher and Yates).
fn shuffle_first<T>(items: &mut [T], n: usize, seed: i64) {
    let mut random = SplitMix64(seed.cast_unsigned());
    for at in 0..n.min(items.len()) {
        let left = (items.len() - at) as u64;
        // Below 2^64 / left * left, so that each remaining item is equally likely.
        let limit = u64::MAX - u64::MAX % left;
        let draw = loop {
            let draw = random.next();
            if draw < limit {
                break draw;
            }
        };
        let offset = usize::try_from(draw % left).unwrap_or(0);
        items.swap(at, at + offset);
    }
}

/// Steele, Lea, Flood (2014), "Fast splittable pseudorandom number generators". Written out, because recorded seeds must give
/// the same draw in every version of the program.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_gives_the_published_numbers() {
        // The reference implementation's first outputs for the seed 1234567.
        let mut random = SplitMix64(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn every_item_is_drawn_about_equally_often() {
        let mut times = [0_u32; 10];
        for seed in 0..10_000 {
            let mut items: Vec<usize> = (0..10).collect();
            shuffle_first(&mut items, 3, seed);
            for item in &items[..3] {
                times[*item] += 1;
            }
        }
        // 3000 expected, standard deviation about 46.
        assert!(times.iter().all(|n| (2700..3300).contains(n)), "{times:?}");
    }
}
