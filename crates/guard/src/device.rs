//! Devices: what there is, which one to take, and how much of its memory is free.

use std::fs;

use candle_core::{Device, utils};
use saring_verdict::{DeviceChoice, DeviceInfo, DeviceKind, EngineError};

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

/// Every device that can be used now, the fastest first.
pub(crate) fn list() -> Vec<DeviceInfo> {
    let mut devices = Vec::new();
    for kind in [DeviceKind::Cuda, DeviceKind::Metal] {
        if open(kind).is_ok() {
            devices.push(info(kind));
        }
    }
    devices.push(info(DeviceKind::Cpu));
    devices
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
    let device =
        open(kind).map_err(|reason| EngineError::DeviceUnavailable { device: kind.to_string(), reason })?;
    Ok(Chosen { device, info: info(kind), fallback: None })
}

fn choose_best() -> Chosen {
    let mut reasons = Vec::new();
    for kind in [DeviceKind::Cuda, DeviceKind::Metal] {
        match open(kind) {
            Ok(device) => return Chosen { device, info: info(kind), fallback: None },
            Err(reason) if is_present(kind) => reasons.push(reason),
            Err(_) => {}
        }
    }
    let fallback = (!reasons.is_empty()).then(|| reasons.join("; "));
    Chosen { device: Device::Cpu, info: info(DeviceKind::Cpu), fallback }
}

fn open(kind: DeviceKind) -> Result<Device, String> {
    match kind {
        DeviceKind::Cpu => Ok(Device::Cpu),
        // Whether candle was built for it is all that `is_available` tells; whether it works, only opening it does.
        DeviceKind::Cuda if !utils::cuda_is_available() => {
            Err("this build has no CUDA support; the CUDA build is called saring-cuda".into())
        }
        DeviceKind::Cuda => Device::new_cuda(0).map_err(|e| format!("CUDA does not start: {e}")),
        DeviceKind::Metal if !utils::metal_is_available() => Err("this build has no Metal support".into()),
        DeviceKind::Metal => Device::new_metal(0).map_err(|e| format!("Metal does not start: {e}")),
    }
}

/// Whether the machine seems to have such a device, whatever this build can do with it.
fn is_present(kind: DeviceKind) -> bool {
    match kind {
        DeviceKind::Cpu => true,
        DeviceKind::Cuda => utils::cuda_is_available() || fs::exists("/dev/nvidia0").unwrap_or(false),
        DeviceKind::Metal => cfg!(all(target_os = "macos", target_arch = "aarch64")),
    }
}

fn info(kind: DeviceKind) -> DeviceInfo {
    match kind {
        DeviceKind::Cpu => {
            let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
            DeviceInfo {
                kind,
                name: processor_name(),
                memory_bytes: meminfo_bytes(&memory, "MemTotal:"),
                memory_free_bytes: free_bytes(&memory),
            }
        }
        DeviceKind::Cuda => gpu(kind, nvidia_name().unwrap_or_else(|| "NVIDIA GPU".into())),
        DeviceKind::Metal => gpu(kind, "Apple GPU".into()),
    }
}

fn gpu(kind: DeviceKind, name: String) -> DeviceInfo {
    DeviceInfo { kind, name, memory_bytes: None, memory_free_bytes: None }
}

fn processor_name() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name"));
    let name = name.and_then(|rest| rest.split_once(':')).map(|(_, name)| name.trim().to_owned());
    name.unwrap_or_else(|| format!("{} processor", std::env::consts::ARCH))
}

fn nvidia_name() -> Option<String> {
    let card = fs::read_dir("/proc/driver/nvidia/gpus").ok()?.flatten().next()?;
    let text = fs::read_to_string(card.path().join("information")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("Model:")).map(|name| name.trim().to_owned())
}

/// What can be had without swapping: the kernel's estimate, or what a container leaves.
fn free_bytes(meminfo: &str) -> Option<u64> {
    let available = meminfo_bytes(meminfo, "MemAvailable:")?;
    let number = |file: &str| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok();
    let group = number("/sys/fs/cgroup/memory.max").zip(number("/sys/fs/cgroup/memory.current"));
    Some(group.map_or(available, |(max, used)| available.min(max.saturating_sub(used))))
}

fn meminfo_bytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_can_always_be_used_and_auto_ends_there_without_a_gpu() {
        assert_eq!(choose(DeviceChoice::Cpu).unwrap().info.kind, DeviceKind::Cpu);
        assert_eq!(list().last().map(|d| d.kind), Some(DeviceKind::Cpu));
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let text = "MemTotal:       16 kB\nMemAvailable:    2 kB\n";
        assert_eq!(meminfo_bytes(text, "MemTotal:"), Some(16 * 1024));
        assert_eq!(meminfo_bytes(text, "MemAvailable:"), Some(2048));
        assert_eq!(meminfo_bytes("", "MemTotal:"), None);
    }
}
