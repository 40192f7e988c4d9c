//! What a file is, without opening it in a workspace.

use std::path::Path;

use super::{
    container::Container,
    manifest::{BUNDLE, BundleManifest, FORMAT, RETURN, ReturnManifest},
};
use crate::Result;

/// What stands in a bundle or a return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleCard {
    /// "saring bundle" or "saring return".
    pub kind: String,
    /// Which bundle.
    pub bundle_id: String,
    /// For or by whom.
    pub reviewer: String,
    /// Name of the queue, of a bundle.
    pub queue: Option<String>,
    /// Items of a bundle, decisions of a return.
    pub rows: u64,
    /// Images of a bundle.
    pub images: u64,
    /// SHA-256 of its manifest.
    pub fingerprint: String,
    /// Whether every byte is as the manifest says. Whether a return is signed can only be said where its bundle was made.
    pub is_whole: bool,
}

/// Looks at a bundle or a return.
///
/// # Errors
/// [`Error::Bundle`](crate::Error) for what is neither.
pub fn show(path: &Path) -> Result<BundleCard> {
    let mut container = Container::open(path)?;
    let kind = container.kind()?;
    let fingerprint = container.fingerprint();
    if kind == RETURN {
        let manifest: ReturnManifest = container.manifest(RETURN, FORMAT)?;
        return Ok(BundleCard {
            kind,
            bundle_id: manifest.bundle_id,
            reviewer: manifest.reviewer,
            queue: None,
            rows: manifest.decisions,
            images: 0,
            fingerprint,
            is_whole: container.verify_parts(&manifest.parts).is_ok(),
        });
    }
    let manifest: BundleManifest = container.manifest(BUNDLE, FORMAT)?;
    Ok(BundleCard {
        kind,
        bundle_id: manifest.bundle_id,
        reviewer: manifest.reviewer,
        queue: Some(manifest.queue.name),
        rows: manifest.items,
        images: manifest.parts.len().saturating_sub(1) as u64,
        fingerprint,
        is_whole: container.verify(manifest.key.as_bytes(), &manifest.parts).is_ok(),
    })
}
