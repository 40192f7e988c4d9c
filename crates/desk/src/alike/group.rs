//! Which group a new item belongs to, found while it is imported.

use std::collections::HashMap;

use super::{DISTANCE_MAX, LEADERS_OF_BAND_MAX, Pdq, SIMILARITY_MIN, TextPrint, text::mix};
use crate::{
    Result,
    store::{
        WriteTx, image_prints,
        item_prints::{self, ItemPrint},
    },
};

/// What a new item is known by.
#[derive(Clone, Debug)]
pub(crate) struct NewPrint {
    /// The item's number.
    pub seq: i64,
    /// Of its texts.
    pub sketch: TextPrint,
    /// Its pictures in order: the hash of their bytes, and what they look like where that can be said.
    pub pictures: Vec<(String, Option<Pdq>)>,
}

/// What came of the items of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grouped {
    /// How many joined the group of an earlier item.
    pub alike: i64,
    /// How many lead a group of their own, though some earlier leaders were not looked at: there were too many under one key.
    pub crowded: i64,
    /// How many pairs of fingerprints were compared.
    pub comparisons: u64,
}

/// Hash of what items must have in common to be compared at all: the queue, and the groups of their pictures in order.
fn among<'a>(queue_id: &str, picture_leaders: impl IntoIterator<Item = &'a str>) -> u64 {
    let feed = |hash, text: &str| text.bytes().fold(mix(hash), |hash, byte| mix(hash ^ u64::from(byte)));
    picture_leaders.into_iter().fold(feed(0, queue_id), feed)
}

/// Puts the new items of a batch into groups, and keeps that.
pub(crate) async fn group(tx: &mut WriteTx<'_>, queue_id: &str, items: &[NewPrint]) -> Result<Grouped> {
    let mut looked_up = Vec::with_capacity(items.len());
    for item in items {
        let mut leaders = Vec::with_capacity(item.pictures.len());
        for (sha256, pdq) in &item.pictures {
            leaders.push(picture_leader(tx, sha256, pdq.as_ref()).await?);
        }
        let among = among(queue_id, leaders.iter().map(String::as_str));
        looked_up.push((among, item.sketch.bands(among)));
    }
    let bands: Vec<i64> = looked_up.iter().flat_map(|(_, bands)| *bands).collect();
    let mut leaders = Leaders::default();
    for (band, seq, sketch) in item_prints::leaders(tx, &serde_json::json!(bands).to_string()).await? {
        leaders.put(band, seq, sketch);
    }
    let (mut prints, mut new_bands) = (Vec::with_capacity(items.len()), Vec::new());
    for (item, (among, bands)) in items.iter().zip(looked_up) {
        let leader = leaders.place(item.seq, &item.sketch, &bands, &mut new_bands);
        prints.push(ItemPrint { seq: item.seq, leader, among: among.cast_signed(), sketch: item.sketch });
    }
    item_prints::insert(tx, &prints).await?;
    item_prints::insert_bands(tx, &mut new_bands).await?;
    Ok(leaders.grouped)
}

/// The leaders that this batch can meet.
#[derive(Debug, Default)]
pub(super) struct Leaders {
    by_band: HashMap<i64, Vec<(i64, TextPrint)>>,
    pub(super) grouped: Grouped,
}

impl Leaders {
    fn put(&mut self, band: i64, seq: i64, sketch: TextPrint) {
        let under = self.by_band.entry(band).or_default();
        if under.iter().all(|(there, _)| *there != seq) {
            under.push((seq, sketch));
        }
    }

    /// The leader of the group that an item joins, the most similar one; itself if there is none, and then it is put under those
    /// of its keys that have room.
    pub(super) fn place(
        &mut self,
        seq: i64,
        sketch: &TextPrint,
        bands: &[i64],
        new_bands: &mut Vec<(i64, i64)>,
    ) -> i64 {
        let mut met: Vec<i64> = Vec::new();
        let mut best: Option<(f64, i64)> = None;
        for (leader, of_leader) in bands.iter().filter_map(|band| self.by_band.get(band)).flatten() {
            if met.contains(leader) {
                continue;
            }
            met.push(*leader);
            self.grouped.comparisons += 1;
            let similarity = sketch.similarity(of_leader);
            if similarity >= SIMILARITY_MIN && best.is_none_or(|(best, _)| similarity > best) {
                best = Some((similarity, *leader));
            }
        }
        if let Some((_, leader)) = best {
            self.grouped.alike += 1;
            return leader;
        }
        let mut crowded = false;
        for band in bands {
            if self.by_band.get(band).is_some_and(|under| under.len() >= LEADERS_OF_BAND_MAX) {
                crowded = true;
            } else {
                self.put(*band, seq, *sketch);
                new_bands.push((*band, seq));
            }
        }
        self.grouped.crowded += i64::from(crowded);
        seq
    }
}

/// The picture that leads the group of a picture; itself where it can be compared with none.
async fn picture_leader(tx: &mut WriteTx<'_>, sha256: &str, pdq: Option<&Pdq>) -> Result<String> {
    if let Some(leader) = image_prints::leader_of(tx, sha256).await? {
        return Ok(leader);
    }
    let Some(pdq) = pdq else { return Ok(sha256.to_owned()) };
    let near = image_prints::leaders(tx, &serde_json::json!(pdq.probes()).to_string()).await?;
    let nearest = near.into_iter().map(|(leader, other)| (pdq.distance(&other), leader)).min();
    let leader = match nearest {
        Some((distance, leader)) if distance <= DISTANCE_MAX => leader,
        _ => {
            let room = i64::try_from(LEADERS_OF_BAND_MAX).unwrap_or(i64::MAX);
            image_prints::insert_bands(tx, sha256, &pdq.bands(), room).await?;
            sha256.to_owned()
        }
    };
    image_prints::insert(tx, sha256, &leader, pdq).await?;
    Ok(leader)
}
