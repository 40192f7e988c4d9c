//! Devices: what there is, which one to take, and how much of its memory is free.

mod cuda;
#[cfg(any(feature = "flash-attn", test))]
mod flash;
mod metal;
mod processor;

#[cfg(test)]
mod operations_tests;

use std::fs;

use candle_core::Device;
use saring_verdict::{DeviceChoice, DeviceInfo, DeviceKind, EngineError};

#[cfg(feature = "flash-attn")]
pub(crate) use flash::has_flash;

/// A device that was chosen.
#[derive(Debug)]
pub(crate) struct Chosen {
    /// For candle.
    pub device: Device,
    /// For people.
    pub info: DeviceInfo,
    /// Why it is not a faster one, if one was wished for.
    pub fallback: Option<String>,
}

/// Every device that can be used now, the fastest first. Of several cards that is the one which [`choose`] takes.
pub(crate) fn list() -> Vec<DeviceInfo> {
    [DeviceKind::Cuda, DeviceKind::Metal, DeviceKind::Cpu]
        .into_iter()
        .filter_map(|kind| open(kind).ok())
        .map(|(_, info)| info)
        .collect()
}

/// Opens the device of a choice. `Auto` takes CUDA, then Metal, then the processor, and says why it fell.
///
/// # Errors
/// `DeviceUnavailable` if a named device cannot be used.
pub(crate) fn choose(choice: DeviceChoice) -> Result<Chosen, EngineError> {
    let kind = match choice {
        DeviceChoice::Auto => return Ok(choose_best()),
        DeviceChoice::Cpu => DeviceKind::Cpu,
        DeviceChoice::Cuda => DeviceKind::Cuda,
        DeviceChoice::Metal => DeviceKind::Metal,
    };
    let (device, info) =
        open(kind).map_err(|reason| EngineError::DeviceUnavailable { device: kind.to_string(), reason })?;
    Ok(Chosen { device, info, fallback: None })
}

fn choose_best() -> Chosen {
    let mut reasons = Vec::new();
    for kind in [DeviceKind::Cuda, DeviceKind::Metal] {
        match open(kind) {
            Ok((device, info)) => return Chosen { device, info, fallback: None },
            Err(reason) if is_present(kind) => reasons.push(reason),
            Err(_) => {}
        }
    }
    let fallback = (!reasons.is_empty()).then(|| reasons.join("; "));
    Chosen { device: Device::Cpu, info: processor::info(), fallback }
}

/// A device that computes, or why it does not.
fn open(kind: DeviceKind) -> Result<(Device, DeviceInfo), String> {
    match kind {
        DeviceKind::Cpu => Ok((Device::Cpu, processor::info())),
        DeviceKind::Cuda => cuda::open(),
        DeviceKind::Metal => metal::open(),
    }
}

/// Whether the machine seems to have such a device, whatever this build can do with it.
fn is_present(kind: DeviceKind) -> bool {
    match kind {
        DeviceKind::Cpu => true,
        DeviceKind::Cuda => cfg!(feature = "cuda") || fs::exists("/dev/nvidia0").unwrap_or(false),
        DeviceKind::Metal => cfg!(all(target_os = "macos", target_arch = "aarch64")),
    }
}

/// The device that tests compute on: the one that `SARING_TEST_DEVICE` names (`cuda`, `metal`), else the processor.
///
/// # Panics
/// If it cannot be used: a test that was to run on a card must not pass on the processor.
#[cfg(test)]
pub(crate) fn for_tests() -> Device {
    let kind = match std::env::var("SARING_TEST_DEVICE").as_deref() {
        Ok("cuda") => DeviceKind::Cuda,
        Ok("metal") => DeviceKind::Metal,
        Ok("cpu") | Err(_) => DeviceKind::Cpu,
        Ok(other) => panic!("SARING_TEST_DEVICE is {other:?}; cpu, cuda and metal are known"),
    };
    open(kind).unwrap_or_else(|reason| panic!("SARING_TEST_DEVICE asks for {kind}: {reason}")).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_can_always_be_used_and_is_listed_last() {
        let chosen = choose(DeviceChoice::Cpu).unwrap();
        assert_eq!((chosen.info.kind, chosen.fallback), (DeviceKind::Cpu, None));
        assert_eq!(list().last().map(|d| d.kind), Some(DeviceKind::Cpu));
    }

    #[test]
    fn auto_takes_the_first_that_is_listed() {
        let chosen = choose(DeviceChoice::Auto).unwrap();
        assert_eq!(Some(chosen.info.kind), list().first().map(|d| d.kind));
    }

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn a_build_without_cuda_says_how_the_one_with_it_is_called() {
        let refused = choose(DeviceChoice::Cuda).unwrap_err();
        assert!(matches!(&refused, EngineError::DeviceUnavailable { device, .. } if device == "cuda"));
        assert!(refused.to_string().contains("saring-cuda"), "what to look for is named: {refused}");
    }
}
