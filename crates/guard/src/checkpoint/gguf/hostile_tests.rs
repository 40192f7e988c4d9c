//! Files that lie about themselves: each is refused with an error, none crashes or takes memory for what is not there.

use std::{fs, path::Path};

use saring_verdict::EngineError;
use sha2::{Digest, Sha256};

use super::{Gguf, header::Header};
use crate::checkpoint::{Checkpoint, Weights};

const GOLDEN: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/golden/gguf/qwen3-small-Q8_0.gguf");

/// A file of two keys and one tensor of 64 numbers, which tests may damage.
struct Written {
    keys: Vec<(Vec<u8>, Vec<u8>)>,
    tensors: Vec<Vec<u8>>,
    data_bytes: usize,
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

fn tensor(name: &str, shape: &[u64], kind: u32, offset: u64) -> Vec<u8> {
    let mut bytes = text(name);
    bytes.extend((shape.len() as u32).to_le_bytes());
    bytes.extend(shape.iter().flat_map(|size| size.to_le_bytes()));
    bytes.extend(kind.to_le_bytes());
    bytes.extend(offset.to_le_bytes());
    bytes
}

impl Written {
    fn new() -> Self {
        let architecture = [&8u32.to_le_bytes()[..], &text("qwen3")].concat();
        Self {
            keys: vec![(text("general.architecture"), architecture)],
            tensors: vec![tensor("token_embd.weight", &[32, 2], 0, 0)],
            data_bytes: 256,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(3u32.to_le_bytes());
        bytes.extend((self.tensors.len() as u64).to_le_bytes());
        bytes.extend((self.keys.len() as u64).to_le_bytes());
        for (key, value) in &self.keys {
            bytes.extend(key);
            bytes.extend(value);
        }
        for tensor in &self.tensors {
            bytes.extend(tensor);
        }
        bytes.resize(bytes.len().next_multiple_of(32) + self.data_bytes, 0);
        bytes
    }

    /// What is wrong with its header or with where its tensors lie.
    fn refusal(&self) -> String {
        let bytes = self.bytes();
        let path = Path::new("hostile.gguf");
        match Header::parse(bytes.as_slice(), bytes.len() as u64) {
            Ok(header) => {
                super::tensors::places(&header, path, 0).expect_err("it must be refused").to_string()
            }
            Err(reason) => reason,
        }
    }
}

#[test]
fn what_does_not_fit_is_said() {
    let broken = |change: fn(&mut Written)| {
        let mut written = Written::new();
        change(&mut written);
        written.refusal()
    };
    for (change, expected) in [
        ((|w| w.data_bytes = 255) as fn(&mut Written), "tensor token_embd.weight ends at byte"),
        (|w| w.tensors.push(tensor("b", &[32], 0, 128)), "tensors token_embd.weight and b overlap"),
        (|w| w.tensors[0] = tensor("a", &[32, 2], 0, 7), "tensor a begins at an odd place"),
        (|w| w.tensors[0] = tensor("a", &[32, 2], 0, u64::MAX - 31), "tensor a begins at an odd place"),
        (|w| w.tensors[0] = tensor("a", &[u64::MAX, 2], 0, 0), "claims more numbers than the file can hold"),
        (|w| w.tensors[0] = tensor("a", &[0, 2], 0, 0), "claims more numbers than the file can hold"),
        (|w| w.tensors[0] = tensor("a", &[1; 5], 0, 0), "5 dimensions"),
        (|w| w.tensors[0] = tensor("a", &[48, 2], 8, 0), "no multiple of 32"),
        (|w| w.tensors[0] = tensor("a", &[32], 23, 0), "IQ4_XS"),
        (|w| w.tensors[0] = tensor("a", &[32], 77, 0), "number 77"),
        (|w| w.keys.push(w.keys[0].clone()), "`general.architecture` is there twice"),
        (|w| w.keys[0].0 = u64::MAX.to_le_bytes().to_vec(), "bytes of text"),
        (
            |w| w.keys[0].1 = [9u32, 8, u32::MAX, 0].iter().flat_map(|n| n.to_le_bytes()).collect(),
            "texts in a file",
        ),
        (|w| w.keys[0].1 = [9u32, 9, 1, 0].iter().flat_map(|n| n.to_le_bytes()).collect(), "unknown type 9"),
        (|w| w.keys[0].1 = 99u32.to_le_bytes().to_vec(), "unknown type 99"),
    ] {
        let found = broken(change);
        assert!(found.contains(expected), "{found} does not say {expected}");
    }
}

#[test]
fn thousands_of_damaged_files_are_refused_or_read_and_none_crashes() {
    let whole = fs::read(GOLDEN).unwrap();
    let header_bytes = 24_000.min(whole.len());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.gguf");
    let (mut refused, mut read) = (0, 0);
    for seed in 0u64..3000 {
        let random = Sha256::digest(seed.to_le_bytes());
        let number = |at: usize| {
            u32::from_le_bytes([random[at], random[at + 1], random[at + 2], random[at + 3]]) as usize
        };
        let mut damaged = whole.clone();
        for change in 0..=(seed % 3) as usize {
            // Numbers stand near the beginning and near the end of the header.
            let at =
                if seed % 2 == 0 { number(4 * change) % 3000 } else { number(4 * change) % header_bytes };
            match random[16 + change] % 4 {
                0 => damaged[at] ^= 1 << (random[20 + change] % 8),
                1 => damaged[at] = 0xff,
                2 => damaged[at..at + 8].copy_from_slice(&u64::MAX.to_le_bytes()),
                _ => damaged.truncate(number(24) % whole.len()),
            }
            if damaged.len() < header_bytes {
                break;
            }
        }
        let parsed = Header::parse(damaged.as_slice(), damaged.len() as u64);
        if parsed.is_err() {
            refused += 1;
            continue;
        }
        fs::write(&path, &damaged).unwrap();
        match Checkpoint::open(&path).and_then(|checkpoint| {
            checkpoint.tokenizer()?;
            checkpoint.tokenizer_config()?;
            Weights::open(&checkpoint)
        }) {
            Ok(_) => read += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 500 && read > 100, "{refused} refused, {read} read: the damage must reach both sides");
}

#[test]
fn a_projector_file_is_not_taken_for_a_model() {
    let mut written = Written::new();
    written.keys[0].1 = [&8u32.to_le_bytes()[..], &text("clip")].concat();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mmproj.gguf");
    fs::write(&path, written.bytes()).unwrap();
    let refused = Gguf::open(&path).unwrap_err();
    assert!(
        matches!(&refused, EngineError::BadConfig { reason, .. } if reason.contains("projector")),
        "{refused}"
    );
}
