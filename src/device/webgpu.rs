//! A wgpu device of our own, registered with burn, so that its errors and its loss are seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::prelude::*;
use burn_wgpu::WgpuSetup;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen::JsValue;

use super::{DeviceKind, Processor, fault};
use crate::error::{Error, Result};

#[cfg(target_arch = "wasm32")]
unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// What must happen once, before any GPU work. Natively nothing: rejected kernels are errors there, and the logger is the program's.
#[cfg(target_arch = "wasm32")]
fn prepare() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // SAFETY: the linker provides it, and it runs cubecl's registrations. Unless the program calls it, the linker
        // wraps every export to run them again on every call, which made a forward pass 300 times slower.
        unsafe { __wasm_call_ctors() }
        // Fails if there is a logger already; its owner then sees the faults.
        if log::set_logger(&fault::FaultLog).is_ok() {
            log::set_max_level(log::LevelFilter::Error);
        }
    });
}

/// Acquires the preferred GPU of the browser, or natively of the system, through Vulkan, Metal or DirectX.
///
/// # Errors
/// [`Error::NoWebGpu`] if there is none, or burn cannot use what there is.
pub async fn acquire() -> Result<Processor> {
    #[cfg(target_arch = "wasm32")]
    prepare();
    let unavailable =
        |what: String| Error::NoWebGpu(format!("WebGPU is not available here: {what}; the CPU works everywhere"));
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let options =
        wgpu::RequestAdapterOptions { power_preference: wgpu::PowerPreference::HighPerformance, ..Default::default() };
    let adapter = instance.request_adapter(&options).await.map_err(|error| unavailable(error.to_string()))?;
    if !adapter.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
        // cubecl 0.11 panics without.
        return Err(unavailable("the GPU has no clock (timestamp-query) that can be asked".into()));
    }
    // Natively there are some that have to be asked for in other words, and one that makes memory slow.
    let unwanted = wgpu::Features::all_experimental_mask() | wgpu::Features::MAPPABLE_PRIMARY_BUFFERS;
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("doodletune"),
        required_features: adapter.features() - unwanted,
        required_limits: adapter.limits(),
        ..Default::default()
    };
    let (device, queue) = adapter.request_device(&descriptor).await.map_err(|error| unavailable(error.to_string()))?;
    let info = adapter.get_info();
    let setup = WgpuSetup { instance, adapter, device: device.clone(), queue, backend: info.backend };
    let tensors = Device::wgpu_options().setup(setup).init().map_err(|error| unavailable(error.to_string()))?;
    // After the registration, which installs a handler of its own that panics.
    device.on_uncaptured_error(Arc::new(|error| fault::raise(Error::Gpu(error.to_string()))));
    // What went wrong with the GPU before, or while this one was looked for, is not its fault.
    fault::forgive();
    let discarded = Arc::new(AtomicBool::new(false));
    let expected = discarded.clone();
    device.set_device_lost_callback(move |reason, message| {
        if !expected.load(Ordering::Relaxed) {
            fault::raise(Error::DeviceLost(format!("{reason:?}: {message}")));
        }
    });
    #[cfg(target_arch = "wasm32")]
    let name = adapter_name().await;
    #[cfg(not(target_arch = "wasm32"))]
    let name = Some(info.name).filter(|name| !name.is_empty());
    let (name, software) = (name.unwrap_or_else(|| "GPU".into()), info.device_type == wgpu::DeviceType::Cpu);
    Ok(Processor { kind: DeviceKind::WebGpu, name, software, tensors, gpu: Some(device), discarded })
}

/// Vendor and architecture, which wgpu does not pass on in browsers (gfx-rs/wgpu#8819): `None` where the browser hides them.
#[cfg(target_arch = "wasm32")]
async fn adapter_name() -> Option<String> {
    let get =
        |object: &JsValue, key: &str| js_sys::Reflect::get(object, &key.into()).ok().filter(|value| value.is_truthy());
    let gpu = get(&get(&js_sys::global(), "navigator")?, "gpu")?;
    let request: js_sys::Function = get(&gpu, "requestAdapter")?.into();
    // The same wish as above, or a laptop with two GPUs may name the other one.
    let options = js_sys::Object::new();
    js_sys::Reflect::set(&options, &"powerPreference".into(), &"high-performance".into()).ok()?;
    let promise: js_sys::Promise = request.call1(&gpu, &options).ok()?.into();
    let info = get(&wasm_bindgen_futures::JsFuture::from(promise).await.ok()?, "info")?;
    let words: Vec<String> =
        ["description", "vendor", "architecture"].iter().filter_map(|key| get(&info, key)?.as_string()).collect();
    match words.as_slice() {
        [] => None,
        // A description, where there is one, names the card and needs no vendor beside it.
        [description, _, _] => Some(description.clone()),
        words => Some(words.join(" ")),
    }
}
