//! How events and rows are hashed. Pure; the format is fixed, since heads are printed into exports.
//!
//! Everything is SHA-256 over fields that carry their length, so that no two lists of fields have the same bytes.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The hash before the first event of a workspace.
pub fn genesis(workspace_id: &str) -> String {
    let mut hasher = RowHasher::new();
    hasher.text("saring chain 1");
    hasher.text(workspace_id);
    hasher.finish()
}

/// The hash of an event: of its fields and of its predecessor's hash.
pub fn link(prev_hash: &str, seq: i64, at: &str, kind: &str, row_id: &str, row_hash: &str) -> String {
    let mut hasher = RowHasher::new();
    hasher.text(prev_hash);
    hasher.integer(seq);
    for field in [at, kind, row_id, row_hash] {
        hasher.text(field);
    }
    hasher.finish()
}

/// Hashes the values of a row, each with its type and its length.
#[derive(Clone, Debug, Default)]
pub struct RowHasher(Sha256);

impl RowHasher {
    /// Nothing fed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// An absent value.
    pub fn null(&mut self) {
        self.field(b'n', &[]);
    }

    /// A whole number.
    pub fn integer(&mut self, value: i64) {
        self.field(b'i', &value.to_be_bytes());
    }

    /// A floating-point number, by its bits.
    pub fn real(&mut self, value: f64) {
        self.field(b'r', &value.to_bits().to_be_bytes());
    }

    /// A text.
    pub fn text(&mut self, value: &str) {
        self.field(b't', value.as_bytes());
    }

    /// The hash of everything fed, lower-case hexadecimal.
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }

    fn field(&mut self, kind: u8, bytes: &[u8]) {
        self.0.update([kind]);
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cannot_run_into_each_other() {
        let of = |fields: &[&str]| {
            let mut hasher = RowHasher::new();
            fields.iter().for_each(|f| hasher.text(f));
            hasher.finish()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]), "lengths are part of the hash");
        assert_ne!(of(&["a", ""]), of(&["a"]), "an empty field is a field");
    }

    #[test]
    fn null_and_empty_text_and_zero_are_three_values() {
        let mut null = RowHasher::new();
        null.null();
        let mut empty = RowHasher::new();
        empty.text("");
        let mut zero = RowHasher::new();
        zero.integer(0);
        let hashes = [null.finish(), empty.finish(), zero.finish()];
        assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2] && hashes[0] != hashes[2], "{hashes:?}");
    }

    #[test]
    fn the_format_of_a_link_does_not_change() {
        // Computed once with Python's hashlib over the same bytes; heads stand in exports, so this must hold for ever.
        let hash = link("00", 1, "2026-01-01T00:00:00.000Z", "decision", "r", "ff");
        assert_eq!(hash, "0f4a5a970aa382bb3c0b8511738376196b50e8c2c3b48e2fdbbf891ae158b0c8");
    }
}
