//! Fine-tunes a pretrained convolutional network on doodles, on the user's own GPU or CPU.
//!
//! A [`Tuner`] holds examples, a backbone and the head that tells classes apart:
//!
//! ```
//! use doodletune::Tuner;
//! use doodletune::doodle::{Doodle, Input};
//! use doodletune::tuner::{TrainOptions, TunerOptions};
//! use pollster::block_on; // or any other executor
//!
//! /// A triangle or a zigzag, a little different for each number.
//! fn drawing(label: &str, number: i32) -> doodletune::Result<Input> {
//!     let n = number as f32;
//!     let points = match label {
//!         "triangle" => vec![[0.0, 90.0], [50.0 + n, 0.0], [100.0, 90.0 - n], [0.0, 90.0]],
//!         _ => (0..8).map(|i| [15.0 * i as f32, if i % 2 == 0 { 0.0 } else { 40.0 + 2.0 * n }]).collect(),
//!     };
//!     Ok(Doodle::new(vec![points])?.into())
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let weights = std::fs::read("models/doodle.safetensors")?;
//! let tuner = block_on(Tuner::create(&TunerOptions::default(), &weights, |step| println!("{step}")))?;
//!
//! // Untaught, it guesses 250 things.
//! let guess = block_on(tuner.guess(&drawing("triangle", 0)?))?;
//! assert_eq!(guess.ranking.len(), 250);
//!
//! // An example each of two classes is enough for a first answer.
//! for number in 1..=5 {
//!     for label in ["triangle", "zigzag"] {
//!         block_on(tuner.add_examples(vec![(label.to_owned(), drawing(label, number)?)]))?;
//!     }
//! }
//! assert_eq!(block_on(tuner.predict(&drawing("zigzag", 9)?))?.label, "zigzag");
//!
//! // Training makes the answers better, and says how good they are.
//! let report = block_on(tuner.train(&TrainOptions::default(), |epoch| println!("{}: {}", epoch.phase, epoch.loss)))?;
//! assert!(report.epochs > 0);
//! assert_eq!(block_on(tuner.predict(&drawing("triangle", 9)?))?.label, "triangle");
//!
//! // All of it is a file, which another tuner takes up again.
//! let project = block_on(tuner.save())?;
//! let other = block_on(Tuner::create(&TunerOptions::default(), &weights, |_| ()))?;
//! block_on(other.load(&project))?;
//! assert_eq!(other.classes(), tuner.classes());
//! # Ok(())
//! # }
//! ```
//!
//! Its parts can be used by themselves, from the pixels up to the answer:
//!
//! | module | what |
//! | --- | --- |
//! | [`doodle`] | drawings, and the one road from them to pixels |
//! | [`dataset`] | labelled examples and their splits |
//! | [`backbone`] | pretrained networks as named stages, and their weight files |
//! | [`head`] | what sits on the features |
//! | [`finetune`] | training: plans, and how they are carried out |
//! | [`explanation`] | where in a drawing an answer was found |
//! | [`kernels`] | what burn computes too slowly, on the CPU and on a GPU |
//! | [`device`] | GPU or CPU, and how a GPU's faults are noticed |
//! | [`selection`] | which of them, measured |
//! | [`bundle`] | files of what was learned, and of everything |
//! | [`tuner`] | all of it together |
//!
//! # Limits
//! - Two backbones, `doodle` and EfficientNet-Lite0.
//! - In browsers the GPU is reached through WebGPU; natively through Vulkan, Metal or DirectX, with the feature `gpu`.
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
#[cfg(any(target_arch = "wasm32", test))]
mod options;
mod pace;
pub mod selection;
pub mod tuner;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use error::{Error, Result};
pub use tuner::Tuner;
