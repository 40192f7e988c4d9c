//! What vision towers made of images, put among the tokens of a call.

use candle_core::{DType, Device, Result, Tensor};

use super::{call::Chunk, row::ImageFeatures};

/// The part of an image that a call reads.
#[derive(Debug)]
struct Part<'a> {
    features: &'a ImageFeatures,
    /// Index of its first row among the image's tokens.
    from: usize,
    len: usize,
}

/// The images of a call. Rows of its tensors are the call's T tokens.
#[derive(Debug)]
pub(super) struct Inserted<'a> {
    parts: Vec<Part<'a>>,
    /// For each token its place among those of all parts.
    sources: Vec<Option<u32>>,
    /// `[T]`: for each token its place among those of all parts, behind a row of zeros that is for text.
    added: Tensor,
    /// `[Q]`: the same for those that are asked for, where not all are.
    added_asked: Option<Tensor>,
    dtype: DType,
    device: &'a Device,
}

impl<'a> Inserted<'a> {
    /// Of chunks that lie one behind the other; `None` if none has an image. `asked` are the places of the tokens that are asked
    /// for, where not all are.
    ///
    /// # Errors
    /// Those of the device.
    pub fn new(
        chunks: &[Chunk<'a>],
        asked: Option<&[u32]>,
        dtype: DType,
        device: &'a Device,
    ) -> Result<Option<Self>> {
        let (mut parts, mut sources, mut count) = (Vec::new(), Vec::new(), 0);
        for chunk in chunks {
            let before = sources.len();
            sources.resize(before + chunk.len(), None);
            for image in chunk.placed.row.images {
                let (start, end) = (image.start.max(chunk.start), image.end().min(chunk.end));
                if start < end {
                    parts.push(Part {
                        features: &image.features,
                        from: start - image.start,
                        len: end - start,
                    });
                    let first = before + start - chunk.start;
                    for source in &mut sources[first..first + end - start] {
                        *source = Some(count);
                        count += 1;
                    }
                }
            }
        }
        if parts.is_empty() {
            return Ok(None);
        }
        let row = |source: &Option<u32>| source.map_or(0, |source| 1 + source);
        let all: Vec<u32> = sources.iter().map(row).collect();
        let asked = asked.map(|places| places.iter().map(|place| all[*place as usize]).collect::<Vec<_>>());
        let tensor = |rows: Vec<u32>| Tensor::new(rows.as_slice(), device);
        let (added, added_asked) = (tensor(all)?, asked.map(tensor).transpose()?);
        Ok(Some(Self { parts, sources, added, added_asked, dtype, device }))
    }

    /// Takes images instead of what was looked up: `[T, H]` to `[T, H]`.
    pub fn in_place_of_embeddings(&self, x: &Tensor) -> Result<Tensor> {
        let tokens = self.sources.len() as u32;
        let rows: Vec<u32> = (0..tokens)
            .zip(&self.sources)
            .map(|(own, source)| source.map_or(own, |source| tokens + source))
            .collect();
        let images = self.gather(|features| Some(&features.embeddings))?;
        Tensor::cat(&[x, &images], 0)?.index_select(&Tensor::new(rows.as_slice(), self.device)?, 0)
    }

    /// Adds what the images have for the output of layer `index`: `[T, H]` to `[T, H]`, or `[Q, H]` to `[Q, H]` where only
    /// the tokens that are asked for are left.
    pub fn after_layer(&self, index: usize, x: Tensor, is_narrowed: bool) -> Result<Tensor> {
        if self.parts.iter().all(|part| part.features.deepstack.len() <= index) {
            return Ok(x);
        }
        let nothing = Tensor::zeros((1, x.dim(1)?), self.dtype, self.device)?;
        let images = self.gather(|features| features.deepstack.get(index))?;
        let rows = self.added_asked.as_ref().filter(|_| is_narrowed).unwrap_or(&self.added);
        x + Tensor::cat(&[&nothing, &images], 0)?.index_select(rows, 0)?
    }

    /// One tensor of every image, the parts that are read one after the other.
    fn gather(&self, of: impl Fn(&'a ImageFeatures) -> Option<&'a Tensor>) -> Result<Tensor> {
        let parts: Vec<Tensor> = self
            .parts
            .iter()
            .map(|part| match of(part.features) {
                Some(tensor) => tensor.narrow(0, part.from, part.len)?.to_dtype(self.dtype),
                None => candle_core::bail!("images of one batch have features for different layers"),
            })
            .collect::<Result<_>>()?;
        Tensor::cat(&parts, 0)
    }
}
