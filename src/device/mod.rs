//! Where the network computes: the GPU, through WebGPU or natively what lies under it, or the CPU.

mod fault;
#[cfg(any(target_arch = "wasm32", feature = "gpu"))]
mod webgpu;

pub use fault::{check, forgive, is_out_of_memory, read};
#[cfg(any(target_arch = "wasm32", feature = "gpu"))]
pub use webgpu::acquire as webgpu;

use std::sync::{Mutex, PoisonError};

use burn::prelude::*;
use serde::{Deserialize, Serialize};

#[cfg(not(any(target_arch = "wasm32", feature = "gpu")))]
use crate::error::{Error, Result};

/// A kind of processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// burn's `flex` backend and this crate's kernels: SIMD, on one thread in browsers.
    Cpu,
    /// burn's wgpu backend on a device of our own.
    WebGpu,
}

/// A processor that is ready to compute.
#[derive(Debug, Clone)]
pub struct Processor {
    /// Its kind.
    pub kind: DeviceKind,
    /// What it calls itself.
    pub name: String,
    /// Whether it is a GPU emulated on the CPU.
    pub software: bool,
    /// Where burn puts tensors.
    pub tensors: Device,
    #[cfg(any(target_arch = "wasm32", feature = "gpu"))]
    gpu: Option<wgpu::Device>,
    /// Set where its loss is nobody's fault.
    #[cfg(any(target_arch = "wasm32", feature = "gpu"))]
    discarded: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

/// Whether tensors on `device`, with or without automatic differentiation, are on the CPU.
pub fn is_cpu(device: &Device) -> bool {
    device.clone().inner() == Device::flex()
}

/// What `draw` makes of burn's random numbers, seeded. They belong to the whole process: whoever draws them keeps others
/// waiting. A parameter is drawn when it is first looked at, so that `draw` has to look.
pub fn seeded<T>(device: &Device, seed: u64, draw: impl FnOnce() -> T) -> T {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    device.seed(seed);
    draw()
}

/// The CPU. Always there.
pub fn cpu() -> Processor {
    Processor {
        kind: DeviceKind::Cpu,
        name: if cfg!(target_arch = "wasm32") { "CPU (WebAssembly SIMD)" } else { "CPU" }.into(),
        software: false,
        tensors: Device::flex(),
        #[cfg(any(target_arch = "wasm32", feature = "gpu"))]
        gpu: None,
        #[cfg(any(target_arch = "wasm32", feature = "gpu"))]
        discarded: Default::default(),
    }
}

/// The GPU through WebGPU, which is there in browsers and, with the feature `gpu`, natively.
///
/// # Errors
/// [`Error::NoWebGpu`], always.
#[cfg(not(any(target_arch = "wasm32", feature = "gpu")))]
pub async fn webgpu() -> Result<Processor> {
    Err(Error::NoWebGpu("this was built without the feature “gpu”; build with it, or use the CPU".into()))
}

impl Processor {
    /// Gives the GPU device back; all that is on it is lost. Nothing on a CPU.
    pub fn release(&self) {
        #[cfg(any(target_arch = "wasm32", feature = "gpu"))]
        if let Some(gpu) = &self.gpu {
            gpu.destroy();
        }
    }

    /// [`Processor::release`] of one that is not in use: no fault of another.
    pub fn discard(&self) {
        #[cfg(any(target_arch = "wasm32", feature = "gpu"))]
        self.discarded.store(true, std::sync::atomic::Ordering::Relaxed);
        self.release();
    }

    /// The device that burn computes on, to share it with other code; `None` for a CPU.
    #[cfg(any(target_arch = "wasm32", feature = "gpu"))]
    pub fn gpu(&self) -> Option<&wgpu::Device> {
        self.gpu.as_ref()
    }
}
