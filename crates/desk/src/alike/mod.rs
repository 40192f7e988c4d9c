//! Near-duplicates: items that say nearly the same, and show nearly the same, as another one of their queue.
//!
//! [`TextPrint`] is the fingerprint of texts, [`Pdq`] that of pictures. At import each new item is looked up among the leaders of the
//! groups that there are ([`group`]): it joins the group of one that it is nearly the same as, or leads a group itself. Under each key
//! stand at most [`LEADERS_OF_BAND_MAX`] leaders, so that an item is compared with a bounded number of others, whatever there is in
//! the queue. [`Workspace::alike`] then compares an item with the members of every group near it.
//!
//! An item with pictures is nearly the same as another one if both the words and, one by one, the pictures are. Items of before
//! fingerprints were kept, and pictures in which there is too little to see, are found by equal content alone.

pub(crate) mod group;
mod list;
mod pdq;
mod text;

pub use list::{Alike, AlikeItem};
pub use pdq::{DISTANCE_MAX, Pdq};
pub use text::TextPrint;

/// From which share of common runs two texts are nearly the same. One word in ten may be another one; a text of which half was
/// written anew is another text.
pub const SIMILARITY_MIN: f64 = 0.6;

/// Most leaders under one key: more are left out, and the import says for how many rows.
pub(crate) const LEADERS_OF_BAND_MAX: usize = 8;

#[cfg(test)]
mod tests;
