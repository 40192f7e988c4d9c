//! A picture that is seen over and over.

use saring_verdict::EngineError;

use crate::{images::Prepared, judging::Guard, layers::failure, picture::Picture};

/// A picture of arbitrary pixels that is seen over and over, for measuring.
pub struct Look<'a> {
    guard: &'a Guard,
    prepared: Prepared,
}

impl<'a> Look<'a> {
    /// Resized and cut as the guard's own images are; its budget of pixels holds.
    ///
    /// # Errors
    /// `Inference` for a guard of text alone, or a picture that it would refuse.
    pub(crate) fn new(guard: &'a Guard, width: u32, height: u32) -> Result<Self, EngineError> {
        let failed = |reason: String| EngineError::Inference { reason };
        let reader =
            guard.asker.images.as_ref().ok_or_else(|| failed("the guard reads text alone".into()))?;
        let count = width as usize * height as usize * 3;
        let rgb = (0..count as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let prepared = reader.process(&Picture { width, height, rgb }, None);
        Ok(Self { guard, prepared: prepared.map_err(|e| failed(e.to_string()))? })
    }

    /// Sees it, to what stands for it in the decoder.
    ///
    /// # Errors
    /// `Inference` if the device refuses.
    pub fn see(&self) -> Result<(), EngineError> {
        let seen = self.guard.model.see(self.prepared.clone());
        // Copying a number back is what makes a GPU finish.
        let finished = seen.and_then(|seen| seen.embeddings.flatten_all()?.get(0)?.to_vec0::<f32>());
        finished.map(drop).map_err(|e| EngineError::Inference { reason: failure(&e) })
    }
}
