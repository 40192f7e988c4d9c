//! Apple's GPUs.

use candle_core::Device;
use saring_verdict::DeviceInfo;

/// The system's GPU. Its memory is the machine's own: what counts is how much of it Metal says one program should use.
#[cfg(feature = "metal")]
pub(super) fn open() -> Result<(Device, DeviceInfo), String> {
    let failed = |e: candle_core::Error| format!("Metal does not start: {}", crate::layers::failure(&e));
    let device = Device::new_metal(0).map_err(failed)?;
    let metal = device.as_metal_device().map_err(failed)?.metal_device();
    let recommended_bytes = metal.recommended_max_working_set_size() as u64;
    let info = DeviceInfo {
        kind: saring_verdict::DeviceKind::Metal,
        name: "Apple GPU".into(),
        memory_bytes: Some(recommended_bytes),
        memory_free_bytes: Some(recommended_bytes.saturating_sub(metal.current_allocated_size() as u64)),
    };
    Ok((device, info))
}

/// Not in this build.
#[cfg(not(feature = "metal"))]
pub(super) fn open() -> Result<(Device, DeviceInfo), String> {
    Err("this build has no Metal support".into())
}
