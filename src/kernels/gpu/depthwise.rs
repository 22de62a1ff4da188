//! Convolutions in which every output channel sees its own input channel: a unit slides along a line for four channels of
//! some pixels side by side, and reads no input twice within the kernel's row.

use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::epilogue::finish;
use super::{Four, Geometry, Sizes, UNITS, WIDTH};
use crate::kernels::Activation;
use crate::kernels::window::Window;

/// Pixels of a unit.
const TILE: usize = 4;

#[cube(launch_unchecked)]
#[expect(clippy::too_many_arguments)]
fn depthwise_kernel(
    x: &[Four],
    weight: &[Four],
    bias: ComptimeOption<&[Four]>,
    shortcut: ComptimeOption<&[Four]>,
    y: &mut [Four],
    sizes: Geometry,
    #[comptime] kernel: usize,
    #[comptime] stride: usize,
    #[comptime] tile: usize,
    #[comptime] turned: bool,
    #[comptime] activation: Activation,
) {
    let unit = ABSOLUTE_POS as u32;
    let channel = unit % sizes.outputs;
    let tiles = sizes.columns.div_ceil(tile as u32);
    let first = unit / sizes.outputs % tiles * tile as u32;
    let line = unit / sizes.outputs / tiles;
    if line * sizes.columns >= sizes.pixels {
        terminate!();
    }
    let top = line % sizes.rows * sizes.stride;
    let left = first * sizes.stride;

    let mut sums = Array::<Four>::new(tile);
    let mut weights = Array::<Four>::new(kernel);
    #[unroll]
    for p in 0..tile {
        sums[p] = Four::new(0.0f32);
    }
    for tap in 0..kernel as u32 {
        // What is above or left of the image wraps around to large numbers.
        let row = top + tap - sizes.above;
        if row < sizes.height {
            let start = (line / sizes.rows * sizes.height + row) * sizes.width;
            #[unroll]
            for i in 0..kernel {
                let place = tap * kernel as u32 + i as u32;
                let place = if comptime!(turned) { comptime!((kernel * kernel) as u32 - 1) - place } else { place };
                weights[i] = weight[(place * sizes.outputs + channel) as usize];
            }
            #[unroll]
            for i in 0..comptime!((tile - 1) * stride + kernel) {
                let column = left + i as u32 - sizes.left;
                let inside = column < sizes.width;
                let place = (start + select(inside, column, 0u32)) * sizes.outputs + channel;
                let seen = select(inside, x[place as usize], Four::new(0.0f32));
                #[unroll]
                for p in 0..tile {
                    if comptime!((p * stride..p * stride + kernel).contains(&i)) {
                        sums[p] += seen * weights[comptime!(i - p * stride)];
                    }
                }
            }
        }
    }
    #[unroll]
    for p in 0..tile {
        if first + (p as u32) < sizes.columns {
            let pixel = line * sizes.columns + first + p as u32;
            finish(sums[p], pixel, channel, &bias, &shortcut, y, &sizes, activation);
        }
    }
}

/// Of an input pixel and four channels: what the outputs that saw it send back.
#[cube(launch_unchecked)]
fn depthwise_input_kernel(
    gradient: &[Four],
    weight: &[Four],
    y: &mut [Four],
    sizes: Geometry,
    #[comptime] kernel: u32,
) {
    let unit = ABSOLUTE_POS as u32;
    let (channel, pixel) = (unit % sizes.outputs, unit / sizes.outputs);
    if pixel >= sizes.pixels {
        terminate!();
    }
    let line = pixel / sizes.columns;
    let start = line / sizes.rows * sizes.height;
    let (top, left) = (line % sizes.rows + sizes.above, pixel % sizes.columns + sizes.left);
    let mut sum = Four::new(0.0f32);
    for tap in 0..comptime!(kernel * kernel) {
        // What is above or left of the image wraps around to large numbers.
        let (down, right) = (top - tap / kernel, left - tap % kernel);
        let (row, column) = (down / sizes.stride, right / sizes.stride);
        let between = (down % sizes.stride) + (right % sizes.stride);
        if (between == 0) & (row < sizes.height) & (column < sizes.width) {
            let place = ((start + row) * sizes.width + column) * sizes.outputs + channel;
            sum += gradient[place as usize] * weight[(tap * sizes.outputs + channel) as usize];
        }
    }
    y[(pixel * sizes.outputs + channel) as usize] = sum;
}

/// The convolution of `x`, `[batch, height, width, channels]`, with `weight`, `[kernel, kernel, 1, channels]`, and what follows;
/// `[batch, rows, columns, channels]`.
pub(super) fn depthwise(
    x: &CubeTensor,
    [weight, bias]: [&CubeTensor; 2],
    shortcut: Option<CubeTensor>,
    window: &Window,
    activation: Activation,
) -> CubeTensor {
    let sizes = Sizes::new(window, x.meta.shape()[0], [x.meta.shape()[3]; 2]);
    launch(x, weight, Some(bias), shortcut, &sizes, window.kernel, false, activation)
}

/// The gradient of its input, `[batch, height, width, channels]`, from that of its output.
pub(super) fn depthwise_input(gradient: &CubeTensor, weight: &CubeTensor, window: &Window) -> CubeTensor {
    let sizes = Sizes::new(window, gradient.meta.shape()[0], [gradient.meta.shape()[3]; 2]).backward();
    if window.stride == 1 && window.kernel % 2 == 1 {
        // Then it is a convolution too, with the kernel turned around.
        return launch(gradient, weight, None, None, &sizes, window.kernel, true, Activation::None);
    }
    let Sizes { batch, written: [rows, columns], channels: [_, channels], .. } = sizes;
    let y = sizes.room(gradient);
    let (dim, groups) = (CubeDim::new_1d(UNITS), channels / WIDTH);
    // SAFETY: units beyond the last pixel do nothing, and others read and write what lies within images of these sizes.
    unsafe {
        depthwise_input_kernel::launch_unchecked(
            &gradient.client,
            calculate_cube_count_elemwise(&gradient.client, batch * rows * columns * groups, dim),
            dim,
            gradient.clone().into_buffer_arg(),
            weight.clone().into_buffer_arg(),
            y.clone().into_buffer_arg(),
            sizes.geometry([groups, groups]),
            window.kernel as u32,
        );
    }
    y
}

#[expect(clippy::too_many_arguments)]
fn launch(
    x: &CubeTensor,
    weight: &CubeTensor,
    bias: Option<&CubeTensor>,
    shortcut: Option<CubeTensor>,
    sizes: &Sizes,
    kernel: usize,
    turned: bool,
    activation: Activation,
) -> CubeTensor {
    let Sizes { batch, written: [rows, columns], channels: [_, channels], .. } = *sizes;
    let groups = channels / WIDTH;
    let y = sizes.room(x);
    let (dim, units) = (CubeDim::new_1d(UNITS), batch * rows * columns.div_ceil(TILE) * groups);
    // SAFETY: what lies in the padding is read where values are, and pixels beyond a line or the last one are not written; the
    // lengths of all other tensors follow from these sizes.
    unsafe {
        depthwise_kernel::launch_unchecked(
            &x.client,
            calculate_cube_count_elemwise(&x.client, units, dim),
            dim,
            x.clone().into_buffer_arg(),
            weight.clone().into_buffer_arg(),
            bias.map(|bias| bias.clone().into_buffer_arg()).into(),
            shortcut.map(|shortcut| shortcut.into_buffer_arg()).into(),
            y.clone().into_buffer_arg(),
            sizes.geometry([groups, groups]),
            kernel,
            sizes.stride,
            TILE,
            turned,
            activation,
        );
    }
    y
}
