//! NVIDIA's cards: which of them can be used, and which one is taken.

#[cfg(not(feature = "cuda"))]
use candle_core::Device;
use saring_verdict::DeviceInfo;

#[cfg(feature = "cuda")]
pub(super) use driver::open;

/// Not in this build.
#[cfg(not(feature = "cuda"))]
pub(super) fn open() -> Result<(Device, DeviceInfo), String> {
    Err("this build has no CUDA support; the CUDA build is called saring-cuda".into())
}

/// A card as the driver shows it.
#[cfg(any(feature = "cuda", test))]
#[derive(Debug)]
struct Card {
    /// The driver's number for it.
    ordinal: usize,
    name: String,
    /// Compute capability: major, minor.
    capability: (i32, i32),
    memory_bytes: u64,
    memory_free_bytes: u64,
}

#[cfg(any(feature = "cuda", test))]
impl Card {
    /// Below it there is no arithmetic in bf16, the precision most guards are published in, and the build has no code.
    const CAPABILITY_MIN: (i32, i32) = (8, 0);

    fn usable(self) -> Result<Self, String> {
        if self.capability >= Self::CAPABILITY_MIN {
            return Ok(self);
        }
        let ((major, minor), (needed_major, needed_minor)) = (self.capability, Self::CAPABILITY_MIN);
        Err(format!(
            "{} has compute capability {major}.{minor}; {needed_major}.{needed_minor} is needed, below it there is no bf16",
            self.name
        ))
    }

    /// For people; of several, the number says which.
    fn info(&self, cards: usize) -> DeviceInfo {
        let name = match cards {
            1 => self.name.clone(),
            _ => format!("{}, number {} of {cards}", self.name, self.ordinal + 1),
        };
        DeviceInfo {
            kind: saring_verdict::DeviceKind::Cuda,
            name,
            memory_bytes: Some(self.memory_bytes),
            memory_free_bytes: Some(self.memory_free_bytes),
        }
    }
}

/// The usable card with the most free memory, or why none of them can be used.
#[cfg(any(feature = "cuda", test))]
fn best(found: Vec<Result<Card, String>>) -> Result<Card, String> {
    let (mut best, mut reasons) = (None::<Card>, Vec::new());
    for card in found {
        match card.and_then(Card::usable) {
            // Of equals the first: the driver's own order.
            Ok(card) if best.as_ref().is_none_or(|b| card.memory_free_bytes > b.memory_free_bytes) => {
                best = Some(card);
            }
            Ok(_) => {}
            Err(reason) => reasons.push(reason),
        }
    }
    best.ok_or_else(|| match reasons.is_empty() {
        true => "the NVIDIA driver shows no card".into(),
        false => reasons.join("; "),
    })
}

#[cfg(feature = "cuda")]
mod driver {
    //! The only part that asks the driver.

    use candle_core::{
        DType, Device, Tensor,
        cuda_backend::cudarc::driver::{CudaContext, DriverError},
    };
    use saring_verdict::DeviceInfo;

    use super::{Card, best};
    use crate::layers::failure;

    /// The best card, after it has computed something: an old driver, or a build for other cards, shows only then.
    pub(in crate::device) fn open() -> Result<(Device, DeviceInfo), String> {
        let count = CudaContext::device_count().map_err(|e| format!("CUDA does not start: {e}"))?;
        let count = usize::try_from(count).unwrap_or(0);
        let card =
            best((0..count).map(|ordinal| card(ordinal).map_err(|e| in_words(ordinal, &e))).collect())?;
        let device = Device::new_cuda(card.ordinal)
            .and_then(|device| compute(&device).map(|()| device))
            .map_err(|e| format!("{} does not compute: {}", card.name, failure(&e)))?;
        Ok((device, card.info(count)))
    }

    fn in_words(ordinal: usize, error: &DriverError) -> String {
        format!("card {} cannot be used: {error}", ordinal + 1)
    }

    fn card(ordinal: usize) -> Result<Card, DriverError> {
        let context = CudaContext::new(ordinal)?;
        // What a guard that was let go of had goes back to the card when the work in its queue is done.
        context.synchronize()?;
        let (free, total) = context.mem_get_info()?;
        Ok(Card {
            ordinal,
            name: context.name()?,
            capability: context.compute_capability()?,
            memory_bytes: total as u64,
            memory_free_bytes: free as u64,
        })
    }

    fn compute(device: &Device) -> candle_core::Result<()> {
        let one = Tensor::ones(1, DType::F32, device)?.to_dtype(DType::BF16)?.to_dtype(DType::F32)?;
        if one.to_vec1::<f32>()? != [1.0] {
            candle_core::bail!("it makes of one another number");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(ordinal: usize, capability: (i32, i32), memory_free_bytes: u64) -> Card {
        Card { ordinal, name: format!("Card {ordinal}"), capability, memory_bytes: 100, memory_free_bytes }
    }

    #[test]
    fn of_several_cards_the_one_with_most_free_memory_is_taken() {
        let found = [(0, 10), (1, 30), (2, 30), (3, 20)].map(|(n, free)| Ok(card(n, (8, 9), free)));
        assert_eq!(best(found.into()).unwrap().ordinal, 1, "of equals the driver's first");
    }

    #[test]
    fn a_card_without_bf16_is_passed_over_and_alone_refused_with_both_numbers() {
        let old = || Ok(card(0, (7, 5), 90));
        let found = vec![old(), Err("card 2 cannot be used: lost".into()), Ok(card(2, (8, 0), 10))];
        assert_eq!(best(found).unwrap().ordinal, 2, "neither an old card nor a lost one is in the way");
        let refused = best(vec![old()]).unwrap_err();
        assert!(
            refused.contains("Card 0") && refused.contains("7.5") && refused.contains("8.0"),
            "{refused}"
        );
    }

    #[test]
    fn every_card_that_cannot_be_used_is_accounted_for() {
        let refused = best(vec![Ok(card(0, (6, 1), 90)), Err("card 2 cannot be used: lost".into())]);
        let refused = refused.unwrap_err();
        assert!(refused.contains("6.1") && refused.contains("lost"), "{refused}");
        assert!(best(Vec::new()).unwrap_err().contains("no card"), "a driver alone is no device");
    }

    #[test]
    fn which_card_it_is_is_said_only_where_there_are_several() {
        let card = card(1, (9, 0), 40);
        assert_eq!(card.info(1).name, "Card 1");
        assert_eq!(card.info(2).name, "Card 1, number 2 of 2");
        assert_eq!((card.info(1).memory_bytes, card.info(1).memory_free_bytes), (Some(100), Some(40)));
    }
}
