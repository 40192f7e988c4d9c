//! The split into training and validation rows: by a seeded hash, so that it is the same on every machine, and over groups, so
//! that what belongs together is never separated.
//!
//! Tied together are items with the same content, with the same `group`, with the same request, or with an image in common; and whatever is tied to
//! one of those in turn. The part of a group does not change when other groups come or go.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

/// Which part of the data set a row is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// To learn from.
    Train,
    /// To measure on.
    Validation,
}

impl Part {
    /// The name used in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
        }
    }
}

/// A hashed name of something that items share.
type Key = [u8; 16];

/// Which items belong together, and the part of each group.
#[derive(Debug)]
pub(super) struct Split {
    seed: u64,
    validation: f64,
    index: HashMap<Key, usize>,
    /// Union-find over the keys.
    parent: Vec<usize>,
    /// Of a root: the smallest key of its group, which names the group whatever the order of items was.
    smallest: Vec<Key>,
}

impl Split {
    /// A split that gives about `validation` (0 to 1) of the groups to validation.
    pub(super) fn new(seed: u64, validation: f64) -> Self {
        Self { seed, validation, index: HashMap::new(), parent: Vec::new(), smallest: Vec::new() }
    }

    /// Takes in an item.
    pub(super) fn add<'a>(
        &mut self,
        content_hash: &str,
        group: Option<&str>,
        prompt: Option<&str>,
        images: impl IntoIterator<Item = &'a str>,
    ) {
        let item = self.node(key("content", content_hash));
        let images = images.into_iter().map(|sha256| key("image", sha256));
        for other in
            group.map(|g| key("group", g)).into_iter().chain(prompt.map(|p| key("prompt", p))).chain(images)
        {
            let other = self.node(other);
            self.unite(item, other);
        }
    }

    /// The part of an item that was taken in.
    pub(super) fn part(&mut self, content_hash: &str) -> Part {
        let node = self.node(key("content", content_hash));
        let root = self.root(node);
        let mut hasher = Sha256::new();
        hasher.update(b"saring split 1");
        hasher.update(self.seed.to_be_bytes());
        hasher.update(self.smallest[root]);
        let mut first = [0; 8];
        first.copy_from_slice(&hasher.finalize()[..8]);
        if unit(u64::from_be_bytes(first)) < self.validation { Part::Validation } else { Part::Train }
    }

    fn node(&mut self, key: Key) -> usize {
        let next = self.parent.len();
        let node = *self.index.entry(key).or_insert(next);
        if node == next {
            self.parent.push(next);
            self.smallest.push(key);
        }
        node
    }

    fn root(&mut self, mut node: usize) -> usize {
        while self.parent[node] != node {
            self.parent[node] = self.parent[self.parent[node]];
            node = self.parent[node];
        }
        node
    }

    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.smallest[a] = self.smallest[a].min(self.smallest[b]);
            self.parent[b] = a;
        }
    }
}

fn key(kind: &str, name: &str) -> Key {
    let mut hasher = Sha256::new();
    hasher.update(kind);
    hasher.update([0]);
    hasher.update(name);
    let mut key = [0; 16];
    key.copy_from_slice(&hasher.finalize()[..16]);
    key
}

/// 53 bits of `x` as a number from 0 to 1, 1 excluded.
#[allow(clippy::cast_precision_loss, reason = "53 bits are exact")]
fn unit(x: u64) -> f64 {
    (x >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_groups_equal_requests_and_images_stay_together_through_others() {
        // a -group- b -request- c, b -image- d: a, c and d share nothing, and are tied all the same.
        for seed in 0..200 {
            let mut split = Split::new(seed, 0.5);
            split.add("a", Some("g"), None, []);
            split.add("b", Some("g"), Some("p"), ["i", "j"]);
            split.add("c", None, Some("p"), []);
            split.add("d", None, None, ["j"]);
            let parts = ["a", "b", "c", "d"].map(|c| split.part(c));
            assert!(parts.iter().all(|p| *p == parts[0]), "seed {seed}: {parts:?}");
        }
    }

    #[test]
    fn the_order_of_items_does_not_change_their_parts() {
        let items =
            [("a", Some("g"), None), ("b", Some("g"), Some("p")), ("c", None, Some("p")), ("d", None, None)];
        for seed in 0..50 {
            let mut forward = Split::new(seed, 0.5);
            let mut backward = Split::new(seed, 0.5);
            items.iter().for_each(|(c, g, p)| forward.add(c, *g, *p, []));
            items.iter().rev().for_each(|(c, g, p)| backward.add(c, *g, *p, []));
            for (content, ..) in items {
                assert_eq!(forward.part(content), backward.part(content), "seed {seed}, item {content}");
            }
        }
    }

    #[test]
    fn about_the_wanted_share_goes_to_validation_and_the_seed_matters() {
        let parts = |seed, share| {
            let mut split = Split::new(seed, share);
            let items: Vec<String> = (0..4000).map(|n| n.to_string()).collect();
            items.iter().for_each(|i| split.add(i, None, None, []));
            items.iter().map(|i| split.part(i)).collect::<Vec<_>>()
        };
        let count = |parts: &[Part]| parts.iter().filter(|p| **p == Part::Validation).count();
        assert!((300..500).contains(&count(&parts(1, 0.1))), "a tenth of 4000: {}", count(&parts(1, 0.1)));
        assert_eq!(count(&parts(1, 0.0)), 0, "none where none are wanted");
        assert_ne!(parts(1, 0.5), parts(2, 0.5));
    }
}
