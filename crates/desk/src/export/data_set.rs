//! The data sets of a training export: rows with images lie apart, since a trainer reads a file's columns from its first rows.

use super::{Part, tally::Tally};

/// One data file and what a trainer calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DataSet {
    pub(super) part: Part,
    /// Every row has images; otherwise none has.
    pub(super) images: bool,
}

impl DataSet {
    /// Those that have rows.
    pub(super) fn all(tally: &Tally) -> Vec<Self> {
        let mut all: Vec<Self> =
            tally.rows.keys().map(|kind| Self { part: kind.part, images: kind.images }).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// In `dataset_info.json` and in a training configuration.
    pub(super) fn name(self, queue: &str) -> String {
        let slug: String = queue
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
            .collect();
        let slug = slug.trim_matches('_');
        let slug = if slug.is_empty() { "saring" } else { slug };
        format!("{slug}_{}", self.stem())
    }

    /// Of the data file.
    pub(super) fn file_name(self) -> String {
        format!("{}.jsonl", self.stem())
    }

    fn stem(self) -> String {
        let images = if self.images { "_images" } else { "" };
        format!("{}{images}", self.part.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_data_sets_are_plain() {
        let text = DataSet { part: Part::Train, images: false };
        assert_eq!(text.name("Forum, November"), "forum__november_train");
        let images = DataSet { part: Part::Validation, images: true };
        assert_eq!(images.name("ไทย"), "saring_validation_images");
        assert_eq!(images.file_name(), "validation_images.jsonl");
    }
}
