//! What stands for the images of a question: looked up by content, else seen by the vision tower.
//!
//! Files are read and decoded on a thread of their own, one batch ahead of the model.

use std::collections::HashMap;

use saring_verdict::{Cancel, JudgeError};

use super::question::Question;
use crate::{
    decoder::ImageSpan,
    images::{ImageReader, Prepared},
    layers::failure,
    model::Model,
    vision::FeatureCache,
};

/// Images of one batch that were read and decoded: by content hash.
pub(super) type PreparedImages = HashMap<String, Result<Prepared, JudgeError>>;

/// Sees images for the model.
pub(super) struct Looking<'a> {
    /// `None` for a guard of text alone.
    pub reader: Option<&'a ImageReader>,
    /// The vision tower and its decoder.
    pub model: &'a Model,
    /// What was seen before.
    pub features: &'a mut FeatureCache,
    /// See [`saring_verdict::GuardSettings`].
    pub pixels_max: Option<u64>,
}

impl Looking<'_> {
    /// The images of `questions` that have not been seen, in the order in which they are needed.
    pub fn unseen<'q>(&self, questions: &[&'q Question]) -> Vec<(u32, &'q saring_verdict::ImageRef)> {
        let mut wanted: Vec<(u32, &saring_verdict::ImageRef)> = Vec::new();
        for question in questions {
            for (position, (_, image)) in (1..).zip(&question.images) {
                let is_known = self.features.holds(&image.sha256, self.pixels_max)
                    || wanted.iter().any(|(_, other)| other.sha256 == image.sha256);
                if !is_known {
                    wanted.push((position, image));
                }
            }
        }
        wanted
    }

    /// What stands for the images of a question. `prepared` may have them read already.
    ///
    /// # Errors
    /// `Image` for one that cannot be used.
    pub fn spans(
        &mut self,
        question: &Question,
        prepared: &mut PreparedImages,
    ) -> Result<Vec<ImageSpan>, JudgeError> {
        let Some(reader) = self.reader else { return Ok(Vec::new()) };
        let mut spans = Vec::new();
        for (position, (start, image)) in (1..).zip(&question.images) {
            let features = match self.features.get(&image.sha256, self.pixels_max) {
                Some(known) => known,
                None => {
                    let read = prepared.remove(&image.sha256);
                    let read = read.unwrap_or_else(|| reader.prepare(image, position, self.pixels_max));
                    let seen = self.model.see(at(read, position)?).map_err(|e| JudgeError::Image {
                        position,
                        reason: format!("the guard failed on it: {}", failure(&e)),
                    })?;
                    self.features.put(&image.sha256, self.pixels_max, seen)
                }
            };
            spans.push(ImageSpan { start: *start, features });
        }
        Ok(spans)
    }
}

/// Reads and decodes images, for as long as nobody stops it.
pub(super) fn prepare(
    reader: &ImageReader,
    wanted: &[(u32, &saring_verdict::ImageRef)],
    pixels_max: Option<u64>,
    cancel: &Cancel,
) -> PreparedImages {
    let running = wanted.iter().take_while(|_| !cancel.is_cancelled());
    running
        .map(|(position, image)| (image.sha256.clone(), reader.prepare(image, *position, pixels_max)))
        .collect()
}

/// A failure is told with the place that the image has in the subject at hand.
fn at(read: Result<Prepared, JudgeError>, position: u32) -> Result<Prepared, JudgeError> {
    read.map_err(|error| match error {
        JudgeError::Image { reason, .. } => JudgeError::Image { position, reason },
        other => other,
    })
}
