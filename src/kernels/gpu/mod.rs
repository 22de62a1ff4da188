//! Kernels of our own for the GPU: what a network computes in inference, with one dispatch a convolution; the way back through
//! it in training; a linear classifier's loss; and steps of Adam.
//!
//! As on the CPU, activations lie channels last in memory and tensors keep burn's order of dimensions. Four channels are one
//! vector, and neighbouring units treat neighbouring channels, so that what they read and write together is one run.
//! Sizes are arguments and not constants, so that a network needs few pipelines.

mod adam;
mod conv_norm;
mod cross_entropy;
mod dense;
mod depthwise;
mod epilogue;
mod fold;
mod folded;
mod lerp;
mod pool;
mod weight;

pub use adam::adam;
pub use cross_entropy::CrossEntropyOp;
pub use folded::GpuConvNorm;
pub use lerp::lerp;
pub use pool::mean_of_pixels;

use burn::tensor::{Shape, Tensor};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::permute;
use burn_cubecl::tensor::CubeTensor;
use cubecl::client::Client;
use cubecl::prelude::*;

use super::window::Window;

/// Four channels.
type Four = Vector<f32, Const<4>>;

/// Channels of a vector.
const WIDTH: usize = 4;

/// Units of a workgroup: every GPU allows as many, with 16 KiB of memory that they share.
const UNITS: u32 = 128;

/// Sizes of a convolution; channels are counted in vectors.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
struct Geometry {
    height: u32,
    width: u32,
    rows: u32,
    columns: u32,
    stride: u32,
    above: u32,
    left: u32,
    inputs: u32,
    outputs: u32,
    /// Outputs of all images, each of all channels.
    pixels: u32,
}

/// What a kernel reads and writes; channels are counted singly.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    batch: usize,
    /// Height and width of the images that are read.
    read: [usize; 2],
    /// Height and width of the images that are written.
    written: [usize; 2],
    stride: usize,
    padding: [usize; 2],
    /// Read and written.
    channels: [usize; 2],
}

impl Sizes {
    fn new(window: &Window, batch: usize, channels: [usize; 2]) -> Self {
        let Window { size, stride, .. } = *window;
        Self { batch, read: size, written: window.output(), stride, padding: window.padding(), channels }
    }

    /// Of the way back, where outputs are read and inputs written.
    fn backward(self) -> Self {
        Self { read: self.written, written: self.read, ..self }
    }

    /// Room on the device of `tensor` for what is written.
    fn room(&self, tensor: &CubeTensor) -> CubeTensor {
        let (Self { batch, written: [rows, columns], .. }, [_, channels]) = (*self, self.channels);
        room(tensor, [batch, rows, columns, channels])
    }

    /// With these numbers of vectors of channels.
    fn geometry(&self, [inputs, outputs]: [usize; 2]) -> GeometryLaunch {
        let ([height, width], [rows, columns], [above, left]) = (self.read, self.written, self.padding);
        let sizes =
            [height, width, rows, columns, self.stride, above, left, inputs, outputs, self.batch * rows * columns];
        let [height, width, rows, columns, stride, above, left, inputs, outputs, pixels] =
            sizes.map(|size| size as u32);
        GeometryLaunch::new(height, width, rows, columns, stride, above, left, inputs, outputs, pixels)
    }
}

/// The sum of a value of each unit of a workgroup, which all of them get. `units`, a power of two, is how many there are.
#[cube]
fn sum_of_units(value: f32, #[comptime] units: usize) -> f32 {
    let unit = UNIT_POS as usize;
    let mut parts = Shared::<[f32]>::new_slice(units);
    parts[unit] = value;
    sync_cube();
    #[unroll]
    for level in 0..comptime!(units.ilog2()) {
        let half = comptime!(units >> (level + 1));
        if unit < half {
            let sum = parts[unit] + parts[unit + half];
            parts[unit] = sum;
        }
        sync_cube();
    }
    parts[0]
}

const ON_GPU: &str = "these kernels are for tensors on the GPU";

pub(super) fn on_gpu<const D: usize>(tensor: Tensor<D>) -> CubeTensor {
    tensor.try_into_primitive::<CubeBackend>().expect(ON_GPU)
}

/// `[batch, channels, height, width]` as contiguous `[batch, height, width, channels]`; no copy if it was made here.
fn channels_last(tensor: CubeTensor) -> CubeTensor {
    into_contiguous(permute(tensor, &[0, 2, 3, 1]))
}

/// Units of so many planes (subgroups, warps), which work in step: 32 units each on most GPUs, 4 on an emulated one, which has
/// little to be kept busy.
fn units_of(client: &Client, planes: usize) -> usize {
    planes
        * match client.properties().hardware.plane_size_max {
            // What is assumed where a browser does not tell; no plane is wider.
            128.. => 32,
            size => size as usize,
        }
}

/// Room for values on the device of `tensor`.
fn room(tensor: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    let shape = shape.into();
    let handle = tensor.client.empty(shape.num_elements() * size_of::<f32>());
    CubeTensor::new_contiguous(tensor.client.clone(), tensor.device.clone(), shape, handle, tensor.dtype)
}

/// The inverse of [`channels_last`].
fn channels_first(tensor: CubeTensor) -> CubeTensor {
    permute(tensor, &[0, 3, 1, 2])
}
