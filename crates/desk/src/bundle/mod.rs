//! Many hands without a network: a lead splits a queue into bundles, one for each reviewer; a laptop opens its bundle and gives
//! back decisions; the lead merges them.
//!
//! A bundle and a return are each one file, see `container`. Both are signed with a key that the lead makes for each bundle, which is
//! in the bundle and in the two workspaces and nowhere else. What the signature of a return proves is that whoever made it had the
//! bundle: not the reviewer's laptop, but the file for it, so bundles want the same care as the items in them. What the signature
//! of a bundle proves by itself is only that it is whole, since its key is in it; that it is the lead's is seen by comparing the
//! fingerprint that `split` and `open` both give.
//!
//! Decisions come with the whole chain of events of the laptop, which is kept beside this workspace's own and verified with it.

mod adopt;
mod container;
mod copies;
mod give_back;
mod manifest;
mod merge;
mod open;
mod problem;
mod progress;
mod show;
mod split;
mod take;
mod verified;

pub use container::Part;
pub use give_back::Returned;
pub use merge::Merged;
pub use open::OpenedBundle;
pub use problem::BundleProblem;
pub use progress::{Progress, ReviewerProgress};
pub use show::{BundleCard, show};
pub use split::{MadeBundle, SplitOrder};

#[cfg(test)]
mod tests;
