//! The processor: its name and the machine's memory, as Linux tells them; elsewhere the memory stays unknown.

use std::fs;

use saring_verdict::{DeviceInfo, DeviceKind};

/// As it is now.
pub(super) fn info() -> DeviceInfo {
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    DeviceInfo {
        kind: DeviceKind::Cpu,
        name: name(),
        memory_bytes: meminfo_bytes(&memory, "MemTotal:"),
        memory_free_bytes: free_bytes(&memory),
    }
}

fn name() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name"));
    let name = name.and_then(|rest| rest.split_once(':')).map(|(_, name)| name.trim().to_owned());
    name.unwrap_or_else(|| format!("{} processor", std::env::consts::ARCH))
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
    fn memory_is_read_in_bytes() {
        let text = "MemTotal:       16 kB\nMemAvailable:    2 kB\n";
        assert_eq!(meminfo_bytes(text, "MemTotal:"), Some(16 * 1024));
        assert_eq!(meminfo_bytes(text, "MemAvailable:"), Some(2048));
        assert_eq!(meminfo_bytes("", "MemTotal:"), None);
    }
}
