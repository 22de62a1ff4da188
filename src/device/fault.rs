//! Faults of a GPU, which are reported on the side: by callbacks and by log records, never by the operation that
//! failed. They are collected here, and every readback asks.
//!
//! In the browser burn launches a kernel before the browser has accepted it, and only logs a rejection
//! (tracel-ai/cubecl#1641): without this, results would be silently wrong.

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::prelude::*;

use super::is_cpu;
use crate::error::{Error, Result};

/// The first fault of the GPU in use, of which there is one at a time; later ones are consequences. Natively, a thread of the GPU
/// library's own reports it.
static FAULT: Mutex<Option<Error>> = Mutex::new(None);

fn fault() -> MutexGuard<'static, Option<Error>> {
    FAULT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Records a fault. The loss of the device explains all others, and replaces them.
#[cfg(any(target_arch = "wasm32", feature = "gpu", test))]
pub(super) fn raise(raised: Error) {
    let mut first = fault();
    if first.is_none() || matches!(raised, Error::DeviceLost(_)) {
        *first = Some(raised);
    }
}

/// What went wrong on the GPU so far, for who reads from it in other ways than by [`read`].
///
/// # Errors
/// [`Error::DeviceLost`] or [`Error::Gpu`].
pub fn check() -> Result<()> {
    fault().clone().map_or(Ok(()), Err)
}

/// Forgets the faults so far: of the GPU before, when another one is taken, or of one that was asked for too much memory.
pub fn forgive() {
    *fault() = None;
}

/// Whether a GPU failed for want of memory.
pub fn is_out_of_memory(cause: &str) -> bool {
    let cause = cause.to_lowercase();
    // The last is cubecl's word for a tensor that is larger than a binding may be.
    ["out of memory", "outofmemory", "out-of-memory", "can't allocate buffer"].iter().any(|words| cause.contains(words))
}

/// Reads a tensor back.
///
/// # Errors
/// On a GPU, [`Error::DeviceLost`] or [`Error::Gpu`] if anything went wrong on it so far, even if values came back.
pub async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    // What happens to a GPU is no concern of the CPU.
    let on_gpu = !is_cpu(&tensor.device());
    let checked = || if on_gpu { check() } else { Ok(()) };
    checked()?;
    let data = guarded(tensor.into_data_async()).await;
    // A fault says more than the failed read that follows from it.
    checked()?;
    let data = data?.map_err(|error| Error::Gpu(error.to_string()))?;
    data.try_into_vec().map_err(|error| Error::Internal(format!("a tensor is not f32: {error:?}")))
}

/// Waits for `reading`, but not for ever: the readback of a lost device may never end.
#[cfg(target_arch = "wasm32")]
async fn guarded<T>(reading: impl Future<Output = T>) -> Result<T> {
    use gloo_timers::future::TimeoutFuture;
    const POLL_MS: u32 = 100;
    const LIMIT_MS: u32 = 180_000;
    let watch = async {
        for _ in 0..LIMIT_MS / POLL_MS {
            TimeoutFuture::new(POLL_MS).await;
            check()?;
        }
        Err(Error::DeviceLost(format!("no answer for {} s", LIMIT_MS / 1000)))
    };
    futures_lite::future::or(async { Ok(reading.await) }, watch).await
}

/// Natively, reads end.
#[cfg(not(target_arch = "wasm32"))]
async fn guarded<T>(reading: impl Future<Output = T>) -> Result<T> {
    Ok(reading.await)
}

/// A logger that turns the error records of the GPU libraries into faults.
#[cfg(any(target_arch = "wasm32", test))]
pub(super) struct FaultLog;

#[cfg(any(target_arch = "wasm32", test))]
impl log::Log for FaultLog {
    fn enabled(&self, metadata: &log::Metadata) -> bool {
        let library = |name| metadata.target().starts_with(name);
        // Of the loss of a device we are told by a callback of our own, which knows whether it was wanted.
        let wanted = !metadata.target().ends_with("device_poison");
        metadata.level() == log::Level::Error && (library("cubecl") || library("burn") || library("wgpu")) && wanted
    }

    fn log(&self, record: &log::Record) {
        if self.enabled(record.metadata()) {
            // The first lines say which kernel and why; its source follows.
            let message: Vec<String> = record.args().to_string().lines().take(4).map(str::to_owned).collect();
            raise(Error::Gpu(message.join(" ")));
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::Log;

    #[test]
    fn a_rejected_kernel_is_a_fault_and_the_loss_of_the_device_explains_it() {
        let log = |target: &str| {
            FaultLog.log(
                &log::Record::builder()
                    .level(log::Level::Error)
                    .target(target)
                    .args(format_args!("WGSL compilation failed for kernel `k`:\nreason"))
                    .build(),
            );
        };
        log("somebody_else");
        log("cubecl_wgpu::compute::device_poison");
        check().unwrap();
        log("cubecl_wgpu::backend");
        let fault = check().unwrap_err();
        assert!(fault.code() == "gpu-error" && fault.to_string().contains("kernel `k`: reason"), "{fault}");
        raise(Error::DeviceLost("gone".into()));
        assert_eq!(check().unwrap_err().code(), "device-lost");
        let on_cpu = Tensor::<1>::ones([3], &Device::flex());
        assert_eq!(pollster::block_on(read(on_cpu)).unwrap(), [1.0; 3], "the CPU is not concerned");
        forgive();
        check().unwrap();
    }
}
