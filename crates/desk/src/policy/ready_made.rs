//! The policies that come with the program. They are kept in a workspace when a queue first uses them.

use super::{Policy, PolicyError};

/// The policy of a queue where nothing else is said.
pub const DEFAULT: &str = "qwen3guard";

/// In the order in which they are offered.
const FILES: [&str; 2] =
    [include_str!("../../policies/qwen3guard.json"), include_str!("../../policies/sea-guard.json")];

/// Every one of them.
///
/// # Errors
/// None that a test has not seen.
pub(super) fn all() -> Result<Vec<Policy>, PolicyError> {
    FILES.into_iter().map(Policy::from_file).collect()
}
