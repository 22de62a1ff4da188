//! What doodletune's speed is measured by: workloads that are prepared once and run many times.
//!
//! `cargo xtask bench` runs them in a browser, beside other libraries that do the same; `lab bench` runs them natively.
//! A run is what somebody waits for, from values in memory to values in memory, with all that has to be read back.
//!
//! | module | what |
//! | --- | --- |
//! | [`workload`] | what is measured |
//! | `drawings` | what is computed on |
//! | [`ready`] | a workload, ready to run |

#![warn(missing_docs)]

mod drawings;
pub mod ready;
#[cfg(target_arch = "wasm32")]
mod wasm;
pub mod workload;

pub use ready::Ready;
pub use workload::{LARGE, Task, WORKLOADS, Workload};
