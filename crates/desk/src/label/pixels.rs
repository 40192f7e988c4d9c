//! The pixel budget of a run, which a reviewer may lower for speed.

use crate::{Error, Result};

/// Fewest pixels of an image that a guard can be told to look at.
pub const PIXELS_MIN: u64 = 64 * 64;

/// Refuses a lowered pixel budget that leaves nothing to look at.
///
/// # Errors
/// [`Error::Invalid`].
pub fn check_pixels(pixels_max: Option<u64>) -> Result<()> {
    match pixels_max {
        Some(pixels) if pixels < PIXELS_MIN => Err(Error::invalid(
            "pixels_max",
            format!("an image needs at least {PIXELS_MIN} pixels (64 x 64)"),
        )),
        _ => Ok(()),
    }
}
