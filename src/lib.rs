//! Fine-tunes a pretrained convolutional network on doodles, on the user's own GPU or CPU.
//!
//! A [`Tuner`] holds examples, a backbone and the head that tells classes apart. Its parts can be used by themselves:
//!
//! | module | what |
//! | --- | --- |
//! | [`doodle`] | drawings, and the one road from them to pixels |
//! | [`dataset`] | labelled examples and their splits |
//! | [`backbone`] | pretrained networks as named stages, and their weight files |
//! | [`head`] | what sits on the features |
//! | [`finetune`] | training: plans, and how they are carried out |
//! | [`explanation`] | where in a drawing an answer was found |
//! | [`kernels`] | what burn computes too slowly on the CPU |
//! | [`device`] | GPU or CPU, and how a GPU's faults are noticed |
//! | [`selection`] | which of them, measured |
//! | [`bundle`] | files of what was learned, and of everything |
//! | [`tuner`] | all of it together |
//!
//! # Limits
//! - Two backbones, `doodle` and EfficientNet-Lite0.
//! - In browsers the GPU is reached through WebGPU; natively everything runs on the CPU.
//! - Weight files: 64 MiB, 4096 tensors. Projects and models: 256 MiB, 100,000 examples. Doodles: 100,000 points. Images: 8192 pixels a side.

#![warn(missing_docs)]

mod archive;
pub mod backbone;
pub mod bundle;
pub mod dataset;
pub mod device;
pub mod doodle;
mod error;
pub mod explanation;
pub mod finetune;
pub mod head;
pub mod kernels;
mod pace;
pub mod selection;
pub mod tuner;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use error::{Error, Result};
pub use tuner::Tuner;
