//! Kernels of our own, where burn's are measurably not enough: for the CPU, and in `gpu`.
//!
//! They keep activations channels-last in memory (`[batch, height, width, channels]`, so that a pixel's channels are
//! one run), while tensors keep burn's order of dimensions; only strides differ.

mod adam;
#[cfg(target_arch = "wasm32")]
mod assembler;
mod conv;
mod conv_norm;
mod convolution;
mod depthwise;
mod dot;
mod folded;
#[cfg(any(target_arch = "wasm32", feature = "gpu"))]
mod gpu;
mod lerp;
#[cfg(target_arch = "wasm32")]
mod lines;
mod product;
mod running;
#[cfg(target_arch = "wasm32")]
mod stripes;
mod threads;
#[cfg(target_arch = "wasm32")]
mod tiles;
mod vectors;
mod window;

pub use adam::AdamStep;
pub use conv_norm::{Activation, BatchStatistics, ConvNormOp};
pub(crate) use dot::dot;
pub use folded::FoldedConvNorm;
#[cfg(any(target_arch = "wasm32", feature = "gpu"))]
pub use gpu::{CrossEntropyOp, GpuConvNorm, mean_of_pixels};
pub use lerp::lerp;
pub(crate) use product::{new_product, transposed};
